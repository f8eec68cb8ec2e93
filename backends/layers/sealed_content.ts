/**
 * {@linkcode SealedContent}: one content, as `encrypted` keeps it.
 *
 * A header of 40 bytes (`93 50 53 45 01 00 00 00`, 8 bytes of the SHA-256 of the id of the key, a salt of 16 bytes, the number of the
 * content in 8), then blocks of 256 KiB, each encrypted by AES-256-GCM with its tag of 16 bytes behind. The nonce of a block is
 * the number of the content (6 bytes), of the block (5) and whether it is the last (1); header and path are authenticated
 * with each. There is always a last block, an empty one if need be.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { type ContentKey, HEADER } from "./key_ring.ts";

/** Size of a block of content. */
export const BLOCK = 256 * 1024;

/** What a block is longer when it is encrypted. */
const TAG = 16;

/** Size of a block that is kept. */
export const SEALED = BLOCK + TAG;

/** So many blocks are worked on at once. */
const AT_ONCE = 4;

/** The size of the content that is kept in so many bytes; `undefined` if none is. */
export function plainSize(stored: number | undefined): number | undefined {
  if (stored === undefined || stored < HEADER + TAG) return undefined;
  const body = stored - HEADER;
  return Math.max(0, body - TAG * Math.ceil(body / SEALED));
}

/** Where a block is kept. */
export function offsetOf(block: number): number {
  return HEADER + block * SEALED;
}

/** Encrypts and decrypts the blocks of one content. */
export class SealedContent {
  /** What stands before the blocks. */
  readonly header: Uint8Array<ArrayBuffer>;
  readonly #key: CryptoKey;
  readonly #path: string;
  readonly #bound: Uint8Array<ArrayBuffer>;

  /** @param path The path it is bound to. */
  constructor({ key, header }: ContentKey, path: string) {
    this.header = header;
    this.#key = key;
    this.#path = path;
    const name = new TextEncoder().encode(path);
    this.#bound = new Uint8Array(HEADER + name.length);
    this.#bound.set(header);
    this.#bound.set(name, HEADER);
  }

  /** Encrypts a block. */
  async seal(index: number, last: boolean, plain: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.encrypt(this.#parameters(index, last), this.#key, view(plain)));
  }

  /**
   * Decrypts a block.
   *
   * @throws {StorageError} `corrupt` if it is not this block of this content at this path, or was changed.
   */
  async open(index: number, last: boolean, sealed: Uint8Array): Promise<Uint8Array> {
    try {
      return new Uint8Array(await crypto.subtle.decrypt(this.#parameters(index, last), this.#key, view(sealed)));
    } catch (cause) {
      const detail =
        "it cannot be decrypted: the key is another one, or it was changed, cut, or put under another path";
      throw new StorageError("corrupt", detail, { path: this.#path, cause });
    }
  }

  /** Encrypts a whole content, in parts that follow one another. */
  async sealAll(plain: Uint8Array, signal?: AbortSignal): Promise<Uint8Array[]> {
    const count = Math.max(1, Math.ceil(plain.length / BLOCK));
    if (count === 1) return [this.header, await this.seal(0, true, plain)];
    const parts = [this.header as Uint8Array, ...Array<Uint8Array>(count)];
    await each(0, count, signal, async (index) => {
      parts[index + 1] = await this.seal(
        index,
        index === count - 1,
        plain.subarray(index * BLOCK, (index + 1) * BLOCK),
      );
    });
    return parts;
  }

  /**
   * Decrypts blocks that follow one another.
   *
   * @param first The number of the first.
   * @param sealed The blocks.
   * @param more Whether others follow.
   */
  async openAll(first: number, sealed: Uint8Array, more: boolean, signal?: AbortSignal): Promise<Uint8Array> {
    const count = Math.ceil(sealed.length / SEALED);
    if (count === 1) return await this.open(first, !more, sealed);
    const plain = new Uint8Array(Math.max(0, sealed.length - count * TAG));
    await each(0, count, signal, async (index) => {
      const block = sealed.subarray(index * SEALED, (index + 1) * SEALED);
      plain.set(await this.open(first + index, !more && index === count - 1, block), index * BLOCK);
    });
    return plain;
  }

  #parameters(index: number, last: boolean): AesGcmParams {
    const iv = new Uint8Array(12);
    iv.set(this.header.subarray(34, 40));
    const view = new DataView(iv.buffer);
    view.setUint8(6, Math.floor(index / 2 ** 32));
    view.setUint32(7, index >>> 0);
    view.setUint8(11, last ? 1 : 0);
    return { name: "AES-GCM", iv, additionalData: this.#bound };
  }
}

/** Works on a few at once, and stops after the first failure. */
async function each(
  from: number,
  to: number,
  signal: AbortSignal | undefined,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = from;
  async function worker(): Promise<void> {
    while (next < to) {
      signal?.throwIfAborted();
      await work(next++);
    }
  }
  const workers = Array.from({ length: Math.min(AT_ONCE, to - from) }, async () => {
    try {
      await worker();
    } catch (error) {
      next = to;
      throw error;
    }
  });
  // Nothing goes on after the failure is told.
  for (const outcome of await Promise.allSettled(workers)) if (outcome.status === "rejected") throw outcome.reason;
}

/** For WebCrypto, whose types want to know that no other thread writes. */
function view(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
