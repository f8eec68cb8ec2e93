/**
 * Redirects: where they lead, and which of them say that a path is a directory.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-15.4 RFC 9110, redirection}
 * @module
 */

import { StorageError } from "../errors.ts";
import { wrongAnswer } from "./http_error.ts";

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Where an answer redirects to.
 *
 * @param response The answer.
 * @param url What was asked for.
 * @param path The path, for messages.
 * @returns The URL; `undefined` if it is no redirect.
 * @throws {StorageError} `corrupt` if it leads nowhere, `unavailable` if it leads out of a secure place.
 */
export function redirectOf({ status, headers }: Response, url: string, path: string): URL | undefined {
  const location = REDIRECTS.has(status) ? headers.get("location") : null;
  if (location === null) return undefined;
  if (!URL.canParse(location, url)) throw wrongAnswer(path, "it redirects to what is no URL");
  const next = new URL(location, url);
  if (next.protocol === "https:" || next.protocol === new URL(url).protocol) return next;
  throw new StorageError("unavailable", `the server redirects from a secure place to ${next.protocol}`, { path });
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
