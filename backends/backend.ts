/**
 * The contracts: what a backend is. A backend keeps values at paths; implement {@linkcode StorageBackend} (reads
 * and writes), {@linkcode ReadOnlyBackend}, {@linkcode VirtualBackend} (paths that are made up) or
 * {@linkcode StreamingBackend} (only sends). If you have bytes at paths, write a `Store` instead and wrap it in a `StoreBackend`.
 *
 * @module
 */

import { checkBatch } from "./batch.ts";
import { type DataSink, DataSource, type FileInfo, type SaveOptions, type SaveResult } from "./data_source.ts";
import { isStorageError, StorageError, withContext } from "./errors.ts";
import { isInside, joinPath } from "./path.ts";
import type { AbortOptions, DeleteOptions, ReadOptions, WriteOptions } from "./stores/store.ts";

/** Options of {@linkcode StorageBackend.delete}. */
export interface BackendDeleteOptions extends DeleteOptions {
  /**
   * Delete a directory with all it holds.
   *
   * @default {false} a directory that is not empty is refused
   */
  recursive?: boolean | undefined;
  /**
   * Succeed if nothing is there.
   *
   * @default {false}
   */
  force?: boolean | undefined;
}

/** Options of {@linkcode StorageBackend.copy} and {@linkcode StorageBackend.move}. */
export interface CopyOptions extends AbortOptions {
  /**
   * Replace files at the destination. A directory is never replaced: a tree copied onto one is merged into it, a
   * tree moved onto one is refused.
   *
   * @default {false} anything at the destination is refused with `already-exists`
   */
  overwrite?: boolean | undefined;
}

/** Options of {@linkcode StorageBackend.createSymlink}. */
export interface SymlinkOptions extends AbortOptions {
  /**
   * Replace a link that is there; anything else is refused with `already-exists` all the same.
   *
   * @default {false}
   */
  overwriteSymlinksOnly?: boolean | undefined;
  /**
   * Make the link even if nothing is where it leads.
   *
   * @default {false}
   */
  dangling?: boolean | undefined;
}

/**
 * A backend that reads only: an archive, a web site, a mounted data set.
 *
 * @example
 * ```ts
 * import { type Entry, type FileInfo, ReadOnlyBackend, registerBackend, StorageError } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * class Constants extends ReadOnlyBackend {
 *   static readonly backendType = "constants";
 *   static {
 *     registerBackend(this);
 *   }
 *   override load(path: string): Promise<unknown> {
 *     if (path === "pi") return Promise.resolve(Math.PI);
 *     return Promise.reject(new StorageError("not-found", "not found", { path }));
 *   }
 *   override async stat(path: string): Promise<FileInfo> {
 *     if (path !== "") await this.load(path);
 *     return { path, kind: path === "" ? "directory" : "file", exists: true };
 *   }
 *   override async *entries(): AsyncGenerator<Entry> {
 *     yield { path: "pi", kind: "file" };
 *   }
 * }
 *
 * const constants = new Constants();
 * assert.equal(await constants.load("pi"), Math.PI);
 * assert.deepEqual(await constants.listDir(""), ["pi"]);
 * assert.equal(await constants.exists("e"), false);
 * ```
 */
export abstract class ReadOnlyBackend extends DataSource {
  /** Whether paths are checked against the file system before use: no, they are not of this machine. */
  override get requiresFilesystemValidation(): boolean {
    return false;
  }
}

/**
 * A backend that makes up its paths: it lists and loads what some other system holds in its own way, and takes what it
 * needs for that from the options. A missing option is refused with a `TypeError`.
 */
export abstract class VirtualBackend extends DataSource implements DataSink {
  /** Whether paths are checked against the file system before use: no, there is none. */
  override get requiresFilesystemValidation(): boolean {
    return false;
  }

  /** See {@linkcode DataSink.save}. */
  abstract save(data: unknown, path: string, options?: SaveOptions): Promise<SaveResult>;

  /** See {@linkcode DataSink.saveBatch}; one after the other. */
  async saveBatch(data: readonly unknown[], paths: readonly string[], options?: SaveOptions): Promise<SaveResult[]> {
    checkBatch(data, paths);
    return await Array.fromAsync(data, (value, index) => this.save(value, paths[index]!, options));
  }
}

/**
 * A backend that reads and writes: values at paths, with directories.
 *
 * A subclass implements `load`, `save`, `delete`, `stat` and `entries`; everything else is derived from these, and can be
 * overridden where the engine does it better. The promises at each method are what
 * `@polystore/polystore/testing` checks.
 */
export abstract class StorageBackend extends DataSource implements DataSink {
  /** Whether paths are checked against the file system before use. */
  override get requiresFilesystemValidation(): boolean {
    return true;
  }

  /** Whether values are kept as they are, formats playing no part until bytes are asked for. */
  get keepsValues(): boolean {
    return false;
  }

