/**
 * {@linkcode FrameWriter}: compresses content, whole or as a stream.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { guarded } from "../stores/stream.ts";
import { BlockWriter } from "./block_writer.ts";
import {
  countOf,
  encodeBlock,
  type EncodedBlock,
  encodeHeader,
  encodeIndex,
  encodeTrailer,
  END,
  type Frame,
  newFrame,
} from "./frame.ts";
import type { CompressionMethod, Zlib } from "./zlib.ts";

/** How content is compressed. */
export interface CompressionPolicy {
  /** How. */
  readonly method: CompressionMethod;
  /** How hard. */
  readonly level: number | undefined;
  /** Size of a block: a power of two. */
  readonly blockBytes: number;
  /** The largest content that is written or read in one piece. */
  readonly maxBytes: number;
  /** Whether the content of a path is worth trying. */
  readonly tries: (path: string) => boolean;
}

/** After so many blocks in a row that did not shrink, only each eighth is tried. */
const HOPELESS = 2;

/** Nobody else has to wait longer, in milliseconds. */
const BREATH = 16;

/** Compresses the content of one file. */
export class FrameWriter {
  readonly #policy: CompressionPolicy;
  readonly #zlib: Zlib;
  readonly #path: string;
  readonly #tries: boolean;
  #misses = 0;
  #began = performance.now();

  /** Begins a file. */
  constructor(path: string, policy: CompressionPolicy, zlib: Zlib) {
    this.#path = path;
    this.#policy = policy;
    this.#zlib = zlib;
    this.#tries = policy.tries(path);
  }

  /**
   * A whole content, in parts that follow one another. What does not shrink is a view on `bytes`.
   *
   * @throws {StorageError} `invalid-argument` if it is larger than what can be read in one piece.
   */
  async whole(bytes: Uint8Array, signal?: AbortSignal): Promise<Uint8Array[]> {
    const { method, blockBytes, maxBytes } = this.#policy;
    if (bytes.length > maxBytes) {
      const detail = `it has ${bytes.length} bytes, more than maxBytes (${maxBytes}): write it as a stream`;
      throw new StorageError("invalid-argument", detail, { path: this.#path });
    }
    const frame = newFrame(method, blockBytes, bytes.length);
    const lengths: number[] = [];
    const blocks: Uint8Array[] = [];
    for (let index = 0; index < countOf(bytes.length, blockBytes); index++) {
      const block = this.#encode(frame, index, bytes.subarray(index * blockBytes, (index + 1) * blockBytes));
      lengths.push(block.length);
      blocks.push(...block.parts);
      await this.#breathe(signal);
    }
    return [encodeHeader(frame, this.#zlib), encodeIndex(frame.id, lengths, this.#zlib), ...blocks];
  }

  /** A stream that compresses into another. */
  stream(into: WritableStream<Uint8Array>, signal?: AbortSignal): WritableStream<Uint8Array> {
    const { method, blockBytes } = this.#policy;
    const zlib = this.#zlib;
    const frame = newFrame(method, blockBytes);
    const writer = into.getWriter();
    const lengths: number[] = [];
    let size = 0;
    const put = async (block: Uint8Array): Promise<void> => {
      if (lengths.length === 0) await writer.write(encodeHeader(frame, zlib));
      const { length, parts } = this.#encode(frame, lengths.length, block);
      lengths.push(length);
      for (const part of parts) await writer.write(part);
      size += block.length;
      await this.#breathe(signal);
    };
    const blocks = new BlockWriter(blockBytes, put);
    writer.closed.catch(() => {/* whoever writes or closes next sees it */});
    return guarded({
      write: (chunk) => blocks.write(chunk),
      close: async () => {
        if (lengths.length === 0) {
          for (const part of await this.whole(blocks.rest(), signal)) await writer.write(part);
          return await writer.close();
        }
        await put(blocks.rest());
        await writer.write(new Uint8Array(new Uint32Array([END]).buffer));
        await writer.write(encodeIndex(frame.id, lengths, zlib));
        await writer.write(encodeTrailer(frame, size, zlib));
        await writer.close();
      },
      abort: (): Promise<void> => writer.abort(),
    }, signal);
  }

  #encode(frame: Frame, index: number, plain: Uint8Array): EncodedBlock {
    const tries = this.#tries && (this.#misses < HOPELESS || index % 8 === 0);
    const packed = tries ? this.#zlib.pack(frame.method, plain, this.#policy.level) : undefined;
    const block = encodeBlock(frame, index, plain, packed, this.#zlib);
    if (block.packed) this.#misses = 0;
    else if (tries) this.#misses++;
    return block;
  }

  async #breathe(signal?: AbortSignal): Promise<void> {
    if (performance.now() - this.#began < BREATH) return;
    await this.#zlib.yield();
    signal?.throwIfAborted();
    this.#began = performance.now();
  }
}
