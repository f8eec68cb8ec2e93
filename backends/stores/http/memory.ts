/**
 * {@linkcode HttpMemory}: contents that were read, so that what has not changed need not come again.
 *
 * @module
 */

import type { LRUCache } from "lru-cache";

/** A content and its etag. */
export interface KeptContent {
  /** The etag. */
  readonly etag: string;
  /** The content; not to be changed. */
  readonly bytes: Uint8Array;
}

/** What a content costs besides its bytes. */
const OVERHEAD = 200;

/** Contents by path, of a bounded size; what was not used for longest goes first. */
export class HttpMemory {
  readonly #maxBytes: number;
  #contents: LRUCache<string, KeptContent> | undefined;

  /** @param maxBytes The most bytes; one content has at most an eighth of them. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What is kept of a path. */
  get(path: string): KeptContent | undefined {
    return this.#contents?.get(path);
  }

  /** Keeps a copy of a content. */
  async keep(path: string, etag: string, bytes: Uint8Array): Promise<void> {
    const size = bytes.length + OVERHEAD;
    if (size > this.#maxBytes / 8) return this.forget(path);
    const copy = bytes.slice();
    if (this.#contents === undefined) {
      const { LRUCache } = await import("lru-cache");
      this.#contents ??= new LRUCache({ maxSize: this.#maxBytes });
    }
    this.#contents.set(path, { etag, bytes: copy }, { size });
  }

  /** Forgets a path. */
  forget(path: string): void {
    this.#contents?.delete(path);
  }

  /** Forgets everything. */
  clear(): void {
    this.#contents?.clear();
  }
}