  /**
   * Whether the file at a path is kept as a value, and bytes are only made of it: then it goes to another backend as a value. It
   * need not be there: `keepsValues` tells of all.
   */
  keepsValueAt?(path: string, options?: AbortOptions): Promise<boolean>;

  /**
   * Copies from another backend what would lose something on the way as bytes or as a value; it need not be there.
   *
   * @param source The other backend.
   * @param from A file or directory there; of a directory only what it is itself, not what is in it.
   * @param to Where to; a directory is there already.
   * @returns Whether it was copied.
   */
  copyFrom?(source: StorageBackend, from: string, to: string, options?: CopyOptions): Promise<boolean>;

  /**
   * Saves a value: what `load` returns equals it. Parents come into being, what is there is replaced, and readers see the old
   * or the new content.
   *
   * @param data The value.
   * @param path Where to.
   * @param options Conditions, format, signal.
   * @returns The etag of the new content.
   * @throws {StorageError} `already-exists` with `overwrite: false`, `precondition-failed` with `ifMatch`,
   * `is-a-directory`, `not-a-directory`, `invalid-value`, `unknown-format`; nothing has changed then.
   */
  abstract save(data: unknown, path: string, options?: SaveOptions): Promise<SaveResult>;

  /**
   * Deletes a file, a link (not what it leads to) or an empty directory.
   *
   * @throws {StorageError} `not-found` unless `force`, `not-empty` unless `recursive`, `precondition-failed`.
   */
  abstract delete(path: string, options?: BackendDeleteOptions): Promise<void>;

  /**
   * Opens the encoded content of a file as a stream; present where the backend keeps or makes bytes.
   *
   * @throws {StorageError} `not-found`, `is-a-directory`, `not-a-directory`.
   */
  openRead?(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array>>;

  /**
   * Opens a file for writing its encoded content as a stream. It is published when the stream closes; aborting
   * leaves the old content.
   *
   * @throws {StorageError} what `save` throws, here or when it closes.
   */
  openWrite?(path: string, options?: WriteOptions): Promise<WritableStream<Uint8Array>>;

  /**
   * Yields what `stat` tells about a path, `undefined` where nothing is: at once, and again whenever the file there has come,
   * changed or gone. Changes that follow one another closely may be told as one; the last is always told. It ends when the caller
   * stops or aborts.
   *
   * @throws {StorageError} `unsupported`, `invalid-path`.
   */
  watch?(path: string, options?: AbortOptions): AsyncIterable<FileInfo | undefined>;

  /**
   * Saves many values. Everything is checked first; all or nothing where the engine has transactions.
   *
   * @param data The values.
   * @param paths Where to, one for each value.
   * @param options As of `save`, for all.
   * @returns The etags, in order.
   * @throws {StorageError} `invalid-argument` if the lengths differ or a path is there twice, and what `save` throws.
   */
  async saveBatch(data: readonly unknown[], paths: readonly string[], options?: SaveOptions): Promise<SaveResult[]> {
    return await withContext({ operation: "save" }, async () => {
      checkBatch(data, paths.map((path) => this.normalize(path)));
      return await Array.fromAsync(data, (value, index) => this.save(value, paths[index]!, options));
    });
  }

  /** Deletes whatever is at a path, a directory with all it holds. */
  async deleteAll(path: string, options?: AbortOptions): Promise<void> {
    await this.delete(path, { ...options, recursive: true });
  }

  /**
   * Makes a directory and its parents; succeeds if it is there. Where there are no empty directories, as this class takes it, nothing
   * is made: the directory is there when something is in it.
   *
   * @returns The path of the directory.
   * @throws {StorageError} `already-exists` if a file is there, `not-a-directory`.
   */
  async ensureDirectory(path: string, options?: AbortOptions): Promise<string> {
    return await withContext({ operation: "make directory", path }, async () => {
      try {
        const { kind, targetKind } = await this.stat(path, options);
        if (kind === "directory" || targetKind === "directory") return path;
      } catch (error) {
        if (isStorageError(error, "not-found")) return path;
        throw error;
      }
      throw new StorageError("already-exists", "a file is there already", { path });
    });
  }

  /**
   * Makes a symbolic link at `path` to `source`, which must exist unless `dangling`.
   *
   * @throws {StorageError} `not-found` if `source` is missing, `already-exists`, `unsupported`.
   */
  createSymlink(_source: string, path: string, _options?: SymlinkOptions): Promise<void> {
    return Promise.reject(
      new StorageError("unsupported", "this backend has no symbolic links", {
        operation: "link",
        path,
      }),
    );
  }

  /** Whether a path is a symbolic link. */
  async isSymlink(path: string, options?: AbortOptions): Promise<boolean> {
    return (await this.statOrAbsent(path, options))?.kind === "symlink";
  }

  /**
   * Copies a file, a link (as a link) or a directory with all it holds; parents of the destination come into being. A
   * link to something inside a copied directory leads to the copy of it.
   *
   * @throws {StorageError} `not-found`, `already-exists` unless `overwrite`, `is-a-directory`, `not-a-directory`,
   * `invalid-argument` (onto or into itself).
   */
  async copy(from: string, to: string, options?: CopyOptions): Promise<void> {
    await withContext({ operation: "copy", path: from }, () => {
      return this.#copyTree(this.normalize(from), this.normalize(to), options);
    });
  }

  async #copyTree(from: string, to: string, options?: CopyOptions): Promise<void> {
    const info = await this.stat(from, options);
    await this.checkApart(from, to, options);
    if (info.kind !== "directory") return await this.#copyEntry(from, to, info.target, options);
    const there = await this.statOrAbsent(to, options);
    if (there && !options?.overwrite) {
      throw new StorageError("already-exists", "the destination exists already", { path: to });
    }
    if (there && there.kind !== "directory") {
      throw new StorageError("not-a-directory", "a directory cannot replace a file", { path: to });
    }
    await this.ensureDirectory(to, options);
    for await (const entry of this.entries(from, { recursive: true, signal: options?.signal })) {
      const goal = joinPath(to, entry.path.slice(from.length + (from === "" ? 0 : 1)));
      if (entry.kind === "directory") await this.ensureDirectory(goal, options);
      else {
        const target = entry.kind === "symlink" ? (await this.stat(entry.path, options)).target : undefined;
        const inside = target !== undefined && (target === from || target.startsWith(`${from}/`));
        await this.#copyEntry(entry.path, goal, inside ? to + target.slice(from.length) : target, options);
      }
    }
  }

