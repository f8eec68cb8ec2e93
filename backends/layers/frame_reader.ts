/**
 * {@linkcode FrameReader}: opens what was compressed, whole, in part or as a stream.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import { cut, extentOf } from "../stores/range.ts";
import type { ByteRange, Store } from "../stores/store.ts";
import { ByteReader } from "./byte_reader.ts";
import {
  corrupt,
  countOf,
  decodeBlock,
  decodeHeader,
  decodeIndex,
  decodeTrailer,
  type Frame,
  HEADER,
  indexLength,
  type Layout,
  TRAILER,
} from "./frame.ts";
import type { Zlib } from "./zlib.ts";

/** How much is read to find the index: enough for a content of 250 MiB in blocks of 256 KiB. */
const PEEK = 4096;

/** How often something is read again that was replaced meanwhile. */
const TRIES = 5;

/** Nobody else has to wait longer, in milliseconds. */
const BREATH = 16;

/** Of how many files the index is remembered. */
const REMEMBERED = 256;

/** What is decompressed: some blocks of a content, and which part of them is meant. */
interface Section {
  readonly layout: Layout;
  readonly first: number;
  readonly behind: number;
  readonly start: number;
  readonly end: number;
}

/** Opens the contents of a store. */
export class FrameReader {
  readonly #inner: Store;
  readonly #zlib: Zlib;
  readonly #maxBytes: number;
  readonly #layouts = new Map<string, Layout>();

  /** @param maxBytes The largest content that is read in one piece. */
  constructor(inner: Store, zlib: Zlib, maxBytes: number) {
    this.#inner = inner;
    this.#zlib = zlib;
    this.#maxBytes = maxBytes;
  }

  /**
   * Opens a whole content.
   *
   * @throws {StorageError} `corrupt`; `invalid-argument` if it is larger than `maxBytes`.
   */
  async whole(path: string, stored: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    try {
      const layout = this.#layoutIn(stored);
      const count = layout.starts.length - 1;
      const section = { layout, first: 0, behind: count, start: 0, end: layout.size };
      return await this.#decode(section, stored, 0, signal);
    } catch (error) {
      throw at(path, error);
    }
  }

