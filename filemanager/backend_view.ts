/**
 * {@linkcode BackendView}: a file manager with the name of the backend bound.
 *
 * @module
 */

import type { BackendDeleteOptions, CopyOptions, StorageBackend, SymlinkOptions } from "../backends/backend.ts";
import {
  type BackendBase,
  DataSource,
  type FileInfo,
  type ListFilesOptions,
  type SaveResult,
} from "../backends/data_source.ts";
import { inContext, StorageError } from "../backends/errors.ts";
import type { Format } from "../backends/formats/format.ts";
import type { ImageSamplingRequest, ImageSamplingResult } from "../backends/sampling.ts";
import type { AbortOptions, Entry, ReadOptions, WriteOptions } from "../backends/stores/store.ts";
import { mirror, type MirrorOptions, type MirrorResult } from "./mirror.ts";
import type { BatchOptionsOf, LoadOptionsOf, SaveOptionsOf } from "./names.ts";
import { sortNaturally } from "./natural_order.ts";
import { type UpdateOptions, updateValue } from "./update.ts";
import { collect, type DirsAndFiles, findFile, walkEntries, type WalkOptions } from "./walk.ts";

/** Suffixes of the raster images that `listImageFiles` looks for. */
export const DEFAULT_IMAGE_EXTENSIONS: readonly string[] = [".tif", ".tiff", ".png", ".bmp", ".gif", ".jpeg", ".jpg"];

/** The view of a backend that can be written; of one that cannot, calling what writes does not compile. */
export interface Saves {
  /** The backend. */
  readonly backend: Pick<StorageBackend, "save">;
}

/**
 * All operations on one backend: what `fm.on(name)` answers. `view.save(data, path)` is `fm.save(data, path, name)`.
 *
 * It names the backend in errors, puts listings in natural order, and does what takes more than one operation.
 *
 * @typeParam T The backend.
 *
 * @example
 * ```ts
 * import { FileManager, MemoryBackend } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * const memory = new FileManager({ memory: new MemoryBackend() }).on("memory");
 * await memory.saveBatch([1, 2, 3], ["img10", "img2", "img1"]);
 * assert.deepEqual(await memory.listFiles(""), ["img1", "img2", "img10"]);
 * ```
 */
export class BackendView<T extends BackendBase = StorageBackend> {
  /** The name. */
  readonly name: string;
  readonly #find: (name: string) => T;

  /**
   * Binds a name to a backend.
   *
   * @param name The name.
   * @param find Finds the backend of the name, at each call; what it throws is what the call rejects with.
   */
  constructor(name: string, find: (name: string) => T) {
    this.name = name;
    this.#find = find;
  }

  /** The backend itself. */
  get backend(): T {
    return this.#find(this.name);
  }

  /** Loads a value in a format of your own, which tells its type. */
  load<V>(path: string, options: LoadOptionsOf<T> & { format: Format<V> }): Promise<V>;
  /** Loads a value: it equals what was saved. */
  load<V = unknown>(path: string, options?: LoadOptionsOf<T>): Promise<V>;
  async load<V>(path: string, options?: LoadOptionsOf<T>): Promise<V> {
    try {
      return await this.#storage("load").load(path, options) as V;
    } catch (error) {
      throw this.#told(error, "load", path);
    }
  }

