/**
 * The zarr backend: n-dimensional arrays in chunks, which every implementation of Zarr reads, on any store.
 *
 * Permissions: those of the store; of the default one `--allow-read` and `--allow-write` for the `root` or the directories used.
 *
 * @module
 */

import { type BackendDeleteOptions, type CopyOptions, StorageBackend, type SymlinkOptions } from "./backend.ts";
import { registerBackend } from "./catalogue.ts";
import type { ConnectionParams, EntriesOptions, PicklableBackend, SaveResult } from "./data_source.ts";
import { DiskBackend } from "./disk.ts";
import { inContext, isStorageError, StorageError } from "./errors.ts";
import { normalizePath } from "./path.ts";
import { StoreBackend, type StoreBackendOptions } from "./store_backend.ts";
import { tidy } from "./stores/disk_place.ts";
import type { Durability } from "./stores/disk_store.ts";
import { notTheRoot } from "./stores/rules.ts";
import type { AbortOptions, Entry, ReadOptions, Store, WriteOptions } from "./stores/store.ts";
import { withErrors } from "./stores/stream.ts";
import type { AttributesChange } from "./zarr/attributes.ts";
import type { ZarrCore } from "./zarr/core.ts";
import type { EditOptions, EditResult } from "./zarr/editor.ts";
import type { ZarrFileInfo } from "./zarr/info.ts";
import type { JsonObject } from "./zarr/json.ts";
import type { ZarrLoadOptions, ZarrSaveOptions } from "./zarr/options.ts";
import type { ZarrSweepOptions } from "./zarr/remover.ts";
import type { Selection } from "./zarr/selection.ts";
import type { ZarrValue } from "./zarr/value.ts";
import type { AppendOptions, ZarrArray } from "./zarr/zarr_array.ts";

export { slice } from "./zarr/selection.ts";

/** Options of {@linkcode ZarrBackend}. */
export interface ZarrBackendOptions extends StoreBackendOptions {
  /**
   * Where the bytes are: any store.
   *
   * @default {new DiskStore({ root, durability })}
   */
  store?: Store | undefined;
  /**
   * Without a store: a directory of the disk to stay in, made on the first write.
   *
   * @default {undefined} none: paths are the system's own, absolute or relative to the working directory
   */
  root?: string | undefined;
  /**
   * Without a store: how safe a write is when it resolves.
   *
   * @default {"full"}
   */
  durability?: Durability | undefined;
}

/**
 * Arrays in a store, each in chunks; and beside them files, each encoded by the format of its suffix.
 *
 * An array is a file here: what it is made of is never shown. A group is a directory. A value is saved as an array unless a format
 * knows the suffix of its path.
 *
 * Saving replaces an array in one step: whoever loads meanwhile, and the next process after a crash, sees the old one or the new one.
 * The etag of an array is that of its metadata document, and changes with every change made through this backend, also of a single
 * chunk. An array and a file replace each other in two
 * steps, between which nothing is at the path.
 *
 * @example
 * ```ts
 * import { ZarrBackend, slice } from "@polystore/polystore/zarr";
 * import { MemoryStore, ndarray } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * const zarr = new ZarrBackend({ store: new MemoryStore() });
 * const image = ndarray(Float32Array.from({ length: 12 }, (_, i) => i), [3, 4]);
 * await zarr.save(image, "plate.zarr/A/1/0", { chunks: [2, 2], attributes: { stain: "DAPI" } });
 * await zarr.save([{ well: "A1" }], "plate.zarr/wells.json");
 *
 * assert.deepEqual(await zarr.load("plate.zarr/A/1/0"), image);
 * const row = await zarr.load("plate.zarr/A/1/0", { selection: [1, slice(2)] });
 * assert.deepEqual(row, ndarray(new Float32Array([4, 5]), [2]));
 * assert.deepEqual(await zarr.listFiles("plate.zarr", { recursive: true }), [
 *   "plate.zarr/A/1/0",
 *   "plate.zarr/wells.json",
 * ]);
 * assert.deepEqual((await zarr.stat("plate.zarr/A/1/0")).array?.chunks, [2, 2]);
 * ```
 */
export class ZarrBackend extends StorageBackend implements PicklableBackend {
  /** The name it is registered under. */
  static readonly backendType: string = "zarr";
  static {
    registerBackend(this);
  }

