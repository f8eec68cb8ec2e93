/**
 * {@linkcode ZipStore}: what is in a zip archive.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { DiskStore } from "./disk_store.ts";
import type { AbortOptions, Entry, ListOptions, ReadOptions, Stat, Store } from "./store.ts";
import type { ZipArchive } from "./zip/archive.ts";

/** The archive: its bytes, a file of a store, or a file of the disk. */
export type ZipLocation =
  | {
    /** The archive. It must not change while it is used. */
    readonly bytes: Uint8Array;
    readonly store?: undefined;
    readonly path?: undefined;
  }
  | {
    /** The store it is in. It needs no more than `read` with ranges and `stat` with a size; it is not closed. */
    readonly store: Store;
    /** Its path there. */
    readonly path: string;
    readonly bytes?: undefined;
  }
  | {
    /** Its path on the disk. */
    readonly path: string;
    readonly bytes?: undefined;
    readonly store?: undefined;
  };

/** How an archive is read. */
export interface ZipReadOptions {
  /**
   * The most bytes a compressed entry may be inflated to; what announces more is refused with `unsupported`, what turns out to be more
   * than it announces with `corrupt`. Entries that are not compressed can be of any size.
   *
   * @default {1073741824} 1 GiB
   */
  maxSize?: number | undefined;
  /**
   * The most bytes of content for each byte in the archive; what announces more is refused with `unsupported`.
   *
   * @default {1032} as much as deflate can reach at all; what announces more than that is `corrupt`
   */
  maxRatio?: number | undefined;
  /**
   * How long the archive is taken for the same without looking, in milliseconds; `0` looks each time, `Infinity` never again. Bytes
   * never change.
   *
   * @default {0}
   */
  maxAge?: number | undefined;
}

/** Options of {@linkcode ZipStore}. */
export type ZipStoreOptions = ZipLocation & ZipReadOptions;

/**
 * What is in a zip archive, to be read. Of an archive in a store or on the disk only the directory at its end and what is asked for are
 * read: of a stored entry the bytes of the range, of a compressed one as much as the range needs. Checksums are compared wherever an
 * entry is read to its end from its beginning. When another archive takes its place, that is noticed: no answer is mixed of both.
 *
 * Names are paths by the one rule: a leading `/`, `.` and `//` are folded, a backslash or a colon is a character as any other, and
 * directories are there if they have an entry or something is in them. An archive is refused as `corrupt` if a name in it
 * holds `..` or NUL, is there twice, or is a file and a directory. Symbolic links are followed within the archive; one that leads out leads nowhere. An entry
 * that is encrypted, or compressed otherwise than by deflate, is listed, and `unsupported` when it is read.
 *
 * Permissions: for a path on the disk, `--allow-read` for it.
 *
 * @example
 * ```ts
 * import { ZipStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const empty = new Uint8Array(22);
 * empty.set([0x50, 0x4b, 5, 6]);
 * const store = new ZipStore({ bytes: empty });
 * assert.deepEqual(await store.stat(""), { kind: "directory" });
 * assert.equal(await store.read("a.txt"), undefined);
 * ```
 *
 * @see {@link https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT APPNOTE}, the zip format
 */
export class ZipStore implements Store {
  readonly #options: ZipStoreOptions;
  #archive: ZipArchive | undefined;
  #loading: Promise<ZipArchive> | undefined;

  /**
   * Creates the store; nothing is read yet.
   *
   * @throws {RangeError} If an option is not what it should be.
   */
  constructor(options: ZipStoreOptions) {
    const { bytes, path, maxSize = 0, maxRatio = 1, maxAge = 0 } = options ?? {};
    if (bytes === undefined && typeof path !== "string") {
      throw new TypeError("Cannot create ZipStore: give { bytes }, { path }, or { store, path }");
    }
    for (const [name, value] of Object.entries({ maxSize, maxRatio, maxAge })) {
      if (!(value >= 0)) {
        throw new RangeError(`Cannot create ZipStore: ${name} must not be negative: received ${value}`);
      }
    }
    this.#options = options;
  }

  /** See `Readable.read`. */
  async read(path: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    options?.signal?.throwIfAborted();
    const archive = this.#archive ?? await this.#loaded();
    return await told(path, archive.read(path, options));
  }

  /** See `Readable.stat`. */
  async stat(path: string, options?: AbortOptions): Promise<Stat | undefined> {
    options?.signal?.throwIfAborted();
    const archive = this.#archive ?? await this.#loaded();
    return await told(path, archive.stat(path, options));
  }

  /** See `Listable.list`. */
  async *list(prefix: string, options?: ListOptions): AsyncGenerator<Entry> {
    options?.signal?.throwIfAborted();
    yield* (this.#archive ?? await this.#loaded()).list(prefix, options);
  }

  /** See `Links.readSymlink`. */
  async readSymlink(path: string, options?: AbortOptions): Promise<string | undefined> {
    options?.signal?.throwIfAborted();
    return await told(path, (this.#archive ?? await this.#loaded()).readSymlink(path, options));
  }

  /** See `Accelerated.openRead`. */
  async openRead(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array> | undefined> {
    options?.signal?.throwIfAborted();
    return await told(path, (this.#archive ?? await this.#loaded()).openRead(path, options));
  }

  /** See `Closable.close`. Nothing is kept open between calls; what is known of the archive is forgotten. */
  async close(): Promise<void> {
    await this.#loading?.catch(() => undefined);
    this.#archive = undefined;
    this.#loading = undefined;
  }

  /** Loads what reads zip archives. */
  async #loaded(): Promise<ZipArchive> {
    try {
      return this.#archive = await (this.#loading ??= load(this.#options));
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }
}

async function load(options: ZipStoreOptions): Promise<ZipArchive> {
  const { maxSize = 2 ** 30, maxAge = 0, bytes, store = new DiskStore(), path } = options;
  const [{ ZipArchive }, { bytesSource, storeSource }, { MAX_RATIO }] = await Promise.all([
    import("./zip/archive.ts"),
    import("./zip/source.ts"),
    import("../zip_member.ts"),
  ]);
  const source = bytes === undefined ? storeSource(store, path!) : bytesSource(bytes);
  return new ZipArchive(source, { maxSize, maxRatio: options.maxRatio ?? MAX_RATIO, maxAge });
}

/** What went wrong, of which path. */
async function told<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof StorageError && error.path === undefined ? error.at(path) : error;
  }
}
