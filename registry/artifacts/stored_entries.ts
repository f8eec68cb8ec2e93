/**
 * {@linkcode StoredEntries}: the files of the artifacts of one namespace.
 *
 * @module
 */

import { isStorageError } from "../../backends/errors.ts";
import { type RetryPolicy, Tries } from "../../backends/layers/tries.ts";
import type { WriteRequest } from "../../backends/stores/store.ts";
import { ArtifactError, mismatch, taken } from "./artifact_error.ts";
import type { AbortOptions, AgainOptions, ListArtifactsOptions, PutResult, RemoveOptions } from "./artifact_storage.ts";
import type { ChangeLog } from "./change_log.ts";
import type { Change, ChangeRecord } from "./change_record.ts";
import { keyPath } from "./key_name.ts";
import { readEach } from "./read_each.ts";
import { keyPages, type ListedKey } from "./stored_keys.ts";
import { decodeEntry, encodeEntry, type StoredEntry } from "./stored_entry.ts";
import type { ArtifactStore } from "./stored_names.ts";
import { checkKey } from "./wire.ts";

/** How often a change is noted that has been made already: for some seconds. */
const NOTING: RetryPolicy = { tries: 8, delay: 50, maxDelay: 2000, random: Math.random, counters: undefined };

/** An entry and its key. */
export type KeyedEntry = readonly [key: string, entry: StoredEntry];

/** The files of the artifacts of one namespace; with every change, a note of it goes to the log. */
export class StoredEntries {
  readonly #store: ArtifactStore;
  readonly #directory: string;
  readonly #log: ChangeLog;

  /**
   * @param store Where they are.
   * @param directory Their directory.
   * @param log Where changes are noted.
   */
  constructor(store: ArtifactStore, directory: string, log: ChangeLog) {
    this.#store = store;
    this.#directory = directory;
    this.#log = log;
  }

