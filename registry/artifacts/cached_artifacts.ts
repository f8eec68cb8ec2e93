/**
 * {@linkcode CachedArtifacts}: what was got from far away, kept in this process.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import { isStorageError, type StorageError } from "../../backends/errors.ts";
import { Flights } from "../../backends/stores/flights.ts";
import { ArtifactError } from "./artifact_error.ts";
import type {
  AbortOptions,
  AgainOptions,
  Artifact,
  ArtifactEvent,
  ArtifactStorage,
  BatchOperation,
  BatchOptions,
  BatchResult,
  Lease,
  LeaseRequest,
  ListArtifactsOptions,
  ListedArtifact,
  PutOptions,
  PutResult,
  RemoveOptions,
  WatchArtifactsOptions,
} from "./artifact_storage.ts";
import { follow } from "./follow.ts";

/** Options of {@linkcode CachedArtifacts}. */
export interface ArtifactCacheOptions {
  /**
   * How long what was got is taken for true, in milliseconds.
   *
   * @default {60_000}
   */
  ttl?: number | undefined;
  /**
   * How many values are kept; the one that was not asked for longest goes first.
   *
   * @default {1000}
   */
  max?: number | undefined;
  /**
   * Whether to listen for changes: what others change is forgotten as soon as it is told, and while nothing can be told nothing is
   * taken for true: then every `get` asks. What will not pass by waiting (`permission-denied`, `closed`, `unsupported`,
   * `invalid-argument`) is told to whoever asks from then on; after anything else it begins to listen again, by and by. It keeps a
   * connection, and so the program, until it is closed.
   *
   * @default {false}
   */
  watch?: boolean | undefined;
}

/**
 * Artifacts with a memory: what was got is kept in this process, and got from there. All who ask for the same at the same time make one request.
 * That nothing is there is not kept. A value is shared by all who get it, as it is where artifacts are local: do not change it.
 *
 * @typeParam T The values.
 *
 * @example
 * ```ts
 * import { CachedArtifacts, LocalArtifacts } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * const far = new LocalArtifacts<number>();
 * await far.put("k", 1);
 * const near = new CachedArtifacts(far, { ttl: 60_000 });
 * assert.equal((await near.get("k")).value, 1);
 * await far.put("k", 2); // behind its back
 * assert.equal((await near.get("k")).value, 1);
 * await near.put("k", 3);
 * assert.equal((await near.get("k")).value, 3);
 * await near.close();
 * ```
 */
export class CachedArtifacts<T> implements ArtifactStorage<T> {
  readonly #inner: ArtifactStorage<T>;
  readonly #kept: LRUCache<string, Artifact<T>>;
  readonly #flights = new Flights();
  /** What is being got, so that what changed meanwhile is not kept. */
  readonly #loading = new Map<string, symbol>();
  readonly #watch: boolean;
  readonly #closed = new AbortController();
  #live: boolean;
  #watching: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /**
   * Puts a memory in front; nothing is asked yet.
   *
   * @param inner Where the artifacts are; it is closed with this.
   * @param options How much to keep, and for how long.
   * @throws {StorageError} `invalid-argument` for a time or a number that is not more than 0.
   */
  constructor(inner: ArtifactStorage<T>, options: ArtifactCacheOptions = {}) {
    const { ttl = 60_000, max = 1000, watch = false } = options;
    if (!(ttl > 0) || !(Number.isInteger(max) && max > 0)) {
      throw new ArtifactError("invalid-argument", `ttl and max must be more than 0: received ${ttl} and ${max}`);
    }
    this.#inner = inner;
    // A coarser clock would cost a timer that runs on.
    this.#kept = new LRUCache({ max, ttl: Math.min(Math.ceil(ttl), Number.MAX_SAFE_INTEGER), ttlResolution: 0 });
    this.#watch = watch;
    this.#live = !watch;
  }

  /** What is kept of a key; `undefined` if nothing is, or if it cannot be trusted. */
  find(key: string): Artifact<T> | undefined {
    return this.#live ? this.#kept.get(key) : undefined;
  }

  /** See `ArtifactStorage.get`. */
  async get(key: string, options?: AbortOptions): Promise<Artifact<T>> {
    options?.signal?.throwIfAborted();
    this.#listen();
    return this.find(key) ?? await this.#flights.join(key, (signal) => this.#load(key, signal), options?.signal);
  }

