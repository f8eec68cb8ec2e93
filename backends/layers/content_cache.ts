/**
 * {@linkcode ContentCache}: contents of files, and how they stay true.
 *
 * @module
 */

import type { LRUCache } from "lru-cache";
import { Flights } from "../stores/flights.ts";
import { cut, extentOf } from "../stores/range.ts";
import type { AbortOptions, ReadOptions, Stat, Store } from "../stores/store.ts";
import { Changes, type Reading, touches } from "./changes.ts";
import { ContentBlocks } from "./content_blocks.ts";
import type { StoreCounters } from "./counters.ts";

/** How much is kept, and for how long it is believed. */
export interface CachePolicy {
  /** The most bytes of one content. */
  readonly maxEntryBytes: number;
  /** How long a content is believed, in milliseconds. */
  readonly maxAge: number;
  /** Large contents are kept in blocks of so many bytes. */
  readonly blockBytes: number;
  /** Counts hits and misses. */
  readonly counters: StoreCounters | undefined;
}

/** What is known of a file. */
interface Known {
  readonly etag: string | undefined;
  readonly size: number | undefined;
  readonly expires: number;
  /** The content; `undefined` if it is kept in blocks. */
  readonly whole: Uint8Array | undefined;
  /** When it was last known to be true, and how many changes there were before. */
  checked: number;
  generation: number;
}

/** An entry: what is known of a file, under its path; or a block of a content, under path, etag and number. */
export type CacheEntry = Known | Uint8Array;

/** What a file costs besides its content. */
const OVERHEAD = 200;

/** How many are looked at together. */
const GROUP = 32;

/** Contents of the files of a store. */
export class ContentCache {
  readonly #inner: Store;
  readonly #policy: CachePolicy;
  readonly #entries: LRUCache<string, CacheEntry>;
  readonly #linked: boolean;
  readonly #changes: Changes;
  readonly #blocks: ContentBlocks;
  readonly #flights = new Flights();
  readonly #loading = new Map<string, Reading>();
  #generation = 0;

  /** @param entries Where they are kept, empty. */
  constructor(inner: Store, policy: CachePolicy, entries: LRUCache<string, CacheEntry>) {
    this.#inner = inner;
    this.#policy = policy;
    this.#entries = entries;
    this.#linked = inner.createSymlink !== undefined;
    this.#changes = new Changes(this.#linked);
    this.#blocks = new ContentBlocks(inner, policy.blockBytes, entries);
  }

  /** The content that is kept and believed; the caller may look at it, no more. */
  fresh(path: string): Uint8Array | undefined {
    return this.#believed(path)?.whole;
  }

  /** Reads through the cache. */
  async read(path: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const range = options?.range;
    const known = this.#believed(path);
    if (known?.whole) return this.#hit(new Uint8Array(range ? cut(known.whole, range) : known.whole));
    if (range === undefined) return await this.#whole(path, signal);
    const { maxEntryBytes, blockBytes } = this.#policy;
    const head = known ?? await this.#look(path, signal);
    if (head === undefined) return undefined;
    if (head.whole) return this.#hit(cut(head.whole, range).slice());
    if (head.size === undefined || head.etag === undefined) return await this.#past(path, options);
    const { start, end } = extentOf(head.size, range);
    if (head.size <= Math.min(blockBytes, maxEntryBytes)) {
      const bytes = await this.#whole(path, signal);
      return bytes && cut(bytes, range).slice();
    }
    if (end - start > maxEntryBytes) return await this.#past(path, options);
    const found = await this.#blocks.read({ path, etag: head.etag, size: head.size, start, end }, signal);
    if (found === undefined) return await this.#past(path, options);
    this.#count(found.missed ? 0 : 1, found.missed ? 1 : 0);
    return found.bytes;
  }