  readonly #options: ZarrBackendOptions;
  readonly #files: StoreBackend;
  #loading: Promise<ZarrCore> | undefined;

  /** Creates a backend; the store is not touched. */
  constructor(options: ZarrBackendOptions = {}) {
    super();
    const { store, root, durability, formats } = options;
    if (store !== undefined && (root !== undefined || durability !== undefined)) {
      throw new StorageError("invalid-argument", "pass a store, or where on the disk it is, not both");
    }
    this.#options = options;
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
    return this.#options.store === undefined && this.#options.root === undefined;
  }

  /** The code, loaded once. */
  #core(): Promise<ZarrCore> {
    return this.#loading ??= this.#load().catch((error) => {
      this.#loading = undefined;
      throw error;
    });
  }

  async #load(): Promise<ZarrCore> {
    const { ZarrCore } = await import("./zarr/core.ts");
    return new ZarrCore(this.#files, !this.#isSystem);
  }

  /** Does something with a path, and says what it was when it fails. */
  async #run<T>(
    operation: string,
    path: string,
    work: (core: ZarrCore, place: string) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    try {
      signal?.throwIfAborted();
      return await work(await this.#core(), this.normalize(path));
    } catch (error) {
      throw inContext(error, { operation, path });
    }
  }

  /** As `#run`, naming the path where the store named a part of the array. */
  async #runAt<T>(
    operation: string,
    path: string,
    work: (core: ZarrCore, place: string) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    try {
      return await this.#run(operation, path, work, signal);
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
    return this.#runAt("save", path, (core, place) => core.save(data, place, options), options.signal);
  }

  /** See `DataSource.load`. Of an array, `selection` says which part. */
  override load(path: string, options: ZarrLoadOptions = {}): Promise<unknown> {
    return this.#runAt("load", path, (core, place) => core.load(place, options), options.signal);
  }

  /** See `StorageBackend.saveBatch`. All arrays are built before the first is published. */
  override async saveBatch(
    data: readonly unknown[],
    paths: readonly string[],
    options: ZarrSaveOptions = {},
  ): Promise<SaveResult[]> {
    try {
      options.signal?.throwIfAborted();
      const places = paths.map((path) => this.normalize(path));
      return await (await this.#core()).saveBatch(data, places, options);
    } catch (error) {
      throw inContext(error, { operation: "save" });
    }
  }

  /** See `DataSource.stat`. Of an array it tells how it is kept. */
  override stat(path: string, options?: AbortOptions): Promise<ZarrFileInfo> {
    return this.#runAt(
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
      return await this.#runAt("stat", path, (core, place) => core.kind(place, options), options?.signal);
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
      const core = await this.#core();
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
    return this.#runAt("delete", path, (core, place) => core.delete(place, options), options.signal);
  }

  /** See `StorageBackend.ensureDirectory`. It becomes a group when the first array is saved in it. */
  override ensureDirectory(path: string, options?: AbortOptions): Promise<string> {
    return this.#runAt("make directory", path, async (core, place) => {
      await core.ensureDirectory(place, options);
      return path;
    }, options?.signal);
  }

  /** See `StorageBackend.createSymlink`. */
  override createSymlink(source: string, path: string, options: SymlinkOptions = {}): Promise<void> {
    return this.#run("link", path, async (core, place) => {
      await core.checkLink(this.normalize(source), place, options);
      await this.#files.createSymlink(source, path, { ...options, dangling: true });
    }, options.signal);
  }

  /** See `StorageBackend.copy`. A copied group keeps its attributes. */
  override copy(from: string, to: string, options: CopyOptions = {}): Promise<void> {
    return this.#run("copy", from, async (core, source) => {
      const goal = this.normalize(to);
      await super.copy(source, goal, options);
      await core.mover.copyGroups(source, goal, options);
    }, options.signal);
  }

  /** Copies an array chunk by chunk, and a file byte by byte. */
  protected override async copyFile(from: string, to: string, options: CopyOptions = {}): Promise<void> {
    try {
      await (await this.#core()).copyFile(from, to, options.overwrite ?? false, options);
    } catch (error) {
      throw isStorageError(error) && error.path !== from && error.code !== "corrupt" ? error.at(to) : error;
    }
  }

  /** See `StorageBackend.move`. */
  override move(from: string, to: string, options: CopyOptions = {}): Promise<void> {
    return this.#run("move", from, async (core, source) => {
      const goal = this.normalize(to);
      if (source === "" || goal === "") throw notTheRoot();
      await this.checkApart(source, goal, options);
      if (!await core.move(source, goal, options)) await super.move(source, goal, options);
    }, options.signal);
  }

  /** See `StorageBackend.openRead`. An array is encoded as `.npy`. */
  override openRead(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array>> {
    return this.#runAt("read", path, (core, place) => core.openRead(place, options), options?.signal);
  }

  /** See `StorageBackend.openWrite`. What is written is a file, not an array. */
  override openWrite(path: string, options: WriteOptions = {}): Promise<WritableStream<Uint8Array>> {
    return this.#runAt("write", path, async (core, place) => {
      const stream = await core.openWrite(place, options);
      return withErrors(stream, (error) => inContext(error, { operation: "write", path }));
    }, options.signal);
  }

  /**
   * Writes a part of an array: only the chunks that it touches.
   *
   * Two who write to one chunk at the same time lose nothing, in other processes neither.
   *
   * @param path The array.
   * @param selection Which part; `undefined` for everything.
   * @param value An array of that shape and type, or one element for all of it.
   * @param options Condition, signal.
   * @returns The etag after it.
   * @throws {StorageError} `invalid-argument`, `invalid-value`, `precondition-failed`; when it fails half-way the message says how many
   * chunks were written before, which stay.
   *
   * @example
   * ```ts
   * import { ZarrBackend, slice } from "@polystore/polystore/zarr";
   * import { MemoryStore, ndarray } from "@polystore/polystore";
   * import assert from "node:assert/strict";
   *
   * const zarr = new ZarrBackend({ store: new MemoryStore() });
   * await zarr.save(ndarray(new Int32Array(6), [2, 3]), "a");
   * await zarr.write("a", [0, slice(1, 3)], ndarray(new Int32Array([7, 8]), [2]));
   * await zarr.write("a", [1], 9);
   * assert.deepEqual(await zarr.load("a"), ndarray(new Int32Array([0, 7, 8, 9, 9, 9]), [2, 3]));
   * ```
   */
  write(
    path: string,
    selection: Selection | undefined,
    value: unknown,
    options: EditOptions = {},
  ): Promise<EditResult> {
    return this.#runAt("write", path, async (core, place) => {
      return await core.editor.write(await core.tree.follow(place, options), selection, value, options);
    }, options.signal);
  }

  /**
   * Makes an array longer by another one. Several who append at the same time get a place each; until it is written, the place holds
   * fill values.
   *
   * @param path The array.
   * @param value The other one: as long along all other axes.
   * @param options Axis, condition, signal.
   * @returns The etag and the shape after it.
   *
   * @example
   * ```ts
   * import { ZarrBackend } from "@polystore/polystore/zarr";
   * import { MemoryStore, ndarray } from "@polystore/polystore";
   * import assert from "node:assert/strict";
   *
   * const zarr = new ZarrBackend({ store: new MemoryStore() });
   * await zarr.save(ndarray(new Uint8Array([1, 2]), [1, 2]), "log");
   * const { shape } = await zarr.append("log", ndarray(new Uint8Array([3, 4]), [1, 2]));
   * assert.deepEqual(shape, [2, 2]);
   * ```
   */
  append(path: string, value: ZarrValue, options: AppendOptions & EditOptions = {}): Promise<EditResult> {
    return this.#runAt("append to", path, async (core, place) => {
      const target = await core.tree.follow(place, options);
      return await core.changed(target, () => core.editor.append(target, value, options.axis ?? 0, options));
    }, options.signal);
  }

  /**
   * Makes an array longer or shorter. What is cut off is gone; what is new is filled.
   *
   * @param path The array.
   * @param shape Length of each axis.
   * @param options Condition, signal.
   * @returns The etag after it.
   */
  resize(path: string, shape: readonly number[], options: EditOptions = {}): Promise<EditResult> {
    return this.#runAt("resize", path, async (core, place) => {
      const target = await core.tree.follow(place, options);
      return await core.changed(target, () => core.editor.resize(target, shape, options));
    }, options.signal);
  }

  /** The attributes of an array or a group; a directory that is no group has none. */
  attributes(path: string, options?: AbortOptions): Promise<JsonObject> {
    return this.#runAt("read attributes of", path, (core, place) => core.attributes.read(place, options));
  }

  /**
   * Changes the attributes of an array or a group by compare-and-swap: nobody's change is lost. A directory that is no group becomes
   * one.
   *
   * @param path The array or group.
   * @param change Makes the new ones of the old ones; it may be called more than once.
   * @returns The new ones.
   *
   * @example
   * ```ts
   * import { ZarrBackend } from "@polystore/polystore/zarr";
   * import { MemoryStore, ndarray } from "@polystore/polystore";
   * import assert from "node:assert/strict";
   *
   * const zarr = new ZarrBackend({ store: new MemoryStore() });
   * await zarr.save(ndarray(new Uint8Array(2), [2]), "group/a");
   * await zarr.updateAttributes("group", (attributes) => ({ ...attributes, title: "first" }));
   * assert.deepEqual(await zarr.attributes("group"), { title: "first" });
   * ```
   */
  updateAttributes(path: string, change: AttributesChange, options?: AbortOptions): Promise<JsonObject> {
    return this.#runAt("update attributes of", path, async (core, place) => {
      const target = await core.tree.follow(place, options);
      return await core.changed(target, () => core.attributes.update(target, change, options));
    }, options?.signal);
  }

  /**
   * Opens an array as a handle, to read and write it part by part. Its `set` writes chunks in their places and leaves the etag of the
   * array as it is: what others do under `ifMatch` is told of {@linkcode ZarrBackend.write} only.
   */
  openArray(path: string, options?: AbortOptions): Promise<ZarrArray> {
    return this.#runAt("open", path, (core, place) => core.openArray(place, options), options?.signal);
  }

  /**
   * Writes the metadata of everything below a group into the group, so that others find it with one request. From then on it is
   * kept true by every change that is made through this backend.
   *
   * @param path The group; a directory that is none becomes one.
   */
  consolidate(path: string, options?: AbortOptions): Promise<void> {
    return this.#runAt("consolidate", path, (core, place) => core.consolidated.write(place, options), options?.signal);
  }

  /**
   * What the consolidated metadata of a group tells: the documents of everything below it, by their paths from the group.
   *
   * @returns The documents; `undefined` if there is no such metadata.
   */
  consolidated(path: string, options?: AbortOptions): Promise<ReadonlyMap<string, JsonObject> | undefined> {
    return this.#runAt("read metadata of", path, (core, place) => core.consolidated.read(place, options));
  }

  /**
   * Finishes what processes that died have left half done below a directory, and removes what they never published. It need not be
   * called: nothing of it is shown, and arrays can be read meanwhile.
   *
   * @param directory Where.
   * @param options Which. With an `olderThan` that is shorter than another process takes to build an array, that one's `save` fails.
   * @returns How much was finished or removed.
   */
  sweep(directory: string = "", options: ZarrSweepOptions = {}): Promise<number> {
    return this.#runAt("sweep", directory, (core, place) => core.remover.sweep(place, options), options.signal);
  }

  /** The file of this machine behind an address, where it is on the disk. */
  override physicalSourcePath(address: string, options?: { basePath?: string | undefined }): string | undefined {
    return this.#files.physicalSourcePath(address, options);
  }

  /** Closes the store. */
  override async close(): Promise<void> {
    await this.#files.close();
  }

  /**
   * What it takes to make it again elsewhere.
   *
   * @throws {StorageError} `unsupported` for a given store.
   */
  connectionParams(): ConnectionParams {
    const { store, root, durability } = this.#options;
    if (store === undefined) return { root, durability };
    const detail = "a store cannot be opened elsewhere: give a root";
    throw inContext(new StorageError("unsupported", detail), { operation: "describe" });
  }

  /** Makes a backend from what {@linkcode ZarrBackend.connectionParams} answered. */
  static fromConnectionParams(params: ConnectionParams): ZarrBackend {
    const { root, durability } = params;
    return new ZarrBackend({
      root: root === undefined ? undefined : String(root),
      durability: durability === "fast" ? "fast" : "full",
    });
  }
}
