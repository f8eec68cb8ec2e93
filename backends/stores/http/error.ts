/**
 * What the statuses of a server, and the failures of `fetch`, mean here.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-15 RFC 9110, status codes}
 * @module
 */

import { type ErrorCode, isStorageError, StorageError } from "../../errors.ts";

/** What a request is for. */
export interface HttpQuestion {
  /** The path in the store, for messages. */
  readonly path: string;
  /** Ends the request with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** By status; what is not here is retryable from 500 on, and `io` below. */
const BY_STATUS: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  401: ["permission-denied", "the server wants credentials (401): give them in `headers`"],
  403: [
    "permission-denied",
    "the server refuses access (403): check the credentials in `headers`, and what they allow",
  ],
  405: ["unsupported", "the server does not offer this request (405)"],
  407: ["permission-denied", "the proxy wants credentials (407): give it in the `client`"],
  501: ["unsupported", "the server does not offer this request (501)"],
  505: ["unsupported", "the server does not offer this version of HTTP (505)"],
};

const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

/** The error for a status that is no answer to the request. */
export function statusError({ status, headers }: Response, { path }: HttpQuestion): StorageError {
  const known = BY_STATUS[status];
  if (known) return new StorageError(known[0], known[1], { path });
  const location = status < 400 ? headers.get("location") : null;
  if (location !== null) {
    const detail = `the server answered with a redirect (${status}) to ${location}: give that address`;
    return new StorageError("io", detail, { path });
  }
  if (status < 500 && !LATER.has(status)) return new StorageError("io", `the server answered ${status}`, { path });
  const detail = `the server answered ${status}: try again later`;
  return new StorageError("unavailable", detail, { path, retryable: true, retryAfter: retryAfter(headers) });
}

/**
 * How long the server wants to be left alone.
 *
 * @returns Milliseconds, or `undefined` if it does not say.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 RFC 9110, Retry-After}
 */
export function retryAfter(headers: Headers): number | undefined {
  const text = headers.get("retry-after")?.trim();
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : Math.max(0, time - Date.now());
}

/** What failures of Deno's fetch are about, by the words of its cause, and whether another try makes sense. */
const BY_WORDS: readonly (readonly [words: RegExp, what: string, retryable: boolean])[] = [
  [/dns error|failed to lookup/i, "its name cannot be looked up: check the URL and the network", true],
  [/refused/i, "nothing answers there: check that the server runs, and its port", true],
  [
    /certificate|UnknownIssuer|handshake|corrupt message|tls/i,
    "there is no secure connection: check that it speaks TLS and its certificate, or give a `client` that trusts it " +
    "(Deno.createHttpClient({ caCerts }))",
    false,
  ],
];

/**
 * Turns what `fetch` threw into a {@linkcode StorageError}. The reason of an aborted signal, and what is no failure of the network,
 * is returned as it is.
 *
 * @param error What was thrown.
 * @param url Where the request went.
 * @param asked For what.
 * @returns What to throw.
 */
export function reachError(error: unknown, url: string, { path, signal }: HttpQuestion): unknown {
  if (signal?.aborted) return signal.reason;
  if (!(error instanceof Error) || isStorageError(error)) return error;
  const { host } = new URL(url);
  if (error.name === "NotCapable") {
    const detail = `it requires net access to ${host}: run again with --allow-net=${host}`;
    return new StorageError("permission-denied", detail, { path, cause: error });
  }
  if (!(error instanceof TypeError)) return error;
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  const known = BY_WORDS.find(([words]) => words.test(cause ?? ""));
  // The message of Deno holds the URL, and that may hold a token.
  const what = known?.[1] ?? /client error.*$/.exec(cause ?? "")?.[0] ?? "the request failed; see `cause`";
  const retryable = known?.[2] ?? cause !== undefined;
  return new StorageError("unavailable", `${host} cannot be reached: ${what}`, { path, cause: error, retryable });
}

/** Turns what the body of an answer threw into a {@linkcode StorageError}; the reason of an aborted signal stays. */
export function bodyError(error: unknown, { path, signal }: HttpQuestion): unknown {
  if (signal?.aborted) return signal.reason;
  if (!(error instanceof Error) || isStorageError(error)) return error;
  return cutShort(path, error);
}

/** The error for content that ends before its end. */
export function cutShort(path: string, cause?: unknown): StorageError {
  const detail = "the connection was cut while the content was on its way: try again";
  return new StorageError("unavailable", detail, { path, retryable: true, cause });
}

/** The error for content that changed between two requests. */
export function changed(path: string): StorageError {
  const detail = "the content has changed while it was read: read it again";
  return new StorageError("unavailable", detail, { path, retryable: true });
}

/** The error for an answer that cannot be right. */
export function wrongAnswer(path: string, detail: string): StorageError {
  return new StorageError("corrupt", `the server answers wrongly: ${detail}`, { path });
}