  async #load(key: string, signal: AbortSignal): Promise<Artifact<T>> {
    const load = Symbol();
    this.#loading.set(key, load);
    try {
      const artifact = await this.#inner.get(key, { signal });
      if (this.#loading.get(key) === load) this.#kept.set(key, artifact);
      return artifact;
    } finally {
      if (this.#loading.get(key) === load) this.#loading.delete(key);
    }
  }

  #forget(key: string): void {
    this.#kept.delete(key);
    this.#loading.delete(key);
    this.#flights.forget(key);
  }

  #forgetAll(): void {
    this.#kept.clear();
    for (const key of [...this.#loading.keys()]) this.#forget(key);
  }

  /** Begins to listen for changes, once. */
  #listen(): void {
    if (this.#closed.signal.aborted) throw new ArtifactError("closed", "the registry was closed");
    if (this.#failure) throw this.#failure.error;
    if (this.#watch) this.#watching ??= this.#follow();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closed;
    const interrupted = (): void => {
      this.#live = false;
      this.#forgetAll();
    };
    try {
      const options = { signal, resume: false, onInterrupted: interrupted, final };
      for await (const { kind, key } of follow(this.#inner, options)) {
        if (key === undefined || kind === "clear" || kind === "reset") this.#forgetAll();
        else this.#forget(key);
        this.#live = true;
      }
    } catch (error) {
      if (!signal.aborted) this.#failure = { error };
    } finally {
      interrupted();
    }
  }

  /** See `ArtifactStorage.has`. */
  async has(key: string, options?: AbortOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    this.#listen();
    return this.find(key) !== undefined || await this.#inner.has(key, options);
  }

  /** See `ArtifactStorage.put`. */
  async put(key: string, value: T, options?: PutOptions): Promise<PutResult> {
    return await this.#changing([key], () => this.#inner.put(key, value, options));
  }

  /** See `ArtifactStorage.delete`. */
  async delete(key: string, options?: RemoveOptions): Promise<boolean> {
    return await this.#changing([key], () => this.#inner.delete(key, options));
  }

  /** Forgets keys before and after a change, whether or not it succeeds. */
  async #changing<R>(keys: readonly string[], change: () => Promise<R>): Promise<R> {
    try {
      return await change();
    } finally {
      for (const key of keys) this.#forget(key);
    }
  }

  /** See `ArtifactStorage.list`. */
  list(options?: ListArtifactsOptions): AsyncIterable<ListedArtifact<T>> {
    return this.#inner.list(options);
  }

  /** See `ArtifactStorage.count`. */
  async count(options?: AbortOptions): Promise<number> {
    return await this.#inner.count(options);
  }

  /** See `ArtifactStorage.batch`. */
  async batch(operations: readonly BatchOperation<T>[], options?: BatchOptions): Promise<BatchResult<T>[]> {
    return await this.#changing(operations.map(({ key }) => key), () => this.#inner.batch(operations, options));
  }

  /** See `ArtifactStorage.clear`. */
  async clear(options?: AgainOptions): Promise<number> {
    try {
      return await this.#inner.clear(options);
    } finally {
      this.#forgetAll();
    }
  }

  /** See `ArtifactStorage.watch`. */
  watch(options?: WatchArtifactsOptions): AsyncIterable<ArtifactEvent> {
    return this.#inner.watch(options);
  }

  /** See `ArtifactStorage.acquire`. */
  async acquire(key: string, request: LeaseRequest): Promise<Lease> {
    return await this.#inner.acquire(key, request);
  }

  /** See `ArtifactStorage.release`. */
  async release(key: string, token: number, options?: AbortOptions): Promise<void> {
    await this.#inner.release(key, token, options);
  }

  /** See `ArtifactStorage.close`. Stops listening, and closes what is behind it. */
  async close(): Promise<void> {
    this.#closed.abort();
    this.#live = false;
    this.#forgetAll();
    await this.#watching;
    await this.#inner.close();
  }
}

/** Whether listening again is of no use. */
function final(error: StorageError): boolean {
  return isStorageError(error, "permission-denied", "closed", "unsupported", "invalid-argument");
}
