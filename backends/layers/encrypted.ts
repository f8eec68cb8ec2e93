/**
 * {@linkcode encrypted}: a store that nobody can read who has not the key.
 *
 * @module
 */

import { isStorageError } from "../errors.ts";
import type { Complete, Layer } from "../stores/layer.ts";
import type { Entry, ListOptions, Stat, Store, WriteRequest } from "../stores/store.ts";
import { concat, guarded } from "../stores/stream.ts";
import { BlockWriter } from "./block_writer.ts";
import { checkKey, KeyRing, type NamedKey, type SecretKey } from "./key_ring.ts";
import { BLOCK, plainSize, SealedContent } from "./sealed_content.ts";
import { SealedNames } from "./sealed_names.ts";
import { SealedReader } from "./sealed_reader.ts";

/** Options of {@linkcode encrypted}. */
export interface EncryptedOptions {
  /**
   * Encrypts names too, with a key of its own, which cannot be changed without copying everything. Names become a third longer, and 22
   * characters; listing a directory holds all its names at once, for their order is not that of the store.
   *
   * @default {undefined} names stay readable
   */
  names?: SecretKey | undefined;
}

/**
 * Encrypts each content with AES-256-GCM, in blocks that can be opened by themselves. A content is bound to its path: changed, cut, put
 * under another path or mixed with another one it is `corrupt`. What it does not hide: sizes, times, how many files there are, and an
 * older content that is put back in place of a newer one of the same path.
 *
 * The first key encrypts; those after it only decrypt. To change keys, put a new one in front, and save everything again; content
 * whose key is not given is `permission-denied`.
 *
 * `copy` and `move` are left to what stands above, which decrypts and encrypts; links are left out, for whoever can make one could put
 * content under another path.
 *
 * Order: outside `prefixed`, so that the prefix may change; inside `compressed`, for what is encrypted does not shrink.
 *
 * @param keys The keys.
 * @param options Whether names are encrypted.
 * @returns The layer.
 * @throws {TypeError} If there is no key, an id is there twice, or a key is not one.
 *
 * @example
 * ```ts
 * import { encrypted } from "@polystore/polystore/layers";
 * import { layered, MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const memory = new MemoryStore();
 * const key = crypto.getRandomValues(new Uint8Array(32));
 * const store = layered(memory, encrypted([{ id: "2026", key }]));
 * await store.write?.("secret.txt", new TextEncoder().encode("the cake is a lie"));
 * assert.equal(new TextDecoder().decode(await store.read("secret.txt")), "the cake is a lie");
 * assert(!new TextDecoder().decode(await memory.read("secret.txt")).includes("cake"));
 * await memory.move("secret.txt", "other.txt");
 * await assert.rejects(store.read("other.txt"), { code: "corrupt" });
 * ```
 */
