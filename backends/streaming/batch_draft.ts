/**
 * {@linkcode BatchDraft}: a batch that is to be sent.
 *
 * @module
 */

import { checkBatch } from "../batch.ts";
import { inContext, StorageError } from "../errors.ts";
import { tag } from "../formats/tagged.ts";
import { normalizePath } from "../path.ts";
import { BufferPool } from "./buffer_pool.ts";
import { encodeFrame } from "./frame.ts";
import { encodeValue, type Piece } from "./streamed_value.ts";

/** What is said of a batch and its values. */
export interface BatchOptions {
  /**
   * What is said about all values of a call: anything that tagged JSON keeps.
   *
   * @default {undefined} nothing
   */
  metadata?: unknown;
  /**
   * What is said about each value, by its path as it was given.
   *
   * @default {undefined} nothing
   */
  metadataOf?: ((path: string) => unknown) | undefined;
  /**
   * Whether buffers are given away: arrays that are all of their `ArrayBuffer` are detached by the call, and not copied. What
   * cannot be given away (a view on a part, shared memory) is copied all the same.
   *
   * @default {false}
   */
  transfer?: boolean | undefined;
}

/** A batch that is to be sent: checked and taken apart, with the caller's bytes still his. */
export class BatchDraft {
  /** About how many bytes will be sent: exact but for the header. */
  readonly size: number;
  readonly #items: readonly object[];
  readonly #metadata: unknown;
  #pieces: readonly Piece[];

  /**
   * Takes values apart.
   *
   * @throws {StorageError} `invalid-value`, `invalid-path`, `invalid-argument`.
   */
  constructor(data: readonly unknown[], paths: readonly string[], options: BatchOptions = {}) {
    const places = paths.map(placeOf);
    checkBatch(data, places);
    const pieces: Piece[] = [];
    this.#items = data.map((value, index) => {
      const path = paths[index]!;
      try {
        const encoded = encodeValue(value);
        pieces.push(...encoded.pieces);
        const metadata = tagged(options.metadataOf?.(path));
        return { path: places[index]!, ...encoded.header, ...metadata };
      } catch (error) {
        throw inContext(error, { path });
      }
    });
    this.#metadata = tagged(options.metadata);
    this.#pieces = options.transfer ? moved(pieces) : pieces;
    this.size = pieces.reduce((sum, { bytes }) => sum + bytes.length, HEADER + paths.length * ITEM);
  }

  /**
   * Makes the bytes its own: from now on, the caller may change his.
   *
   * @param pool Copies them.
   * @throws {StorageError} `invalid-value` if an array was given away by others meanwhile, `no-space`.
   */
  take(pool: BufferPool): void {
    this.#pieces = this.#pieces.map((piece) => piece.own ? piece : { bytes: pool.copy(piece.bytes), own: true });
  }

  /** The frame; the draft is of no more use. */
  frame(sequence: number, first: number): Uint8Array<ArrayBuffer>[] {
    const header = { sequence, first, items: this.#items, ...this.#metadata as object };
    const parts = encodeFrame("batch", header, this.#pieces.map(({ bytes }) => bytes as Uint8Array<ArrayBuffer>));
    this.#pieces = [];
    return parts;
  }
}

/** What a header takes, roughly: an empty batch is not free. */
const HEADER = 64;
const ITEM = 128;

function placeOf(path: string): string {
  const place = normalizePath(path);
  if (place === "") throw new StorageError("invalid-path", "a value needs a name: this is the root", { path });
  return place;
}

function tagged(metadata: unknown): object | undefined {
  return metadata === undefined ? undefined : { metadata: tag(metadata) };
}

/** Moves the buffers that can be moved: those that one piece has for itself, whole. */
function moved(pieces: readonly Piece[]): Piece[] {
  const uses = new Map<ArrayBufferLike, number>();
  for (const { bytes } of pieces) uses.set(bytes.buffer, (uses.get(bytes.buffer) ?? 0) + 1);
  const once = new BufferPool(0);
  // What is copied is copied before anything is detached.
  const copies = pieces.map(({ bytes, own }): Piece => {
    const whole = bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength;
    return whole && uses.get(bytes.buffer) === 1
      ? { bytes, own }
      : { bytes: own ? bytes : once.copy(bytes), own: true };
  });
  return copies.map(({ bytes, own }): Piece => {
    return { bytes: own ? bytes : new Uint8Array((bytes.buffer as ArrayBuffer).transferToFixedLength()), own: true };
  });
}
