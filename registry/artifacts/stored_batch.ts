/**
 * {@linkcode StoredBatch}: many operations on stored artifacts at once.
 *
 * @module
 */

import { pooled } from "../../backends/concurrency.ts";
import { isStorageError } from "../../backends/errors.ts";
import { ArtifactError, missing, taken } from "./artifact_error.ts";
import type { BatchOperation, BatchOptions, BatchResult } from "./artifact_storage.ts";
import { checkBatch, notDone } from "./batch.ts";
import { type KeyedEntry, sameWrite, type StoredEntries } from "./stored_entries.ts";
import { newEntry, type StoredEntry } from "./stored_entry.ts";
import { checkKey } from "./wire.ts";

/** How many operations that cannot be joined are under way at once. */
const CONCURRENCY = 8;

/** How many entries are looked at at once: each may be as large as a body. */
const PAGE = 32;

/** How much an atomic batch may replace, in characters. */
const MAX_KEPT = 64 * 1024 * 1024;

type Operation = BatchOperation<string>;
type Result = BatchResult<string>;

/** One batch. */
export class StoredBatch {
  readonly #entries: StoredEntries;
  readonly #operations: readonly Operation[];
  readonly #options: BatchOptions;
  readonly #results = new Map<Operation, Result>();

  /**
   * @param entries What it works on.
   * @param operations What is to be done.
   * @param options Whether it is all or nothing.
   * @throws {StorageError} See `ArtifactStorage.batch`.
   */
  constructor(entries: StoredEntries, operations: readonly Operation[], options: BatchOptions = {}) {
    checkBatch(operations, options.atomic ?? false);
    this.#entries = entries;
    this.#operations = operations;
    this.#options = options;
  }

  /** Does it. */
  async run(): Promise<Result[]> {
    this.#options.signal?.throwIfAborted();
    const sound = this.#operations.filter((operation) => this.#isSound(operation));
    const puts = new Map<Operation, StoredEntry>();
    for (const operation of sound) {
      if (operation.op === "put") puts.set(operation, newEntry(operation.value, this.#options.writeId));
    }
    if (this.#options.atomic) await this.#putAll(puts, sound.length === this.#operations.length);
    else await this.#putEach(puts);
    await this.#getMany(sound.filter(({ op }) => op === "get"));
    await this.#one(sound.filter(({ op }) => op === "delete"), async (operation) => {
      const { again, signal } = this.#options;
      const deleted = await this.#entries.remove(operation.key, { ...operation, again, signal });
      return { op: "delete", deleted };
    });
    return this.#operations.map((operation) => this.#results.get(operation)!);
  }

  #isSound(operation: Operation): boolean {
    try {
      checkKey(operation.key);
      return true;
    } catch (error) {
      this.#fail(operation, error as Error);
      return false;
    }
  }

