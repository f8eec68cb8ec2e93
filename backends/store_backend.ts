/**
 * {@linkcode StoreBackend}: any Store × Formats is a storage backend.
 *
 * @module
 */

import { type BackendDeleteOptions, type CopyOptions, StorageBackend, type SymlinkOptions } from "./backend.ts";
import { checkBatch } from "./batch.ts";
import { Codec } from "./codec.ts";
import { pooled } from "./concurrency.ts";
import type {
  EntriesOptions,
  ExpiringSaveOptions,
  FileInfo,
  LoadOptions,
  SaveOptions,
  SaveResult,
} from "./data_source.ts";
import { inContext, isStorageError, StorageError } from "./errors.ts";
import { builtinFormats, type FormatRegistry } from "./formats/format_registry.ts";
import { normalizePath } from "./path.ts";
import { CONCURRENCY, loadMany, requests, writeEach } from "./store_batch.ts";
import { absenceIn, checkDirectory, deleteTree, endOf } from "./store_checks.ts";
import type {
  AbortOptions,
  Entry,
  ExpiringWriteOptions,
  ReadOptions,
  Stat,
  Store,
  WriteOptions,
} from "./stores/store.ts";
import { collecting, concat, streamOf, withErrors } from "./stores/stream.ts";

/** Options of {@linkcode StoreBackend}. */
export interface StoreBackendOptions {
  /**
   * The formats that values are encoded with.
   *
   * @default {builtinFormats()}
   */
  formats?: FormatRegistry | undefined;
}

const NOTHING_ASKED: WriteOptions = {};

/**
 * Values in a store: encoded by the format of the longest known suffix of the path. A `Uint8Array` is kept as it is
 * under a suffix that no format knows, and under every suffix with `format: "bytes"`.
 *
 * What the store lacks is derived where that is possible without a race, and `unsupported` where not.
 *
 * @typeParam S The store.
 *
 * @example
 * ```ts
 * import { MemoryStore, StoreBackend } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * const backend = new StoreBackend(new MemoryStore());
 * await backend.save({ z: 1, a: [true, null] }, "settings/ui.json");
 * assert.deepEqual(await backend.load("settings/ui.json"), { z: 1, a: [true, null] });
 * assert.deepEqual(await backend.listFiles("settings"), ["settings/ui.json"]);
 * await assert.rejects(backend.save({ when: new Date() }, "x.json"), { code: "invalid-value" });
 * ```
 */
export class StoreBackend<S extends Store = Store> extends StorageBackend {
  /** The store. */
  readonly store: S;
  readonly #codec: Codec;

  /** Creates a backend; the store is not touched. */
  constructor(store: S, options: StoreBackendOptions = {}) {
    super();
    this.store = store;
    this.#codec = new Codec(options.formats ?? builtinFormats());
  }

  /** The formats. */
  get formats(): FormatRegistry {
    return this.#codec.formats;
  }

  /** The path in the store for a path of the caller. */
  protected override normalize(path: string): string {
    return normalizePath(path);
  }

  /** What the store is told about a write. */
  protected writeOptions(options: SaveOptions | undefined): WriteOptions {
    if (options === undefined) return NOTHING_ASKED;
    return { ifAbsent: options.overwrite === false, ifMatch: options.ifMatch, signal: options.signal };
  }

