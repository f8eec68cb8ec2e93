/**
 * Stores of this package for zarrita, and stores of zarrita for this package.
 *
 * @see {@link https://github.com/manzt/zarrita.js zarrita}
 * @module
 */

import { StorageError } from "../errors.ts";
import { joinPath, normalizePath } from "../path.ts";
import { cut } from "../stores/range.ts";
import type { AbortOptions, ByteRange, ReadOptions, Stat, Store } from "../stores/store.ts";

/** A key of zarrita. */
export type ZarritaKey = `/${string}`;

/** A range of zarrita. */
export type ZarritaRange = { offset: number; length: number } | { suffixLength: number };

/** What zarrita reads from; a `Map` is one. */
export interface ZarritaReadable {
  /** The bytes of a key; `undefined` if there are none. */
  get(key: ZarritaKey, options?: AbortOptions): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Some of the bytes of a key. */
  getRange?(
    key: ZarritaKey,
    range: ZarritaRange,
    options?: AbortOptions,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/** What zarrita reads from and writes to. */
export interface ZarritaStore {
  /** The bytes of a key; `undefined` if there are none. */
  get(key: ZarritaKey, options?: { signal?: AbortSignal }): Promise<Uint8Array | undefined>;
  /** Some of the bytes of a key. */
  getRange(
    key: ZarritaKey,
    range: ZarritaRange,
    options?: { signal?: AbortSignal },
  ): Promise<Uint8Array | undefined>;
  /** Sets the bytes of a key; what was there is replaced in one step. */
  set(key: ZarritaKey, value: Uint8Array): Promise<void>;
}

/**
 * Makes a store that zarrita takes of any store of this package.
 *
 * @param store The store.
 * @returns The store for zarrita; its `set` rejects with `unsupported` if the store cannot be written.
 *
 * @example
 * ```ts
 * import { asZarrita, ZarrBackend } from "@polystore/polystore/zarr";
 * import { MemoryStore, ndarray } from "@polystore/polystore";
 * import * as zarrita from "zarrita";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await new ZarrBackend({ store }).save(ndarray(new Int16Array([1, 2, 3]), [3]), "group/a");
 *
 * const array = await zarrita.open(zarrita.root(asZarrita(store)).resolve("group/a"), { kind: "array" });
 * assert.deepEqual((await zarrita.get(array)).data, new Int16Array([1, 2, 3]));
 * ```
 */
export function asZarrita(store: Store): ZarritaStore {
  return {
    get: async (key, options) => await read(pathOf(key), options),
    getRange: async (key, range, options) => {
      const asked = "suffixLength" in range ? { suffix: range.suffixLength } : range;
      return await read(pathOf(key), { ...options, range: asked });
    },
    set: async (key, value) => {
      const path = pathOf(key);
      if (store.write === undefined) throw new StorageError("unsupported", "the store cannot be written", { path });
      await store.write(path, value);
    },
  };

  async function read(path: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    const bytes = await store.read(path, options);
    // Some of its codecs take the whole buffer for the bytes.
    return bytes === undefined || bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  }
}

function pathOf(key: ZarritaKey): string {
  return normalizePath(key.slice(1));
}

/** Files by which an array or a group, and so a directory, is known. */
const DOCUMENTS: readonly string[] = ["zarr.json", ".zarray", ".zgroup"];

/** What others throw where a directory is, or nothing. */
const ABSENT: ReadonlySet<unknown> = new Set(["ENOENT", "EISDIR", "ENOTDIR"]);

/**
 * Makes a store of this package of any store that zarrita reads from: an archive, a web site, a list of references. Arrays in it can be
 * read; nothing can be listed, because zarrita knows no such thing, and what a range beyond the end gives is up to that store.
 *
 * @param readable The store of zarrita.
 * @returns A store that reads.
 *
 * @example
 * ```ts
 * import { fromZarrita, ZarrBackend } from "@polystore/polystore/zarr";
 * import * as zarrita from "zarrita";
 * import assert from "node:assert/strict";
 *
 * const map = new Map<`/${string}`, Uint8Array>();
 * const array = await zarrita.create(zarrita.root(map).resolve("a"), {
 *   shape: [2],
 *   chunkShape: [2],
 *   dtype: "uint8",
 *   codecs: [{ name: "bytes", configuration: {} }],
 *   fillValue: 0,
 * });
 * await zarrita.set(array, null, { data: new Uint8Array([1, 2]), shape: [2], stride: [1] });
 *
 * const zarr = new ZarrBackend({ store: fromZarrita(map) });
 * assert.deepEqual(await zarr.load("a"), { dtype: "uint8", data: new Uint8Array([1, 2]), shape: [2], stride: [1] });
 * ```
 */
export function fromZarrita(readable: ZarritaReadable): Store {
  async function read(path: string, { range, signal }: ReadOptions = {}): Promise<Uint8Array | undefined> {
    signal?.throwIfAborted();
    const options = { signal };
    try {
      const asked = rangeOf(range);
      if (asked !== undefined && readable.getRange !== undefined) {
        return own(await readable.getRange(`/${path}`, asked, options));
      }
      const bytes = await readable.get(`/${path}`, options);
      return bytes && own(cut(bytes, range));
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof Error && "code" in error && ABSENT.has(error.code)) return undefined;
      throw new StorageError("io", error instanceof Error ? error.message : String(error), { path, cause: error });
    }
  }

  return {
    read,
    async stat(path: string, options?: AbortOptions): Promise<Stat | undefined> {
      const head = { ...options, range: { offset: 0, length: 1 } };
      if (path === "") return { kind: "directory" };
      if (await read(path, head) !== undefined) return { kind: "file" };
      for (const name of DOCUMENTS) {
        if (await read(joinPath(path, name), head) !== undefined) return { kind: "directory" };
      }
      return undefined;
    },
  };
}

/** The same range for zarrita, which has no open end. */
function rangeOf(range: ByteRange | undefined): ZarritaRange | undefined {
  if (range === undefined) return undefined;
  if ("suffix" in range) return { suffixLength: range.suffix };
  return range.length === undefined ? undefined : { offset: range.offset, length: range.length };
}

/** A copy: what is read of a store of this package is the caller's own. */
function own(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes?.slice();
}
