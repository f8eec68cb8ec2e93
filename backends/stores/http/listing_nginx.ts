/**
 * {@linkcode nginxListing}: the listings of nginx with `autoindex on` and `autoindex_format json`.
 *
 * @see {@link https://nginx.org/en/docs/http/ngx_http_autoindex_module.html ngx_http_autoindex_module}
 * @module
 */

import { StorageError } from "../../errors.ts";
import { comparePaths, joinPath } from "../../path.ts";
import type { HttpListing } from "./listing.ts";
import type { HttpDocument, HttpSite } from "./site.ts";
import { isName, sizeOf, timeOf } from "./told.ts";
import { type Child, type Children, inPathOrder } from "../path_order.ts";
import type { AbortOptions, Entry, ListOptions } from "../store.ts";

/** A directory, whose listing is asked for once. */
interface NginxDirectory {
  readonly path: string;
  children?: Promise<readonly NginxChild[]>;
}

/** A line of a listing. */
interface NginxChild extends Child<NginxDirectory> {
  readonly size?: number | undefined;
  readonly modified?: Date | undefined;
}

/** How nginx lists: each directory as a JSON array, unordered, all at once. */
export const nginxListing: HttpListing = {
  name: "nginx with autoindex_format json",
  recognises: (document) => rowsOf(document) !== undefined,
  async *list(site: HttpSite, prefix: string, options: ListOptions): AsyncGenerator<Entry> {
    const { signal } = options;
    const source = new NginxSource(site, options);
    for await (const page of inPathOrder(source, { path: prefix }, prefix, options)) {
      for (const { path, child } of page) {
        signal?.throwIfAborted();
        yield child.directory
          ? { path, kind: "directory" }
          : { path, kind: "file", size: child.size, modified: child.modified };
      }
    }
  },
};

/** Tells what is in directories. */
class NginxSource implements Children<NginxDirectory, NginxChild> {
  readonly #site: HttpSite;
  readonly #options: AbortOptions;

  constructor(site: HttpSite, options: AbortOptions) {
    this.#site = site;
    this.#options = options;
  }

  async page(directory: NginxDirectory, after: string | undefined, limit: number): Promise<readonly NginxChild[]> {
    const children = await this.#all(directory);
    const first = after === undefined ? 0 : children.findIndex(({ name }) => comparePaths(name, after) > 0);
    return first < 0 ? [] : children.slice(first, first + limit);
  }

  async child(directory: NginxDirectory, name: string): Promise<NginxChild | undefined> {
    return (await this.#all(directory)).find((child) => child.name === name);
  }

  #all(directory: NginxDirectory): Promise<readonly NginxChild[]> {
    return directory.children ??= this.#ask(directory.path);
  }

  async #ask(path: string): Promise<readonly NginxChild[]> {
    const document = await this.#site.document(this.#site.directoryUrlOf(path), { path, signal: this.#options.signal });
    if (document === undefined) return [];
    const rows = rowsOf(document);
    if (rows === undefined) {
      const detail = "the server answers with a page instead of a listing: is there an index file in the directory?";
      throw new StorageError("unsupported", detail, { path });
    }
    const children = new Map<string, NginxChild>();
    for (const row of rows) {
      const { name, type, size, mtime } = row as Readonly<Record<string, unknown>>;
      if (!isName(name) || children.has(name)) continue;
      if (type === "directory") children.set(name, { name, directory: { path: joinPath(path, name) } });
      else if (type === "file") children.set(name, { name, size: sizeOf(size), modified: timeOf(mtime) });
    }
    return [...children.values()].sort((a, b) => comparePaths(a.name, b.name));
  }
}

/** The lines of a listing; `undefined` if it is none. */
function rowsOf({ type, text }: HttpDocument): readonly object[] | undefined {
  if (type !== "application/json") return undefined;
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const isRow = (row: unknown): boolean => typeof row === "object" && row !== null && "name" in row && "type" in row;
  return Array.isArray(rows) && rows.every(isRow) ? rows : undefined;
}