export function encrypted(keys: readonly NamedKey[], options: EncryptedOptions = {}): Layer {
  const ring = new KeyRing(keys);
  if (options.names) checkKey(options.names, "the key of names");
  const names = options.names && new SealedNames(options.names);

  async function seal(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<Uint8Array[]> {
    signal?.throwIfAborted();
    return await new SealedContent(await ring.next(), path).sealAll(bytes, signal);
  }

  /** Works at the path in the store; errors speak of the path of the caller. */
  async function at<T>(path: string, work: (at: string) => Promise<T>): Promise<T> {
    if (names === undefined) return await work(path);
    try {
      return await work(await names.seal(path));
    } catch (error) {
      throw await translated(error);
    }
  }

  async function translated(error: unknown): Promise<unknown> {
    if (names === undefined || !isStorageError(error) || error.path === undefined) return error;
    const path = await names.open(error.path);
    return path === undefined ? error : error.at(path);
  }

  async function* sealed(writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>): AsyncGenerator<WriteRequest> {
    for await (const { path, bytes } of writes) {
      yield { path: names ? await names.seal(path) : path, bytes: concat(await seal(path, bytes)) };
    }
  }

  return (inner: Store): Complete<Store> => {
    const reader = new SealedReader(inner, ring);

    async function* list(prefix: string, options?: ListOptions): AsyncGenerator<Entry> {
      const entries = names ? names.list(inner, prefix, options) : inner.list!(prefix, options);
      try {
        for await (const { size, ...entry } of entries) {
          yield size === undefined ? entry : { ...entry, size: plainSize(size) };
        }
      } catch (error) {
        throw await translated(error);
      }
    }

    return {
      read: (path, options) =>
        at(path, async (at) => {
          if (options?.range) return await reader.range({ at, path }, options.range, options.signal);
          const stored = await inner.read(at, options);
          return stored && await reader.whole({ at, path }, stored, options?.signal);
        }),
      stat: (path, options) => at(path, async (at) => sized(await inner.stat(at, options))),
      list: inner.list && list,
      write: inner.write && ((path, bytes, options) =>
        at(path, async (at) => {
          const parts = await seal(path, bytes, options?.signal);
          return await (inner.writeParts?.(at, parts, options) ?? inner.write!(at, concat(parts), options));
        })),
      delete: inner.delete && ((path, options) => at(path, (at) => inner.delete!(at, options))),
      makeDirectory: inner.makeDirectory && ((path, options) => at(path, (at) => inner.makeDirectory!(at, options))),
      createSymlink: undefined,
      readSymlink: undefined,
      writeExpiring: inner.writeExpiring && ((path, bytes, options) =>
        at(path, async (at) => {
          return await inner.writeExpiring!(at, concat(await seal(path, bytes, options.signal)), options);
        })),
      watch: inner.watch && (async function* (path, options) {
        options?.signal?.throwIfAborted();
        for await (const stat of inner.watch!(names ? await names.seal(path) : path, options)) yield sized(stat);
      }),
      copy: undefined,
      move: undefined,
      deleteTree: inner.deleteTree && ((path, options) => at(path, (at) => inner.deleteTree!(at, options))),
      readMany: inner.readMany && (async (paths, options) => {
        const places = await Promise.all(
          paths.map(async (path) => ({ at: names ? await names.seal(path) : path, path })),
        );
        const all = await inner.readMany!(places.map(({ at }) => at), options);
        const opened: (Uint8Array | undefined)[] = [];
        for (const [index, stored] of all.entries()) {
          opened.push(stored && await reader.whole(places[index]!, stored, options?.signal));
        }
        return opened;
      }),
      writeMany: inner.writeMany && (async (writes, options) => {
        try {
          return await inner.writeMany!(sealed(writes), options);
        } catch (error) {
          throw await translated(error);
        }
      }),
      writeParts: inner.writeParts && ((path, parts, options) =>
        at(path, async (at) => {
          return await inner.writeParts!(at, await seal(path, concat(parts), options?.signal), options);
        })),
      openRead: inner.openRead &&
        ((path, options) => at(path, (at) => reader.open({ at, path }, options?.range, options?.signal))),
      openWrite: inner.openWrite && ((path, options) =>
        at(path, async (at) => {
          const content = new SealedContent(await ring.next(), path);
          return sealing(content, await inner.openWrite!(at, options), translated, options?.signal);
        })),
      close: inner.close && (() => inner.close!()),
    };
  };
}

/** A stream that encrypts into another. */
function sealing(
  content: SealedContent,
  into: WritableStream<Uint8Array>,
  translated: (error: unknown) => Promise<unknown>,
  signal?: AbortSignal,
): WritableStream<Uint8Array> {
  const writer = into.getWriter();
  writer.closed.catch(() => {/* whoever writes or closes next sees it */});
  let count = 0;
  const blocks = new BlockWriter(BLOCK, async (block) => {
    if (count === 0) await writer.write(content.header);
    await writer.write(await content.seal(count++, false, block));
  });
  return guarded({
    write: (chunk) => blocks.write(chunk),
    async close(): Promise<void> {
      try {
        if (count === 0) await writer.write(content.header);
        await writer.write(await content.seal(count, true, blocks.rest()));
        await writer.close();
      } catch (error) {
        throw await translated(error);
      }
    },
    abort: (): Promise<void> => writer.abort(),
  }, signal);
}

function sized(stat: Stat | undefined): Stat | undefined {
  return stat?.size === undefined ? stat : { ...stat, size: plainSize(stat.size) };
}
