/**
 * {@linkcode ZarrStorage}: what the zarr backend has of a storage backend. Its code is loaded by the first operation.
 *
 * @module
 */

import { type BackendDeleteOptions, type CopyOptions, StorageBackend, type SymlinkOptions } from "../backend.ts";
import type { EntriesOptions, LoadOptions, SaveResult } from "../data_source.ts";
import { DiskBackend } from "../disk.ts";
import { inContext, isStorageError, StorageError } from "../errors.ts";
import { isNdArray } from "../formats/ndarray.ts";
import { normalizePath } from "../path.ts";
import { type ImageSamplingRequest, type ImageSamplingResult, sampledRegion } from "../sampling.ts";
import { StoreBackend } from "../store_backend.ts";
import { tidy } from "../stores/disk/system_path.ts";
import { notTheRoot } from "../stores/rules.ts";
import type { AbortOptions, Entry, ReadOptions, Store, WriteOptions } from "../stores/store.ts";
import { withErrors } from "../stores/stream.ts";
import type { ZarrCore } from "./core.ts";
import type { ZarrFileInfo } from "./info.ts";
import type { ZarrBackendOptions, ZarrBatchOptions, ZarrLoadOptions, ZarrSaveOptions } from "./options.ts";

import { slice } from "./selection.ts";

/** Arrays and files in a store: what every storage backend has. */
export abstract class ZarrStorage extends StorageBackend {
  /** What it was made with. */
  protected readonly options: ZarrBackendOptions;
  readonly #files: StoreBackend;
  #loading: Promise<ZarrCore> | undefined;

  /** Creates a backend; the store is not touched. */
  constructor(options: ZarrBackendOptions = {}) {
    super();
    const { store, root, durability, formats } = options;
    if (store !== undefined && (root !== undefined || durability !== undefined)) {
      throw new StorageError("invalid-argument", "pass a store, or where on the disk it is, not both");
    }
    this.options = options;
    this.#files = store === undefined
      ? new DiskBackend({ root, durability, formats })
      : new StoreBackend(store, { formats });
  }

  /** The store. */
  get store(): Store {
    return this.#files.store;
  }

