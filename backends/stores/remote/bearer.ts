/**
 * {@linkcode isToken}: what clients and servers take for a token.
 *
 * @module
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-2.1 RFC 6750, section 2.1}
 */

/** The longest token, in characters. */
export const MAX_TOKEN = 512;

/** What a token is made of, for errors. */
export const TOKEN_RULE =
  `a token is at most ${MAX_TOKEN} of the characters A-Z a-z 0-9 - . _ ~ + /, and perhaps "=" at its end`;

const TOKEN = /^[\w.~+/-]+=*$/;

/**
 * Whether a text can be a token: only what can be sent in a header `Authorization`.
 *
 * @param text The text.
 * @returns Whether it can.
 */
export function isToken(text: string): boolean {
  return text.length <= MAX_TOKEN && TOKEN.test(text);
}

/**
 * The token in a header `Authorization`.
 *
 * @param header What it says; `null` or `undefined` if there is none.
 * @returns The token; `undefined` if it has none, or what cannot be one.
 */
export function tokenIn(header: string | null | undefined): string | undefined {
  const text = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
  return text !== undefined && isToken(text) ? text : undefined;
}
