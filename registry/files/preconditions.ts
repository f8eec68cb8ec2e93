/**
 * The conditions of a request.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests
 *
 * @module
 */

import { StorageError } from "../../backends/errors.ts";
import { unquoteEtag } from "../../backends/stores/remote/wire.ts";
import type { AbortOptions, Store, WriteOptions } from "../../backends/stores/store.ts";

/** What a header with etags asks for: any content, or one of these. */
type Tags = "*" | readonly string[];

const TAG = /(W\/)?("[^"]*")/g;

/** Reads `If-Match` or `If-None-Match`; weak tags count for the latter only. */
function tagsIn(header: string | null, weak: boolean): Tags | undefined {
  if (header === null) return undefined;
  if (header.trim() === "*") return "*";
  const tags: string[] = [];
  for (const [, isWeak, quoted] of header.matchAll(TAG)) {
    const tag = unquoteEtag(quoted);
    if (tag !== undefined && (weak || isWeak === undefined)) tags.push(tag);
  }
  return tags;
}

/** Whether the content a client has, by `If-None-Match`, is the one there is. */
export function isUnchanged({ headers }: Request, etag: string | undefined): boolean {
  const tags = tagsIn(headers.get("if-none-match"), true);
  return tags !== undefined && etag !== undefined && (tags === "*" || tags.includes(etag));
}

/** Refuses to send other content than `If-Match` names. */
export function checkMatch({ headers }: Request, etag: string | undefined, path: string): void {
  const tags = tagsIn(headers.get("if-match"), false);
  if (tags === undefined || (etag !== undefined && (tags === "*" || tags.includes(etag)))) return;
  throw otherwise(path);
}

/**
 * The conditions of a change. None is ever left out: what cannot be held to is refused.
 *
 * @throws {StorageError} `precondition-failed`, `invalid-argument`.
 */
export async function conditionsOf(
  { headers }: Request,
  store: Store,
  path: string,
  options: AbortOptions,
): Promise<WriteOptions> {
  for (const name of ["if-unmodified-since", "if-modified-since", "if-range", "content-range"]) {
    if (headers.has(name)) throw new StorageError("invalid-argument", `a change with ${name} is not offered`, { path });
  }
  const none = tagsIn(headers.get("if-none-match"), true);
  if (none !== undefined && none !== "*") {
    throw new StorageError("invalid-argument", "a change takes If-None-Match: * alone", { path });
  }
  const match = tagsIn(headers.get("if-match"), false);
  return {
    ...options,
    ...(none !== undefined && { ifAbsent: true }),
    ...(match !== undefined && { ifMatch: await oneOf(match, store, path, options) }),
  };
}

/** The one etag that a change is to find. */
async function oneOf(tags: Tags, store: Store, path: string, options: AbortOptions): Promise<string> {
  if (tags !== "*" && tags.length === 1) return tags[0]!;
  const etag = tags.length === 0 ? undefined : (await store.stat(path, options))?.etag;
  if (etag !== undefined && (tags === "*" || tags.includes(etag))) return etag;
  throw otherwise(path);
}

function otherwise(path: string): StorageError {
  return new StorageError("precondition-failed", "it has changed since: load it again and retry", { path });
}
