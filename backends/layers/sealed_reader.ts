/**
 * {@linkcode SealedReader}: opens what was encrypted, whole, in part or as a stream.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import { cut, extentOf } from "../stores/range.ts";
import type { ByteRange, Store } from "../stores/store.ts";
import { ByteReader } from "./byte_reader.ts";
import { HEADER, type KeyRing } from "./key_ring.ts";
import { BLOCK, offsetOf, plainSize, SEALED, SealedContent } from "./sealed_content.ts";

/** How often something is read again that was replaced meanwhile. */
const TRIES = 5;

/** A file: where it is, and which path its content is bound to. */
export interface SealedPlace {
  /** The path in the store. */
  readonly at: string;
  /** The path of the caller. */
  readonly path: string;
}

/** Some blocks, and what is meant of them. */
interface Blocks {
  readonly first: number;
  /** The block behind the last; `undefined` if it goes to the end. */
  readonly behind: number | undefined;
}

/** Opens the contents of a store. */
export class SealedReader {
  readonly #inner: Store;
  readonly #keys: KeyRing;

  constructor(inner: Store, keys: KeyRing) {
    this.#inner = inner;
    this.#keys = keys;
  }

  /** Opens a whole content. */
  async whole({ path }: SealedPlace, stored: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const content = await this.#content(path, stored);
    const sealed = stored.subarray(HEADER);
    // Without a single block it is cut: nothing cannot be opened.
    return await content.openAll(0, sealed.length === 0 ? new Uint8Array(1) : sealed, false, signal);
  }