  #path(key: string): string {
    return `${this.#directory}/${keyPath(checkKey(key))}`;
  }

  /** Whether there is an entry. */
  async has(key: string, options?: AbortOptions): Promise<boolean> {
    return (await this.#store.stat(this.#path(key), options))?.kind === "file";
  }

  /** The entry of a key. */
  async read(key: string, options?: AbortOptions): Promise<StoredEntry | undefined> {
    const bytes = await this.#store.read(this.#path(key), options);
    return bytes && decodeEntry(bytes, key);
  }

  /** The entries of many keys, in their order. */
  async readMany(keys: readonly string[], signal?: AbortSignal): Promise<(StoredEntry | undefined)[]> {
    const contents = await readEach(this.#store, keys.map((key) => this.#path(key)), signal);
    return contents.map((bytes, index) => bytes && decodeEntry(bytes, keys[index]!));
  }

  /** The keys, in order. */
  async *keys(options?: ListArtifactsOptions): AsyncGenerator<string, void> {
    for await (const page of this.pages(options)) for (const { key } of page) yield key;
  }

  /** The keys, in order, some at a time; with `values`, how large their entries are. */
  pages(options?: ListArtifactsOptions): AsyncGenerator<ListedKey[], void> {
    return keyPages(this.#store, this.#directory, options);
  }

  /**
   * Creates an entry.
   *
   * @throws {StorageError} `already-exists` if there is one that another write brought.
   */
  async create(key: string, entry: StoredEntry, options?: AbortOptions): Promise<PutResult> {
    try {
      await this.publish([[key, entry]], { ifAbsent: true, signal: options?.signal });
      return { etag: entry.etag, created: true };
    } catch (error) {
      if (!isStorageError(error, "already-exists")) throw error;
    }
    const same = sameWrite(await this.read(key, options), entry);
    if (same === undefined) throw taken(key);
    // Without transactions the entry may be there and the note of it not.
    if (!this.#store.writeMany) await this.#tell({ kind: "put", key, etag: same.etag });
    return { etag: same.etag, created: true };
  }

  /** Writes an entry, whatever is there. */
  async write(key: string, entry: StoredEntry, options?: AbortOptions): Promise<PutResult> {
    const created = !await this.has(key, options);
    try {
      await this.publish([[key, entry]], { ifAbsent: created, signal: options?.signal });
      return { etag: entry.etag, created };
    } catch (error) {
      if (!created || !isStorageError(error, "already-exists")) throw error;
      await this.publish([[key, entry]], { signal: options?.signal });
      return { etag: entry.etag, created: false };
    }
  }

  /**
   * Replaces the entry that has an etag; any, for `"*"`.
   *
   * @throws {StorageError} `precondition-failed`.
   */
  async replace(key: string, entry: StoredEntry, ifMatch: string, options?: AbortOptions): Promise<PutResult> {
    const bytes = encodeEntry(entry);
    return await this.#change(key, options, async (there, condition) => {
      const same = sameWrite(there, entry);
      if (same) {
        await this.#tell({ kind: "put", key, etag: same.etag });
        return { etag: same.etag, created: false };
      }
      if (there === undefined || (ifMatch !== "*" && there.etag !== ifMatch)) throw mismatch(key, there?.etag);
      const { record, request } = this.#log.prepare([{ kind: "put", key, etag: entry.etag }]);
      await this.#store.write(this.#path(key), bytes, condition);
      await this.#note(record, request);
      return { etag: entry.etag, created: false };
    });
  }

  /**
   * Removes an entry.
   *
   * @returns Whether there was one.
   * @throws {StorageError} `precondition-failed`.
   */
  async remove(key: string, { ifMatch, again, signal }: RemoveOptions = {}): Promise<boolean> {
    return await this.#change(key, { signal }, async (there, condition) => {
      if (there === undefined && again) await this.#tell({ kind: "delete", key });
      if (ifMatch !== undefined && there?.etag !== ifMatch) throw mismatch(key, there?.etag);
      if (there === undefined) return false;
      const { record, request } = this.#log.prepare([{ kind: "delete", key }]);
      await this.#store.delete(this.#path(key), condition);
      await this.#note(record, request);
      return true;
    });
  }

  /** Does something to an entry, on the condition that it is the one that was looked at; looks again if it is not. */
  async #change<R>(
    key: string,
    options: AbortOptions | undefined,
    change: (
      there: StoredEntry | undefined,
      condition: { ifMatch?: string; signal?: AbortSignal | undefined },
    ) => Promise<R>,
  ): Promise<R> {
    await this.#log.sweep(options?.signal);
    while (true) {
      // The etag first: if the content is newer than it, the condition does not hold.
      const etag = (await this.#store.stat(this.#path(key), options))?.etag;
      const there = etag === undefined ? undefined : await this.read(key, options);
      try {
        return await change(there, { ...(etag !== undefined && { ifMatch: etag }), signal: options?.signal });
      } catch (error) {
        // Ours tells its caller; that of the store, that someone else was faster.
        if (!isStorageError(error, "precondition-failed") || error instanceof ArtifactError) throw error;
      }
    }
  }

  /** Writes entries and the note of them: together, where the store has transactions. */
  async publish(
    entries: readonly KeyedEntry[],
    { ifAbsent, signal }: { ifAbsent?: boolean; signal?: AbortSignal | undefined },
  ): Promise<void> {
    if (entries.length === 0) return;
    await this.#log.sweep(signal);
    const { record, request } = this.#log.prepare(
      entries.map(([key, { etag }]) => ({ kind: "put", key, etag })),
    );
    const writes = entries.map(([key, entry]) => ({ path: this.#path(key), bytes: encodeEntry(entry) }));
    if (this.#store.writeMany) await this.#store.writeMany([...writes, request], { ifAbsent, signal });
    else {
      for (const { path, bytes } of writes) await this.#store.write(path, bytes, { ifAbsent, signal });
      return await this.#note(record, request);
    }
    this.#log.written(record);
  }

  /** Notes a change that has been made already: others must hear of it, so it is tried for a while. */
  async #note(record: ChangeRecord, { path, bytes }: WriteRequest): Promise<void> {
    await new Tries(NOTING, false, undefined).run(() => this.#store.write(path, bytes));
    this.#log.written(record);
  }

  /** Notes a change once more: whoever makes it again was perhaps not answered because noting it had failed. */
  async #tell(change: Change): Promise<void> {
    const { record, request } = this.#log.prepare([change]);
    await this.#note(record, request);
  }

  /** Removes all. */
  async clear(options?: AgainOptions): Promise<number> {
    const keys = await Array.fromAsync(this.keys(options));
    if (keys.length === 0 && options?.again) await this.#tell({ kind: "clear" });
    if (keys.length === 0) return 0;
    await this.#log.sweep(options?.signal);
    const { record, request } = this.#log.prepare([{ kind: "clear" }]);
    if (this.#store.deleteTree) await this.#store.deleteTree(this.#directory, options);
    else for (const key of keys) await this.#store.delete(this.#path(key), options);
    await this.#note(record, request);
    return keys.length;
  }
}

/**
 * The entry that is there, if it is there because of a write that is made again.
 *
 * @param there What is there.
 * @param entry What should be written.
 * @returns What is there, or `undefined` if it is something else.
 */
export function sameWrite(there: StoredEntry | undefined, entry: StoredEntry): StoredEntry | undefined {
  const same = there?.etag === entry.etag || (entry.writeId !== "" && there?.writeId === entry.writeId);
  return same ? there : undefined;
}
