/**
 * {@linkcode DiskStore}: bytes in the files of the system.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { ABANDONED_AFTER, sweepDirectory, withLock } from "./disk/directory.ts";
import { checkConditions, etagOf, SYNC_SIZE } from "./disk/draft.ts";
import { diskError, isAbsence } from "./disk/error.ts";
import { listDirectory } from "./disk/list.ts";
import { moveEntry, removeEntry, removeTree } from "./disk/move.ts";
import { DiskPlaces, lookAt } from "./disk/place.ts";
import { directoryOf } from "./disk/system_path.ts";
import { openFile, readFile } from "./disk/read.ts";
import { type DiskWriteOptions, DiskWriter, type Durability } from "./disk/writer.ts";
import type { Complete } from "./layer.ts";
import type {
  AbortOptions,
  DeleteOptions,
  Entry,
  ListOptions,
  ReadOptions,
  Stat,
  Store,
  Timed,
  WriteOptions,
  WriteRequest,
  WriteResult,
} from "./store.ts";
import { guarded } from "./stream.ts";

export type { DiskWriteOptions, Durability } from "./disk/writer.ts";

/** Options of {@linkcode DiskStore}. */
export interface DiskStoreOptions {
  /**
   * A directory to stay in: every path is below it, and nothing outside is read or written, through symbolic
   * links neither. Made on the first write. A function is asked by each operation, and always tells the same.
   *
   * @default {undefined} none: paths are the system's own, absolute or relative to the working directory
   */
  root?: string | (() => string) | undefined;
  /**
   * How safe a write is when it resolves.
   *
   * @default {"full"}
   */
  durability?: Durability | undefined;
}

/** Options of {@linkcode DiskStore.sweep}. */
export interface SweepOptions extends AbortOptions {
  /**
   * How long a temporary file must have been left alone, in milliseconds.
   *
   * @default {3600000} one hour
   */
  olderThan?: number | undefined;
}

