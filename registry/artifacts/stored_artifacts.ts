/**
 * {@linkcode StoredArtifacts}: artifacts in any store, as JSON text.
 *
 * @module
 */

import type { Store } from "../../backends/stores/store.ts";
import { missing } from "./artifact_error.ts";
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
import { ChangeLog } from "./change_log.ts";
import { keyPath } from "./key_name.ts";
import { Leases } from "./leases.ts";
import { StoredBatch } from "./stored_batch.ts";
import { StoredEntries } from "./stored_entries.ts";
import type { ListedKey } from "./stored_keys.ts";
import { newEntry } from "./stored_entry.ts";
import { artifactStore, namespacePath } from "./stored_names.ts";
import { checkKey, wrongKey } from "./wire.ts";

/** How many values are read at once while listing, and how large they may be together, in bytes. */
const PAGE = 100;
const MAX_READ = 4 * 1024 * 1024;

/** How many keys of each beginning are looked at to find the one that was meant. */
const SIMILAR = 200;

/**
 * Artifacts in a store, as JSON text. Several processes may share the store, if the store may be shared: of those that register the same
 * key one wins, no update is lost, and each is told what the others do.
 *
 * An entry and the note of its change are written together, in one transaction where the store has them. The clocks of processes that share
 * a store must agree within a few seconds; else events may be missed.
 *
 * @example
 * ```ts
 * import { StoredArtifacts } from "@polystore/polystore/artifacts";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const artifacts = new StoredArtifacts(new MemoryStore(), "research.config");
 * const { etag } = await artifacts.put("sgd", '{"lr":0.1}', { ifAbsent: true });
 * await assert.rejects(artifacts.put("sgd", "1", { ifAbsent: true }), { code: "already-exists" });
 * assert.deepEqual(await artifacts.get("sgd"), { value: '{"lr":0.1}', etag });
 * ```
 */
export class StoredArtifacts implements ArtifactStorage<string> {
  readonly #entries: StoredEntries;
  readonly #log: ChangeLog;
  readonly #leases: Leases;

  /**
   * Opens a namespace; nothing is read or written yet.
   *
   * @param store Where it is.
   * @param namespace The namespace.
   * @throws {StorageError} `invalid-argument` for a namespace that cannot be one; `unsupported` if the store cannot list, write and delete.
   */
  constructor(store: Store, namespace: string) {
    const place = artifactStore(store);
    const directory = namespacePath(namespace);
    this.#log = new ChangeLog(place, `${directory}/log`);
    this.#entries = new StoredEntries(place, `${directory}/entries`, this.#log);
    this.#leases = new Leases(place, (key) => `${directory}/locks/${keyPath(checkKey(key))}`);
  }

  /**
   * The artifact of a key, if there is one: unlike `get` it does not look for the key that was meant.
   *
   * @param key The key.
   * @param options Options.
   * @returns The artifact, or `undefined`.
   */
  async find(key: string, options?: AbortOptions): Promise<Artifact<string> | undefined> {
    const entry = await this.#entries.read(key, options);
    return entry && { value: entry.value, etag: entry.etag };
  }

  /** See `ArtifactStorage.get`. */
  async get(key: string, options?: AbortOptions): Promise<Artifact<string>> {
    const found = await this.find(key, options);
    if (found !== undefined) return found;
    throw missing(key, await this.#similar(key, options));
  }

  /** Keys that begin as one does: with nearly all of it, with less and less, or not at all; of each some. */
  async #similar(key: string, options: AbortOptions | undefined): Promise<Set<string>> {
    const letters = [...key];
    const { length } = letters;
    const counts = [length - 1, Math.ceil(length * 3 / 4), Math.ceil(length / 2), 1, 0];
    const prefixes = new Set(counts.map((count) => letters.slice(0, count).join("")));
    const similar = new Set<string>();
    for (const prefix of prefixes) {
      for await (const known of this.#entries.keys({ prefix, limit: SIMILAR, signal: options?.signal })) {
        similar.add(known);
      }
    }
    return similar;
  }

  /** See `ArtifactStorage.has`. */
  async has(key: string, options?: AbortOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    return wrongKey(key) === undefined && await this.#entries.has(key, options);
  }

  /** See `ArtifactStorage.put`. */
  async put(key: string, value: string, options: PutOptions = {}): Promise<PutResult> {
    const { ifAbsent, ifMatch, writeId } = options;
    const entry = newEntry(value, writeId);
    if (ifMatch !== undefined) return await this.#entries.replace(key, entry, ifMatch, options);
    if (ifAbsent) return await this.#entries.create(key, entry, options);
    return await this.#entries.write(key, entry, options);
  }

  /** See `ArtifactStorage.delete`. */
  async delete(key: string, options?: RemoveOptions): Promise<boolean> {
    return await this.#entries.remove(key, options);
  }

  /** See `ArtifactStorage.list`. */
  async *list(options: ListArtifactsOptions = {}): AsyncGenerator<ListedArtifact<string>, void> {
    for await (const keys of this.#entries.pages(options)) {
      if (!options.values) { for (const { key } of keys) yield { key }; }
      else for (const part of bySize(keys)) for (const listed of await this.#readPage(part, options)) yield listed;
    }
  }

  async #readPage(keys: string[], { signal }: AbortOptions): Promise<ListedArtifact<string>[]> {
    const entries = await this.#entries.readMany(keys, signal);
    return keys.flatMap((key, index) => {
      const entry = entries[index];
      return entry ? [{ key, value: entry.value, etag: entry.etag }] : [];
    });
  }

  /** See `ArtifactStorage.count`. */
  async count(options?: AbortOptions): Promise<number> {
    let count = 0;
    for await (const _ of this.#entries.keys(options)) count++;
    return count;
  }

  /** See `ArtifactStorage.batch`. */
  async batch(operations: readonly BatchOperation<string>[], options?: BatchOptions): Promise<BatchResult<string>[]> {
    return await new StoredBatch(this.#entries, operations, options).run();
  }

  /** See `ArtifactStorage.clear`. */
  async clear(options?: AgainOptions): Promise<number> {
    return await this.#entries.clear(options);
  }

  /** See `ArtifactStorage.watch`. */
  watch(options?: WatchArtifactsOptions): AsyncGenerator<ArtifactEvent, void> {
    return this.#log.watch(options);
  }

  /** See `ArtifactStorage.acquire`. */
  async acquire(key: string, request: LeaseRequest): Promise<Lease> {
    return await this.#leases.acquire(key, request);
  }

  /** See `ArtifactStorage.release`. */
  async release(key: string, token: number, options?: AbortOptions): Promise<void> {
    await this.#leases.release(key, token, options);
  }

  /** See `ArtifactStorage.close`. The store is its owner's to close. */
  async close(): Promise<void> {}
}

/** Keys whose entries are read at once. */
function* bySize(keys: readonly ListedKey[]): Generator<string[]> {
  let [part, room]: [string[], number] = [[], MAX_READ];
  for (const { key, size } of keys) {
    if (part.length > 0 && (part.length === PAGE || size > room)) {
      yield part;
      [part, room] = [[], MAX_READ];
    }
    part.push(key);
    room -= size;
  }
  if (part.length > 0) yield part;
}
