/**
 * {@linkcode grouped}: writes that come together are committed together.
 *
 * @module
 */

import type { Complete, Layer } from "../stores/layer.ts";
import type { Store, WriteOptions, WriteRequest, WriteResult } from "../stores/store.ts";
import { CommitGroups } from "./commit_groups.ts";

/**
 * Group commit: writes that are under way at the same time share one transaction, and so one wait for the disk. Each still succeeds or
 * fails for itself, and is told only when it is safe. One write alone waits for a turn of the event loop more.
 *
 * For stores whose batches are all or nothing, like SQLite. Writes with `ifMatch`, and large ones, go their own way.
 *
 * Order: next to the store, under everything else.
 *
 * @returns The layer. Each store it is put on has its own groups.
 *
 * @example
 * ```ts
 * import { grouped } from "@polystore/polystore/layers";
 * import { layered, SqliteStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const sqlite = new SqliteStore({ path: ":memory:" });
 * let commits = 0;
 * const writeMany = sqlite.writeMany.bind(sqlite);
 * sqlite.writeMany = (writes, options) => (commits++, writeMany(writes, options));
 * const store = layered(sqlite, grouped());
 * await Promise.all(["a", "b", "c"].map((path) => store.write!(path, new Uint8Array([1]))));
 * assert.equal(commits, 1);
 * await store.close!();
 * ```
 *
 * @see {@link https://dev.mysql.com/doc/refman/8.4/en/innodb-performance-group_commit.html group commit} as others have it
 */
export function grouped(): Layer {
  return (inner: Store): Complete<Store> => {
    const groups = inner.writeMany && new CommitGroups((writes, options) => inner.writeMany!(writes, options));
    const write = async (path: string, bytes: Uint8Array, options?: WriteOptions): Promise<WriteResult> => {
      if (groups?.takes([{ path, bytes }], options) !== true) return await inner.write!(path, bytes, options);
      return (await groups.add([{ path, bytes }], options))[0]!;
    };
    const writeMany = async (
      writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>,
      options?: WriteOptions,
    ): Promise<WriteResult[]> => {
      if (Array.isArray(writes) && groups!.takes(writes, options)) return await groups!.add(writes, options);
      return await inner.writeMany!(writes, options);
    };
    return {
      read: (path, options) => inner.read(path, options),
      stat: (path, options) => inner.stat(path, options),
      list: inner.list && ((prefix, options) => inner.list!(prefix, options)),
      write: inner.write && write,
      delete: inner.delete && ((path, options) => inner.delete!(path, options)),
      makeDirectory: inner.makeDirectory && ((path, options) => inner.makeDirectory!(path, options)),
      createSymlink: inner.createSymlink && ((target, path, options) => inner.createSymlink!(target, path, options)),
      readSymlink: inner.readSymlink && ((path, options) => inner.readSymlink!(path, options)),
      writeExpiring: inner.writeExpiring && ((path, bytes, options) => inner.writeExpiring!(path, bytes, options)),
      watch: inner.watch && ((path, options) => inner.watch!(path, options)),
      copy: inner.copy && ((from, to, options) => inner.copy!(from, to, options)),
      move: inner.move && ((from, to, options) => inner.move!(from, to, options)),
      deleteTree: inner.deleteTree && ((path, options) => inner.deleteTree!(path, options)),
      readMany: inner.readMany && ((paths, options) => inner.readMany!(paths, options)),
      writeMany: inner.writeMany && writeMany,
      writeParts: inner.writeParts && ((path, parts, options) => inner.writeParts!(path, parts, options)),
      openRead: inner.openRead && ((path, options) => inner.openRead!(path, options)),
      openWrite: inner.openWrite && ((path, options) => inner.openWrite!(path, options)),
      close: inner.close && (async () => {
        await groups?.settled();
        await inner.close!();
      }),
    };
  };
}