  /** Reads many; `readMany` of the store reads what is not kept. */
  async readMany(paths: readonly string[], options?: AbortOptions): Promise<(Uint8Array | undefined)[]> {
    options?.signal?.throwIfAborted();
    const results = paths.map((path) => this.fresh(path)?.slice());
    const missing = paths.filter((_, index) => results[index] === undefined);
    this.#count(paths.length - missing.length, missing.length);
    if (missing.length === 0) return results;
    const readings = missing.map((path) => this.#changes.read(path));
    try {
      const stats: (Stat | undefined)[] = [];
      for (let i = 0; i < missing.length; i += GROUP) {
        // What cannot be looked at is not kept; reading it tells why.
        const group = missing.slice(i, i + GROUP).map((path) => this.#inner.stat(path, options).catch(() => undefined));
        stats.push(...await Promise.all(group));
      }
      const contents = await this.#inner.readMany!(missing, options);
      for (const [index, bytes] of contents.entries()) {
        if (bytes && stats[index]?.kind === "file") this.#keep(readings[index]!, stats[index], bytes.slice());
      }
      let next = 0;
      return results.map((bytes) => bytes ?? contents[next++]);
    } finally {
      for (const reading of readings) this.#changes.done(reading);
    }
  }

  /** Changes something; what is kept of it is forgotten before and after. */
  async change<T>(path: string, tree: boolean, work: () => Promise<T>, kept?: (result: T) => Known): Promise<T> {
    const change = this.#changes.begin(path, tree);
    this.#drop(path, tree);
    try {
      const result = await work();
      this.#changes.end(change);
      this.#drop(path, tree);
      if (kept && !change.mixed) this.#set(path, kept(result));
      return result;
    } catch (error) {
      this.#changes.end(change);
      this.#drop(path, tree);
      throw error;
    }
  }

  /** Writes, and keeps what was written. */
  async write(path: string, bytes: Uint8Array, work: () => Promise<{ etag: string }>): Promise<{ etag: string }> {
    if (bytes.length > this.#policy.maxEntryBytes) return await this.change(path, false, work);
    const whole = bytes.slice();
    const checked = Date.now();
    return await this.change(path, false, work, ({ etag }) => ({
      etag,
      size: whole.length,
      expires: Infinity,
      whole,
      checked,
      generation: this.#generation,
    }));
  }

  /** The store was seen to hold this: what is kept of another content is forgotten. */
  seen(path: string, stat: Stat | undefined): void {
    const known = this.#entries.peek(path) as Known | undefined;
    if (known && (stat?.kind !== "file" || known.etag !== stat.etag)) this.#entries.delete(path);
    this.#changes.doubt(path);
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear();
  }

  #believed(path: string): Known | undefined {
    const known = this.#entries.get(path) as Known | undefined;
    if (known === undefined || known.generation !== this.#generation) return undefined;
    const now = Date.now();
    return now - known.checked < this.#policy.maxAge && now < known.expires ? known : undefined;
  }

  async #whole(path: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const loaded = await this.#load(`whole\0${path}`, path, signal, async (reading, signal) => {
      const { stat, known } = await this.#lookAt(reading, signal);
      if (known?.whole) return { bytes: known.whole, kept: true, hit: true };
      const bytes = stat && await this.#inner.read(path, { signal });
      if (bytes === undefined) return undefined;
      return { bytes, kept: this.#keep(reading, stat!, bytes), hit: false };
    });
    if (loaded === undefined) return undefined;
    this.#count(loaded.hit ? 1 : 0, loaded.hit ? 0 : 1);
    if (loaded.kept) return loaded.bytes.slice();
    // Whoever comes first has it, the others get copies.
    loaded.kept = true;
    return loaded.bytes;
  }

  #look(path: string, signal?: AbortSignal): Promise<Known | undefined> {
    return this.#load(`look\0${path}`, path, signal, async (reading, signal) => {
      const { stat, known } = await this.#lookAt(reading, signal);
      return known ?? (stat && this.#remember(reading, stat, undefined));
    });
  }

  /** What the store holds now, and whether that is what is kept. */
  async #lookAt(reading: Reading, signal: AbortSignal): Promise<{ stat?: Stat; known?: Known }> {
    const { path, began } = reading;
    const generation = this.#generation;
    const stat = await this.#inner.stat(path, { signal });
    const known = this.#entries.peek(path) as Known | undefined;
    if (stat?.kind !== "file") {
      this.#entries.delete(path);
      return {};
    }
    if (known === undefined || known.etag === undefined || known.etag !== stat.etag || reading.stale) return { stat };
    known.checked = began;
    known.generation = generation;
    return { stat, known };
  }

  /** Work that is done once for all who want it, unless something changes: then for all who want it later. */
  async #load<T>(
    key: string,
    path: string,
    signal: AbortSignal | undefined,
    work: (reading: Reading, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (this.#loading.get(key)?.stale) this.#flights.forget(key);
    return await this.#flights.join(key, async (shared) => {
      const reading = this.#changes.read(path);
      this.#loading.set(key, reading);
      try {
        return await work(reading, shared);
      } finally {
        this.#changes.done(reading);
        if (this.#loading.get(key) === reading) this.#loading.delete(key);
      }
    }, signal);
  }

  /** Past the cache. */
  async #past(path: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    this.#count(0, 1);
    return await this.#inner.read(path, options);
  }

  /** Keeps a content that was read after it was looked at: it is what was seen then, or newer. */
  #keep(reading: Reading, stat: Stat, whole: Uint8Array): boolean {
    if (reading.stale || whole.length > this.#policy.maxEntryBytes) return false;
    this.#remember(reading, stat, whole);
    return true;
  }

  #remember(reading: Reading, stat: Stat, whole: Uint8Array | undefined): Known {
    const known: Known = {
      etag: stat.etag,
      size: whole?.length ?? stat.size,
      expires: stat.expires?.getTime() ?? Infinity,
      whole,
      checked: reading.began,
      generation: this.#generation,
    };
    if (!reading.stale) this.#set(reading.path, known);
    return known;
  }

  #set(path: string, known: Known): void {
    this.#entries.set(path, known, { size: OVERHEAD + (known.whole?.length ?? 0) });
  }

  #drop(path: string, tree: boolean): void {
    if (this.#linked) this.#generation++;
    if (!tree) return void this.#entries.delete(path);
    // What comes to a path by another than writing may bring its etag along.
    for (const key of this.#entries.keys()) {
      if (this.#linked || touches({ path, tree }, key.split("\0", 1)[0]!)) this.#entries.delete(key);
    }
  }

  #hit(bytes: Uint8Array): Uint8Array {
    this.#count(1, 0);
    return bytes;
  }

  #count(hits: number, misses: number): void {
    const { counters } = this.#policy;
    if (counters === undefined) return;
    counters.cacheHits += hits;
    counters.cacheMisses += misses;
  }
}
