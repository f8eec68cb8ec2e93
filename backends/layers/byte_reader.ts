/**
 * {@linkcode ByteReader}: a stream, taken in pieces of the sizes one wants.
 *
 * @module
 */

import { concat } from "../stores/stream.ts";

/** Takes bytes from a stream. */
export class ByteReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #chunks: Uint8Array[] = [];
  #length = 0;
  #ended = false;

  /** @param stream The stream, which is now its own. */
  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** The next so many bytes; fewer at the end. */
  async take(length: number): Promise<Uint8Array> {
    while (this.#length < length && !this.#ended) {
      const { done, value } = await this.#reader.read();
      if (done) this.#ended = true;
      else {
        this.#chunks.push(value);
        this.#length += value.length;
      }
    }
    const taken: Uint8Array[] = [];
    for (let left = Math.min(length, this.#length); left > 0;) {
      const [chunk] = this.#chunks as [Uint8Array];
      if (chunk.length <= left) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(left);
      taken.push(chunk.subarray(0, left));
      this.#length -= Math.min(left, chunk.length);
      left -= Math.min(left, chunk.length);
    }
    return concat(taken);
  }

  /** Whether nothing is left. */
  async atEnd(): Promise<boolean> {
    while (this.#length === 0 && !this.#ended) {
      const { done, value } = await this.#reader.read();
      if (done) this.#ended = true;
      else if (value.length > 0) {
        this.#chunks.push(value);
        this.#length += value.length;
      }
    }
    return this.#length === 0;
  }

  /** Lets go of the stream. */
  async cancel(reason?: unknown): Promise<void> {
    await this.#reader.cancel(reason);
  }
}