  /** Loads many values, in order. */
  async loadBatch<V = unknown>(paths: readonly string[], options?: LoadOptionsOf<T>): Promise<V[]> {
    return await this.#run(
      "load",
      undefined,
      () => this.#storage("loadBatch").loadBatch(paths, options) as Promise<V[]>,
    );
  }

  /** Saves a value; parents come into being, what is there is replaced. */
  async save(
    this: BackendView<T> & Saves,
    data: unknown,
    path: string,
    options?: SaveOptionsOf<T>,
  ): Promise<SaveResult> {
    try {
      return await this.#storage("save").save(data, path, options);
    } catch (error) {
      throw this.#told(error, "save", path);
    }
  }

  /** Saves many values; everything is checked first, all or nothing where the engine has transactions. */
  async saveBatch(
    this: BackendView<T> & Saves,
    data: readonly unknown[],
    paths: readonly string[],
    options?: BatchOptionsOf<T>,
  ): Promise<SaveResult[]> {
    return await this.#run("save", undefined, () => this.#storage("saveBatch").saveBatch(data, paths, options));
  }

  /** Replaces a value by what `change` makes of it, losing nobody's update; see `FileManager.update`. */
  async update<V>(
    this: BackendView<T> & Saves,
    path: string,
    change: (value: V | undefined) => V | undefined | Promise<V | undefined>,
    options?: UpdateOptions,
  ): Promise<V | undefined> {
    return await this.#run("update", path, () => updateValue(this.#storage("save"), path, change, options));
  }

  /** Opens the encoded content of a file as a stream. */
  async openRead(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array>> {
    return await this.#run("read", path, () => this.#storage("openRead").openRead!(path, options));
  }

  /** Opens a file for writing its encoded content; it is published when the stream closes. */
  async openWrite(
    this: BackendView<T> & Saves,
    path: string,
    options?: WriteOptions,
  ): Promise<WritableStream<Uint8Array>> {
    return await this.#run("write", path, () => this.#storage("openWrite").openWrite!(path, options));
  }

  /**
   * Yields what is at a path, `undefined` where nothing is: at once, and whenever the file there has come, changed or gone.
   *
   * @throws {StorageError} `unsupported` where the backend hears of no changes.
   */
  async *watch(path: string, options?: AbortOptions): AsyncGenerator<FileInfo | undefined> {
    try {
      yield* this.#storage("watch").watch!(path, options);
    } catch (error) {
      throw this.#told(error, "watch", path);
    }
  }

  /** The paths of the files in a directory, in natural order. */
  async listFiles(directory: string, options?: ListFilesOptions): Promise<string[]> {
    const files = await this.#run("list", directory, () => this.#source().listFiles(directory, options));
    return sortNaturally(files);
  }

  /** The paths of the raster images in a directory, in natural order. */
  async listImageFiles(directory: string, options?: ListFilesOptions): Promise<string[]> {
    return await this.listFiles(directory, { extensions: DEFAULT_IMAGE_EXTENSIONS, ...options });
  }

  /** The file of a name that is nearest to a directory; `undefined` if there is none. */
  async findFileRecursive(directory: string, name: string, options?: AbortOptions): Promise<string | undefined> {
    return await this.#run("list", directory, () => findFile(this.#source(), directory, name, options));
  }

  /** The names in a directory, in natural order. */
  async listDir(directory: string, options?: AbortOptions): Promise<string[]> {
    const names = await this.#run("list", directory, () => this.#source().listDir(directory, options));
    return sortNaturally(names);
  }

  /** Yields everything below a directory, in path order. */
  async *walk(directory: string, options?: WalkOptions): AsyncGenerator<Entry> {
    try {
      yield* walkEntries(this.#source(), directory, options);
    } catch (error) {
      throw this.#told(error, "list", directory);
    }
  }

  /** The directories and the files below a directory, each in natural order. */
  async collectDirsAndFiles(directory: string, options?: WalkOptions): Promise<DirsAndFiles> {
    return await this.#run("list", directory, () => collect(this.#source(), directory, options));
  }

  /** Tells what is at a path. */
  async stat(path: string, options?: AbortOptions): Promise<FileInfo> {
    return await this.#run("stat", path, () => this.#source().stat(path, options));
  }

  /** Whether a file or a directory is at a path. */
  async exists(path: string, options?: AbortOptions): Promise<boolean> {
    return await this.#run("stat", path, () => this.#source().exists(path, options));
  }

  /** Whether a file is at a path. */
  async isFile(path: string, options?: AbortOptions): Promise<boolean> {
    return await this.#run("stat", path, () => this.#source().isFile(path, options));
  }

  /** Whether a directory is at a path. */
  async isDir(path: string, options?: AbortOptions): Promise<boolean> {
    return await this.#run("stat", path, () => this.#source().isDir(path, options));
  }

  /** Whether a symbolic link is at a path. */
  async isSymlink(path: string, options?: AbortOptions): Promise<boolean> {
    return await this.#run("stat", path, async () => {
      const { isSymlink } = this.backend as unknown as StorageBackend;
      return isSymlink === undefined ? false : await isSymlink.call(this.backend, path, options);
    });
  }

  /** Makes a directory and its parents; answers its path. */
  async ensureDirectory(this: BackendView<T> & Saves, directory: string, options?: AbortOptions): Promise<string> {
    return await this.#run(
      "make directory",
      directory,
      () => this.#storage("ensureDirectory").ensureDirectory(directory, options),
    );
  }

  /** Makes a symbolic link to `source`, which must exist. */
  async createSymlink(
    this: BackendView<T> & Saves,
    source: string,
    link: string,
    options?: SymlinkOptions,
  ): Promise<void> {
    await this.#run("link", link, () => this.#storage("createSymlink").createSymlink(source, link, options));
  }

  /** Makes a link at the same place under `to` for each file under `from`; conflicts are found before anything is made. */
  async mirrorDirectoryWithSymlinks(
    this: BackendView<T> & Saves,
    from: string,
    to: string,
    options?: MirrorOptions,
  ): Promise<MirrorResult> {
    return await this.#run("link", to, () => mirror(this.#storage("createSymlink"), from, to, options));
  }

  /** Deletes a file, a link or an empty directory; with `recursive`, whatever is there. */
  async delete(this: BackendView<T> & Saves, path: string, options?: BackendDeleteOptions): Promise<void> {
    await this.#run("delete", path, () => this.#storage("delete").delete(path, options));
  }

  /** Deletes whatever is at a path, a directory with all it holds. */
  async deleteAll(this: BackendView<T> & Saves, path: string, options?: AbortOptions): Promise<void> {
    await this.#run("delete", path, () => this.#storage("deleteAll").deleteAll(path, options));
  }

  /** Copies a file, a link or a directory within the backend. */
  async copy(this: BackendView<T> & Saves, from: string, to: string, options?: CopyOptions): Promise<void> {
    await this.#run("copy", from, () => this.#storage("copy").copy(from, to, options));
  }

  /** Moves a file, a link or a directory within the backend. */
  async move(this: BackendView<T> & Saves, from: string, to: string, options?: CopyOptions): Promise<void> {
    await this.#run("move", from, () => this.#storage("move").move(from, to, options));
  }

  /** Loads a part of an image, and what statistics need. */
  async sample(path: string, request?: ImageSamplingRequest): Promise<ImageSamplingResult> {
    return await this.#run("sample", path, () => this.#source().sample(path, request));
  }

  /** The address to load from, for what the caller calls `address`. */
  resolveAddress(address: string, options?: { basePath?: string | undefined }): string {
    return this.#source().resolveAddress(address, options);
  }

  /** The address of something the backend has listed in `directory`. */
  resolveListedAddress(address: string, options: { directory: string }): string {
    return this.backend.resolveListedAddress(address, options);
  }

  /** The path that stands for the origin of what is at an address. */
  sourcePath(address: string, options?: { basePath?: string | undefined }): string {
    return this.#source().sourcePath(address, options);
  }

  /** The file of this machine behind an address, if there is one. */
  physicalSourcePath(address: string, options?: { basePath?: string | undefined }): string | undefined {
    return this.backend.physicalSourcePath(address, options);
  }

  async #run<R>(operation: string, path: string | undefined, work: () => Promise<R>): Promise<R> {
    try {
      return await work();
    } catch (error) {
      throw this.#told(error, operation, path);
    }
  }

  #told(error: unknown, operation: string, path: string | undefined): unknown {
    return inContext(error, { backend: this.name, operation, path });
  }

  #source(): DataSource {
    const { backend } = this;
    if (backend instanceof DataSource) return backend;
    throw new StorageError("unsupported", "this backend only sends: nothing can be read from it");
  }

  /** The backend, known to have a method; what the types let through is checked here. */
  #storage<M extends keyof StorageBackend>(method: M): StorageBackend {
    const backend = this.backend as unknown as StorageBackend;
    if (typeof backend[method] === "function") return backend;
    throw new StorageError("unsupported", `this backend does not offer ${String(method)}`);
  }
}
