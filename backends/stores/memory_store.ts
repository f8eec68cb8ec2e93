/**
 * {@linkcode MemoryStore}: bytes in memory. The reference for every other store: read this one first.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { cut } from "./range.ts";
import { expiryOf } from "./rules.ts";
import type { Complete } from "./layer.ts";
import type {
  AbortOptions,
  DeleteOptions,
  Entry,
  ExpiringWriteOptions,
  ListOptions,
  ReadOptions,
  Stat,
  Store,
  WriteOptions,
  WriteRequest,
  WriteResult,
} from "./store.ts";
import { collecting, concat, streamOf } from "./stream.ts";
import { Tree } from "./tree.ts";
import type { FileNode } from "./tree_node.ts";
import { watching } from "./watch.ts";

/**
 * Bytes in the memory of this process, in real directories with links. Needs no permission; the content goes
 * with the object.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * const { etag } = await store.write("a/b", new Uint8Array([1, 2, 3]));
 * assert.deepEqual(await store.read("a/b", { range: { suffix: 2 } }), new Uint8Array([2, 3]));
 * await store.write("a/b", new Uint8Array([4]), { ifMatch: etag });
 * await assert.rejects(store.write("a/b", new Uint8Array([5]), { ifMatch: etag }), { code: "precondition-failed" });
 * ```
 */
export class MemoryStore implements Complete<Store> {
  readonly #tree = new Tree<Uint8Array>();

  /** See `Readable.read`. */
  // deno-lint-ignore require-await -- what is thrown must become a rejection
  async read(path: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    options?.signal?.throwIfAborted();
    const node = this.#tree.find(path);
    if (node?.kind !== "file") return undefined;
    const content = cut(node.content, options?.range);
    const into = options?.into;
    if (into === undefined || into.length < content.length) return content.slice();
    into.set(content);
    return into.subarray(0, content.length);
  }

  /** See `Readable.stat`. */
  // deno-lint-ignore require-await
  async stat(path: string, options?: AbortOptions): Promise<Stat | undefined> {
    options?.signal?.throwIfAborted();
    const node = this.#tree.find(path);
    if (node?.kind !== "file") return node && { kind: "directory" };
    return {
      kind: "file",
      size: node.content.length,
      modified: new Date(node.modified),
      etag: String(node.version),
      ...(node.expires !== undefined && { expires: new Date(node.expires) }),
    };
  }

  /** See `Listable.list`. */
  async *list(prefix: string, options?: ListOptions): AsyncGenerator<Entry> {
    options?.signal?.throwIfAborted();
    for (const { path, node } of this.#tree.entries(prefix, options)) {
      options?.signal?.throwIfAborted();
      yield node.kind === "file"
        ? { path, kind: "file", size: node.content.length, modified: new Date(node.modified) }
        : { path, kind: node.kind };
    }
  }

  /** See `Writable.write`. */
  // deno-lint-ignore require-await
  async write(path: string, bytes: Uint8Array, options?: WriteOptions): Promise<WriteResult> {
    options?.signal?.throwIfAborted();
    return result(this.#tree.set(path, new Uint8Array(bytes), options));
  }

  /** See `Writable.delete`. */
  // deno-lint-ignore require-await
  async delete(path: string, options?: DeleteOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    this.#tree.remove(path, options?.ifMatch);
  }

  /** See `Directories.makeDirectory`. */
  // deno-lint-ignore require-await
  async makeDirectory(path: string, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    this.#tree.makeDirectory(path);
  }

  /** See `Links.createSymlink`. */
  // deno-lint-ignore require-await
  async createSymlink(target: string, path: string, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    this.#tree.link(target, path);
  }

  /** See `Links.readSymlink`. */
  // deno-lint-ignore require-await
  async readSymlink(path: string, options?: AbortOptions): Promise<string | undefined> {
    options?.signal?.throwIfAborted();
    return this.#tree.readLink(path);
  }

  /** See `Timed.writeExpiring`. */
  // deno-lint-ignore require-await
  async writeExpiring(path: string, bytes: Uint8Array, options: ExpiringWriteOptions): Promise<WriteResult> {
    options.signal?.throwIfAborted();
    const expires = expiryOf(options.expireIn, path);
    return result(this.#tree.set(path, new Uint8Array(bytes), { ...options, expires }));
  }

  /** See `Timed.watch`. */
  watch(path: string, options?: AbortOptions): AsyncGenerator<Stat | undefined> {
    return watching({
      look: () => this.stat(path),
      subscribe: (wake) => this.#tree.subscribe(wake),
    }, options?.signal);
  }

  /** See `Accelerated.copy`. */
  // deno-lint-ignore require-await
  async copy(from: string, to: string, options?: WriteOptions): Promise<WriteResult> {
    options?.signal?.throwIfAborted();
    const node = this.#tree.find(from);
    if (node?.kind !== "file") throw new StorageError("not-found", "not found", { path: from });
    // Content is never changed in place, so the two may share it.
    return result(this.#tree.set(to, node.content, options));
  }

  /** See `Accelerated.move`. */
  // deno-lint-ignore require-await
  async move(from: string, to: string, options?: Pick<WriteOptions, "ifAbsent" | "signal">): Promise<void> {
    options?.signal?.throwIfAborted();
    this.#tree.move(from, to, options?.ifAbsent);
  }

  /** See `Accelerated.deleteTree`. */
  // deno-lint-ignore require-await
  async deleteTree(path: string, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    this.#tree.removeTree(path);
  }

  /** See `Accelerated.readMany`. */
  async readMany(paths: readonly string[], options?: AbortOptions): Promise<(Uint8Array | undefined)[]> {
    return await Promise.all(paths.map((path) => this.read(path, options)));
  }

  /** See `Accelerated.writeMany`. All or nothing. */
  async writeMany(
    writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>,
    options?: WriteOptions,
  ): Promise<WriteResult[]> {
    const copies = await Array.fromAsync(writes, ({ path, bytes }) => ({ path, bytes: new Uint8Array(bytes) }));
    options?.signal?.throwIfAborted();
    return this.#tree.atomically(() => copies.map(({ path, bytes }) => result(this.#tree.set(path, bytes, options))));
  }

  /** See `Accelerated.writeParts`. */
  async writeParts(path: string, parts: readonly Uint8Array[], options?: WriteOptions): Promise<WriteResult> {
    return await this.write(path, concat(parts), options);
  }

  /** See `Accelerated.openRead`. */
  // deno-lint-ignore require-await
  async openRead(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array> | undefined> {
    options?.signal?.throwIfAborted();
    const node = this.#tree.find(path);
    return node?.kind === "file" ? streamOf(cut(node.content, options?.range), options?.signal) : undefined;
  }

  /** See `Accelerated.openWrite`. */
  // deno-lint-ignore require-await
  async openWrite(path: string, options?: WriteOptions): Promise<WritableStream<Uint8Array>> {
    options?.signal?.throwIfAborted();
    return collecting((bytes) => this.write(path, bytes, options), options?.signal);
  }

  /** See `Closable.close`. There is nothing to close: the content stays. */
  async close(): Promise<void> {}
}

function result(file: FileNode<Uint8Array>): WriteResult {
  return { etag: String(file.version) };
}
