/**
 * {@linkcode ValueCache}: values that were loaded, and how they stay true. What `CachedBackend` keeps.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { StorageBackend } from "./backend.ts";
import { copiesOf } from "./clone.ts";
import type { FileInfo, LoadOptions } from "./data_source.ts";
import { inContext, isStorageError } from "./errors.ts";
import { Changes, type Reading } from "./layers/changes.ts";
import type { StoreCounters } from "./layers/counters.ts";
import { isInside } from "./path.ts";
import { Flights } from "./stores/flights.ts";

/** How much is kept, and for how long it is believed. */
export interface ValuePolicy {
  /** The most paths. */
  readonly cacheSize: number;
  /** The most bytes, as they are encoded. */
  readonly maxBytes: number | undefined;
  /** How long a value is believed, in milliseconds. */
  readonly maxAge: number;
  /** Whether everyone gets the very same value. */
  readonly share: boolean;
  /** Counts hits and misses. */
  readonly counters: StoreCounters | undefined;
}

/** What is kept of a path. */
interface Kept {
  readonly etag: string;
  readonly expires: number;
  /** What makes the values, by the options they were loaded with. */
  readonly values: ReadonlyMap<string, () => unknown>;
  /** When it was last known to be true, and how many changes there were before. */
  checked: number;
  generation: number;
}

/** What was loaded. */
interface Loaded {
  /** The value, for one caller. */
  value: { readonly only: unknown } | undefined;
  /** Makes values for the others; `undefined` if it cannot be copied. */
  readonly copy: (() => unknown) | undefined;
  readonly hit: boolean;
}

/** Values of a backend. */
export class ValueCache {
  readonly #backend: StorageBackend;
  readonly #policy: ValuePolicy;
  readonly #entries: LRUCache<string, Kept>;
  // One file can have several paths, through links: each change may be one of every path.
  readonly #changes = new Changes(true);
  readonly #flights = new Flights();
  readonly #loading = new Map<string, Reading>();
  #generation = 0;

  /** Keeps nothing yet. */
  constructor(backend: StorageBackend, policy: ValuePolicy) {
    const { cacheSize, maxBytes } = policy;
    this.#backend = backend;
    this.#policy = policy;
    this.#entries = new LRUCache({ max: cacheSize, ...(maxBytes === undefined ? {} : { maxSize: maxBytes }) });
  }

