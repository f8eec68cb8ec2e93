/**
 * {@linkcode listKv}: what is in the directories of a store on Deno KV.
 *
 * @module
 */

import { comparePaths } from "../../path.ts";
import type { KvDatabase } from "./database.ts";
import { decodeEntry, isOver, type KvDirectory, type KvNode } from "./entry.ts";
import { type Child, type Children, inPathOrder } from "../path_order.ts";
import type { Entry, ListOptions } from "../store.ts";

/** As many entries are read at once: an entry can be 64 KiB long. */
const PAGE = 200;

interface KvChild extends Child<string> {
  readonly node: KvNode;
}

/** Yields what is under a directory, in path order; see `Listable.list` for the rules. */
export async function* listKv(
  database: KvDatabase,
  directory: KvDirectory,
  path: string,
  { signal, ...options }: ListOptions,
): AsyncGenerator<Entry> {
  for await (const page of inPathOrder(childrenOf(database), directory.id, path, options)) {
    for (const { path, child: { node } } of page) {
      signal?.throwIfAborted();
      yield node.kind === "file"
        ? { path, kind: "file", size: node.size, modified: new Date(node.modified) }
        : { path, kind: node.kind };
    }
  }
}

function childrenOf({ engine, space }: KvDatabase): Children<string, KvChild> {
  return {
    async page(id, after, limit) {
      const prefix = space.entries(id);
      const start = after === undefined ? undefined : space.entry(id, longestKept(after, id));
      const children: KvChild[] = [];
      let cursor: string | undefined;
      do {
        const page = await engine.page(start ? { prefix, start } : { prefix }, Math.min(limit, PAGE), cursor);
        for (const { key, value, versionstamp } of page.entries) {
          const name = String(key.at(-1));
          const node = decodeEntry(value, versionstamp);
          if ((after !== undefined && comparePaths(name, after) <= 0) || isOver(node)) continue;
          children.push({ name, node, ...(node.kind === "directory" && { directory: node.id }) });
        }
        cursor = page.cursor;
      } while (children.length === 0 && cursor !== undefined);
      return children;
    },
    async child(id, name) {
      if (!space.keeps(id, name)) return undefined;
      const [{ value, versionstamp } = { value: null, versionstamp: null }] = await engine.getMany([
        space.entry(id, name),
      ]);
      if (versionstamp === null) return undefined;
      const node = decodeEntry(value, versionstamp);
      return isOver(node) ? undefined : { name, node, ...(node.kind === "directory" && { directory: node.id }) };
    },
  };

  /** A text that is no longer than a name can be, and comes before no name that the text comes before. */
  function longestKept(text: string, id: string): string {
    let end = text.length;
    while (end > 0 && !space.keeps(id, text.slice(0, end))) end = Math.min(end - 1, 2000);
    // Half of a character would sort elsewhere.
    return text.slice(0, end).isWellFormed() ? text.slice(0, end) : text.slice(0, end - 1);
  }
}
