/**
 * {@linkcode compressed}: a store that takes less room.
 *
 * @module
 */

import type { Complete, Layer } from "../stores/layer.ts";
import type { AbortOptions, Entry, ListOptions, Stat, Store, WriteRequest } from "../stores/store.ts";
import { concat } from "../stores/stream.ts";
import { FrameReader } from "./frame_reader.ts";
import { type CompressionPolicy, FrameWriter } from "./frame_writer.ts";
import { inAdvance } from "./in_advance.ts";
import { Sizes } from "./sizes.ts";
import { type CompressionMethod, loadZlib, type Zlib } from "./zlib.ts";

/** Options of {@linkcode compressed}. */
export interface CompressedOptions {
  /**
   * How: `zstd` is several times faster, and as small.
   *
   * @default {"zstd"}
   */
  method?: CompressionMethod | undefined;
  /**
   * How hard: 1 to 9 for gzip, 1 to 22 for zstd.
   *
   * @default {undefined} what the method takes for its middle: 6 for gzip, 3 for zstd
   */
  level?: number | undefined;
  /**
   * Only content under these suffixes is tried; what does not shrink is kept as it is in any case.
   *
   * @default {undefined} all but those of formats that are compressed themselves, such as `.png` and `.zip`
   */
  suffixes?: readonly string[] | undefined;
  /**
   * How much is compressed together: a power of two from 1 KiB to 16 MiB. A range costs the blocks it touches.
   *
   * @default {262144} 256 KiB
   */
  blockBytes?: number | undefined;
  /**
   * The largest content that is written or read in one piece, so that a few bytes that pretend to be many do no harm. Streams and
   * ranges are not bound by it.
   *
   * @default {1073741824} 1 GiB
   */
  maxBytes?: number | undefined;
}

/** Where compressing again gains nothing. */
const PACKED =
  /\.(gz|tgz|zst|zip|npz|br|bz2|xz|7z|png|jpe?g|gif|webp|avif|heic|mp[34]|m4a|ogg|webm|mkv|flac|woff2?|parquet)$/i;

/**
 * Compresses each content, in blocks that can be opened by themselves: a range reads its own blocks only. Everything has an index and
 * checksums, so that what is cut or damaged is `corrupt`, and never wrong bytes; so is what was not written by this layer.
 *
 * `stat` tells the size of the content for one more small read, which is remembered with the etag; `list` tells sizes with
 * `details` only, for one read a file.
 *
 * Order: outside `encrypted`, for what is encrypted does not shrink; inside `cached`, so that a hit is not decompressed again.
 *
 * @param options How, and what.
 * @returns The layer.
 * @throws {RangeError} If an option is not what it should be.
 *
 * @example
 * ```ts
 * import { compressed } from "@polystore/polystore/layers";
 * import { layered, MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const memory = new MemoryStore();
 * const store = layered(memory, compressed());
 * await store.write?.("zeros", new Uint8Array(1_000_000));
 * assert((await memory.stat("zeros"))!.size! < 1000);
 * assert.equal((await store.stat("zeros"))?.size, 1_000_000);
 * assert.deepEqual(await store.read("zeros", { range: { offset: 999_999 } }), new Uint8Array(1));
 * ```
 */
