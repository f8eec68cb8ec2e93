/**
 * The cached backend: decoded values in front of any storage backend.
 *
 * @module
 */

import { type BackendDeleteOptions, type CopyOptions, StorageBackend, type SymlinkOptions } from "./backend.ts";
import type {
  BackendLookup,
  EntriesOptions,
  FileInfo,
  ListFilesOptions,
  LoadOptions,
  SaveOptions,
  SaveResult,
} from "./data_source.ts";
import type { StoreCounters } from "./layers/counters.ts";
import type { ImageSamplingRequest, ImageSamplingResult } from "./sampling.ts";
import type { AbortOptions, Entry, ReadOptions, WriteOptions } from "./stores/store.ts";
import { closingIn } from "./stores/stream.ts";
import { ValueCache } from "./value_cache.ts";

/** Options of {@linkcode CachedBackend}. */
export interface CachedBackendOptions {
  /**
   * Of how many paths the values are kept; what was not used for longest goes first.
   *
   * @default {128}
   */
  cacheSize?: number | undefined;
  /**
   * How many bytes are kept, counted as the values are encoded; one whose size is not known without encoding it counts nothing.
   *
   * @default {undefined} only their number counts
   */
  maxBytes?: number | undefined;
  /**
   * How long a value is believed without asking the backend, in milliseconds; `0` asks each time, `Infinity` never. After that the etag
   * is compared, and only another content is loaded again.
   *
   * @default {1000}
   */
  maxAge?: number | undefined;
  /**
   * Give everyone the very same value, not copies: for those who never change what they load.
   *
   * @default {false}
   */
  share?: boolean | undefined;
  /**
   * Counts hits and misses.
   *
   * @default {undefined} nobody counts
   */
  counters?: StoreCounters | undefined;
}

/**
 * The options with which a backend loads, behind a cache too.
 *
 * @typeParam B The backend.
 */
export type CachedLoadOptions<B extends StorageBackend> = LoadOptions & Parameters<B["load"]>[1];

/**
 * The options with which a backend saves, behind a cache too.
 *
 * @typeParam B The backend.
 */
export type CachedSaveOptions<B extends StorageBackend> = SaveOptions & Parameters<B["save"]>[2];

/**
 * The options with which a backend saves many, behind a cache too.
 *
 * @typeParam B The backend.
 */
export type CachedBatchOptions<B extends StorageBackend> = SaveOptions & Parameters<B["saveBatch"]>[2];

