/**
 * {@linkcode BlockWriter}: bytes that come in any pieces, handed on in blocks of one size.
 *
 * @module
 */

/** Collects blocks. */
export class BlockWriter {
  readonly #size: number;
  readonly #full: (block: Uint8Array) => Promise<void>;
  #block: Uint8Array;
  #length = 0;

  /**
   * @param size Size of a block.
   * @param full Takes a block that is full when more bytes come; it may keep it.
   */
  constructor(size: number, full: (block: Uint8Array) => Promise<void>) {
    this.#size = size;
    this.#full = full;
    this.#block = new Uint8Array(size);
  }

  /** Takes bytes. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let offset = 0; offset < chunk.length;) {
      if (this.#length === this.#size) {
        await this.#full(this.#block);
        this.#block = new Uint8Array(this.#size);
        this.#length = 0;
      }
      const part = chunk.subarray(offset, offset + this.#size - this.#length);
      this.#block.set(part, this.#length);
      this.#length += part.length;
      offset += part.length;
    }
  }

  /** What is left: the last block, full or not; empty only if nothing came. */
  rest(): Uint8Array {
    return this.#block.subarray(0, this.#length);
  }
}
