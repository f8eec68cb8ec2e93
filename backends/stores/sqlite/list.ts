/**
 * Listing a database in path order, page by page.
 *
 * @module
 */

import { inPathOrder } from "../path_order.ts";
import type { SqliteConnection } from "./connection.ts";
import type { ListedChild } from "./tree.ts";
import type { Entry, ListOptions } from "../store.ts";

/**
 * Yields what is under a directory; see `Listable.list` for the rules.
 *
 * @param connection The database.
 * @param prefix Path of the directory.
 * @param options What to list.
 * @returns Pages, none of them empty.
 */
export async function* listPages(
  connection: SqliteConnection,
  prefix: string,
  options: ListOptions = {},
): AsyncGenerator<Entry[]> {
  const { details = false, signal } = options;
  const directory = await connection.look(prefix, signal, ({ tree }) => tree.directory(prefix));
  if (directory === undefined) return;
  const children = {
    page: (id: number, after: string | undefined, limit: number): Promise<ListedChild[]> =>
      connection.look(prefix, signal, ({ tree }) => tree.page(id, after, limit, details)),
    child: (id: number, name: string): Promise<ListedChild | undefined> =>
      connection.look(prefix, signal, ({ tree }) => tree.child(id, name)),
  };
  for await (const page of inPathOrder<number, ListedChild>(children, directory, prefix, options)) {
    yield page.map(({ path, child }) => entryOf(path, child));
  }
}

function entryOf(path: string, { kind, size, modified }: ListedChild): Entry {
  return size === undefined ? { path, kind } : { path, kind, size, modified: new Date(modified ?? 0) };
}