  /** Reads a range; its blocks, and the header, are all that is read of the content. */
  async range(place: SealedPlace, range: ByteRange, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    extentOf(0, range);
    return await this.#steadily(async (last) => {
      if (last) {
        // One read is never torn, whoever writes meanwhile.
        const stored = await this.#inner.read(place.at, { signal });
        return stored && cut(await this.whole(place, stored, signal), range).slice();
      }
      if ("suffix" in range) return await this.#suffix(place, range.suffix, signal);
      const { offset, length = Infinity } = range;
      const blocks = blocksOf(offset, offset + Math.max(1, length));
      const bytes = await this.#blocks(place, blocks, signal);
      if (bytes === undefined) return undefined;
      const start = offset - blocks.first * BLOCK;
      return bytes.slice(start, start + Math.min(length, bytes.length));
    });
  }

  /** Opens a stream: a block a chunk. */
  async open(
    place: SealedPlace,
    range: ByteRange | undefined,
    signal?: AbortSignal,
  ): Promise<ReadableStream<Uint8Array> | undefined> {
    extentOf(0, range);
    return await this.#steadily(async () => {
      const before = range && "suffix" in range ? await this.#inner.stat(place.at, { signal }) : undefined;
      const size = plainSize(before?.size);
      if (range && "suffix" in range && size === undefined) {
        const bytes = await this.range(place, range, signal);
        return bytes && new Response(bytes as Uint8Array<ArrayBuffer>).body!;
      }
      const { start, end } = extentOf(size ?? Number.MAX_SAFE_INTEGER, range);
      const blocks = blocksOf(start, range && "suffix" in range ? Infinity : end);
      const source = await this.#source(place, blocks, signal);
      if (source === undefined) return undefined;
      const { content, reader } = source;
      let index = blocks.first;
      const read = async (): Promise<Uint8Array | undefined> => {
        if (blocks.behind !== undefined && index >= blocks.behind) return undefined;
        const sealed = await reader.take(SEALED);
        if (sealed.length === 0 && index > blocks.first) return undefined;
        return await content.open(index++, await reader.atEnd(), sealed);
      };
      let next: Uint8Array | undefined;
      try {
        if (await reader.atEnd() && blocks.first > 0) await this.#checkEnd(place, signal);
        else next = await read();
        if (before && (await this.#inner.stat(place.at, { signal }))?.etag !== before.etag) throw changed(place);
      } catch (error) {
        await reader.cancel(error);
        throw error;
      }
      let at = blocks.first * BLOCK;
      return new ReadableStream<Uint8Array>({
        async pull(controller): Promise<void> {
          try {
            signal?.throwIfAborted();
            while (next !== undefined) {
              const part = next.slice(Math.max(0, start - at), Math.max(0, end - at));
              at += next.length;
              next = await read();
              if (part.length > 0) return controller.enqueue(part);
            }
            await reader.cancel();
            controller.close();
          } catch (error) {
            await reader.cancel(error).catch(() => {/* the failure is what the reader sees */});
            throw error;
          }
        },
        cancel: (reason) => reader.cancel(reason),
      }, { highWaterMark: 0 });
    });
  }

  async #suffix(place: SealedPlace, suffix: number, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const stat = await this.#inner.stat(place.at, { signal });
    const size = plainSize(stat?.size);
    if (size === undefined) {
      const stored = await this.#inner.read(place.at, { signal });
      return stored && cut(await this.whole(place, stored, signal), { suffix }).slice();
    }
    const blocks = blocksOf(Math.max(0, size - Math.max(1, suffix)), Infinity);
    const bytes = await this.#blocks(place, blocks, signal);
    if (bytes === undefined) return undefined;
    // A content that became shorter since has its end in blocks before these.
    if (bytes.length < suffix && blocks.first > 0) throw changed(place);
    return cut(bytes, { suffix }).slice();
  }

  /** Reads and opens blocks; empty behind the end. */
  async #blocks(place: SealedPlace, { first, behind }: Blocks, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const offset = first === 0 ? 0 : offsetOf(first);
    // One byte more tells whether others follow.
    const length = behind === undefined ? undefined : offsetOf(behind) - offset + 1;
    const [header, body] = await Promise.all([
      first === 0 ? undefined : this.#inner.read(place.at, { range: { offset: 0, length: HEADER }, signal }),
      this.#inner.read(place.at, { range: { offset, length }, signal }),
    ]);
    if (body === undefined || (first > 0 && header === undefined)) return undefined;
    const content = await this.#content(place.path, header ?? body);
    if (first > 0 && body.length === 0) {
      await this.#checkEnd(place, signal);
      return body;
    }
    const more = length !== undefined && body.length === length;
    const sealed = body.subarray(first === 0 ? HEADER : 0, more ? -1 : undefined);
    return await content.openAll(first, sealed.length === 0 ? new Uint8Array(1) : sealed, more, signal);
  }

  /** Opens a stream of blocks, and the content they are of. */
  async #source(
    { at, path }: SealedPlace,
    { first, behind }: Blocks,
    signal?: AbortSignal,
  ): Promise<{ content: SealedContent; reader: ByteReader } | undefined> {
    const offset = first === 0 ? 0 : offsetOf(first);
    const length = behind === undefined ? undefined : offsetOf(behind) - offset + 1;
    const header = first === 0
      ? undefined
      : await this.#inner.read(at, { range: { offset: 0, length: HEADER }, signal });
    const stream = await this.#inner.openRead!(at, { range: { offset, length }, signal });
    if (stream === undefined) return undefined;
    const reader = new ByteReader(stream);
    try {
      return { content: await this.#content(path, header ?? await reader.take(HEADER)), reader };
    } catch (error) {
      await reader.cancel(error);
      throw error;
    }
  }

  /** Makes sure that the content ends where it seems to: its last block says that it is the last. */
  async #checkEnd(place: SealedPlace, signal?: AbortSignal): Promise<void> {
    await this.#suffix(place, 1, signal);
  }

  async #content(path: string, stored: Uint8Array): Promise<SealedContent> {
    try {
      return new SealedContent(await this.#keys.of(stored), path);
    } catch (error) {
      throw isStorageError(error) ? error.at(path) : error;
    }
  }

  /** Does something that takes several reads; again, if the content was replaced between them. The last try is told so. */
  async #steadily<T>(work: (last: boolean) => Promise<T>): Promise<T> {
    for (let tries = 1;; tries++) {
      try {
        return await work(tries === TRIES);
      } catch (error) {
        if (tries === TRIES || !isStorageError(error, "corrupt", "busy")) throw error;
      }
    }
  }
}

/** The blocks of a range. */
function blocksOf(start: number, end: number): Blocks {
  const first = Math.floor(start / BLOCK);
  const behind = Math.max(first + 1, Math.ceil(end / BLOCK));
  return { first, behind: Number.isSafeInteger(behind * SEALED) ? behind : undefined };
}

/** It is read again; to be seen only if it is replaced all the time. */
function changed({ path }: SealedPlace): StorageError {
  return new StorageError("busy", "it is replaced again and again while it is read", { path, retryable: true });
}
