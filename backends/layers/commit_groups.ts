/**
 * {@linkcode CommitGroups}: batches that wait to be committed together.
 *
 * @module
 */

import { isStorageError } from "../errors.ts";
import type { WriteOptions, WriteRequest, WriteResult } from "../stores/store.ts";

/** What is larger, in bytes, waits for nobody. */
const MAX_BATCH = 64 * 1024;
/** A group has at most so many bytes and writes. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_WRITES = 1000;

/** One batch of a group. */
interface Waiting {
  readonly writes: readonly WriteRequest[];
  readonly options: WriteOptions;
  readonly done: PromiseWithResolvers<WriteResult[]>;
}

/** Batches that are committed together: no path is in it twice. */
class Group {
  readonly ifAbsent: boolean;
  readonly waiting: Waiting[] = [];
  readonly #paths = new Set<string>();
  #bytes = 0;

  constructor(ifAbsent: boolean) {
    this.ifAbsent = ifAbsent;
  }

  hasRoomFor(writes: readonly WriteRequest[]): boolean {
    return this.#bytes < MAX_BYTES && this.#paths.size < MAX_WRITES &&
      !writes.some(({ path }) => this.#paths.has(path));
  }

  add(waiting: Waiting): void {
    this.waiting.push(waiting);
    for (const { path, bytes } of waiting.writes) {
      this.#paths.add(path);
      this.#bytes += bytes.length;
    }
  }
}

/** Writes a batch: all or nothing. */
export type WriteBatch = (writes: readonly WriteRequest[], options: WriteOptions) => Promise<WriteResult[]>;

/** Batches that wait to be committed together. */
export class CommitGroups {
  readonly #write: WriteBatch;
  #groups: Group[] = [];
  #work: Promise<void> | undefined;

  /** @param write Writes a batch. */
  constructor(write: WriteBatch) {
    this.#write = write;
  }

  /** Whether a batch can wait for others: it is small and asks for no etag. */
  takes(writes: readonly WriteRequest[], options: WriteOptions | undefined): boolean {
    if (options?.ifMatch !== undefined || writes.length === 0 || writes.length > MAX_WRITES / 10) return false;
    const paths = new Set(writes.map(({ path }) => path));
    return paths.size === writes.length && writes.reduce((sum, { bytes }) => sum + bytes.length, 0) <= MAX_BATCH;
  }

  /** Commits a batch with those that come meanwhile. */
  async add(writes: readonly WriteRequest[], options: WriteOptions = {}): Promise<WriteResult[]> {
    options.signal?.throwIfAborted();
    const waiting: Waiting = { writes, options, done: Promise.withResolvers() };
    const ifAbsent = options.ifAbsent === true;
    let group = this.#groups.find((group) => group.ifAbsent === ifAbsent && group.hasRoomFor(writes));
    if (group === undefined) this.#groups.push(group = new Group(ifAbsent));
    group.add(waiting);
    this.#work ??= this.#commitAll();
    return await waiting.done.promise;
  }

  /** Waits until nothing waits any more. */
  async settled(): Promise<void> {
    await this.#work;
  }

  /** Lets everyone who is about to write come first: a turn of the event loop. */
  async #commitAll(): Promise<void> {
    do {
      await new Promise((resolve) => setTimeout(resolve, 0));
      const groups = this.#groups;
      this.#groups = [];
      for (const group of groups) await this.#commit(group);
    } while (this.#groups.length > 0);
    this.#work = undefined;
  }

  async #commit({ waiting, ifAbsent }: Group): Promise<void> {
    const live = waiting.filter(({ options, done }) => {
      if (options.signal?.aborted) done.reject(options.signal.reason);
      return !options.signal?.aborted;
    });
    if (live.length > 1) {
      try {
        const results = await this.#write(live.flatMap(({ writes }) => writes), { ifAbsent });
        let at = 0;
        for (const { writes, done } of live) done.resolve(results.slice(at, at += writes.length));
        return;
      } catch (error) {
        // It may have reached a place that cannot be reached any more; then nobody may try again but who knows what was asked.
        if (!isStorageError(error) || error.retryable || error.code === "io") {
          for (const { done } of live) done.reject(error);
          return;
        }
        // Nothing has changed. Whose fault it is shows when each is tried for itself.
      }
    }
    for (const { writes, options, done } of live) {
      try {
        done.resolve(await this.#write(writes, options));
      } catch (error) {
        done.reject(error);
      }
    }
  }
}