/**
 * Keeps the values that were loaded, decoded. Many who load the same at once make one load, and each has a value of its own: changing
 * it changes nothing here. Changes go to the backend at once; what was kept of the path is forgotten, and before anything else
 * is believed again its etag is compared, because one file can have several paths. Changes made by others, or through
 * {@linkcode CachedBackend.backend} itself, are noticed after `maxAge`. Absence and failures are not kept, nor is anything
 * that was loaded while something changed; a load that is aborted leaves those who wait for the same alone.
 *
 * A miss costs a `stat` before the load. Not kept: what has no etag, what cannot be copied (unless `share`), what was loaded with
 * options that hold objects (such as a selection), and streams of bytes; for those, and for bytes, there is the layer `cached`.
 *
 * @typeParam B The backend behind it, whose options stay.
 *
 * @example
 * ```ts
 * import { DiskBackend, FileManager } from "@polystore/polystore";
 * import { CachedBackend } from "@polystore/polystore/cached";
 * import { StoreCounters } from "@polystore/polystore/layers";
 * import assert from "node:assert/strict";
 *
 * const root = await Deno.makeTempDir();
 * const counters = new StoreCounters();
 * const fm = new FileManager({ slow: new CachedBackend(new DiskBackend({ root }), { cacheSize: 1000, counters }) });
 * await fm.save({ wells: [1, 2] }, "meta.json", "slow", { durability: "fast" });
 * const mine = await fm.load<{ wells: number[] }>("meta.json", "slow");
 * mine.wells.length = 0;
 * assert.deepEqual(await fm.load("meta.json", "slow"), { wells: [1, 2] });
 * assert.deepEqual([counters.cacheHits, counters.cacheMisses], [1, 1]);
 * await fm.save({ wells: [3] }, "meta.json", "slow");
 * assert.deepEqual(await fm.load("meta.json", "slow"), { wells: [3] });
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export class CachedBackend<B extends StorageBackend = StorageBackend> extends StorageBackend {
  /** The name that stands for its kind. It is not registered: it cannot be made without a backend. */
  static readonly backendType: string = "cached";

  /** The backend behind it. */
  readonly backend: B;
  readonly #cache: ValueCache;

  /** See `StorageBackend.keepsValueAt`. */
  override readonly keepsValueAt?: (path: string, options?: AbortOptions) => Promise<boolean>;
  /** See `StorageBackend.copyFrom`. */
  override readonly copyFrom?: (
    source: StorageBackend,
    from: string,
    to: string,
    options?: CopyOptions,
  ) => Promise<boolean>;
  /** See `StorageBackend.openRead`. Streams are not kept. */
  override readonly openRead?: (path: string, options?: ReadOptions) => Promise<ReadableStream<Uint8Array>>;
  /** See `StorageBackend.openWrite`. */
  override readonly openWrite?: (path: string, options?: WriteOptions) => Promise<WritableStream<Uint8Array>>;
  /** See `StorageBackend.watch`. */
  override readonly watch?: (path: string, options?: AbortOptions) => AsyncIterable<FileInfo | undefined>;
  /** See `DataSink.contextualSaveOptions`. */
  readonly contextualSaveOptions?: (context: { imagesDirectory?: string | undefined }) => SaveOptions;
  /** See `DataSink.acceptsPayload`. */
  readonly acceptsPayload?: (data: unknown, path: string) => boolean;

  /**
   * Puts a cache in front of a backend. It is closed with it.
   *
   * @throws {RangeError} If an option is not what it should be.
   */
  constructor(backend: B, options: CachedBackendOptions = {}) {
    super();
    const { cacheSize = 128, maxBytes, maxAge = 1000, share = false, counters } = options;
    for (const [name, value] of Object.entries({ cacheSize, maxBytes: maxBytes ?? 1 })) {
      if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} must be a positive integer`, value);
    }
    if (!(maxAge >= 0)) throw invalid("maxAge must not be negative", maxAge);
    this.backend = backend;
    const cache = this.#cache = new ValueCache(backend, { cacheSize, maxBytes, maxAge, share, counters });
    // What a backend lacks is not here either: others look whether it is.
    const inner: StorageBackend & Pick<CachedBackend, "contextualSaveOptions" | "acceptsPayload"> = backend;
    if (inner.keepsValueAt) this.keepsValueAt = (path, options) => inner.keepsValueAt!(path, options);
    if (inner.copyFrom) {
      this.copyFrom = (source, from, to, options) =>
        cache.change([to], true, () => inner.copyFrom!(source, from, to, options));
    }
    if (inner.openRead) this.openRead = (path, options) => inner.openRead!(path, options);
    if (inner.openWrite) {
      this.openWrite = async (path, options) =>
        closingIn(await inner.openWrite!(path, options), (close) => cache.change([path], false, close));
    }
    if (inner.watch) this.watch = (path, options) => this.#watch(inner.watch!(path, options), path);
    if (inner.contextualSaveOptions) this.contextualSaveOptions = (context) => inner.contextualSaveOptions!(context);
    if (inner.acceptsPayload) this.acceptsPayload = (data, path) => inner.acceptsPayload!(data, path);
  }

  /** See `BackendBase.requiresFilesystemValidation`. */
  override get requiresFilesystemValidation(): boolean {
    return this.backend.requiresFilesystemValidation;
  }

  /** See `BackendBase.supportedExtensions`. */
  override get supportedExtensions(): ReadonlySet<string> | undefined {
    return this.backend.supportedExtensions;
  }

  /** See `StorageBackend.keepsValues`. */
  override get keepsValues(): boolean {
    return this.backend.keepsValues;
  }

  /** See `BackendBase.supportsPath`. */
  override supportsPath(path: string): boolean {
    return this.backend.supportsPath(path);
  }

  /** See `BackendBase.bindRegistry`. */
  override bindRegistry(registry: BackendLookup): void {
    this.backend.bindRegistry(registry);
  }

  /** See `BackendBase.resolveListedAddress`. */
  override resolveListedAddress(address: string, options: { directory: string }): string {
    return this.backend.resolveListedAddress(address, options);
  }

  /** See `DataSource.resolveAddress`. */
  override resolveAddress(address: string, options?: { basePath?: string | undefined }): string {
    return this.backend.resolveAddress(address, options);
  }

  /** See `DataSource.sourcePath`. */
  override sourcePath(address: string, options?: { basePath?: string | undefined }): string {
    return this.backend.sourcePath(address, options);
  }

  /** See `DataSource.physicalSourcePath`. */
  override physicalSourcePath(address: string, options?: { basePath?: string | undefined }): string | undefined {
    return this.backend.physicalSourcePath(address, options);
  }

  /** See `StorageBackend.save`. */
  override async save(data: unknown, path: string, options?: CachedSaveOptions<B>): Promise<SaveResult> {
    return await this.#cache.change([path], false, () => this.backend.save(data, path, options));
  }

  /** See `DataSource.load`. */
  override async load(path: string, options?: CachedLoadOptions<B>): Promise<unknown> {
    options?.signal?.throwIfAborted();
    const kept = this.#cache.fresh(path, options);
    return kept === undefined ? await this.#cache.load(path, options) : kept;
  }

  /** See `StorageBackend.saveBatch`. */
  override async saveBatch(
    data: readonly unknown[],
    paths: readonly string[],
    options?: CachedBatchOptions<B>,
  ): Promise<SaveResult[]> {
    return await this.#cache.change(paths, false, () => this.backend.saveBatch(data, paths, options));
  }

  /** See `DataSource.loadBatch`. Those that are not kept are loaded as a batch. */
  override async loadBatch(paths: readonly string[], options?: CachedLoadOptions<B>): Promise<unknown[]> {
    options?.signal?.throwIfAborted();
    const values = paths.map((path) => this.#cache.fresh(path, options));
    const missing = paths.filter((_, index) => values[index] === undefined);
    if (missing.length === 0) return values;
    const loaded = await this.#cache.loadMany(missing, options, () => this.backend.loadBatch(missing, options));
    let next = 0;
    return values.map((value) => value === undefined ? loaded[next++] : value);
  }

  /** See `DataSource.stat`. It is asked each time. */
  override async stat(path: string, options?: AbortOptions): Promise<FileInfo> {
    let info: FileInfo | undefined;
    try {
      return info = await this.backend.stat(path, options);
    } finally {
      this.#cache.seen(path, info);
    }
  }

  /** See `DataSource.entries`. */
  override entries(directory: string, options?: EntriesOptions): AsyncIterable<Entry> {
    return this.backend.entries(directory, options);
  }

  /** See `DataSource.listFiles`. */
  override listFiles(directory: string, options?: ListFilesOptions): Promise<string[]> {
    return this.backend.listFiles(directory, options);
  }

  /** See `DataSource.listDir`. */
  override listDir(directory: string, options?: AbortOptions): Promise<string[]> {
    return this.backend.listDir(directory, options);
  }

  /** See `DataSource.exists`. */
  override exists(path: string, options?: AbortOptions): Promise<boolean> {
    return this.backend.exists(path, options);
  }

  /** See `DataSource.isFile`. */
  override isFile(path: string, options?: AbortOptions): Promise<boolean> {
    return this.backend.isFile(path, options);
  }

  /** See `DataSource.isDir`. */
  override isDir(path: string, options?: AbortOptions): Promise<boolean> {
    return this.backend.isDir(path, options);
  }

  /** See `StorageBackend.isSymlink`. */
  override isSymlink(path: string, options?: AbortOptions): Promise<boolean> {
    return this.backend.isSymlink(path, options);
  }

  /** See `DataSource.sample`. Samples are not kept. */
  override sample(
    path: string,
    request?: ImageSamplingRequest,
    options?: LoadOptions,
  ): Promise<ImageSamplingResult> {
    return this.backend.sample(path, request, options);
  }

  /** See `StorageBackend.ensureDirectory`. */
  override ensureDirectory(path: string, options?: AbortOptions): Promise<string> {
    return this.backend.ensureDirectory(path, options);
  }

  /** See `StorageBackend.createSymlink`. */
  override async createSymlink(source: string, path: string, options?: SymlinkOptions): Promise<void> {
    await this.#cache.change([path], true, () => this.backend.createSymlink(source, path, options));
  }

  /** See `StorageBackend.copy`. */
  override async copy(from: string, to: string, options?: CopyOptions): Promise<void> {
    await this.#cache.change([to], true, () => this.backend.copy(from, to, options));
  }

  /** See `StorageBackend.move`. */
  override async move(from: string, to: string, options?: CopyOptions): Promise<void> {
    await this.#cache.change([from, to], true, () => this.backend.move(from, to, options));
  }

  /** See `StorageBackend.delete`. */
  override async delete(path: string, options?: BackendDeleteOptions): Promise<void> {
    await this.#cache.change([path], true, () => this.backend.delete(path, options));
  }

  /** See `StorageBackend.deleteAll`. */
  override async deleteAll(path: string, options?: AbortOptions): Promise<void> {
    await this.#cache.change([path], true, () => this.backend.deleteAll(path, options));
  }

  /** Forgets every value. */
  clear(): void {
    this.#cache.clear();
  }

  /** Forgets every value, and closes the backend. */
  override async close(): Promise<void> {
    this.#cache.clear();
    await this.backend.close();
  }

  async *#watch(news: AsyncIterable<FileInfo | undefined>, path: string): AsyncGenerator<FileInfo | undefined> {
    for await (const info of news) {
      this.#cache.seen(path, info);
      yield info;
    }
  }
}

function invalid(rule: string, received: number): RangeError {
  return new RangeError(`Cannot create CachedBackend: ${rule}: received ${received}`);
}
