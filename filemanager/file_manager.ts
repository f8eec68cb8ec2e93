/**
 * {@linkcode FileManager}: the router. Every call names its backend.
 *
 * @module
 */

import type { BackendDeleteOptions, CopyOptions, SymlinkOptions } from "../backends/backend.ts";
import { foldName } from "../backends/catalogue.ts";
import type { FileInfo, ListFilesOptions, SaveResult } from "../backends/data_source.ts";
import type { Format } from "../backends/formats/format.ts";
import { type ImageSamplingRequest, type ImageSamplingResult, sampleImage } from "../backends/sampling.ts";
import type { AbortOptions, Entry, ReadOptions, WriteOptions } from "../backends/stores/store.ts";
import { BackendRouter } from "./backend_router.ts";
import type { MirrorOptions, MirrorResult } from "./mirror.ts";
import type { AnyBackends, Backends, BatchOptionsOf, LoadOptionsOf, NamesWith, SaveOptionsOf } from "./names.ts";
import type { TransferOptions } from "./side.ts";
import { planeOf, type SourcePixelRef } from "../backends/source_pixel_ref.ts";
import {
  synchronise,
  type SyncOptions,
  type SyncResult,
  transfer,
  transferAndDelete,
  type TransferResult,
} from "./transfer.ts";
import type { UpdateOptions } from "./update.ts";
import type { DirsAndFiles, WalkOptions } from "./walk.ts";

/**
 * The backend of a copy or move.
 *
 * @typeParam N The names.
 */
export interface ToBackend<N extends string> {
  /**
   * Another backend to copy or move to. The call then streams from one to the other, and compares what has arrived.
   *
   * @default {undefined} within the backend
   */
  to?: N | undefined;
}

