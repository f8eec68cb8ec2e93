/**
 * {@linkcode LocalArtifacts}: artifacts in the memory of this process.
 *
 * @module
 */

import { isStorageError } from "../../backends/errors.ts";
import { comparePaths, sortPaths } from "../../backends/path.ts";
import { type ArtifactError, mismatch, missing, taken } from "./artifact_error.ts";
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
import { checkBatch, notDone } from "./batch.ts";
import { type Cell, type Hold, holdStrongly } from "./cell.ts";
import { LocalLeases } from "./leases.ts";
import { LocalEvents } from "./local_events.ts";
import { checkKey, checkWriteId } from "./wire.ts";

const CROWDED = 1000;

/**
 * Artifacts in the memory of this process, by reference: what is got is the very object that was put. Everything happens at once, so nothing
 * can come between a condition and its change.
 *
 * @typeParam T The values.
 *
 * @example
 * ```ts
 * import { LocalArtifacts } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * const artifacts = new LocalArtifacts<() => number>();
 * const one = (): number => 1;
 * await artifacts.put("one", one);
 * assert.equal((await artifacts.get("one")).value, one);
 * assert.equal(artifacts.find("one")?.value, one);
 * ```
 */
export class LocalArtifacts<T> implements ArtifactStorage<T> {
  readonly #cells = new Map<string, Cell<T>>();
  readonly #leases = new LocalLeases();
  readonly #events = new LocalEvents();
  readonly #hold: Hold<T>;
  #version = 0;
  /** How many cells there are when it is time to look for those whose values are gone. */
  #crowded = CROWDED;

  /**
   * Creates an empty one.
   *
   * @param hold How values are held: for good, or weakly.
   */
  constructor(hold: Hold<T> = holdStrongly) {
    this.#hold = hold;
  }

  /** What is registered under a key, at once; `undefined` if nothing is. */
  find(key: string): Artifact<T> | undefined {
    const cell = this.#cells.get(key);
    return cell === undefined || cell.gone ? undefined : cell;
  }

  /** The same as `put`, at once. */
  set(key: string, value: T, { ifAbsent, ifMatch, writeId }: PutOptions = {}): PutResult {
    checkKey(key);
    checkWriteId(writeId);
    const there = this.#cell(key);
    const repeated = writeId !== undefined && there?.writeId === writeId;
    if (repeated && (ifAbsent || ifMatch !== undefined)) return { etag: there.etag, created: ifAbsent ?? false };
    if (ifAbsent && there) throw taken(key);
    if (ifMatch !== undefined && (!there || (ifMatch !== "*" && ifMatch !== there.etag))) {
      throw mismatch(key, there?.etag);
    }
    const etag = String(++this.#version);
    if (this.#cells.size >= this.#crowded) {
      this.purge();
      this.#crowded = Math.max(CROWDED, 2 * this.#cells.size);
    }
    this.#cells.set(key, this.#hold(value, etag, writeId));
    this.#events.tell({ kind: "put", key, etag });
    return { etag, created: there === undefined };
  }

  /** The same as `delete`, at once. */
  remove(key: string, { ifMatch }: RemoveOptions = {}): boolean {
    checkKey(key);
    const there = this.#cell(key);
    if (ifMatch !== undefined && ifMatch !== there?.etag) throw mismatch(key, there?.etag);
    this.#cells.delete(key);
    if (there) this.#events.tell({ kind: "delete", key });
    return there !== undefined;
  }

  /** Forgets the keys whose values are gone, and tells how many they were. */
  purge(): number {
    let count = 0;
    for (const [key, { gone }] of this.#cells) {
      if (!gone) continue;
      this.#cells.delete(key);
      this.#events.tell({ kind: "delete", key });
      count++;
    }
    return count;
  }

  #cell(key: string): Cell<T> | undefined {
    const cell = this.#cells.get(key);
    return cell?.gone ? undefined : cell;
  }