  /** Reads a range; its blocks are all that is read of the content. */
  async range(path: string, range: ByteRange, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    return await this.#steadily(path, async (last) => {
      if (last) {
        // One read is never torn, whoever writes meanwhile.
        const stored = await this.#inner.read(path, { signal });
        return stored && cut(await this.whole(path, stored, signal), range).slice();
      }
      const section = await this.#section(path, range, signal);
      if (section === undefined || section.start === section.end) return section && new Uint8Array();
      const { layout: { starts }, first, behind } = section;
      const offset = starts[first]!;
      const stored = await this.#inner.read(path, { range: { offset, length: starts[behind]! - offset }, signal });
      return stored && await this.#decode(section, stored, offset, signal);
    });
  }

  /** Opens a stream: a block a chunk. */
  async open(
    path: string,
    range: ByteRange | undefined,
    signal?: AbortSignal,
  ): Promise<ReadableStream<Uint8Array> | undefined> {
    return await this.#steadily(path, async () => {
      const section = await this.#section(path, range, signal);
      if (section === undefined) return undefined;
      const { layout, first, behind, start, end } = section;
      const offset = layout.starts[first]!;
      const length = start === end ? 0 : layout.starts[behind]! - offset;
      const stream = await this.#inner.openRead!(path, { range: { offset, length }, signal });
      if (stream === undefined) return undefined;
      const source = new ByteReader(stream);
      const read = async (index: number): Promise<Uint8Array> => {
        const bytes = await source.take(layout.starts[index + 1]! - layout.starts[index]!);
        return this.#block(layout, index, bytes);
      };
      let index = first;
      let next: Uint8Array | undefined;
      try {
        // The first block tells whether this is still the content whose index was read.
        if (length > 0) next = await read(index);
      } catch (error) {
        await source.cancel(error);
        throw error;
      }
      return new ReadableStream<Uint8Array>({
        async pull(controller): Promise<void> {
          try {
            signal?.throwIfAborted();
            if (next === undefined || index === behind) {
              await source.cancel();
              return controller.close();
            }
            const from = index * layout.blockBytes;
            controller.enqueue(next.slice(Math.max(0, start - from), end - from));
            if (++index < behind) next = await read(index);
          } catch (error) {
            await source.cancel(error).catch(() => {/* the failure is what the reader sees */});
            throw at(path, error);
          }
        },
        cancel: (reason) => source.cancel(reason),
      }, { highWaterMark: 0 });
    });
  }

  /** The size of a content; `undefined` if there is none. */
  async size(path: string, signal?: AbortSignal): Promise<number | undefined> {
    return await this.#steadily(path, async () => {
      const head = await this.#inner.read(path, { range: { offset: 0, length: HEADER }, signal });
      if (head === undefined) return undefined;
      const frame = decodeHeader(head, this.#zlib);
      if (!frame.streamed) return frame.size;
      const tail = await this.#inner.read(path, { range: { suffix: TRAILER }, signal });
      return tail && decodeTrailer(frame, tail, this.#zlib);
    });
  }

  /** Does something that takes several reads; again, if the content was replaced between them. The last try is told so. */
  async #steadily<T>(path: string, work: (last: boolean) => Promise<T>): Promise<T> {
    for (let tries = 1;; tries++) {
      try {
        return await work(tries === TRIES);
      } catch (error) {
        this.#layouts.delete(path);
        if (tries === TRIES || !isStorageError(error, "corrupt")) throw at(path, error);
      }
    }
  }

  async #section(path: string, range: ByteRange | undefined, signal?: AbortSignal): Promise<Section | undefined> {
    const known = this.#layouts.get(path);
    const layout = known ?? await this.#layout(path, signal);
    if (layout === undefined) return undefined;
    const { start, end } = extentOf(layout.size, range);
    if (known !== undefined && start === end) {
      // No block will tell whether it is still this content.
      this.#layouts.delete(path);
      return await this.#section(path, range, signal);
    }
    const { blockBytes } = layout;
    const first = Math.min(Math.floor(start / blockBytes), layout.starts.length - 1);
    return { layout, first, behind: Math.ceil(end / blockBytes), start, end };
  }

  async #layout(path: string, signal?: AbortSignal): Promise<Layout | undefined> {
    const head = await this.#inner.read(path, { range: { offset: 0, length: PEEK }, signal });
    if (head === undefined) return undefined;
    const frame = decodeHeader(head, this.#zlib);
    const layout = frame.streamed
      ? await this.#indexAtEnd(path, frame, signal)
      : await this.#index(path, frame, head, signal);
    this.#layouts.delete(path);
    this.#layouts.set(path, layout);
    if (this.#layouts.size > REMEMBERED) this.#layouts.delete(this.#layouts.keys().next().value!);
    return layout;
  }

  async #index(path: string, frame: Frame, head: Uint8Array, signal?: AbortSignal): Promise<Layout> {
    const length = indexLength(countOf(frame.size, frame.blockBytes));
    const end = HEADER + length;
    const index = end <= head.length
      ? head.subarray(HEADER, end)
      : await this.#inner.read(path, { range: { offset: HEADER, length }, signal });
    if (index?.length !== length) throw corrupt("its index is cut");
    return decodeIndex(frame, index, end, this.#zlib);
  }

  async #indexAtEnd(path: string, frame: Frame, signal?: AbortSignal): Promise<Layout> {
    let tail = await this.#inner.read(path, { range: { suffix: PEEK }, signal });
    const size = decodeTrailer(frame, tail?.subarray(-TRAILER) ?? new Uint8Array(), this.#zlib);
    const length = indexLength(countOf(size, frame.blockBytes)) + TRAILER;
    if (length > PEEK) tail = await this.#inner.read(path, { range: { suffix: length }, signal });
    return indexIn({ ...frame, size }, tail ?? new Uint8Array(), this.#zlib);
  }

  /** The layout of a content that is there as a whole. */
  #layoutIn(stored: Uint8Array): Layout {
    const frame = decodeHeader(stored, this.#zlib);
    if (frame.streamed) {
      const size = decodeTrailer(frame, stored.subarray(-TRAILER), this.#zlib);
      return indexIn({ ...frame, size }, stored, this.#zlib);
    }
    const end = HEADER + indexLength(countOf(frame.size, frame.blockBytes));
    if (stored.length < end) throw corrupt("its index is cut");
    return decodeIndex(frame, stored.subarray(HEADER, end), end, this.#zlib);
  }

  /** Decompresses a section out of stored bytes, which begin at `offset`. */
  async #decode(section: Section, stored: Uint8Array, offset: number, signal?: AbortSignal): Promise<Uint8Array> {
    const { layout, first, behind, start, end } = section;
    if (end - start > this.#maxBytes) {
      const detail = `it has ${
        end - start
      } bytes, more than maxBytes (${this.#maxBytes}): read it in ranges, or as a stream`;
      throw new StorageError("invalid-argument", detail);
    }
    // Before anything is made as large as the index says.
    if (stored.length < layout.starts[behind]! - offset) throw corrupt("it is cut");
    const result = new Uint8Array(end - start);
    let began = performance.now();
    for (let index = first; index < behind; index++) {
      const bytes = stored.subarray(layout.starts[index]! - offset, layout.starts[index + 1]! - offset);
      const block = this.#block(layout, index, bytes);
      const from = index * layout.blockBytes;
      result.set(block.subarray(Math.max(0, start - from), end - from), Math.max(0, from - start));
      if (performance.now() - began < BREATH) continue;
      await this.#zlib.yield();
      signal?.throwIfAborted();
      began = performance.now();
    }
    return result;
  }

  #block(layout: Layout, index: number, bytes: Uint8Array): Uint8Array {
    const size = Math.min(layout.blockBytes, layout.size - index * layout.blockBytes);
    return decodeBlock(layout, index, bytes, size, this.#zlib);
  }
}

/** The index in front of the trailer. */
function indexIn(frame: Frame, stored: Uint8Array, zlib: Zlib): Layout {
  const length = indexLength(countOf(frame.size, frame.blockBytes));
  if (stored.length < length + TRAILER) throw corrupt("its index is cut");
  const end = stored.length - TRAILER;
  return decodeIndex(frame, stored.subarray(end - length, end), HEADER, zlib);
}

/** The error, which knows where it was. */
function at(path: string, error: unknown): unknown {
  return isStorageError(error) && error.path === undefined ? error.at(path) : error;
}