  /** The value that is kept and believed, for the caller to keep; `undefined` for none. A kept `undefined` is not told from that. */
  fresh(path: string, options: LoadOptions | undefined): unknown {
    const kept = this.#entries.get(path);
    if (kept === undefined || kept.generation !== this.#generation) return undefined;
    const now = Date.now();
    if (now - kept.checked >= this.#policy.maxAge || now >= kept.expires) return undefined;
    const key = options === undefined ? "" : keyOf(options);
    const copy = key === undefined ? undefined : kept.values.get(key);
    if (copy === undefined) return undefined;
    if (this.#policy.counters) this.#policy.counters.cacheHits++;
    return copy();
  }

  /** Loads through the cache. */
  async load(path: string, options?: LoadOptions): Promise<unknown> {
    const { counters } = this.#policy;
    const key = options === undefined ? "" : keyOf(options);
    if (key === undefined) {
      if (counters) counters.cacheMisses++;
      return await this.#backend.load(path, options);
    }
    const loaded = await this.#loadOnce(path, key, options);
    if (counters) counters[loaded.hit ? "cacheHits" : "cacheMisses"]++;
    const { value } = loaded;
    loaded.value = undefined;
    // What is kept is a copy, so whoever comes first has the value itself. What cannot be copied is loaded for each.
    if (value) return value.only;
    return loaded.copy ? loaded.copy() : await this.#backend.load(path, options);
  }

  /** Keeps values that were loaded elsewhere: `load` answers those of all paths, in order, none of which is kept. */
  async loadMany(
    paths: readonly string[],
    options: LoadOptions | undefined,
    load: () => Promise<unknown[]>,
  ): Promise<unknown[]> {
    if (this.#policy.counters) this.#policy.counters.cacheMisses += paths.length;
    const key = options === undefined ? "" : keyOf(options);
    if (key === undefined) return await load();
    const readings = paths.map((path) => this.#changes.read(path));
    try {
      const generation = this.#generation;
      const infos: (FileInfo | undefined)[] = [];
      for (let i = 0; i < paths.length; i += GROUP) {
        infos.push(...await Promise.all(paths.slice(i, i + GROUP).map((path) => this.#look(path, options?.signal))));
      }
      const values = await load();
      for (const [index, value] of values.entries()) {
        const copy = this.#copy(value);
        if (copy) this.#keep(readings[index]!, generation, infos[index], key, copy);
      }
      return values;
    } finally {
      for (const reading of readings) this.#changes.done(reading);
    }
  }

  /**
   * Changes something. What is kept of it is forgotten, and everything else is looked at again before it is believed.
   *
   * @param paths What is changed.
   * @param tree Whether all below is changed too.
   * @param work Changes it.
   */
  async change<T>(paths: readonly string[], tree: boolean, work: () => Promise<T>): Promise<T> {
    const change = this.#changes.begin("", true);
    this.#drop(paths, tree);
    try {
      return await work();
    } finally {
      this.#changes.end(change);
      this.#drop(paths, tree);
    }
  }

  /** The backend was seen to hold this: what is kept of another content is forgotten. */
  seen(path: string, info: FileInfo | undefined): void {
    const kept = this.#entries.peek(path);
    if (kept && kept.etag !== info?.etag) this.#entries.delete(path);
    this.#changes.doubt(path);
  }

  /** Forgets everything. */
  clear(): void {
    this.#generation++;
    this.#entries.clear();
  }

  /** Loads once for all who want the same, unless something changes meanwhile: then again for all who come later. */
  async #loadOnce(path: string, key: string, options: LoadOptions | undefined): Promise<Loaded> {
    const flight = `${key}\0${path}`;
    if (this.#loading.get(flight)?.stale) this.#flights.forget(flight);
    return await this.#flights.join(flight, async (signal) => {
      const reading = this.#changes.read(path);
      this.#loading.set(flight, reading);
      try {
        return await this.#loadNow(reading, key, { ...options, signal });
      } catch (error) {
        throw inContext(error, { operation: "load", path });
      } finally {
        this.#changes.done(reading);
        if (this.#loading.get(flight) === reading) this.#loading.delete(flight);
      }
    }, options?.signal);
  }

  async #loadNow(reading: Reading, key: string, options: LoadOptions): Promise<Loaded> {
    const { path } = reading;
    const generation = this.#generation;
    const info = await this.#look(path, options.signal);
    const kept = this.#entries.peek(path);
    if (kept !== undefined && kept.etag === info?.etag && !reading.stale) {
      kept.checked = reading.began;
      kept.generation = generation;
      const copy = kept.values.get(key);
      if (copy) return { value: undefined, copy, hit: true };
    }
    const value = await this.#backend.load(path, options);
    const copy = this.#copy(value);
    if (copy) this.#keep(reading, generation, info, key, copy);
    return { value: { only: value }, copy, hit: false };
  }

  /** What is at a path. What cannot be looked at is not kept; loading it tells why. */
  async #look(path: string, signal: AbortSignal | undefined): Promise<FileInfo | undefined> {
    try {
      return await this.#backend.stat(path, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      if (isStorageError(error)) return undefined;
      throw error;
    }
  }

  /** What makes copies of a value; `undefined` if none can be made. */
  #copy(value: unknown): (() => unknown) | undefined {
    if (this.#policy.share) return () => value;
    try {
      return copiesOf(value);
    } catch (error) {
      if (isStorageError(error, "invalid-value")) return undefined;
      throw error;
    }
  }

  /** Keeps a value that was loaded after it was looked at: it is what was seen then, or newer. */
  #keep(reading: Reading, generation: number, info: FileInfo | undefined, key: string, copy: () => unknown): void {
    if (reading.stale || info?.etag === undefined) return;
    const { path, began: checked } = reading;
    const { etag, size = 0 } = info;
    const before = this.#entries.peek(path);
    const values = new Map(before?.etag === etag ? before.values : undefined).set(key, copy);
    const expires = info.expires?.getTime() ?? Infinity;
    const cost = this.#policy.maxBytes === undefined ? undefined : { size: 1 + size * values.size };
    this.#entries.set(path, { etag, expires, values, checked, generation }, cost);
  }

  #drop(paths: readonly string[], tree: boolean): void {
    // Whatever else may be the same file, by a link or another spelling, is of an older generation now.
    this.#generation++;
    for (const path of paths) this.#entries.delete(path);
    if (!tree) return;
    for (const key of this.#entries.keys()) if (paths.some((path) => isInside(key, path))) this.#entries.delete(key);
  }
}

/** How many are looked at together. */
const GROUP = 32;

const formats = new WeakMap<object, number>();
let formatCount = 0;

/** What tells the values of one path apart; `undefined` for options that could change later, with which nothing is kept. */
function keyOf(options: LoadOptions): string | undefined {
  const parts: [string, unknown][] = [];
  for (const [name, value] of Object.entries(options)) {
    if (name === "signal" || value === undefined) continue;
    if (typeof value === "function" || typeof value === "symbol") return undefined;
    if (typeof value !== "object" || value === null) parts.push([name, `${typeof value} ${value}`]);
    else if (name === "format") parts.push([name, formatNumber(value)]);
    else return undefined;
  }
  return parts.length === 0 ? "" : JSON.stringify(parts.sort());
}

/** A format is what it is for good, and told from another one of the same name. */
function formatNumber(format: object): number {
  let number = formats.get(format);
  if (number === undefined) formats.set(format, number = ++formatCount);
  return number;
}
