/**
 * {@linkcode ContentBlocks}: contents that are too large to be kept whole, in blocks.
 *
 * @module
 */

import type { LRUCache } from "lru-cache";
import { Flights } from "../stores/flights.ts";
import type { Store } from "../stores/store.ts";
import type { CacheEntry } from "./content_cache.ts";

/** A part of a content. */
export interface ContentPart {
  /** The path of the file. */
  readonly path: string;
  /** The etag of the content. */
  readonly etag: string;
  /** Its size. */
  readonly size: number;
  /** Where the part begins. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
}

/** What was found. */
export interface FoundPart {
  /** The bytes, which are the caller's own. */
  readonly bytes: Uint8Array;
  /** Whether something of them had to be read. */
  readonly missed: boolean;
}

/** Blocks of contents, each under the etag of its content: one that is replaced is never asked for again. */
export class ContentBlocks {
  readonly #inner: Store;
  readonly #size: number;
  readonly #entries: LRUCache<string, CacheEntry>;
  readonly #flights = new Flights();

  /**
   * @param size Size of a block.
   * @param entries Where they are kept.
   */
  constructor(inner: Store, size: number, entries: LRUCache<string, CacheEntry>) {
    this.#inner = inner;
    this.#size = size;
    this.#entries = entries;
  }

  /** Joins blocks; `undefined` if the content changed meanwhile. */
  async read(part: ContentPart, signal?: AbortSignal): Promise<FoundPart | undefined> {
    const { start, end } = part;
    const bytes = new Uint8Array(end - start);
    const put = (block: Uint8Array, index: number): void => {
      const at = index * this.#size;
      bytes.set(block.subarray(Math.max(0, start - at), end - at), Math.max(0, at - start));
    };
    const stop = start === end ? 0 : Math.ceil(end / this.#size);
    let missed = false;
    for (let index = Math.floor(start / this.#size); index < stop;) {
      const kept = this.#entries.get(keyOf(part, index)) as Uint8Array | undefined;
      if (kept) {
        put(kept, index++);
        continue;
      }
      let behind = index + 1;
      while (behind < stop && !this.#entries.has(keyOf(part, behind))) behind++;
      missed = true;
      const first = index;
      const run = await this.#flights.join(
        `${keyOf(part, first)}\0${behind}`,
        (shared) => this.#load(part, first, behind, shared),
        signal,
      );
      if (run === undefined) return undefined;
      for (const block of run) put(block, index++);
    }
    return { bytes, missed };
  }

  /** Reads blocks that follow one another, and makes sure that they are of this content. */
  async #load(
    part: ContentPart,
    first: number,
    behind: number,
    signal: AbortSignal,
  ): Promise<Uint8Array[] | undefined> {
    const { path, etag, size } = part;
    const offset = first * this.#size;
    const length = Math.min(size, behind * this.#size) - offset;
    const bytes = await this.#inner.read(path, { range: { offset, length }, signal });
    // An etag never comes back: what has it before and after had it meanwhile.
    const stat = await this.#inner.stat(path, { signal });
    if (bytes?.length !== length || stat?.etag !== etag) {
      this.#entries.delete(path);
      return undefined;
    }
    return Array.from({ length: behind - first }, (_, index) => {
      const block = bytes.slice(index * this.#size, (index + 1) * this.#size);
      this.#entries.set(keyOf(part, first + index), block, { size: block.length });
      return block;
    });
  }
}

function keyOf({ path, etag }: ContentPart, index: number): string {
  return `${path}\0${etag}\0${index}`;
}