  async #copyEntry(from: string, to: string, target: string | undefined, options?: CopyOptions): Promise<void> {
    if (target === undefined) return await this.copyFile(from, to, options);
    if (this.normalize(target) !== target) {
      throw new StorageError("invalid-path", "it is a symbolic link that leads out, which cannot be copied", {
        path: from,
      });
    }
    if (options?.overwrite) await this.#clear(to, options);
    await this.createSymlink(target, to, { dangling: true, signal: options?.signal });
  }

  /** Takes away a file or link that is to be replaced by something else. */
  async #clear(path: string, options?: AbortOptions): Promise<void> {
    const there = await this.statOrAbsent(path, options);
    if (there && there.kind !== "directory") await this.delete(path, { signal: options?.signal });
  }

  /**
   * Moves a file, a link or a directory with all it holds; parents of the destination come into being.
   *
   * @throws {StorageError} `not-found`, `already-exists` unless `overwrite` (a directory at the destination: always),
   * `not-a-directory`, `invalid-argument` (onto or into itself); nothing has changed then.
   */
  async move(from: string, to: string, options?: CopyOptions): Promise<void> {
    await withContext({ operation: "move", path: from }, () => {
      return this.#moveTree(this.normalize(from), this.normalize(to), options);
    });
  }

  async #moveTree(from: string, to: string, options?: CopyOptions): Promise<void> {
    const { kind } = await this.stat(from, options);
    await this.checkApart(from, to, options);
    const there = await this.statOrAbsent(to, options);
    if (there && (!options?.overwrite || there.kind === "directory")) {
      throw new StorageError("already-exists", "the destination exists already", { path: to });
    }
    if (there && kind === "directory") {
      throw new StorageError("not-a-directory", "a directory cannot replace a file", { path: to });
    }
    if (there?.kind === "symlink") await this.#clear(to, options); // else what it leads to would be replaced
    await this.copy(from, to, options);
    await this.delete(from, { recursive: true, signal: options?.signal });
  }

  /** Copies one file; `copy` calls it for each. */
  protected async copyFile(from: string, to: string, options?: CopyOptions): Promise<void> {
    const value = await this.load(from, { signal: options?.signal });
    await this.save(value, to, { overwrite: options?.overwrite ?? false, signal: options?.signal });
  }

  /** Refuses to copy or move something onto or into itself, be it through links. */
  protected async checkApart(from: string, to: string, options?: AbortOptions): Promise<void> {
    const [source, goal] = [await this.realPlace(from, options), await this.realPlace(to, options)];
    if (!isInside(goal, source)) return;
    throw new StorageError(
      "invalid-argument",
      `it cannot be copied or moved onto or into itself: ${JSON.stringify(to)}`,
      { path: from },
    );
  }

  /** The path of an entry with the links on the way to it resolved; what does not exist stays as it is written. */
  protected async realPlace(path: string, options?: AbortOptions): Promise<string> {
    let pending = this.normalize(path).split("/");
    let place = "";
    for (let links = 0; pending.length > 1;) {
      const parent = joinPath(place, pending[0]!);
      const target = (await this.statOrAbsent(parent, options))?.target;
      pending = target === undefined ? pending.slice(1) : [...target.split("/"), ...pending.slice(1)];
      place = target === undefined ? parent : "";
      if (target !== undefined && ++links > MAX_LINKS) break;
    }
    return joinPath(place, ...pending);
  }
}

const MAX_LINKS = 40;