  #fail(operation: Operation, error: Error): void {
    this.#results.set(operation, { op: "error", error });
  }

  #done(operation: Operation, etag: string, created: boolean): void {
    this.#results.set(operation, { op: "put", etag, created });
  }

  async #getMany(operations: Operation[]): Promise<void> {
    const entries = await this.#entries.readMany(operations.map(({ key }) => key), this.#options.signal);
    for (const [index, operation] of operations.entries()) {
      const entry = entries[index];
      if (entry) this.#results.set(operation, { op: "get", value: entry.value, etag: entry.etag });
      else this.#fail(operation, missing(operation.key, []));
    }
  }

  /** Does what cannot be joined with others. */
  async #one(operations: Iterable<Operation>, work: (operation: Operation) => Promise<Result>): Promise<void> {
    await pooled(operations, CONCURRENCY, async (operation) => {
      try {
        this.#results.set(operation, await work(operation));
      } catch (error) {
        // The others may have been done: they are to be told so.
        if (!isStorageError(error)) throw error;
        this.#fail(operation, error);
      }
    }, this.#options.signal);
  }

  /** What is there now, and what is not yet, of puts: without the values, which may be large. */
  async #look(
    puts: Map<Operation, StoredEntry>,
    signal: AbortSignal | undefined,
  ): Promise<Map<Operation, StoredEntry | undefined>> {
    const operations = [...puts.keys()];
    const there = new Map<Operation, StoredEntry | undefined>();
    for (let at = 0; at < operations.length; at += PAGE) {
      const page = operations.slice(at, at + PAGE);
      const entries = await this.#entries.readMany(page.map(({ key }) => key), signal);
      for (const [index, operation] of page.entries()) {
        const entry = entries[index];
        there.set(operation, entry && { ...entry, value: "" });
      }
    }
    return there;
  }

  /** The entries that an atomic batch will replace, to put them back if it fails. */
  async #kept(puts: Map<Operation, StoredEntry>): Promise<Map<Operation, StoredEntry | undefined>> {
    const kept = new Map<Operation, StoredEntry | undefined>();
    let room = MAX_KEPT;
    for (const operation of puts.keys()) {
      const entry = await this.#entries.read(operation.key, { signal: this.#options.signal });
      kept.set(operation, entry);
      room -= entry?.value.length ?? 0;
      if (room < 0) throw tooLarge();
    }
    return kept;
  }

  async #putEach(puts: Map<Operation, StoredEntry>): Promise<void> {
    const { signal } = this.#options;
    const absent: [Operation, StoredEntry][] = [];
    const present: [Operation, StoredEntry][] = [];
    const conditional: Operation[] = [];
    for (const [operation, there] of await this.#look(puts, signal)) {
      const entry = puts.get(operation)!;
      if (operation.op === "put" && operation.ifMatch !== undefined) conditional.push(operation);
      else if (there === undefined) absent.push([operation, entry]);
      else if (operation.op === "put" && !operation.ifAbsent) present.push([operation, entry]);
      else if (sameWrite(there, entry)) this.#done(operation, there.etag, true);
      else this.#fail(operation, taken(operation.key));
    }
    try {
      await this.#entries.publish(absent.map(keyed), { ifAbsent: true, signal });
      for (const [operation, { etag }] of absent) this.#done(operation, etag, true);
    } catch (error) {
      if (!isStorageError(error, "already-exists")) throw error;
      // Someone was faster with one of them: each for itself.
      conditional.push(...absent.map(([operation]) => operation));
    }
    try {
      await this.#entries.publish(present.map(keyed), { signal });
      for (const [operation, { etag }] of present) this.#done(operation, etag, false);
    } catch (error) {
      if (!isStorageError(error) || this.#results.size === 0) throw error;
      for (const [operation] of present) this.#fail(operation, error);
    }
    await this.#one(conditional, async (operation) => {
      const entry = puts.get(operation)!;
      const { ifAbsent, ifMatch } = operation as Operation & { op: "put" };
      const result = ifMatch !== undefined
        ? await this.#entries.replace(operation.key, entry, ifMatch, { signal })
        : ifAbsent
        ? await this.#entries.create(operation.key, entry, { signal })
        : await this.#entries.write(operation.key, entry, { signal });
      return { op: "put", ...result };
    });
  }

  async #putAll(puts: Map<Operation, StoredEntry>, sound: boolean): Promise<void> {
    if (!sound) {
      for (const operation of puts.keys()) this.#fail(operation, notDone(operation.key));
      return;
    }
    const { signal } = this.#options;
    const ifAbsent = [...puts.keys()].some((operation) => operation.op === "put" && operation.ifAbsent);
    const before = ifAbsent ? new Map<Operation, StoredEntry>() : await this.#kept(puts);
    while (true) {
      if (ifAbsent) {
        const there = await this.#look(puts, signal);
        if ([...there.values()].some((entry) => entry !== undefined)) return this.#refuse(puts, there);
      }
      try {
        await this.#entries.publish([...puts].map(keyed), { ifAbsent, signal });
        for (const [operation, { etag }] of puts) this.#done(operation, etag, !before.get(operation));
        return;
      } catch (error) {
        await this.#takeBack(puts, before);
        if (!ifAbsent || !isStorageError(error, "already-exists")) throw error;
      }
    }
  }

  /** The results of an atomic batch some of whose keys are taken; all is well if it was this very batch that took them all. */
  #refuse(puts: Map<Operation, StoredEntry>, there: Map<Operation, StoredEntry | undefined>): void {
    const same = [...puts].every(([operation, entry]) => sameWrite(there.get(operation), entry));
    for (const operation of puts.keys()) {
      const entry = there.get(operation);
      if (same) this.#done(operation, entry!.etag, true);
      else this.#fail(operation, entry === undefined ? notDone(operation.key) : taken(operation.key));
    }
  }

  /**
   * Undoes what was published of a batch that failed: a store without transactions may have published the first of it. Also when time is
   * up; what cannot be undone stays, and the failure of the batch is told.
   */
  async #takeBack(puts: Map<Operation, StoredEntry>, before: Map<Operation, StoredEntry | undefined>): Promise<void> {
    try {
      for (const [operation, there] of await this.#look(puts, undefined)) {
        const { etag } = puts.get(operation)!;
        if (there?.etag !== etag) continue;
        const old = before.get(operation);
        if (old === undefined) await this.#entries.remove(operation.key, { ifMatch: etag });
        else await this.#entries.replace(operation.key, old, etag);
      }
    } catch (error) {
      if (!isStorageError(error)) throw error;
    }
  }
}

function tooLarge(): ArtifactError {
  return new ArtifactError(
    "unsupported",
    `an atomic batch replaces at most ${MAX_KEPT / 1024 / 1024} MiB, to be able to put them back`,
    { suggestions: ["split the batch"] },
  );
}

function keyed([{ key }, entry]: [Operation, StoredEntry]): KeyedEntry {
  return [key, entry];
}
