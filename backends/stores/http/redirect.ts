/**
 * Redirects: where they lead, and which of them say that a path is a directory.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-15.4 RFC 9110, redirection}
 * @module
 */

import { StorageError } from "../../errors.ts";
import { wrongAnswer } from "./error.ts";

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Where an answer redirects to.
 *
 * @param response The answer.
 * @param url What was asked for.
 * @param path The path, for messages.
 * @returns The URL; `undefined` if it is no redirect.
 * @throws {StorageError} `corrupt` if it leads nowhere.
 */
export function redirectOf({ status, headers }: Response, url: string, path: string): URL | undefined {
  const location = REDIRECTS.has(status) ? headers.get("location") : null;
  if (location === null) return undefined;
  if (!URL.canParse(location, url)) throw wrongAnswer(path, "it redirects to what is no URL");
  return new URL(location, url);
}

/**
 * Whether a redirect may be followed: to `https:`, and from `http:` to `http:`.
 *
 * @throws {StorageError} `unavailable`.
 */
export function checkRedirect(url: string, next: URL, path: string): void {
  const { protocol } = new URL(url);
  if (next.protocol === "https:" || next.protocol === protocol) return;
  const detail = `the server redirects from ${protocol} to ${next.protocol}, which is not followed`;
  throw new StorageError("unavailable", detail, { path });
}

/** Whether a redirect only adds a `/`. Of the host nothing is asked: behind a proxy, servers do not know their own. */
export function addsSlash(url: string, next: URL): boolean {
  return decoded(next.pathname) === `${decoded(new URL(url).pathname)}/`;
}

/** The names of a path, however they are escaped. */
function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch (error) {
    if (error instanceof URIError) return pathname;
    throw error;
  }
}
