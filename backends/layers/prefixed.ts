/**
 * {@linkcode prefixed}: a directory of a store as a store of its own.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import { isInside, joinPath, normalizePath, parentPath, relativePath } from "../path.ts";
import type { Complete, Layer } from "../stores/layer.ts";
import type { AbortOptions, Entry, ListOptions, Stat, Store, WriteRequest } from "../stores/store.ts";
import { withErrors } from "../stores/stream.ts";

/**
 * Moves the root to a directory. Errors speak of the paths inside. It translates paths, no more: a symbolic link in the directory
 * that leads out of it is followed; to keep everything inside, give a disk store a `root`.
 *
 * Order: outside `retry`, inside whatever depends on the path, such as encryption bound to it.
 *
 * @param prefix Path of the directory; it comes into being with the first write.
 * @returns The layer.
 * @throws {StorageError} `invalid-path` if the prefix is not a path.
 *
 * @example
 * ```ts
 * import { prefixed } from "@polystore/polystore/layers";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const whole = new MemoryStore();
 * const mine = prefixed("lab/7")(whole);
 * await mine.write?.("a", new Uint8Array([1]));
 * assert.deepEqual(await whole.read("lab/7/a"), new Uint8Array([1]));
 * ```
 */
export function prefixed(prefix: string): Layer {
  const root = normalizePath(prefix);
  const full = (path: string): string => joinPath(root, path);

  /** The path of something that must not be the root itself. */
  function below(path: string): string {
    if (path !== "") return full(path);
    throw new StorageError("invalid-argument", "the root cannot be replaced, moved or deleted", { path });
  }

  /** The path from the new root; a text that begins with `..` if a link at `from` leads out. */
  function inner(path: string, from: string): string {
    if (!isInside(path, root)) return path.startsWith(".") ? path : relativePath(parentPath(from), path);
    return root === "" ? path : path.slice(root.length + 1);
  }

  function translated(error: unknown): unknown {
    if (isStorageError(error) && error.path !== undefined && isInside(error.path, root)) {
      error.at(inner(error.path, ""));
    }
    return error;
  }

  async function run<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      throw translated(error);
    }
  }

  async function* list(store: Store, path: string, options?: ListOptions): AsyncGenerator<Entry> {
    const after = options?.after;
    try {
      const entries = store.list!(full(path), after === undefined ? options : { ...options, after: full(after) });
      for await (const entry of entries) yield { ...entry, path: inner(entry.path, "") };
    } catch (error) {
      throw translated(error);
    }
  }

  async function* watch(store: Store, path: string, options?: AbortOptions): AsyncGenerator<Stat | undefined> {
    try {
      for await (const stat of store.watch!(full(path), options)) {
        yield stat ?? (path === "" ? { kind: "directory" } : undefined);
      }
    } catch (error) {
      throw translated(error);
    }
  }

  async function* requests(writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>): AsyncGenerator<WriteRequest> {
    for await (const { path, bytes } of writes) yield { path: file(path), bytes };
  }

  function file(path: string): string {
    if (path !== "") return full(path);
    throw new StorageError("is-a-directory", "it is a directory, not a file", { path });
  }

  return (store: Store): Complete<Store> => ({
    read: (path, options) => run(() => store.read(full(path), options)),
    stat: (path, options) =>
      run(async () => await store.stat(full(path), options) ?? (path === "" ? { kind: "directory" } : undefined)),
    list: store.list && ((path, options) => list(store, path, options)),
    write: store.write && ((path, bytes, options) => run(async () => await store.write!(file(path), bytes, options))),
    delete: store.delete && ((path, options) => run(async () => await store.delete!(below(path), options))),
    makeDirectory: store.makeDirectory && ((path, options) => run(() => store.makeDirectory!(full(path), options))),
    createSymlink: store.createSymlink &&
      ((target, path, options) => run(async () => await store.createSymlink!(full(target), full(path), options))),
    readSymlink: store.readSymlink && ((path, options) =>
      run(async () => {
        const target = await store.readSymlink!(full(path), options);
        return target === undefined ? undefined : inner(target, full(path));
      })),
    writeExpiring: store.writeExpiring &&
      ((path, bytes, options) => run(async () => await store.writeExpiring!(file(path), bytes, options))),
    watch: store.watch && ((path, options) => watch(store, path, options)),
    copy: store.copy && ((from, to, options) => run(async () => await store.copy!(full(from), file(to), options))),
    move: store.move && ((from, to, options) => run(async () => await store.move!(below(from), below(to), options))),
    deleteTree: store.deleteTree && ((path, options) => run(() => store.deleteTree!(full(path), options))),
    readMany: store.readMany && ((paths, options) => run(() => store.readMany!(paths.map(full), options))),
    writeMany: store.writeMany && ((writes, options) => run(() => store.writeMany!(requests(writes), options))),
    writeParts: store.writeParts &&
      ((path, parts, options) => run(async () => await store.writeParts!(file(path), parts, options))),
    openRead: store.openRead && ((path, options) => run(() => store.openRead!(full(path), options))),
    openWrite: store.openWrite &&
      ((path, options) => run(async () => withErrors(await store.openWrite!(file(path), options), translated))),
    close: store.close && (() => store.close!()),
  });
}
