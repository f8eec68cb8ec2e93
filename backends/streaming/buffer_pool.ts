/**
 * {@linkcode BufferPool}: memory that is used again.
 *
 * @module
 */

import { StorageError } from "../errors.ts";

/** What is smaller is not worth keeping. */
const WORTH = 64 * 1024;

/**
 * Copies bytes into memory that was used before: new memory costs more than the copy. Streams are of images of one size, so only
 * memory of exactly the size is used again.
 */
export class BufferPool {
  readonly #limit: number;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  /**
   * Keeps nothing yet.
   *
   * @param limit The most bytes that are kept.
   */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Copies bytes.
   *
   * @throws {StorageError} `no-space`; `invalid-value` if their buffer was given away.
   */
  copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const index = this.#free.findIndex(({ length }) => length === bytes.length);
    try {
      if (index < 0) return bytes.slice() as Uint8Array<ArrayBuffer>;
      const [room] = this.#free.splice(index, 1);
      this.#bytes -= room!.length;
      room!.set(bytes);
      return room!;
    } catch (cause) {
      if (cause instanceof RangeError) {
        const detail = `there is no memory for a copy of ${bytes.length} bytes; pass { transfer: true }`;
        throw new StorageError("no-space", detail, { cause });
      }
      throw new StorageError("invalid-value", "an array was given away while it waited to be sent", { cause });
    }
  }

  /** Takes back memory that nobody uses any more. */
  give(parts: readonly Uint8Array<ArrayBuffer>[]): void {
    for (const part of parts) {
      const whole = part.length >= WORTH && part.length === part.buffer.byteLength;
      if (!whole || part.length > this.#limit) continue;
      this.#free.push(part);
      this.#bytes += part.length;
      // The oldest go first: sizes may have changed.
      while (this.#bytes > this.#limit) this.#bytes -= this.#free.shift()!.length;
    }
  }

  /** Keeps nothing any more. */
  clear(): void {
    this.#free.length = 0;
    this.#bytes = 0;
  }
}
