/**
 * {@linkcode GroupCommit}: changes that come together share one transaction, and so one wait for the disk.
 *
 * @module
 */

import { isStorageError, StorageError } from "../../errors.ts";
import type { SqliteVolume } from "./connection.ts";
import { closedError } from "./error.ts";

/** Makes a change, in one transaction, patient with other processes; it may be called again if that failed. */
export type MakeChange = <T>(
  path: string,
  signal: AbortSignal | undefined,
  work: (volume: SqliteVolume) => T,
) => Promise<T>;

/** A group has at most so many changes, and so many bytes beyond its first: nothing else happens while it is committed. */
const MAX_CHANGES = 1000;
const MAX_BYTES = 4 * 1024 * 1024;

/** How much longer than a commit takes the next one is waited for, and how long at most, in milliseconds. */
const PATIENCE = 8;
const MAX_PAUSE = 10;

/** A change to be made with others. */
export interface GroupedChange<T> {
  /** What it is about, for errors. */
  readonly path: string;
  /** Aborted before the commit, nothing changes. */
  readonly signal: AbortSignal | undefined;
  /** How many bytes it writes, about. */
  readonly size: number;
  /** Makes the change, in one transaction or one statement; it must not wait, and may be called again. */
  work(volume: SqliteVolume): T;
}

/** A change that waits. */
interface Waiting {
  readonly change: GroupedChange<unknown>;
  readonly done: PromiseWithResolvers<unknown>;
}

/**
 * Changes that come together are committed together. Each still succeeds or fails for itself, and is told only when it is safe.
 *
 * While many come, a group waits {@linkcode PATIENCE} times as long as the one before took: that much of the time is left to everything
 * else, as the engine works synchronously.
 *
 * @see {@link https://dev.mysql.com/doc/refman/8.4/en/innodb-performance-group_commit.html group commit} as others have it
 */
export class GroupCommit {
  readonly #change: MakeChange;
  #waiting: Waiting[] = [];
  #work: Promise<void> | undefined;
  #closed = false;
  /** When the next group is committed, at the earliest. */
  #next = 0;

  /** @param change Makes one change. */
  constructor(change: MakeChange) {
    this.#change = change;
  }

  /**
   * Makes a change with those that come meanwhile.
   *
   * @typeParam T What is answered.
   * @param change The change.
   * @returns What it answers.
   */
  async add<T>(change: GroupedChange<T>): Promise<T> {
    const { signal } = change;
    signal?.throwIfAborted();
    if (this.#closed) throw closedError();
    const done = Promise.withResolvers<unknown>();
    // What is committed has been resolved at once, so that this does nothing any more.
    const giveUp = (): void => done.reject(signal!.reason);
    signal?.addEventListener("abort", giveUp, { once: true });
    try {
      this.#waiting.push({ change, done });
      this.#work ??= this.#commitAll();
      return await done.promise as T;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** Takes nothing new, and waits until nothing waits any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
  }

  async #commitAll(): Promise<void> {
    do {
      // Everyone who is about to change something comes first: a turn of the event loop, at least.
      await turn(this.#next - performance.now());
      const group = this.#take();
      const begin = performance.now();
      await this.#commit(group);
      const end = performance.now();
      this.#next = group.length === 1 ? 0 : end + Math.min(MAX_PAUSE, PATIENCE * (end - begin));
    } while (this.#waiting.length > 0);
    this.#work = undefined;
  }

  #take(): Waiting[] {
    let [count, size] = [0, 0];
    do size += this.#waiting[count++]!.change.size; while (
      count < Math.min(this.#waiting.length, MAX_CHANGES) && size < MAX_BYTES
    );
    return this.#waiting.splice(0, count);
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const [first] = group;
    if (group.length === 1) return await this.#commitOne(first!);
    let live = group;
    try {
      await this.#change("", undefined, (volume) => {
        live = group.filter(({ change: { signal } }) => !signal?.aborted);
        const outcomes = volume.session.together(live.map(({ change }) => () => change.work(volume)));
        for (const [index, outcome] of outcomes.entries()) {
          const { done } = live[index]!;
          if (outcome.status === "fulfilled") done.resolve(outcome.value);
          else done.reject(outcome.reason);
        }
      });
    } catch (error) {
      if (isStorageError(error, "busy", "closed")) {
        for (const { change: { path }, done } of live) done.reject(about(path, error));
        return;
      }
      // Nothing has changed. Whose fault it is shows in smaller groups.
      const half = group.length >> 1;
      await turn(0);
      await this.#commit(group.slice(0, half));
      await turn(0);
      await this.#commit(group.slice(half));
    }
  }

  async #commitOne({ change: { path, signal, work }, done }: Waiting): Promise<void> {
    try {
      await this.#change(path, signal, (volume) => {
        if (!signal?.aborted) done.resolve(work(volume));
      });
    } catch (error) {
      done.reject(error);
    }
  }
}

function turn(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
}

/** The same error, about another path. */
function about(path: string, error: StorageError): StorageError {
  const { code, detail, retryable } = error;
  return new StorageError(code, detail, { path, retryable, cause: error });
}