  /** Whether paths are those of the system. */
  get #isSystem(): boolean {
    return this.options.store === undefined && this.options.root === undefined;
  }

  /**
   * The code, loaded once.
   *
   * @internal
   */
  protected core(): Promise<ZarrCore> {
    return this.#loading ??= this.#load().catch((error) => {
      this.#loading = undefined;
      throw error;
    });
  }

  async #load(): Promise<ZarrCore> {
    const { ZarrCore } = await import("./core.ts");
    return new ZarrCore(this.#files, !this.#isSystem);
  }

  /**
   * Does something with a path, and says what it was when it fails.
   *
   * @internal
   */
  protected async run<T>(
    operation: string,
    path: string,
    work: (core: ZarrCore, place: string) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    try {
      signal?.throwIfAborted();
      return await work(await this.core(), this.normalize(path));
    } catch (error) {
      throw inContext(error, { operation, path });
    }
  }

  /**
   * As `run`, naming the path where the store named a part of the array.
   *
   * @internal
   */
  protected async runAt<T>(
    operation: string,
    path: string,
    work: (core: ZarrCore, place: string) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    try {
      return await this.run(operation, path, work, signal);
    } catch (error) {
      throw isStorageError(error) && error.code !== "corrupt" && typeof path === "string" ? error.at(path) : error;
    }
  }

  /** With a store or a root, the one rule for paths; without, the system's. */
  protected override normalize(path: string): string {
    if (!this.#isSystem || typeof path !== "string") return normalizePath(path);
    if (path.includes("\0") || !path.isWellFormed()) {
      throw new StorageError("invalid-path", "path must be well-formed Unicode without NUL", { path });
    }
    return tidy(path);
  }

  /** With the system's paths, as the system resolves it. */
  protected override async realPlace(path: string, options?: AbortOptions): Promise<string> {
    const { store } = this.#files;
    if (!this.#isSystem || !("realPlace" in store)) return await super.realPlace(path, options);
    options?.signal?.throwIfAborted();
    return await (store as Store & { realPlace(path: string): Promise<string> }).realPlace(this.normalize(path));
  }

  /**
   * Saves an array, or a value under a suffix that a format knows. See `StorageBackend.save`.
   *
   * Groups are made of the directories from the first one called `….zarr` to the array, or from the root.
   */
  override save(data: unknown, path: string, options: ZarrSaveOptions = {}): Promise<SaveResult> {
    return this.runAt("save", path, (core, place) => core.saver.save(data, place, options), options.signal);
  }

  /** See `DataSource.load`. Of an array, `selection` says which part. */
  override load(path: string, options: ZarrLoadOptions = {}): Promise<unknown> {
    return this.runAt("load", path, (core, place) => core.load(place, options), options.signal);
  }

  /**
   * See `StorageBackend.saveBatch`. All arrays are built before the first is published.
   *
   * With a `layout` and a `well` the values are the planes of that well of an OME-Zarr plate: see `writePlate`. Each is loaded, looked
   * at and deleted by its path from then on, though it is no array of its own; `ZarrBackend.planes` lists them.
   */
  override async saveBatch(
    data: readonly unknown[],
    paths: readonly string[],
    options: ZarrBatchOptions = {},
  ): Promise<SaveResult[]> {
    try {
      options.signal?.throwIfAborted();
      const places = paths.map((path) => this.normalize(path));
      const { plate } = options;
      const batch = plate === undefined ? options : { ...options, plate: this.normalize(plate) };
      return await (await this.core()).saveBatch(data, places, batch);
    } catch (error) {
      throw inContext(error, { operation: "save" });
    }
  }

  /** See `DataSource.stat`. Of an array it tells how it is kept. */
  override stat(path: string, options?: AbortOptions): Promise<ZarrFileInfo> {
    return this.runAt(
      "stat",
      path,
      async (core, place) => ({ ...await core.stat(place, options), path }),
      options?.signal,
    );
  }

  /** See `DataSource.exists`. */
  override async exists(path: string, options?: AbortOptions): Promise<boolean> {
    return await this.#kind(path, options) !== undefined;
  }

  /** See `DataSource.isFile`. */
  override async isFile(path: string, options?: AbortOptions): Promise<boolean> {
    return await this.#kind(path, options) === "file";
  }

  /** See `DataSource.isDir`. */
  override async isDir(path: string, options?: AbortOptions): Promise<boolean> {
    return await this.#kind(path, options) === "directory";
  }

  async #kind(path: string, options?: AbortOptions): Promise<"file" | "directory" | undefined> {
    try {
      return await this.runAt("stat", path, (core, place) => core.kind(place, options), options?.signal);
    } catch (error) {
      if (isStorageError(error, "invalid-path")) return undefined;
      throw error;
    }
  }

  /** See `DataSource.entries`. Arrays are files; what they are made of is not there. */
  override async *entries(directory: string, options: EntriesOptions = {}): AsyncGenerator<Entry> {
    const { recursive = false, details = false, signal } = options;
    try {
      const place = this.normalize(directory);
      const core = await this.core();
      for await (const entry of core.entries(place, { shallow: !recursive, details, signal })) {
        yield entry;
        signal?.throwIfAborted();
      }
    } catch (error) {
      throw inContext(error, { operation: "list", path: directory });
    }
  }

  /** See `StorageBackend.delete`. */
  override delete(path: string, options: BackendDeleteOptions = {}): Promise<void> {
    return this.runAt("delete", path, (core, place) => core.delete(place, options), options.signal);
  }

  /** See `StorageBackend.ensureDirectory`. It becomes a group when the first array is saved in it. */
  override ensureDirectory(path: string, options?: AbortOptions): Promise<string> {
    return this.runAt("make directory", path, async (core, place) => {
      await core.ensureDirectory(place, options);
      return path;
    }, options?.signal);
  }

  /** See `StorageBackend.createSymlink`. */
  override createSymlink(source: string, path: string, options: SymlinkOptions = {}): Promise<void> {
    return this.run("link", path, async (core, place) => {
      await core.checkLink(this.normalize(source), place, options);
      await this.#files.createSymlink(source, path, { ...options, dangling: true });
    }, options.signal);
  }

  /** See `StorageBackend.copy`. A copied group keeps its attributes. */
  override copy(from: string, to: string, options: CopyOptions = {}): Promise<void> {
    return this.run("copy", from, async (core, source) => {
      const goal = this.normalize(to);
      await super.copy(source, goal, options);
      await core.changed(goal, () => core.mover.copyGroups(source, goal, options));
    }, options.signal);
  }

  /** Copies an array chunk by chunk, and a file byte by byte. */
  protected override async copyFile(from: string, to: string, options: CopyOptions = {}): Promise<void> {
    try {
      await (await this.core()).saver.copyFile(from, to, options.overwrite ?? false, options);
    } catch (error) {
      throw isStorageError(error) && error.path !== from && error.code !== "corrupt" ? error.at(to) : error;
    }
  }

  /** See `StorageBackend.move`. */
  override move(from: string, to: string, options: CopyOptions = {}): Promise<void> {
    return this.run("move", from, async (core, source) => {
      const goal = this.normalize(to);
      if (source === "" || goal === "") throw notTheRoot();
      await this.checkApart(source, goal, options);
      if (!await core.move(source, goal, options)) await super.move(source, goal, options);
    }, options.signal);
  }

  /** See `StorageBackend.keepsValueAt`: arrays are. */
  override async keepsValueAt(path: string, options?: AbortOptions): Promise<boolean> {
    return await this.runAt("stat", path, async (core, place) => {
      const look = await core.tree.lookAnywhere(place, options);
      return look === undefined ? await core.isPlane(place, options) : look.kind === "array";
    });
  }

  /** See `StorageBackend.copyFrom`: arrays as they are encoded, and what groups tell of themselves, from another backend of this kind. */
  override async copyFrom(
    source: StorageBackend,
    from: string,
    to: string,
    options: CopyOptions = {},
  ): Promise<boolean> {
    if (!(source instanceof ZarrStorage)) return false;
    return await this.runAt("copy", to, async (core, place) => {
      return await core.saver.copyFrom(await source.core(), source.normalize(from), place, options);
    }, options.signal);
  }

  /** See `DataSource.sample`. Of an array only the chunks that the region touches are read, and statistics are those of the region. */
  override async sample(
    path: string,
    request?: ImageSamplingRequest,
    options: LoadOptions = {},
  ): Promise<ImageSamplingResult> {
    const { array } = await this.stat(path, options);
    if (array === undefined) return await super.sample(path, request, options);
    return await this.runAt("sample", path, async (core, place) => {
      const { shape } = array;
      const { start, size } = sampledRegion(shape, request, path);
      const selection = ["..." as const, ...start.map((first, axis) => slice(first, first + size[axis]!))];
      const data = await core.load(place, { ...options, selection });
      if (!isNdArray(data)) {
        throw new StorageError("invalid-argument", "only an array of numbers can be sampled", { path });
      }
      return {
        data,
        statisticsData: data,
        statisticsScope: "sample",
        sourceShape: shape,
        resolutionShape: shape,
        sampleOriginYx: start,
        selectedResolutionIndex: 0,
        resolutionCount: 1,
        downsampleYx: [1, 1],
      };
    }, options.signal);
  }

  /** See `StorageBackend.openRead`. An array is encoded as `.npy`. */
  override openRead(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array>> {
    return this.runAt("read", path, (core, place) => core.openRead(place, options), options?.signal);
  }

  /** See `StorageBackend.openWrite`. What is written is a file, not an array. */
  override openWrite(path: string, options: WriteOptions = {}): Promise<WritableStream<Uint8Array>> {
    return this.runAt("write", path, async (core, place) => {
      const stream = await core.openWrite(place, options);
      return withErrors(stream, (error) => inContext(error, { operation: "write", path }));
    }, options.signal);
  }

  /** The file of this machine behind an address, where it is on the disk. */
  override physicalSourcePath(address: string, options?: { basePath?: string | undefined }): string | undefined {
    return this.#files.physicalSourcePath(address, options);
  }

  /** Closes the store. */
  override async close(): Promise<void> {
    await this.#files.close();
  }
}
