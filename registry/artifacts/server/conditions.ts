/**
 * Conditions of requests: `If-Match` and `If-None-Match`.
 *
 * @module
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-13 RFC 9110, section 13}
 */

import type { PutCondition } from "../artifact_storage.ts";
import { RequestError } from "./problem.ts";

const TAG = /^"[\x21\x23-\x7e]*"$/;

/** An etag as a header says it. */
export function quoted(etag: string): string {
  return `"${etag}"`;
}

/**
 * The condition of a change.
 *
 * @param headers The headers of the request.
 * @returns The condition.
 * @throws {RequestError} 400 for what cannot be told apart from a mistake.
 */
export function putCondition(headers: Headers): PutCondition {
  const [match, none] = [headers.get("if-match"), headers.get("if-none-match")];
  if (match !== null && none !== null) throw wrong("give If-Match or If-None-Match, not both");
  if (none !== null) {
    if (none.trim() !== "*") throw wrong("If-None-Match of a change is *: only create");
    return { ifAbsent: true };
  }
  return match === null ? {} : { ifMatch: oneTag(match) };
}

/**
 * The etag that is to be deleted.
 *
 * @param headers The headers of the request.
 * @returns It, `"*"` for any, or `undefined` if nothing is asked.
 * @throws {RequestError} 400 for what cannot be told apart from a mistake.
 */
export function deleteCondition(headers: Headers): string | undefined {
  const { ifAbsent, ifMatch } = putCondition(headers);
  if (ifAbsent) throw wrong("what is not there cannot be deleted: give If-Match");
  return ifMatch;
}

function oneTag(header: string): string {
  const tag = header.trim();
  if (tag === "*") return tag;
  if (TAG.test(tag)) return tag.slice(1, -1);
  throw wrong("If-Match is one strong etag in quotes, as ETag gave it, or *");
}

/**
 * Whether what the client has is still what there is.
 *
 * @param header `If-None-Match` of a reading request.
 * @param etag What there is.
 * @returns Whether it is.
 */
export function isFresh(header: string | null, etag: string): boolean {
  if (header === null) return false;
  if (header.trim() === "*") return true;
  return header.split(",").some((tag) => tag.trim().replace(/^W\//, "") === quoted(etag));
}

function wrong(detail: string): RequestError {
  return new RequestError(400, "invalid-argument", detail);
}
