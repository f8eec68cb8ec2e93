/**
 * {@linkcode BasedBackend}: a backend below a directory of a backend, so that one whose paths are the system's own can be
 * tried without touching the system.
 *
 * @module
 */

import {
  type BackendDeleteOptions,
  type CopyOptions,
  StorageBackend,
  type SymlinkOptions,
} from "../../backends/backend.ts";
import type {
  EntriesOptions,
  FileInfo,
  ListFilesOptions,
  LoadOptions,
  SaveOptions,
  SaveResult,
} from "../../backends/data_source.ts";
import { isStorageError } from "../../backends/errors.ts";
import type { AbortOptions, Entry, ReadOptions, WriteOptions } from "../../backends/stores/store.ts";
import { withErrors } from "../../backends/stores/stream.ts";

/** Passes every call on with `base` in front of its paths, and takes it off the paths that come back. */
export class BasedBackend extends StorageBackend {
  readonly #inner: StorageBackend;
  readonly #base: string;

  /** Puts `base`, a path without a slash at its end, in front of the paths of `inner`. */
  constructor(inner: StorageBackend, base: string) {
    super();
    this.#inner = inner;
    this.#base = base;
  }

  override get keepsValues(): boolean {
    return this.#inner.keepsValues;
  }

  override save(data: unknown, path: string, options?: SaveOptions): Promise<SaveResult> {
    return this.#run(() => this.#inner.save(data, this.#full(path), options));
  }

  override load(path: string, options?: LoadOptions): Promise<unknown> {
    return this.#run(() => this.#inner.load(this.#full(path), options));
  }

  override saveBatch(
    data: readonly unknown[],
    paths: readonly string[],
    options?: SaveOptions,
  ): Promise<SaveResult[]> {
    return this.#run(() => this.#inner.saveBatch(data, paths.map((path) => this.#full(path)), options));
  }

  override loadBatch(paths: readonly string[], options?: LoadOptions): Promise<unknown[]> {
    return this.#run(() => this.#inner.loadBatch(paths.map((path) => this.#full(path)), options));
  }

  override stat(path: string, options?: AbortOptions): Promise<FileInfo> {
    return this.#run(async () => {
      const info = await this.#inner.stat(this.#full(path), options);
      return { ...info, path, target: info.target && this.#own(info.target) };
    });
  }

  override async *entries(directory: string, options?: EntriesOptions): AsyncGenerator<Entry> {
    try {
      for await (const entry of this.#inner.entries(this.#full(directory), options)) {
        yield { ...entry, path: this.#own(entry.path) };
      }
    } catch (error) {
      throw this.#translated(error);
    }
  }

  override listFiles(directory: string, options?: ListFilesOptions): Promise<string[]> {
    return this.#run(async () => {
      const paths = await this.#inner.listFiles(this.#full(directory), options);
      return paths.map((path) => this.#own(path));
    });
  }

  override listDir(directory: string, options?: AbortOptions): Promise<string[]> {
    return this.#run(() => this.#inner.listDir(this.#full(directory), options));
  }

  override exists(path: string, options?: AbortOptions): Promise<boolean> {
    return this.#inner.exists(this.#full(path), options);
  }

  override isFile(path: string, options?: AbortOptions): Promise<boolean> {
    return this.#inner.isFile(this.#full(path), options);
  }

  override isDir(path: string, options?: AbortOptions): Promise<boolean> {
    return this.#inner.isDir(this.#full(path), options);
  }

  override isSymlink(path: string, options?: AbortOptions): Promise<boolean> {
    return this.#inner.isSymlink(this.#full(path), options);
  }

  override ensureDirectory(path: string, options?: AbortOptions): Promise<string> {
    return this.#run(async () => this.#own(await this.#inner.ensureDirectory(this.#full(path), options)));
  }

  override createSymlink(source: string, path: string, options?: SymlinkOptions): Promise<void> {
    return this.#run(() => this.#inner.createSymlink(this.#full(source), this.#full(path), options));
  }

  override delete(path: string, options?: BackendDeleteOptions): Promise<void> {
    return this.#run(() => this.#inner.delete(this.#full(path), options));
  }

  override deleteAll(path: string, options?: AbortOptions): Promise<void> {
    return this.#run(() => this.#inner.deleteAll(this.#full(path), options));
  }

  override copy(from: string, to: string, options?: CopyOptions): Promise<void> {
    return this.#run(() => this.#inner.copy(this.#full(from), this.#full(to), options));
  }

  override move(from: string, to: string, options?: CopyOptions): Promise<void> {
    return this.#run(() => this.#inner.move(this.#full(from), this.#full(to), options));
  }

  override openRead(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array>> {
    return this.#run(() => this.#inner.openRead!(this.#full(path), options));
  }

  override openWrite(path: string, options?: WriteOptions): Promise<WritableStream<Uint8Array>> {
    return this.#run(async () =>
      withErrors(await this.#inner.openWrite!(this.#full(path), options), (error) => this.#translated(error))
    );
  }

  override close(): Promise<void> {
    return this.#inner.close();
  }

  #full(path: string): string {
    if (typeof path !== "string") return path; // it is to be refused as it is
    return path === "" ? this.#base : `${this.#base}/${path}`;
  }

  #own(path: string): string {
    if (path === this.#base) return "";
    return path.startsWith(`${this.#base}/`) ? path.slice(this.#base.length + 1) : path;
  }

  async #run<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      throw this.#translated(error);
    }
  }

  #translated(error: unknown): unknown {
    return isStorageError(error) && error.path !== undefined ? error.at(this.#own(error.path)) : error;
  }
}
