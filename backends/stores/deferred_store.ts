/**
 * {@linkcode DeferredStore}: a store whose code is loaded by its first operation, so that importing it costs nothing.
 *
 * @module
 */

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

/** A store with every member. */
export type WholeStore = { readonly [K in keyof Store]-?: NonNullable<Store[K]> };

/**
 * A store that hands everything to another one, which it makes when it is first used. A failed making is tried again by the next
 * operation.
 *
 * @typeParam S The other one.
 *
 * @example
 * ```ts
 * import { DeferredStore, MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * class LateStore extends DeferredStore<MemoryStore> {
 *   protected override async make() {
 *     const { MemoryStore } = await import("@polystore/polystore/stores");
 *     return new MemoryStore();
 *   }
 * }
 * const store = new LateStore();
 * await store.write("a.bin", new Uint8Array([1]));
 * assert.deepEqual(await store.read("a.bin"), new Uint8Array([1]));
 * await store.close();
 * ```
 */
export abstract class DeferredStore<S extends WholeStore> implements WholeStore {
  #store: S | undefined;
  #making: Promise<S> | undefined;
  #closed = false;

  /** Loads the code of the other store, and makes it; it is not opened yet. */
  protected abstract make(): Promise<S>;

  async #made(): Promise<S> {
    try {
      const store = await (this.#making ??= this.make());
      if (this.#closed) await store.close();
      return this.#store = store;
    } catch (error) {
      this.#making = undefined;
      throw error;
    }
  }

  /** Calls the other store; at once if it is there. */
  protected run<T>(call: (store: S) => Promise<T>): Promise<T> {
    return this.#store === undefined ? this.#made().then(call) : call(this.#store);
  }

  async *#later<T>(call: (store: S) => AsyncIterable<T>): AsyncGenerator<T> {
    yield* call(await this.#made());
  }

  #iterate<T>(call: (store: S) => AsyncIterable<T>): AsyncIterable<T> {
    return this.#store === undefined ? this.#later(call) : call(this.#store);
  }

  /** See `Readable.read`. */
  read(path: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    // Without a closure: a small read takes hardly longer than one.
    return this.#store?.read(path, options) ?? this.run((store) => store.read(path, options));
  }

  /** See `Readable.stat`. */
  stat(path: string, options?: AbortOptions): Promise<Stat | undefined> {
    return this.run((store) => store.stat(path, options));
  }

  /** See `Listable.list`. */
  list(prefix: string, options?: ListOptions): AsyncIterable<Entry> {
    return this.#iterate((store) => store.list(prefix, options));
  }

  /** See `Writable.write`. */
  write(path: string, bytes: Uint8Array, options?: WriteOptions): Promise<WriteResult> {
    return this.run((store) => store.write(path, bytes, options));
  }

  /** See `Writable.delete`. */
  delete(path: string, options?: DeleteOptions): Promise<void> {
    return this.run((store) => store.delete(path, options));
  }

  /** See `Directories.makeDirectory`. */
  makeDirectory(path: string, options?: AbortOptions): Promise<void> {
    return this.run((store) => store.makeDirectory(path, options));
  }

  /** See `Links.createSymlink`. */
  createSymlink(target: string, path: string, options?: AbortOptions): Promise<void> {
    return this.run((store) => store.createSymlink(target, path, options));
  }

  /** See `Links.readSymlink`. */
  readSymlink(path: string, options?: AbortOptions): Promise<string | undefined> {
    return this.run((store) => store.readSymlink(path, options));
  }

  /** See `Timed.writeExpiring`. */
  writeExpiring(path: string, bytes: Uint8Array, options: ExpiringWriteOptions): Promise<WriteResult> {
    return this.run((store) => store.writeExpiring(path, bytes, options));
  }

  /** See `Timed.watch`. */
  watch(path: string, options?: AbortOptions): AsyncIterable<Stat | undefined> {
    return this.#iterate((store) => store.watch(path, options));
  }

  /** See `Accelerated.copy`. */
  copy(from: string, to: string, options?: WriteOptions): Promise<WriteResult> {
    return this.run((store) => store.copy(from, to, options));
  }

  /** See `Accelerated.move`. */
  move(from: string, to: string, options?: Pick<WriteOptions, "ifAbsent" | "signal">): Promise<void> {
    return this.run((store) => store.move(from, to, options));
  }

  /** See `Accelerated.deleteTree`. */
  deleteTree(path: string, options?: AbortOptions): Promise<void> {
    return this.run((store) => store.deleteTree(path, options));
  }

  /** See `Accelerated.readMany`. */
  readMany(paths: readonly string[], options?: AbortOptions): Promise<(Uint8Array | undefined)[]> {
    return this.run((store) => store.readMany(paths, options));
  }

  /** See `Accelerated.writeMany`. */
  writeMany(
    writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>,
    options?: WriteOptions,
  ): Promise<WriteResult[]> {
    return this.run((store) => store.writeMany(writes, options));
  }

  /** See `Accelerated.writeParts`. */
  writeParts(path: string, parts: readonly Uint8Array[], options?: WriteOptions): Promise<WriteResult> {
    return this.run((store) => store.writeParts(path, parts, options));
  }

  /** See `Accelerated.openRead`. */
  openRead(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array> | undefined> {
    return this.run((store) => store.openRead(path, options));
  }

  /** See `Accelerated.openWrite`. */
  openWrite(path: string, options?: WriteOptions): Promise<WritableStream<Uint8Array>> {
    return this.run((store) => store.openWrite(path, options));
  }

  /** See `Closable.close`. */
  async close(): Promise<void> {
    this.#closed = true;
    const store = this.#store ?? await this.#making?.catch(() => undefined);
    await store?.close();
  }
}