  /** See `ArtifactStorage.get`. */
  // deno-lint-ignore require-await -- what is thrown must become a rejection
  async get(key: string, options?: AbortOptions): Promise<Artifact<T>> {
    options?.signal?.throwIfAborted();
    const cell = this.#cell(checkKey(key));
    if (cell === undefined) throw missing(key, this.#cells.keys());
    return { value: cell.value, etag: cell.etag };
  }

  /** See `ArtifactStorage.has`. */
  // deno-lint-ignore require-await
  async has(key: string, options?: AbortOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    return this.#cell(key) !== undefined;
  }

  /** See `ArtifactStorage.put`. */
  // deno-lint-ignore require-await
  async put(key: string, value: T, options?: PutOptions): Promise<PutResult> {
    options?.signal?.throwIfAborted();
    return this.set(key, value, options);
  }

  /** See `ArtifactStorage.delete`. */
  // deno-lint-ignore require-await
  async delete(key: string, options?: RemoveOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    return this.remove(key, options);
  }

  /** See `ArtifactStorage.list`. */
  async *list(options: ListArtifactsOptions = {}): AsyncGenerator<ListedArtifact<T>, void> {
    const { prefix = "", after, limit = Infinity, values = false, signal } = options;
    signal?.throwIfAborted();
    let count = 0;
    for (const key of sortPaths([...this.#cells.keys()])) {
      if (!key.startsWith(prefix) || (after !== undefined && comparePaths(key, after) <= 0)) continue;
      const cell = this.#cell(key);
      if (cell === undefined) continue;
      if (count++ >= limit) return;
      signal?.throwIfAborted();
      yield values ? { key, value: cell.value, etag: cell.etag } : { key };
    }
  }

  /** See `ArtifactStorage.count`. */
  // deno-lint-ignore require-await
  async count(options?: AbortOptions): Promise<number> {
    options?.signal?.throwIfAborted();
    let count = 0;
    for (const { gone } of this.#cells.values()) if (!gone) count++;
    return count;
  }

  /** See `ArtifactStorage.batch`. */
  // deno-lint-ignore require-await
  async batch(operations: readonly BatchOperation<T>[], options: BatchOptions = {}): Promise<BatchResult<T>[]> {
    options.signal?.throwIfAborted();
    const { atomic = false, writeId } = options;
    checkBatch(operations, atomic);
    if (atomic) {
      const failures = operations.map((operation) => this.#refusal(operation, writeId));
      if (failures.some((error) => error !== undefined)) {
        return operations.map((operation, index) =>
          operation.op === "get"
            ? this.#do(operation)
            : { op: "error", error: failures[index] ?? notDone(operation.key) }
        );
      }
    }
    return operations.map((operation) => this.#do(operation, writeId));
  }

  /** Why a put of an atomic batch would fail. */
  #refusal(operation: BatchOperation<T>, writeId: string | undefined): Error | undefined {
    if (operation.op !== "put") return undefined;
    try {
      const there = this.#cell(checkKey(operation.key));
      const repeated = writeId !== undefined && there?.writeId === writeId;
      return operation.ifAbsent && there && !repeated ? taken(operation.key) : undefined;
    } catch (error) {
      return error as ArtifactError;
    }
  }

  #do(operation: BatchOperation<T>, writeId?: string): BatchResult<T> {
    const { op, key } = operation;
    try {
      if (op === "put") return { op, ...this.set(key, operation.value, { ...operation, writeId }) };
      if (op === "delete") return { op, deleted: this.remove(key, operation) };
      const cell = this.#cell(checkKey(key));
      if (cell === undefined) throw missing(key, []);
      return { op, value: cell.value, etag: cell.etag };
    } catch (error) {
      if (!isStorageError(error)) throw error;
      return { op: "error", error };
    }
  }

  /** See `ArtifactStorage.clear`. */
  async clear(options?: AgainOptions): Promise<number> {
    const counted = this.count(options);
    // An aborted call changes nothing; else no turn passes between counting and clearing.
    if (!options?.signal?.aborted) this.#cells.clear();
    const count = await counted;
    if (count > 0) this.#events.tell({ kind: "clear" });
    return count;
  }

  /** See `ArtifactStorage.watch`. */
  watch(options?: WatchArtifactsOptions): AsyncGenerator<ArtifactEvent, void> {
    return this.#events.watch(options);
  }

  /** See `ArtifactStorage.acquire`. */
  // deno-lint-ignore require-await
  async acquire(key: string, request: LeaseRequest): Promise<Lease> {
    request.signal?.throwIfAborted();
    return this.#leases.acquire(checkKey(key), request);
  }

  /** See `ArtifactStorage.release`. */
  // deno-lint-ignore require-await
  async release(key: string, token: number, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    this.#leases.release(key, token);
  }

  /** See `ArtifactStorage.close`. There is nothing to close. */
  async close(): Promise<void> {}
}