/**
 * Bytes in the files of the system, with its directories and symbolic links.
 *
 * Content is written to a hidden temporary file beside the target, synced, and renamed onto it. Temporary files of
 * processes that died are never listed; they are removed when the next process first writes to their directory an hour
 * later, or by {@linkcode DiskStore.sweep}.
 *
 * `ifAbsent` and `ifMatch` hold against every other process that uses this class, through a lock on the directory;
 * with `durability: "fast"` a plain write does not take that lock. Small calls into the system are made synchronously,
 * which is several times faster than through a thread; reading and writing more than 1 MiB, and syncing, are not.
 *
 * Pipes, sockets and devices are not listed and are no files; opening a pipe waits for its writer, as it does everywhere.
 *
 * Permissions: `--allow-read` and `--allow-write` for the root; `createSymlink` needs both without a path.
 *
 * @example
 * ```ts
 * import { DiskStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const root = await Deno.makeTempDir();
 * const store = new DiskStore({ root });
 * await store.write("a/b.bin", new Uint8Array([1, 2, 3]));
 * assert.deepEqual(await Deno.readFile(`${root}/a/b.bin`), new Uint8Array([1, 2, 3]));
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export class DiskStore implements Complete<Omit<Store, keyof Timed>> {
  readonly #places: DiskPlaces;
  readonly #writer: DiskWriter;

  /** Creates the store; the disk is not touched yet. */
  constructor(options: DiskStoreOptions = {}) {
    this.#places = new DiskPlaces(options.root);
    this.#writer = new DiskWriter(this.#places, options.durability ?? "full");
  }

  /** Whether it has a root, outside of which nothing is read or written. */
  get confined(): boolean {
    return this.#places.confined;
  }

  /** See `Readable.read`. */
  async read(path: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    options?.signal?.throwIfAborted();
    try {
      const bytes = readFile(this.#places.source(path), options);
      return bytes instanceof Promise ? await bytes : bytes;
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw diskError(error, path);
    }
  }

  /** See `Readable.stat`. The etag is made of the time, size and inode of the file. */
  async stat(path: string, options?: AbortOptions): Promise<Stat | undefined> {
    return await lookup(path, options, () => {
      const info = Deno.statSync(this.#places.source(path));
      if (info.isDirectory) return { kind: "directory", modified: info.mtime ?? undefined };
      if (!info.isFile) return undefined;
      return { kind: "file", size: info.size, modified: info.mtime ?? undefined, etag: etagOf(info) };
    });
  }

  /** See `Listable.list`. */
  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<Entry> {
    options.signal?.throwIfAborted();
    let left = options.limit ?? Infinity;
    if (left <= 0) return;
    try {
      const directory = this.#places.source(prefix);
      for await (const entry of listDirectory(directory, prefix, options, this.#places.confined)) {
        yield entry;
        if (--left <= 0) return;
      }
    } catch (error) {
      if (!isAbsence(error)) throw diskError(error, prefix);
    }
  }

  /** See `Writable.write`. */
  async write(path: string, bytes: Uint8Array, options?: DiskWriteOptions): Promise<WriteResult> {
    options?.signal?.throwIfAborted();
    try {
      const etag = this.#writer.writeNow(path, bytes, options);
      if (etag !== undefined) return { etag };
      return await this.#writer.write(
        path,
        options,
        bytes.length <= SYNC_SIZE
          ? (draft) => draft.appendSync(bytes)
          : async (draft) => await draft.append(bytes, options?.signal),
      );
    } catch (error) {
      throw diskError(error, path);
    }
  }

  /** See `Writable.delete`. */
  async delete(path: string, options?: DeleteOptions): Promise<void> {
    const ifMatch = options?.ifMatch;
    const deleted = await lookup(path, options, async () => {
      const place = this.#places.target(path, false);
      if (place.info === undefined) return undefined;
      if (ifMatch === undefined) removeEntry(place, path);
      else {
        await withLock(place.directory, true, () => {
          const info = lookAt(place.path);
          checkConditions(info?.isFile ? info : undefined, path, { ifMatch });
          removeEntry(place, path);
        });
      }
      this.#writer.noteRemoval(place.directory, place.info);
      await this.#writer.settle(place.directory);
      return true;
    });
    if (!deleted && ifMatch !== undefined) checkConditions(undefined, path, { ifMatch });
  }

  /** See `Directories.makeDirectory`. */
  async makeDirectory(path: string, options?: AbortOptions): Promise<void> {
    await change(
      path,
      options,
      () => this.#writer.settle(...this.#places.makeDirectories(this.#places.lexical(path), path)),
    );
  }

  /** See `Links.createSymlink`. Deno asks for `--allow-read` and `--allow-write` without a path. */
  async createSymlink(target: string, path: string, options?: AbortOptions): Promise<void> {
    await change(path, options, async () => {
      const { place, made } = this.#writer.place(path, false);
      try {
        const type = (await this.stat(target))?.kind === "directory" ? "dir" : "file"; // Windows asks
        Deno.symlinkSync(this.#places.linkText(target, place), place.path, { type });
      } catch (error) {
        this.#writer.unmake(made);
        throw error;
      }
      await this.#writer.settle(place.directory, ...made.map(directoryOf));
    });
  }

  /** See `Links.readSymlink`. */
  async readSymlink(path: string, options?: AbortOptions): Promise<string | undefined> {
    return await lookup(path, options, () => {
      const place = this.#places.target(path, false);
      return place.info?.isSymlink ? this.#places.linkTarget(path, place, Deno.readLinkSync(place.path)) : undefined;
    });
  }

  /** See `Accelerated.copy`. */
  async copy(from: string, to: string, options?: DiskWriteOptions): Promise<WriteResult> {
    return await change(to, options, () =>
      this.#writer.write(to, options, async (draft) => {
        const source = await this.openRead(from, { signal: options?.signal });
        if (source === undefined) throw new StorageError("not-found", "not found", { path: from });
        for await (const chunk of source) await draft.append(chunk);
      }));
  }

  /** See `Accelerated.move`. */
  async move(from: string, to: string, options?: Pick<WriteOptions, "ifAbsent" | "signal">): Promise<void> {
    await change(
      from,
      options,
      () => moveEntry(this.#places, this.#writer, from, to, options?.ifAbsent ?? false),
    );
  }

  /** See `Accelerated.deleteTree`. */
  async deleteTree(path: string, options?: AbortOptions): Promise<void> {
    await lookup(path, options, async () => {
      const place = this.#places.target(path, false);
      await removeTree(place, path);
      this.#writer.noteRemoval(place.directory, place.info);
      await this.#writer.settle(place.directory);
    });
  }

  /** See `Accelerated.readMany`. */
  async readMany(paths: readonly string[], options?: AbortOptions): Promise<(Uint8Array | undefined)[]> {
    const contents: (Uint8Array | undefined)[] = [];
    for (const path of paths) contents.push(await this.read(path, options));
    return contents;
  }

  /** See `Accelerated.writeMany`. Not one is published before all are on the disk; the directories are synced once. */
  async writeMany(
    writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>,
    options?: DiskWriteOptions,
  ): Promise<WriteResult[]> {
    return await this.#writer.writeMany(writes, options);
  }

  /** See `Accelerated.writeParts`. */
  async writeParts(path: string, parts: readonly Uint8Array[], options?: DiskWriteOptions): Promise<WriteResult> {
    return await change(path, options, () =>
      this.#writer.write(path, options, async (draft) => {
        for (const part of parts) await draft.append(part, options?.signal);
      }));
  }

  /** See `Accelerated.openRead`. */
  async openRead(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array> | undefined> {
    return await lookup(path, options, () => openFile(this.#places.source(path), path, options));
  }

  /** See `Accelerated.openWrite`. */
  async openWrite(path: string, options?: DiskWriteOptions): Promise<WritableStream<Uint8Array>> {
    const prepared = await change(path, options, () => this.#writer.prepare(path, options));
    const { draft } = prepared;
    draft.hold();
    let pending: Promise<void> = Promise.resolve();
    return guarded({
      write: (chunk) => pending = change(path, undefined, () => draft.append(chunk)),
      close: async () => void await change(path, options, () => this.#writer.finish(prepared, options)),
      abort: async () => {
        await pending.catch(() => {/* the writer has seen it */});
        this.#writer.discard(prepared);
      },
    }, options?.signal);
  }

  /** See `Closable.close`. Nothing is kept open between calls. */
  async close(): Promise<void> {}

  /**
   * The path of the system of an entry, with the links on the way to it resolved; what does not exist stays as it is written.
   *
   * @param path A path of the store.
   * @returns The path of the system.
   */
  async realPlace(path: string): Promise<string> {
    return await change(path, undefined, () => this.#places.real(path));
  }

  /**
   * Removes the temporary files that processes which died have left below a directory.
   *
   * @param directory Where; `""` is the root, or the working directory.
   * @param options Which.
   * @returns How many were removed.
   */
  async sweep(directory: string, options: SweepOptions = {}): Promise<number> {
    const { olderThan = ABANDONED_AFTER, signal } = options;
    return await lookup(directory, options, async () => {
      let removed = await sweepDirectory(this.#places.source(directory), olderThan);
      for await (const { path, kind } of this.list(directory, { signal })) {
        if (kind === "directory") removed += await sweepDirectory(this.#places.source(path), olderThan);
      }
      return removed;
    }) ?? 0;
  }
}

/** Runs an operation that answers `undefined` where nothing is there. */
async function lookup<T>(
  path: string,
  options: AbortOptions | undefined,
  run: () => T | undefined | Promise<T | undefined>,
): Promise<T | undefined> {
  options?.signal?.throwIfAborted();
  try {
    return await run();
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw diskError(error, path);
  }
}

/** Runs an operation to which absence is an error as any other. */
async function change<T>(path: string, options: AbortOptions | undefined, run: () => T | Promise<T>): Promise<T> {
  options?.signal?.throwIfAborted();
  try {
    return await run();
  } catch (error) {
    throw diskError(error, path);
  }
}
