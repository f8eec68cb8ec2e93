/**
 * {@linkcode KeyvStore}: what Keyv keeps its entries in, on any backend.
 *
 * @module
 */

import type { StorageBackend } from "../../backends/backend.ts";
import type { ExpiringSaveOptions } from "../../backends/data_source.ts";
import { isStorageError } from "../../backends/errors.ts";

/** What is different from backend to backend. */
export interface KeyvStoreOptions {
  /** Whether the backend has `expireIn`; else only Keyv itself looks at the time of an entry. */
  readonly expires: boolean;
  /**
   * The dialect of SQL: Keyv iterates over stores whose dialect it knows, and over no others.
   *
   * @default {undefined} none
   */
  readonly dialect?: string | undefined;
}

/** Entries of Keyv, which are text, as `.txt` files of a backend: one file a key. */
export class KeyvStore {
  /** What Keyv may look at and change. */
  readonly opts: Record<string, unknown>;
  /** Keyv says here whose entries `clear` means. */
  namespace: string | undefined;
  readonly #backend: StorageBackend;
  readonly #expires: boolean;
  readonly #pending = new Set<Promise<unknown>>();

  constructor(backend: StorageBackend, { expires, dialect }: KeyvStoreOptions) {
    this.#backend = backend;
    this.#expires = expires;
    this.opts = { dialect, url: "" };
  }

  get(key: string): Promise<string | undefined> {
    return this.#track(this.#get(key));
  }

  set(key: string, value: string, ttl?: number): Promise<void> {
    const options: ExpiringSaveOptions = this.#expires && ttl !== undefined ? { expireIn: ttl } : {};
    return this.#track(this.#backend.save(value, pathOf(key), options).then(() => undefined));
  }

  delete(key: string): Promise<boolean> {
    return this.#track(this.#delete(key));
  }

  clear(): Promise<void> {
    return this.#track(this.#clear());
  }

  has(key: string): Promise<boolean> {
    return this.#track(this.#backend.isFile(pathOf(key)));
  }

  /** Yields the entries of a namespace. */
  async *iterator(namespace?: string): AsyncGenerator<[string, string]> {
    for (const path of await this.#backend.listFiles("")) {
      const key = keyOf(path);
      if (namespace !== undefined && !key.startsWith(`${namespace}:`)) continue;
      const value = await this.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  /** Waits for what was begun: some tests only look whether a promise is answered. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  async #get(key: string): Promise<string | undefined> {
    try {
      return await this.#backend.load(pathOf(key)) as string;
    } catch (error) {
      if (isStorageError(error, "not-found")) return undefined;
      throw error;
    }
  }

  async #delete(key: string): Promise<boolean> {
    try {
      await this.#backend.delete(pathOf(key));
      return true;
    } catch (error) {
      if (isStorageError(error, "not-found")) return false;
      throw error;
    }
  }

  async #clear(): Promise<void> {
    for (const path of await this.#backend.listFiles("")) {
      const mine = this.namespace === undefined || keyOf(path).startsWith(`${this.namespace}:`);
      if (mine) await this.#backend.delete(path, { force: true });
    }
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#pending.add(work);
    const done = (): unknown => this.#pending.delete(work);
    work.then(done, done);
    return work;
  }
}

/** A key as one name: any key is one, an empty one and one of slashes and dots too. */
function pathOf(key: string): string {
  return `key-${encodeURIComponent(key)}.txt`;
}

function keyOf(path: string): string {
  return decodeURIComponent(path.slice("key-".length, -".txt".length));
}
