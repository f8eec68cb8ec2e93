/**
 * {@linkcode memberStream}: the content of a member of an archive as a stream, inflated and checked on the way.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { checkContent, corruptMember, STORED, type ZipMember } from "../../zip_member.ts";
import type { Extent } from "../range.ts";

/** So much is inflated at once: to 64 MiB at most, if it says nothing true. */
const MAX_PIECE = 64 * 1024;
const MIN_PIECE = 4 * 1024;

/** So much should come of it. */
const CHUNK = 1024 * 1024;

/**
 * A part of the content of a member. It ends where that ends; the checksum is compared if all of the content was seen.
 *
 * @param member The member.
 * @param data Its bytes in the archive, all of them; of a stored one, those of the part.
 * @param extent Which part.
 * @param signal Errors the stream.
 * @returns The stream, in chunks that are the reader's own.
 */
export function memberStream(
  member: ZipMember,
  data: ReadableStream<Uint8Array>,
  extent: Extent,
  signal?: AbortSignal,
): ReadableStream<Uint8Array> {
  const stored = member.compressionMethod === STORED;
  const chunks = stored ? new Passing(data) : new Inflating(member, data);
  let at = stored ? extent.start : 0;
  const checked = at === 0 && extent.end === member.uncompressedSize;
  let checksum = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      try {
        while (true) {
          signal?.throwIfAborted();
          const chunk = checked || at < extent.end ? await chunks.next() : undefined;
          if (chunk === undefined) {
            if (checked) checkContent(member, at, checksum);
            else if (at < extent.end) throw corruptMember(member.filename, "it ends too early");
            await chunks.cancel();
            return controller.close();
          }
          if (checked) checksum = crc32(chunk, checksum);
          const part = chunk.subarray(Math.max(0, extent.start - at), Math.max(0, extent.end - at));
          at += chunk.length;
          if (at > member.uncompressedSize) {
            throw corruptMember(member.filename, `more bytes than the announced ${member.uncompressedSize}`);
          }
          if (part.length === 0) continue;
          return controller.enqueue(part);
        }
      } catch (error) {
        await chunks.cancel(error).catch(() => {/* the failure is what the reader sees */});
        throw error;
      }
    },
    cancel: (reason) => chunks.cancel(reason),
  }, { highWaterMark: 0 });
}

/** Chunks, one after the other. */
interface Chunks {
  next(): Promise<Uint8Array | undefined>;
  cancel(reason?: unknown): Promise<void>;
}

/** Chunks as they come. */
class Passing implements Chunks {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(data: ReadableStream<Uint8Array>) {
    this.#reader = data.getReader();
  }

  async next(): Promise<Uint8Array | undefined> {
    return (await this.#reader.read()).value;
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#reader.cancel(reason);
  }
}

/** Chunks, inflated. */
class Inflating implements Chunks {
  readonly #name: string;
  readonly #piece: number;
  readonly #source: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<BufferSource>;
  readonly #inflated: ReadableStreamDefaultReader<Uint8Array>;
  readonly #feeding: Promise<void>;
  #failure: { readonly error: unknown } | undefined;

  constructor(member: ZipMember, data: ReadableStream<Uint8Array>) {
    const { readable, writable } = new DecompressionStream("deflate-raw");
    this.#name = member.filename;
    const share = Math.ceil(CHUNK * member.compressedSize / Math.max(1, member.uncompressedSize));
    this.#piece = Math.min(MAX_PIECE, Math.max(MIN_PIECE, share));
    this.#source = data.getReader();
    this.#writer = writable.getWriter();
    this.#inflated = readable.getReader();
    this.#writer.closed.catch(() => {/* told to the reader */});
    this.#feeding = this.#feed();
  }

  async next(): Promise<Uint8Array | undefined> {
    try {
      return (await this.#inflated.read()).value;
    } catch (cause) {
      if (this.#failure) throw this.#failure.error;
      throw corruptMember(this.#name, "it cannot be inflated", cause);
    }
  }

  async cancel(reason?: unknown): Promise<void> {
    // Whatever is still to be fed is not wanted any more.
    this.#failure ??= { error: reason };
    await Promise.allSettled([this.#source.cancel(reason), this.#inflated.cancel(reason), this.#writer.abort(reason)]);
    await this.#feeding;
  }

  /** Gives it one piece after the other, as it takes them. */
  async #feed(): Promise<void> {
    try {
      for (let { value } = await this.#read(); value !== undefined; { value } = await this.#read()) {
        for (let at = 0; at < value.length; at += this.#piece) {
          await this.#writer.write(value.slice(at, at + this.#piece));
        }
      }
      await this.#writer.close();
    } catch {
      // `next` tells what went wrong.
    }
  }

  async #read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    try {
      return await this.#source.read();
    } catch (error) {
      this.#failure ??= { error };
      await this.#writer.abort(error);
      throw error;
    }
  }
}
