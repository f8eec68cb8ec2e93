/**
 * {@linkcode cached}: a store that remembers what was read from it.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { Complete, Layer } from "../stores/layer.ts";
import type { AbortOptions, Stat, Store, WriteRequest } from "../stores/store.ts";
import { cut } from "../stores/range.ts";
import { closingIn, streamOf } from "../stores/stream.ts";
import { type CacheEntry, ContentCache } from "./content_cache.ts";
import type { StoreCounters } from "./counters.ts";

/** Options of {@linkcode cached}. */
export interface CachedOptions {
  /**
   * How many bytes are kept; what was not used for longest goes first.
   *
   * @default {67108864} 64 MiB
   */
  maxBytes?: number | undefined;
  /**
   * The largest content, or range, that is kept.
   *
   * @default {maxBytes / 8}
   */
  maxEntryBytes?: number | undefined;
  /**
   * How long a content is believed without asking the store, in milliseconds; `0` asks each time, `Infinity` never. After that the etag is
   * compared, and only another content is read again.
   *
   * @default {1000}
   */
  maxAge?: number | undefined;
  /**
   * Ranges of larger contents are kept in blocks of so many bytes.
   *
   * @default {65536}
   */
  blockBytes?: number | undefined;
  /**
   * Counts hits and misses.
   *
   * @default {undefined} nobody counts
   */
  counters?: StoreCounters | undefined;
}

/**
 * Keeps what was read, whole or in ranges, and what was written. Many who read the same at once make one read. Changes go
 * to the store at once, and what was kept of the path is forgotten; changes made by others are noticed after `maxAge`, and by
 * whoever looks with `stat`, which is never answered from the cache: compare-and-swap stays right. Absence and failures are not kept, nor is
 * anything that was read while it changed; a read that is aborted leaves those who wait for the same alone.
 *
 * A miss costs a `stat` before the read. Where one file can have two paths (`createSymlink`), after a change each kept content
 * costs one `stat`.
 *
 * Order: outside `encrypted`, `compressed` and `overlay`, so that a hit costs none of them; inside `readOnly` and `observed`.
 *
 * @param options How much, and for how long.
 * @returns The layer. Each store it is put on has its own cache.
 * @throws {RangeError} If an option is not what it should be.
 *
 * @example
 * ```ts
 * import { cached, StoreCounters } from "@polystore/polystore/layers";
 * import { layered, MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const memory = new MemoryStore();
 * await memory.write("a", new Uint8Array([1]));
 * const counters = new StoreCounters();
 * const store = layered(memory, cached({ counters }));
 * for (let i = 0; i < 3; i++) assert.deepEqual(await store.read("a"), new Uint8Array([1]));
 * assert.deepEqual([counters.cacheHits, counters.cacheMisses], [2, 1]);
 * await store.write?.("a", new Uint8Array([2]));
 * assert.deepEqual(await store.read("a"), new Uint8Array([2]));
 * ```
 */
export function cached(options: CachedOptions = {}): Layer {
  const { maxBytes = 64 * 1024 * 1024, maxAge = 1000, blockBytes = 64 * 1024, counters } = options;
  const { maxEntryBytes = Math.floor(maxBytes / 8) } = options;
  for (const [name, value] of Object.entries({ maxBytes, blockBytes })) {
    if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} must be a positive integer`, value);
  }
  if (!(maxEntryBytes <= maxBytes)) throw invalid("maxEntryBytes must not be above maxBytes", maxEntryBytes);
  if (!(maxAge >= 0)) throw invalid("maxAge must not be negative", maxAge);

  return (inner: Store): Complete<Store> => {
    const entries = new LRUCache<string, CacheEntry>({ maxSize: maxBytes });
    const cache = new ContentCache(inner, { maxEntryBytes, maxAge, blockBytes, counters }, entries);
    return {
      read: (path, options) => cache.read(path, options),
      async stat(path, options): Promise<Stat | undefined> {
        const stat = await inner.stat(path, options);
        cache.seen(path, stat);
        return stat;
      },
      list: inner.list && ((prefix, options) => inner.list!(prefix, options)),
      write: inner.write &&
        ((path, bytes, options) => cache.write(path, bytes, () => inner.write!(path, bytes, options))),
      delete: inner.delete && ((path, options) => cache.change(path, false, () => inner.delete!(path, options))),
      makeDirectory: inner.makeDirectory && ((path, options) => inner.makeDirectory!(path, options)),
      createSymlink: inner.createSymlink &&
        ((target, path, options) => cache.change(path, true, () => inner.createSymlink!(target, path, options))),
      readSymlink: inner.readSymlink && ((path, options) => inner.readSymlink!(path, options)),
      writeExpiring: inner.writeExpiring &&
        ((path, bytes, options) => cache.change(path, false, () => inner.writeExpiring!(path, bytes, options))),
      watch: inner.watch && ((path, options) => watch(path, options)),
      copy: inner.copy && ((from, to, options) => cache.change(to, false, () => inner.copy!(from, to, options))),
      move: inner.move &&
        ((from, to, options) =>
          cache.change(from, true, () => cache.change(to, true, () => inner.move!(from, to, options)))),
      deleteTree: inner.deleteTree &&
        ((path, options) => cache.change(path, true, () => inner.deleteTree!(path, options))),
      readMany: inner.readMany && ((paths, options) => cache.readMany(paths, options)),
      writeMany: inner.writeMany && (async (writes, options) => {
        const batch = new Batch(cache);
        try {
          return await inner.writeMany!(batch.passing(writes), options);
        } finally {
          await batch.end();
        }
      }),
      writeParts: inner.writeParts &&
        ((path, parts, options) => cache.change(path, false, () => inner.writeParts!(path, parts, options))),
      openRead: inner.openRead && (async (path, options) => {
        options?.signal?.throwIfAborted();
        const kept = cache.fresh(path);
        if (kept === undefined) return await inner.openRead!(path, options);
        if (counters) counters.cacheHits++;
        return streamOf(cut(kept, options?.range), options?.signal);
      }),
      openWrite: inner.openWrite &&
        (async (path, options) =>
          closingIn(await inner.openWrite!(path, options), (close) => cache.change(path, false, close))),
      close: inner.close && (async () => {
        cache.clear();
        await inner.close!();
      }),
    };

    async function* watch(path: string, options?: AbortOptions): AsyncGenerator<Stat | undefined> {
      for await (const stat of inner.watch!(path, options)) {
        cache.seen(path, stat);
        yield stat;
      }
    }
  };
}

/** The changes of a batch: each begins when its write passes, all end together. */
class Batch {
  readonly #cache: ContentCache;
  readonly #done = Promise.withResolvers<void>();
  readonly #changes: Promise<void>[] = [];

  constructor(cache: ContentCache) {
    this.#cache = cache;
  }

  async *passing(writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>): AsyncGenerator<WriteRequest> {
    for await (const write of writes) {
      this.#changes.push(this.#cache.change(write.path, false, () => this.#done.promise));
      yield write;
    }
  }

  async end(): Promise<void> {
    this.#done.resolve();
    await Promise.all(this.#changes);
  }
}

function invalid(rule: string, received: number): RangeError {
  return new RangeError(`Cannot create cached: ${rule}: received ${received}`);
}