/**
 * One interface to many backends. Every call names the backend it is for; nothing is guessed. Listings are in natural order,
 * errors name the backend, and work between backends is done here.
 *
 * Made of a plain object it knows the names and the options of its backends: others do not compile. Made of a registry, it takes any
 * name, and one that is unknown throws `unknown-backend`.
 *
 * @typeParam B The backends.
 *
 * @example
 * ```ts
 * import { DiskBackend, FileManager, MemoryBackend, ndarray } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * const root = await Deno.makeTempDir();
 * const fm = new FileManager({ memory: new MemoryBackend(), disk: new DiskBackend({ root }) });
 *
 * const image = ndarray(new Uint16Array([1, 2, 3, 4, 5, 6]), [2, 3]);
 * await fm.save(image, "plate/A01.npy", "memory");
 * await fm.copy("plate", "backup/plate", "memory", { to: "disk" });
 * assert.deepEqual(await fm.load("backup/plate/A01.npy", "disk"), image);
 *
 * const counts = fm.on("disk");
 * await counts.update<{ n: number }>("counts.json", (old) => ({ n: (old?.n ?? 0) + 1 }));
 * assert.deepEqual(await counts.load("counts.json"), { n: 1 });
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export class FileManager<B extends Backends = AnyBackends> extends BackendRouter<B> {
  /** Loads a value in a format of your own, which tells its type. */
  load<T, K extends NamesWith<B, "load">>(
    path: string,
    backend: K,
    options: LoadOptionsOf<B[K]> & { format: Format<T> },
  ): Promise<T>;
  /**
   * Loads a value: it equals what was saved.
   *
   * @throws {StorageError} `not-found`, `is-a-directory`, `not-a-directory`, `corrupt`, `unknown-format`, `unknown-backend`.
   */
  load<T = unknown, K extends NamesWith<B, "load"> = NamesWith<B, "load">>(
    path: string,
    backend: K,
    options?: LoadOptionsOf<B[K]>,
  ): Promise<T>;
  load<T, K extends NamesWith<B, "load">>(path: string, backend: K, options?: LoadOptionsOf<B[K]>): Promise<T> {
    return this.view(backend).load<T>(path, options);
  }

  /** Loads many values, in order. */
  loadBatch<T = unknown, K extends NamesWith<B, "loadBatch"> = NamesWith<B, "loadBatch">>(
    paths: readonly string[],
    backend: K,
    options?: LoadOptionsOf<B[K]>,
  ): Promise<T[]> {
    return this.view(backend).loadBatch<T>(paths, options);
  }

  /**
   * Saves a value; parents come into being, what is there is replaced, and readers see the old or the new content.
   *
   * @throws {StorageError} `already-exists` with `overwrite: false`, `precondition-failed` with `ifMatch`, `is-a-directory`,
   * `not-a-directory`, `invalid-value`, `unknown-format`, `unknown-backend`; nothing has changed then.
   */
  save<K extends NamesWith<B, "save">>(
    data: unknown,
    path: string,
    backend: K,
    options?: SaveOptionsOf<B[K]>,
  ): Promise<SaveResult> {
    return this.view(backend).save(data, path, options);
  }

  /**
   * Saves many values. Everything is checked first; all or nothing where the engine has transactions.
   *
   * @throws {StorageError} `invalid-argument` if the lengths differ or a path is there twice, and what `save` throws.
   */
  saveBatch<K extends NamesWith<B, "saveBatch">>(
    data: readonly unknown[],
    paths: readonly string[],
    backend: K,
    options?: BatchOptionsOf<B[K]>,
  ): Promise<SaveResult[]> {
    return this.view(backend).saveBatch(data, paths, options);
  }

  /**
   * Replaces a value by what `change` makes of it, by compare-and-swap: if another writer was faster, in whatever
   * process, the value is loaded again and `change` called again. `undefined` leaves everything as it is.
   *
   * @throws {StorageError} `busy` if others were faster every time.
   */
  update<T, K extends NamesWith<B, "save"> = NamesWith<B, "save">>(
    path: string,
    backend: K,
    change: (value: T | undefined) => T | undefined | Promise<T | undefined>,
    options?: UpdateOptions,
  ): Promise<T | undefined> {
    return this.view(backend).update(path, change, options);
  }

  /** Opens the encoded content of a file as a stream; `range` reads a part. */
  openRead(
    path: string,
    backend: NamesWith<B, "openRead">,
    options?: ReadOptions,
  ): Promise<ReadableStream<Uint8Array>> {
    return this.view(backend).openRead(path, options);
  }

  /** Opens a file for writing its encoded content; it is published when the stream closes, aborting leaves the old. */
  openWrite(
    path: string,
    backend: NamesWith<B, "openWrite">,
    options?: WriteOptions,
  ): Promise<WritableStream<Uint8Array>> {
    return this.view(backend).openWrite(path, options);
  }

  /** Yields what is at a path: at once, and whenever the file there has come, changed or gone. */
  watch(path: string, backend: NamesWith<B, "watch">, options?: AbortOptions): AsyncGenerator<FileInfo | undefined> {
    return this.view(backend).watch(path, options);
  }

  /** The paths of the files in a directory, in natural order; by glob, by suffix, and recursively if asked to. */
  listFiles(
    directory: string,
    backend: NamesWith<B, "listFiles">,
    options?: ListFilesOptions,
  ): Promise<string[]> {
    return this.view(backend).listFiles(directory, options);
  }

  /** As `listFiles`, of raster images: see `DEFAULT_IMAGE_EXTENSIONS`. */
  listImageFiles(
    directory: string,
    backend: NamesWith<B, "listFiles">,
    options?: ListFilesOptions,
  ): Promise<string[]> {
    return this.view(backend).listImageFiles(directory, options);
  }

  /** The path of the file of a name that is nearest to a directory; of several, the first in natural order. */
  findFileRecursive(
    directory: string,
    name: string,
    backend: NamesWith<B, "entries">,
    options?: AbortOptions,
  ): Promise<string | undefined> {
    return this.view(backend).findFileRecursive(directory, name, options);
  }

  /** The names in a directory, in natural order. */
  listDir(directory: string, backend: NamesWith<B, "listDir">, options?: AbortOptions): Promise<string[]> {
    return this.view(backend).listDir(directory, options);
  }

  /** Yields everything below a directory, in path order. */
  async *walk(directory: string, backend: NamesWith<B, "entries">, options?: WalkOptions): AsyncGenerator<Entry> {
    yield* this.view(backend).walk(directory, options);
  }

  /** The directories and the files below a directory, each once, in natural order. */
  collectDirsAndFiles(
    directory: string,
    backend: NamesWith<B, "entries">,
    options?: WalkOptions,
  ): Promise<DirsAndFiles> {
    return this.view(backend).collectDirsAndFiles(directory, options);
  }

  /** Tells what is at a path. */
  stat(path: string, backend: NamesWith<B, "stat">, options?: AbortOptions): Promise<FileInfo> {
    return this.view(backend).stat(path, options);
  }

  /** Whether a file or a directory is at a path. */
  exists(path: string, backend: NamesWith<B, "exists">, options?: AbortOptions): Promise<boolean> {
    return this.view(backend).exists(path, options);
  }

  /** Whether a file is at a path. */
  isFile(path: string, backend: NamesWith<B, "isFile">, options?: AbortOptions): Promise<boolean> {
    return this.view(backend).isFile(path, options);
  }

  /** Whether a directory is at a path. */
  isDir(path: string, backend: NamesWith<B, "isDir">, options?: AbortOptions): Promise<boolean> {
    return this.view(backend).isDir(path, options);
  }

  /** Whether a symbolic link is at a path. */
  isSymlink(path: string, backend: NamesWith<B, "stat">, options?: AbortOptions): Promise<boolean> {
    return this.view(backend).isSymlink(path, options);
  }

  /** Makes a directory and its parents; answers its path. */
  ensureDirectory(
    directory: string,
    backend: NamesWith<B, "ensureDirectory">,
    options?: AbortOptions,
  ): Promise<string> {
    return this.view(backend).ensureDirectory(directory, options);
  }

  /** Makes a symbolic link to `source`, which must exist. */
  createSymlink(
    source: string,
    link: string,
    backend: NamesWith<B, "createSymlink">,
    options?: SymlinkOptions,
  ): Promise<void> {
    return this.view(backend).createSymlink(source, link, options);
  }

  /** Makes a link at the same place under `to` for each file under `from`; conflicts are found before anything is made. */
  mirrorDirectoryWithSymlinks(
    from: string,
    to: string,
    backend: NamesWith<B, "createSymlink">,
    options?: MirrorOptions,
  ): Promise<MirrorResult> {
    return this.view(backend).mirrorDirectoryWithSymlinks(from, to, options);
  }

  /** Deletes a file, a link or an empty directory; with `recursive`, whatever is there. */
  delete(path: string, backend: NamesWith<B, "delete">, options?: BackendDeleteOptions): Promise<void> {
    return this.view(backend).delete(path, options);
  }

  /** Deletes whatever is at a path, a directory with all it holds. */
  deleteAll(path: string, backend: NamesWith<B, "deleteAll">, options?: AbortOptions): Promise<void> {
    return this.view(backend).deleteAll(path, options);
  }

  /** Copies a file, a link or a directory to another backend; see {@linkcode TransferOptions}. */
  copy(
    from: string,
    to: string,
    backend: NamesWith<B, "load">,
    options: TransferOptions & { to: NamesWith<B, "copy"> },
  ): Promise<TransferResult>;
  /** Copies a file, a link or a directory within a backend. */
  copy(from: string, to: string, backend: NamesWith<B, "copy">, options?: CopyOptions): Promise<void>;
  async copy(
    from: string,
    to: string,
    backend: string,
    options: TransferOptions & ToBackend<string> = {},
  ): Promise<TransferResult | void> {
    const { to: other, ...rest } = options;
    if (other === undefined || foldName(other) === foldName(backend)) {
      return await this.view(backend).copy(from, to, rest);
    }
    return await this.between("copy", backend, other, from, (a, b) => transfer(a, b, from, to, rest));
  }

  /** Moves to another backend: copies, compares every file, then deletes the source. */
  move(
    from: string,
    to: string,
    backend: NamesWith<B, "delete">,
    options: TransferOptions & { to: NamesWith<B, "copy"> },
  ): Promise<TransferResult>;
  /** Moves a file, a link or a directory within a backend. */
  move(from: string, to: string, backend: NamesWith<B, "move">, options?: CopyOptions): Promise<void>;
  async move(
    from: string,
    to: string,
    backend: string,
    options: TransferOptions & ToBackend<string> = {},
  ): Promise<TransferResult | void> {
    const { to: other, ...rest } = options;
    if (other === undefined || foldName(other) === foldName(backend)) {
      return await this.view(backend).move(from, to, rest);
    }
    return await this.between("move", backend, other, from, (a, b) => transferAndDelete(a, b, from, to, rest));
  }

  /**
   * Makes a directory equal to another, in the same or another backend: copies what is missing or has other content, and
   * with `delete` takes away the rest. Running it again after an interruption goes on where it was.
   */
  async sync(
    from: string,
    to: string,
    backend: NamesWith<B, "load">,
    options: SyncOptions & ToBackend<NamesWith<B, "copy">> = {},
  ): Promise<SyncResult> {
    const { to: other = backend, ...rest } = options;
    return await this.between("sync", backend, other, from, (a, b) => synchronise(a, b, from, to, rest));
  }

  /** Loads a part of an image, and what statistics need. */
  sample(
    path: string,
    backend: NamesWith<B, "sample">,
    request?: ImageSamplingRequest,
  ): Promise<ImageSamplingResult> {
    return this.view(backend).sample(path, request);
  }

  /** Loads a part of the image a reference means. */
  async sampleSourceRef(
    ref: SourcePixelRef,
    options: { basePath?: string | undefined; request?: ImageSamplingRequest | undefined } = {},
  ): Promise<ImageSamplingResult> {
    const view = this.view(ref.backend);
    const address = view.resolveAddress(ref.backendAddress, options);
    if (!ref.sourceAxisIndices?.length) return await view.sample(address, options.request);
    return sampleImage(planeOf(await view.load(address), ref), options.request, address);
  }

  /** The address in a backend to load from, for what the caller calls `address`. */
  resolveAddress(
    address: string,
    backend: NamesWith<B, "resolveAddress">,
    options?: { basePath?: string | undefined },
  ): string {
    return this.view(backend).resolveAddress(address, options);
  }

  /** The address of something a backend has listed in `directory`. */
  resolveListedAddress(address: string, backend: keyof B & string, options: { directory: string }): string {
    return this.view(backend).resolveListedAddress(address, options);
  }

  /** The path that stands for the origin of what is at an address. */
  sourcePath(
    address: string,
    backend: NamesWith<B, "sourcePath">,
    options?: { basePath?: string | undefined },
  ): string {
    return this.view(backend).sourcePath(address, options);
  }

  /** The file of this machine behind an address, if there is one. */
  physicalSourcePath(
    address: string,
    backend: keyof B & string,
    options?: { basePath?: string | undefined },
  ): string | undefined {
    return this.view(backend).physicalSourcePath(address, options);
  }
}
