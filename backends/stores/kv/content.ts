/**
 * {@linkcode KvContents}: reading the content of files in a store on Deno KV. Sizes and checksums are checked.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { KvDatabase } from "./database.ts";
import { type KvFile, PART_SIZE } from "./entry.ts";
import { cut, type Extent, extentOf } from "../range.ts";
import type { ByteRange } from "../store.ts";
import { streamOf } from "../stream.ts";

/** As many parts are read at once for content that is wanted whole, and for a stream. */
const PAGE = 64;
const STREAM_PAGE = 8;

/** Reads content. `undefined` wherever parts are not there any more: then another process has replaced the file. */
export class KvContents {
  readonly #database: KvDatabase;

  /** Creates it for a database. */
  constructor(database: KvDatabase) {
    this.#database = database;
  }

  /**
   * The content of a file, or a range of it.
   *
   * @throws {StorageError} `corrupt`, `invalid-argument` for an impossible range.
   */
  async read(
    file: KvFile,
    range?: ByteRange,
    signal?: AbortSignal,
    first?: Deno.KvEntryMaybe<unknown>,
  ): Promise<Uint8Array | undefined> {
    if (file.bytes) {
      this.check(file, file.bytes);
      return range === undefined ? file.bytes : cut(file.bytes, range).slice();
    }
    const extent = extentOf(sizeOf(file), range);
    if (extent.start === extent.end) return new Uint8Array();
    const { generation, count } = file.parts!;
    if (count === 1 && first?.key.at(-2) === generation) {
      return this.#cut(file, 0, [first], extent.start, extent.end, true)?.[0];
    }
    this.#database.garbage.pin(generation);
    try {
      return await this.#gather(file, extent, signal);
    } finally {
      this.#database.garbage.unpin(generation);
    }
  }

  /** The content of a file as a stream. It fails if another process removes the parts before they are read. */
  stream(
    file: KvFile,
    range: ByteRange | undefined,
    gone: () => Promise<unknown>,
    signal?: AbortSignal,
  ): ReadableStream<Uint8Array> {
    const { garbage } = this.#database;
    if (file.bytes) {
      this.check(file, file.bytes);
      return streamOf(cut(file.bytes, range), signal);
    }
    const { start, end } = extentOf(sizeOf(file), range);
    const { generation } = file.parts!;
    let offset = start;
    let pinned = true;
    garbage.pin(generation);
    const release = (): void => {
      if (pinned) garbage.unpin(generation);
      pinned = false;
    };
    return new ReadableStream<Uint8Array>({
      pull: async (controller): Promise<void> => {
        try {
          signal?.throwIfAborted();
          const last = Math.min(end, (Math.floor(offset / PART_SIZE) + STREAM_PAGE) * PART_SIZE);
          const parts = offset < end ? await this.#parts(file, offset, last) : [];
          if (parts === undefined) throw await gone();
          signal?.throwIfAborted();
          for (const part of parts) controller.enqueue(part);
          offset = last;
          if (offset < end) return;
          release();
          controller.close();
        } catch (error) {
          release();
          throw error;
        }
      },
      cancel: release,
    }, { highWaterMark: 0 });
  }

  /**
   * Compares content with the checksum of its file.
   *
   * @throws {StorageError} `corrupt`.
   */
  check(file: KvFile, bytes: Uint8Array): void {
    if (this.#database.engine.crc32(bytes) !== file.crc) throw corrupt("its checksum differs");
  }

  async #gather(file: KvFile, { start, end }: Extent, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const whole = end - start === file.size;
    const step = PAGE * PART_SIZE;
    let bytes: Uint8Array | undefined;
    for (let offset = start; offset < end;) {
      const last = Math.min(end, Math.floor(offset / PART_SIZE) * PART_SIZE + step);
      const parts = await this.#parts(file, offset, last);
      signal?.throwIfAborted();
      if (parts === undefined) return undefined;
      if (parts.length === 1 && last - offset === end - start) bytes = parts[0]!;
      else {
        bytes ??= new Uint8Array(end - start);
        for (const part of parts) {
          bytes.set(part, offset - start);
          offset += part.length;
        }
      }
      offset = last;
    }
    if (whole && file.parts!.sums === undefined) this.check(file, bytes!);
    return bytes;
  }

  /** The parts from one offset to another, the first and the last cut. */
  async #parts(file: KvFile, start: number, end: number): Promise<Uint8Array[] | undefined> {
    const { engine, space } = this.#database;
    const { generation } = file.parts!;
    const first = Math.floor(start / PART_SIZE);
    const after = Math.ceil(end / PART_SIZE);
    const entries = after - first === 1
      ? await engine.getMany([space.part(generation, first)])
      : (await engine.page({ start: space.part(generation, first), end: space.part(generation, after) }, after - first))
        .entries;
    if (entries.length < after - first) return undefined;
    return this.#cut(file, first, entries, start, end);
  }

  /** The parts, cut to the range; `undefined` if they are not those of the file. `together`: they were looked at with its entry. */
  #cut(
    file: KvFile,
    first: number,
    entries: readonly Deno.KvEntryMaybe<unknown>[],
    start: number,
    end: number,
    together: boolean = false,
  ): Uint8Array[] | undefined {
    const { engine } = this.#database;
    const { count, sums } = file.parts!;
    const parts: Uint8Array[] = [];
    for (const [i, { value, versionstamp }] of entries.entries()) {
      if (versionstamp === null) return undefined;
      // A single part is overwritten in place, and then belongs to the next entry; or the database was copied key by key.
      if (count === 1 && !together && versionstamp > file.version) return undefined;
      const index = first + i;
      const size = index === count - 1 ? file.size - index * PART_SIZE : PART_SIZE;
      if (!(value instanceof Uint8Array) || value.length !== size) throw corrupt(`part ${index} has another size`);
      if (sums && engine.crc32(value) !== sums[index]) throw corrupt(`the checksum of part ${index} differs`);
      const from = Math.max(0, start - index * PART_SIZE);
      const to = Math.min(size, end - index * PART_SIZE);
      parts.push(from === 0 && to === size ? value : value.slice(from, to));
    }
    return parts;
  }
}

/** The size of large content, which must agree with the number of its parts. */
function sizeOf({ size, parts }: KvFile): number {
  if (Math.ceil(size / PART_SIZE) === parts!.count) return size;
  throw corrupt("its size does not agree with the number of its parts");
}

/** The error for content that is not what was written. */
export function corrupt(what: string): StorageError {
  return new StorageError("corrupt", `the content is damaged: ${what}`);
}
