/**
 * {@linkcode HttpListing}: how a server tells what it has. Each kind of server has its own way, and its own file.
 *
 * @module
 */

import type { HttpQuestion } from "./error.ts";
import type { HttpDocument, HttpSite } from "./site.ts";
import type { AbortOptions, Entry, ListOptions } from "../store.ts";

/**
 * One way in which servers tell what they have.
 *
 * @example A server that tells its files in `index.txt`, a path a line, in path order
 * ```ts
 * import { type HttpListing, HttpStore } from "@polystore/polystore/http";
 * import assert from "node:assert/strict";
 *
 * const indexed: HttpListing = {
 *   name: "index.txt",
 *   recognises: () => false,
 *   async *list(site, prefix, { signal }) {
 *     const document = await site.document(site.urlOf("index.txt"), { path: prefix, signal });
 *     for (const path of document?.text.trim().split("\n") ?? []) {
 *       if (prefix === "" || path.startsWith(`${prefix}/`)) yield { path, kind: "file" };
 *     }
 *   },
 * };
 * const fetch = (): Promise<Response> => Promise.resolve(new Response("a.txt\nb/c.txt\n"));
 * const store = new HttpStore({ url: "https://example.org", listing: indexed, fetch });
 * assert.deepEqual(await Array.fromAsync(store.list!("b"), ({ path }) => path), ["b/c.txt"]);
 * ```
 */
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
  { path, signal }: HttpQuestion,
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
