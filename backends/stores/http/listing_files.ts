/**
 * {@linkcode filesListing}: the listings of the handler `files()` of this package.
 *
 * @module
 */

import { isInside } from "../../path.ts";
import type { Entry, ListOptions } from "../store.ts";
import { wrongAnswer } from "./error.ts";
import type { HttpListing } from "./listing.ts";
import type { HttpDocument, HttpSite } from "./site.ts";
import { sizeOf } from "./told.ts";

/** The most entries that are asked for at once. */
const PAGE = 1000;

/** A page. */
interface Page {
  readonly entries: readonly Readonly<Record<string, unknown>>[];
  readonly next?: unknown;
}

/** How `files()` lists: page by page, in path order. Its paths are values of a parameter, so the URL of the site ends with `?path=`. */
export const filesListing: HttpListing = {
  name: "files() of this package",
  recognises: (document) => pageOf(document) !== undefined,
  async *list(site: HttpSite, prefix: string, options: ListOptions): AsyncGenerator<Entry> {
    const { shallow, details, limit = Infinity, signal } = options;
    let { after } = options;
    for (let count = 0; count < limit;) {
      const query = new URLSearchParams({ list: prefix, limit: `${Math.min(PAGE, limit - count)}` });
      if (shallow) query.set("shallow", "1");
      if (details) query.set("details", "1");
      if (after !== undefined) query.set("after", after);
      const document = await site.document(site.queryUrlOf(query), { path: prefix, signal });
      const page = document && pageOf(document);
      if (page === undefined) throw wrongAnswer(prefix, "no listing");
      for (const row of page.entries) {
        signal?.throwIfAborted();
        yield entryOf(row, prefix);
        count++;
      }
      if (typeof page.next !== "string" || page.entries.length === 0) return;
      after = page.next;
    }
  },
  async isDirectory(site: HttpSite, path: string, { signal }): Promise<boolean> {
    const document = await site.document(site.queryUrlOf(new URLSearchParams({ stat: path })), { path, signal });
    return Object(document && jsonOf(document)).kind === "directory";
  },
};

function entryOf({ path, kind, size, modified }: Readonly<Record<string, unknown>>, prefix: string): Entry {
  const known = kind === "file" || kind === "directory" || kind === "symlink";
  if (!known || typeof path !== "string" || path === prefix || !isInside(path, prefix)) {
    throw wrongAnswer(prefix, "a listing of something else");
  }
  return {
    path,
    kind,
    ...(sizeOf(size) !== undefined && { size: sizeOf(size) }),
    // In whole seconds, as a look at the file tells it.
    ...(typeof modified === "number" && { modified: new Date(Math.floor(modified / 1000) * 1000) }),
  };
}

function pageOf(document: HttpDocument): Page | undefined {
  const page = Object(jsonOf(document));
  const isRow = (row: unknown): boolean => typeof row === "object" && row !== null && "path" in row && "kind" in row;
  return Array.isArray(page.entries) && page.entries.every(isRow) ? page : undefined;
}

function jsonOf({ type, text }: HttpDocument): unknown {
  if (type !== "application/json") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