  /** See `StorageBackend.save`. */
  override async save(data: unknown, path: string, options?: ExpiringSaveOptions): Promise<SaveResult> {
    try {
      const place = this.normalize(path);
      const write = this.#needs(options?.expireIn === undefined ? "write" : "writeExpiring", path);
      const encoding = this.#codec.encode(data, place, options);
      const encoded = encoding instanceof Promise ? await encoding : encoding;
      if (encoded instanceof Uint8Array) {
        return await write.call(this.store, place, encoded, this.#timed(options));
      }
      if (this.store.writeParts && options?.expireIn === undefined) {
        return await this.store.writeParts(place, encoded, this.writeOptions(options));
      }
      return await write.call(this.store, place, concat(encoded), this.#timed(options));
    } catch (error) {
      throw inContext(error, { operation: "save", path });
    }
  }

  /** See `DataSource.load`. */
  override async load(path: string, options?: LoadOptions): Promise<unknown> {
    try {
      const place = this.normalize(path);
      const bytes = await this.store.read(place, options);
      if (bytes === undefined) throw await this.#absence(place, options);
      const value = this.#codec.decode(bytes, place, options);
      return value instanceof Promise ? await value : value;
    } catch (error) {
      throw inContext(error, { operation: "load", path });
    }
  }

  /** See `StorageBackend.saveBatch`. Not one is published before all are encoded. */
  override async saveBatch(
    data: readonly unknown[],
    paths: readonly string[],
    options?: ExpiringSaveOptions,
  ): Promise<SaveResult[]> {
    try {
      const places = paths.map((path) => this.normalize(path));
      checkBatch(data, places);
      const timed = options?.expireIn !== undefined;
      const write = this.#needs(timed ? "writeExpiring" : "write", paths[0] ?? "");
      const writes = requests(this.#codec, data, places, options);
      if (this.store.writeMany && !timed) return await this.store.writeMany(writes, this.writeOptions(options));
      const timedOptions = this.#timed(options);
      return await writeEach(
        this.store,
        writes,
        places,
        (path, bytes) => write.call(this.store, path, bytes, timedOptions),
        options,
      );
    } catch (error) {
      throw inContext(error, { operation: "save" });
    }
  }

  /** See `DataSource.loadBatch`. */
  override async loadBatch(paths: readonly string[], options?: LoadOptions): Promise<unknown[]> {
    const store: Store = this.store;
    if (store.readMany !== undefined) {
      const reading = store as Store & Required<Pick<Store, "readMany">>;
      return await loadMany(reading, this.#codec, paths, (path) => this.normalize(path), options);
    }
    return await pooled(paths, CONCURRENCY, (path) => this.load(path, options), options?.signal);
  }

  /** See `DataSource.stat`. */
  override async stat(path: string, options?: AbortOptions): Promise<FileInfo> {
    try {
      const place = this.normalize(path);
      const target = await this.store.readSymlink?.(place, options);
      const stat = target === undefined
        ? await this.store.stat(place, options)
        : await endOf(this.store, place, options);
      if (target !== undefined) {
        return { ...stat, path, kind: "symlink", exists: stat !== undefined, target, targetKind: stat?.kind };
      }
      if (stat === undefined) throw await this.#absence(place, options);
      return { ...stat, path, exists: true };
    } catch (error) {
      throw inContext(error, { operation: "stat", path });
    }
  }

  /** As `stat`, without the detour through an error. */
  async #statAbsent(path: string, options?: AbortOptions): Promise<Stat | undefined> {
    try {
      return await this.store.stat(this.normalize(path), options);
    } catch (error) {
      if (isStorageError(error, "invalid-path", "name-too-long", "too-many-links")) return undefined;
      throw inContext(error, { operation: "stat", path });
    }
  }

  /** See `DataSource.exists`. */
  override async exists(path: string, options?: AbortOptions): Promise<boolean> {
    return await this.#statAbsent(path, options) !== undefined;
  }

  /** See `DataSource.isFile`. */
  override async isFile(path: string, options?: AbortOptions): Promise<boolean> {
    return (await this.#statAbsent(path, options))?.kind === "file";
  }

  /** See `DataSource.isDir`. */
  override async isDir(path: string, options?: AbortOptions): Promise<boolean> {
    return (await this.#statAbsent(path, options))?.kind === "directory";
  }

  /** See `DataSource.entries`. */
  override async *entries(directory: string, options: EntriesOptions = {}): AsyncGenerator<Entry> {
    const { recursive = false, details = false, signal } = options;
    try {
      const prefix = this.normalize(directory);
      const list = this.#needs("list", directory);
      let empty = true;
      for await (const entry of list.call(this.store, prefix, { shallow: !recursive, details, signal })) {
        empty = false;
        yield entry;
      }
      if (!empty) return;
      const stat = await this.store.stat(prefix, { signal });
      if (stat === undefined) throw await this.#absence(prefix, { signal });
      if (stat.kind === "file") {
        throw new StorageError("not-a-directory", "it is a file, not a directory", { path: directory });
      }
    } catch (error) {
      throw inContext(error, { operation: "list", path: directory });
    }
  }

  /** See `StorageBackend.delete`. */
  override async delete(path: string, options: BackendDeleteOptions = {}): Promise<void> {
    const { recursive = false, force = false, ifMatch, signal } = options;
    try {
      const place = this.normalize(path);
      const remove = this.#needs("delete", path);
      if (!force && ifMatch === undefined && !await this.#isThere(place, { signal })) {
        throw await this.#absence(place, { signal });
      }
      if (!recursive || await this.store.readSymlink?.(place, { signal }) !== undefined) {
        return await remove.call(this.store, place, { ifMatch, signal });
      }
      await deleteTree(this.store, place, { signal });
    } catch (error) {
      throw inContext(error, { operation: "delete", path });
    }
  }

  /** See `StorageBackend.ensureDirectory`. In a store without real directories there is nothing to do. */
  override async ensureDirectory(path: string, options?: AbortOptions): Promise<string> {
    try {
      const place = this.normalize(path);
      if (this.store.makeDirectory) await this.store.makeDirectory(place, options);
      else await checkDirectory(this.store, place, options);
      return path;
    } catch (error) {
      throw inContext(error, { operation: "make directory", path });
    }
  }

  /** See `StorageBackend.createSymlink`. */
  override async createSymlink(source: string, path: string, options: SymlinkOptions = {}): Promise<void> {
    const { overwriteSymlinksOnly = false, dangling = false, signal } = options;
    try {
      const target = this.normalize(source);
      const place = this.normalize(path);
      const link = this.#needs("createSymlink", path);
      if (!dangling && !await this.#isThere(target, { signal })) throw await this.#absence(target, { signal });
      if (await this.realPlace(source, { signal }) === await this.realPlace(path, { signal })) {
        throw new StorageError("invalid-argument", "a link cannot lead to itself", { path });
      }
      if (overwriteSymlinksOnly && await this.store.readSymlink?.(place, { signal }) !== undefined) {
        await this.store.delete?.(place, { signal });
      }
      await link.call(this.store, target, place, { signal });
    } catch (error) {
      throw inContext(error, { operation: "link", path });
    }
  }

  /** See `StorageBackend.move`. */
  override async move(from: string, to: string, options: CopyOptions = {}): Promise<void> {
    try {
      const source = this.normalize(from);
      const goal = this.normalize(to);
      if (source === goal) await this.checkApart(from, to, options);
      if (this.store.move === undefined) return await super.move(from, to, options);
      try {
        await this.store.move(source, goal, { ifAbsent: !options.overwrite, signal: options.signal });
      } catch (error) {
        // To another file system, for one: what cannot be renamed is copied.
        if (!isStorageError(error, "unsupported")) throw error;
        await super.move(from, to, options);
      }
    } catch (error) {
      throw inContext(error, { operation: "move", path: from });
    }
  }

  /** See `StorageBackend.copy`. */
  override async copy(from: string, to: string, options?: CopyOptions): Promise<void> {
    try {
      await super.copy(this.normalize(from), this.normalize(to), options);
    } catch (error) {
      throw inContext(error, { operation: "copy", path: from });
    }
  }

  /** Copies the bytes, whatever they mean. */
  protected override async copyFile(from: string, to: string, options: CopyOptions = {}): Promise<void> {
    const write = this.writeOptions({ overwrite: options.overwrite ?? false, signal: options.signal });
    if (this.store.copy) return void await this.store.copy(from, to, write);
    const source = await this.openRead(from, { signal: options.signal });
    try {
      await source.pipeTo(await this.openWrite(to, write));
    } catch (error) {
      if (!source.locked) await source.cancel(error);
      throw error;
    }
  }

  /** See `StorageBackend.openRead`. */
  override async openRead(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array>> {
    try {
      const place = this.normalize(path);
      if (this.store.openRead) {
        const stream = await this.store.openRead(place, options);
        if (stream !== undefined) return stream;
      } else {
        const bytes = await this.store.read(place, options);
        if (bytes !== undefined) return streamOf(bytes, options?.signal);
      }
      throw await this.#absence(place, options);
    } catch (error) {
      throw inContext(error, { operation: "read", path });
    }
  }

  /** See `StorageBackend.openWrite`. */
  override async openWrite(path: string, options?: WriteOptions): Promise<WritableStream<Uint8Array>> {
    try {
      options?.signal?.throwIfAborted();
      const place = this.normalize(path);
      const write = this.#needs("write", path);
      const stream = this.store.openWrite
        ? await this.store.openWrite(place, options)
        : collecting((bytes) => write.call(this.store, place, bytes, options), options?.signal);
      return withErrors(stream, (error) => inContext(error, { operation: "write", path }));
    } catch (error) {
      throw inContext(error, { operation: "write", path });
    }
  }

  /** See `StorageBackend.watch`. */
  override async *watch(path: string, options?: AbortOptions): AsyncGenerator<FileInfo | undefined> {
    try {
      const place = this.normalize(path);
      const watch = this.#needs("watch", path);
      for await (const stat of watch.call(this.store, place, options)) yield stat && { ...stat, path, exists: true };
    } catch (error) {
      throw inContext(error, { operation: "watch", path });
    }
  }

  /** Closes the store. */
  override async close(): Promise<void> {
    await this.store.close?.();
  }

  /** What the store is told about a write that may have a time limit. */
  #timed(options?: ExpiringSaveOptions): ExpiringWriteOptions {
    const asked = this.writeOptions(options);
    // Without a limit it goes to `write`, which knows nothing of it.
    return (options?.expireIn === undefined ? asked : { ...asked, expireIn: options.expireIn }) as ExpiringWriteOptions;
  }

  async #isThere(place: string, options?: AbortOptions): Promise<boolean> {
    return await this.store.readSymlink?.(place, options) !== undefined ||
      await this.store.stat(place, options) !== undefined;
  }

  #absence(path: string, options?: AbortOptions): Promise<StorageError> {
    return absenceIn(this.store, path, options);
  }

  #needs<M extends "write" | "writeExpiring" | "watch" | "delete" | "list" | "createSymlink">(
    method: M,
    path: string,
  ): NonNullable<Store[M]> {
    const found = (this.store as Store)[method];
    if (found !== undefined) return found as NonNullable<Store[M]>;
    throw new StorageError("unsupported", `the store of this backend does not offer ${method}`, {
      path,
    });
  }
}
