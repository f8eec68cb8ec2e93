/**
 * {@linkcode HttpListing}: how a server tells what it has. Each kind of server has its own way, and its own file.
 *
 * @module
 */

import type { HttpDocument, HttpSite } from "./http_site.ts";
import type { AbortOptions, Entry, ListOptions } from "./store.ts";
import type { Asked } from "./http_error.ts";

/** One way in which servers tell what they have. */
export interface HttpListing {
  /** What such servers are called in messages. */
  readonly name: string;
  /** What the root is asked for, to find out whether the server lists in this way; `undefined` for nothing in particular. */
  readonly query?: URLSearchParams | undefined;
  /** Whether this, which the root answered, is such a listing. */
  recognises(document: HttpDocument): boolean;
  /** See `Listable.list`. */
  list(site: HttpSite, prefix: string, options: ListOptions): AsyncIterable<Entry>;
  /** Whether anything is in a directory; there if the server does not redirect from `a` to `a/`, as web servers do. */
  isDirectory?(site: HttpSite, path: string, options: AbortOptions): Promise<boolean>;
}

/**
 * Finds out in which way a site lists.
 *
 * @param site The site.
 * @param listings The ways that are known.
 * @param asked What it is for.
 * @returns The way; `undefined` if there is none.
 */
export async function findListing(
  site: HttpSite,
  listings: readonly HttpListing[],
  { path, signal }: Asked,
): Promise<HttpListing | undefined> {
  const asked = { path, signal };
  for (const listing of listings) {
    const document = await site.document(site.urlOf("", listing.query), asked, REFUSALS);
    if (document !== undefined && listing.recognises(document)) return listing;
  }
  return undefined;
}

/** Who answers so to a question for a listing does not list. */
const REFUSALS = [400, 401, 403, 405, 406, 501];

/**
 * Whether a name that a server tells can be a name here. What cannot be asked for is left out of listings.
 *
 * @param name What it tells.
 */
export function isName(name: unknown): name is string {
  return typeof name === "string" && name !== "" && name !== "." && name !== ".." &&
    !/[/\0]/.test(name) && name.isWellFormed();
}

/** A size that a server tells, if it can be one. */
export function sizeOf(value: unknown): number | undefined {
  const size = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? size : undefined;
}

/** A time that a server tells, if it can be one. */
export function timeOf(value: unknown): Date | undefined {
  const time = typeof value === "string" ? new Date(value) : undefined;
  return time === undefined || Number.isNaN(time.getTime()) ? undefined : time;
}
