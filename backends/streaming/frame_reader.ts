/**
 * {@linkcode FrameReader}: frames from bytes that come in pieces.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { checkMagic, corrupt, type Frame, type FramePrefix, MAX_BUFFERS, parsePrefix, PREFIX } from "./frame.ts";

/** Options of {@linkcode FrameReader} and {@linkcode decodeFrame}. */
export interface FrameReaderOptions {
  /**
   * The most bytes of a frame: a buffer takes its memory when its first byte comes.
   *
   * @default {2147483648} 2 GiB
   */
  maxFrameBytes?: number | undefined;
}

/** How large a frame may be if nobody says. */
export const MAX_FRAME: number = 2 * 1024 ** 3;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Finds the frames in bytes that come in pieces, cut anywhere. The bytes of strangers are welcome: whatever is not a frame is an
 * error, and memory stays within the limits.
 *
 * A piece that is exactly a buffer, and all of its own `ArrayBuffer`, becomes that buffer; else its bytes are copied, once.
 *
 * @example
 * ```ts
 * import { encodeFrame, FrameReader } from "@polystore/polystore/streaming";
 * import assert from "node:assert/strict";
 *
 * const reader = new FrameReader();
 * const [head, body] = encodeFrame("batch", { sequence: 1 }, [new Uint8Array([1, 2, 3])]);
 * assert.deepEqual(reader.push(head!), []);
 * const [frame] = reader.push(body!);
 * assert.deepEqual(frame?.buffers, [new Uint8Array([1, 2, 3])]);
 * assert.throws(() => reader.push(new Uint8Array(20)), { code: "corrupt" });
 * ```
 */
export class FrameReader {
  readonly #maxFrame: number;
  #prefix: FramePrefix | undefined;
  /** What is being filled: the prefix, the header or a buffer. */
  #room: Uint8Array<ArrayBuffer> | undefined;
  #length = PREFIX;
  #filled = 0;
  #header: unknown;
  #sizes: number[] = [];
  #buffers: Uint8Array<ArrayBuffer>[] = [];
  #failure: unknown;

  /** Begins between two frames. */
  constructor(options: FrameReaderOptions = {}) {
    this.#maxFrame = options.maxFrameBytes ?? MAX_FRAME;
  }

  /** Whether a frame has begun and not ended. */
  get within(): boolean {
    return this.#prefix !== undefined || this.#filled > 0;
  }

  /**
   * Takes the next piece.
   *
   * @param piece The bytes; they are the reader's own from now on.
   * @returns The frames that are complete with it.
   * @throws {StorageError} `corrupt` for what is not a frame, `unsupported` for one of another version, `no-space` if there is no
   * memory for it. Nothing can be read after that.
   */
  push(piece: Uint8Array<ArrayBuffer>): Frame[] {
    if (this.#failure !== undefined) throw this.#failure;
    const frames: Frame[] = [];
    try {
      // What is exactly the next buffer is not copied.
      if (this.#expectsWhole(piece)) {
        this.#advance(piece, frames);
        return frames;
      }
      for (let rest = piece; rest.length > 0;) {
        const room = this.#room ??= roomFor(this.#length);
        const part = rest.subarray(0, this.#length - this.#filled);
        room.set(part, this.#filled);
        this.#filled += part.length;
        rest = rest.subarray(part.length);
        if (this.#filled === this.#length) this.#advance(room, frames);
        // Who speaks of something else altogether need not say much.
        else if (this.#prefix === undefined) checkMagic(room.subarray(0, this.#filled));
      }
      return frames;
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #expectsWhole(piece: Uint8Array<ArrayBuffer>): boolean {
    return this.#sizes.length > 0 && this.#filled === 0 && piece.length === this.#length &&
      piece.length === piece.buffer.byteLength;
  }

  /** Goes on to what comes after what was being filled. */
  #advance(room: Uint8Array<ArrayBuffer>, frames: Frame[]): void {
    if (this.#prefix === undefined) {
      this.#prefix = parsePrefix(room, this.#maxFrame);
      // A header is an object: `{}` at least.
      if (this.#prefix.header < 2) throw corrupt(`a header of ${this.#prefix.header} bytes`);
      return this.#begin(this.#prefix.header);
    }
    if (this.#sizes.length === 0) this.#readHeader(this.#prefix, room);
    else this.#buffers.push(room);
    while (this.#buffers.length < this.#sizes.length) {
      const size = this.#sizes[this.#buffers.length]!;
      if (size > 0) return this.#begin(size);
      this.#buffers.push(new Uint8Array(0));
    }
    const { kind, header, body } = this.#prefix;
    frames.push({ kind, header: this.#header, buffers: this.#buffers, size: PREFIX + header + body });
    this.#prefix = undefined;
    this.#sizes = [];
    this.#buffers = [];
    this.#begin(PREFIX);
  }

  #begin(length: number): void {
    this.#room = undefined;
    this.#length = length;
    this.#filled = 0;
  }

  #readHeader({ body }: FramePrefix, bytes: Uint8Array): void {
    const header = parseJson(bytes);
    if (typeof header !== "object" || header === null || Array.isArray(header)) {
      throw corrupt("its header is no object");
    }
    const { sizes = [], ...rest } = header as { sizes?: unknown };
    if (!Array.isArray(sizes) || sizes.length > MAX_BUFFERS) throw corrupt("its sizes are no list, or too many");
    let sum = 0;
    for (const size of sizes) {
      if (!Number.isSafeInteger(size) || size < 0) throw corrupt("a size that is no length");
      sum += size;
    }
    if (sum !== body) throw corrupt(`its buffers have ${sum} bytes and its body ${body}`);
    this.#header = rest;
    this.#sizes = sizes;
  }
}

function roomFor(length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new StorageError("no-space", `there is no memory for the ${length} bytes of a frame`, { cause });
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw corrupt("its header is not JSON", cause);
  }
}

/**
 * Reads one frame.
 *
 * @param bytes All its bytes, and no others.
 * @param options How large it may be.
 * @returns The frame; its buffers are copies.
 * @throws {StorageError} `corrupt`, `unsupported`, `no-space`.
 *
 * @example
 * ```ts
 * import { decodeFrame, encodeFrame } from "@polystore/polystore/streaming";
 * import assert from "node:assert/strict";
 *
 * const [bytes] = encodeFrame("bye", {});
 * assert.equal(decodeFrame(bytes!).kind, "bye");
 * assert.throws(() => decodeFrame(bytes!.slice(1)), { code: "corrupt" });
 * ```
 */
export function decodeFrame(bytes: Uint8Array<ArrayBuffer>, options?: FrameReaderOptions): Frame {
  const reader = new FrameReader(options);
  const [frame, ...more] = reader.push(bytes);
  if (frame === undefined) throw corrupt("it ends too early");
  if (more.length > 0 || reader.within) throw corrupt("bytes after its end");
  return frame;
}