export function compressed(options: CompressedOptions = {}): Layer {
  const policy = checked(options);
  return (inner: Store): Complete<Store> => {
    const sizes = new Sizes();
    let loading: Promise<{ zlib: Zlib; reader: FrameReader }> | undefined;
    const load = (): Promise<{ zlib: Zlib; reader: FrameReader }> =>
      loading ??= loadZlib().then((zlib) => ({ zlib, reader: new FrameReader(inner, zlib, policy.maxBytes) }));

    async function pack(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<Uint8Array[]> {
      signal?.throwIfAborted();
      return await new FrameWriter(path, policy, (await load()).zlib).whole(bytes, signal);
    }

    async function* packed(writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>): AsyncGenerator<WriteRequest> {
      for await (const { path, bytes } of writes) yield { path, bytes: concat(await pack(path, bytes)) };
    }

    /** The same, with the size that the content has. */
    async function sized(path: string, stat: Stat | undefined, options?: AbortOptions): Promise<Stat | undefined> {
      for (let tries = 0; stat?.kind === "file"; tries++) {
        const { etag, size: _, ...rest } = stat;
        const known = etag === undefined ? undefined : sizes.get(path, etag);
        if (known !== undefined) return { ...rest, etag, size: known };
        const size = await (await load()).reader.size(path, options?.signal);
        if (etag === undefined) return { ...rest, size };
        // What was measured is this content if nothing else came meanwhile.
        const again = await inner.stat(path, options);
        if (again?.etag === etag && size !== undefined) sizes.set(path, etag, size);
        else if (tries === 5) return { ...rest, etag };
        stat = again;
      }
      return stat;
    }

    async function* watch(path: string, options?: AbortOptions): AsyncGenerator<Stat | undefined> {
      for await (const stat of inner.watch!(path, options)) {
        const { size: _, ...rest } = stat ?? {};
        const known = stat?.etag === undefined ? undefined : sizes.get(path, stat.etag);
        yield stat && { ...rest as Stat, ...(known !== undefined && { size: known }) };
      }
    }

    async function* list(prefix: string, options?: ListOptions): AsyncGenerator<Entry> {
      const measure = async ({ size: _, ...entry }: Entry): Promise<Entry> => {
        if (entry.kind !== "file" || !options?.details) return entry;
        return { ...entry, size: await (await load()).reader.size(entry.path, options.signal) };
      };
      yield* inAdvance(inner.list!(prefix, options), options?.details ? 16 : 1, measure);
    }

    return {
      async read(path, options): Promise<Uint8Array | undefined> {
        if (options?.range) return await (await load()).reader.range(path, options.range, options.signal);
        const stored = await inner.read(path, options);
        return stored && await (await load()).reader.whole(path, stored, options?.signal);
      },
      stat: async (path, options) => await sized(path, await inner.stat(path, options), options),
      list: inner.list && list,
      write: inner.write && (async (path, bytes, options) => {
        const { length } = bytes;
        const parts = await pack(path, bytes, options?.signal);
        const result = await (inner.writeParts
          ? inner.writeParts(path, parts, options)
          : inner.write!(path, concat(parts), options));
        sizes.set(path, result.etag, length);
        return result;
      }),
      delete: inner.delete && ((path, options) => inner.delete!(path, options)),
      makeDirectory: inner.makeDirectory && ((path, options) => inner.makeDirectory!(path, options)),
      createSymlink: inner.createSymlink && ((target, path, options) => inner.createSymlink!(target, path, options)),
      readSymlink: inner.readSymlink && ((path, options) => inner.readSymlink!(path, options)),
      writeExpiring: inner.writeExpiring &&
        (async (path, bytes, options) =>
          await inner.writeExpiring!(path, concat(await pack(path, bytes, options.signal)), options)),
      watch: inner.watch && watch,
      // What is compressed means the same under every path.
      copy: inner.copy && ((from, to, options) => inner.copy!(from, to, options)),
      move: inner.move && ((from, to, options) => inner.move!(from, to, options)),
      deleteTree: inner.deleteTree && ((path, options) => inner.deleteTree!(path, options)),
      readMany: inner.readMany && (async (paths, options) => {
        const all = await inner.readMany!(paths, options);
        const { reader } = await load();
        const opened: (Uint8Array | undefined)[] = [];
        for (const [index, stored] of all.entries()) {
          opened.push(stored && await reader.whole(paths[index]!, stored, options?.signal));
        }
        return opened;
      }),
      writeMany: inner.writeMany && ((writes, options) => inner.writeMany!(packed(writes), options)),
      writeParts: inner.writeParts &&
        (async (path, parts, options) =>
          await inner.writeParts!(path, await pack(path, concat(parts), options?.signal), options)),
      openRead: inner.openRead &&
        (async (path, options) => await (await load()).reader.open(path, options?.range, options?.signal)),
      openWrite: inner.openWrite && (async (path, options) => {
        const { zlib } = await load();
        return new FrameWriter(path, policy, zlib).stream(await inner.openWrite!(path, options), options?.signal);
      }),
      close: inner.close && (() => inner.close!()),
    };
  };
}

function checked(options: CompressedOptions): CompressionPolicy {
  const { method = "zstd", level, suffixes, blockBytes = 256 * 1024, maxBytes = 2 ** 30 } = options;
  const highest = method === "gzip" ? 9 : 22;
  if (level !== undefined && !(Number.isInteger(level) && 1 <= level && level <= highest)) {
    throw invalid(`level must be an integer from 1 to ${highest}`, level);
  }
  if (!(1024 <= blockBytes && blockBytes <= 2 ** 24 && Number.isInteger(Math.log2(blockBytes)))) {
    throw invalid("blockBytes must be a power of two from 1 KiB to 16 MiB", blockBytes);
  }
  if (!(maxBytes > 0)) throw invalid("maxBytes must be above 0", maxBytes);
  const tries = suffixes === undefined
    ? (path: string): boolean => !PACKED.test(path)
    : (path: string): boolean => suffixes.some((suffix) => path.endsWith(suffix));
  return { method, level, blockBytes, maxBytes, tries };
}

function invalid(rule: string, received: number): RangeError {
  return new RangeError(`Cannot create compressed: ${rule}: received ${received}`);
}
