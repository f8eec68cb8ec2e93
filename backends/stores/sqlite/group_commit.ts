/**
 * {@linkcode GroupCommit}: changes that come together share one transaction, and so one wait for the disk.
 *
 * @module
 */

import { isStorageError } from "../../errors.ts";
import type { SqliteVolume } from "./connection.ts";

/** Makes a change, in one transaction, patient with other processes; it may be called again if that failed. */
export type MakeChange = <T>(
  path: string,
  signal: AbortSignal | undefined,
  work: (volume: SqliteVolume) => T,
) => Promise<T>;

/** A group has at most so many changes. */
const MAX_CHANGES = 1000;

/** How much longer than a commit takes the next one is waited for, and how long at most, in milliseconds. */
const PATIENCE = 8;
const MAX_PAUSE = 10;

/** A change that waits. */
interface Waiting {
  readonly path: string;
  readonly signal: AbortSignal | undefined;
  readonly work: (volume: SqliteVolume) => unknown;
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
   * @param path What it is about, for errors.
   * @param signal Aborted before the commit, nothing changes.
   * @param work Makes the change; it must not wait, and may be called again.
   * @returns What it answers.
   */
  async add<T>(path: string, signal: AbortSignal | undefined, work: (volume: SqliteVolume) => T): Promise<T> {
    signal?.throwIfAborted();
    const done = Promise.withResolvers<unknown>();
    const giveUp = (): void => done.reject(signal!.reason);
    signal?.addEventListener("abort", giveUp, { once: true });
    try {
      this.#waiting.push({ path, signal, work, done });
      this.#work ??= this.#commitAll();
      return await done.promise as T;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** Waits until nothing waits any more. */
  async settled(): Promise<void> {
    await this.#work;
  }

  async #commitAll(): Promise<void> {
    do {
      // Everyone who is about to change something comes first: a turn of the event loop, at least.
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, this.#next - performance.now())));
      const group = this.#waiting.splice(0, MAX_CHANGES);
      const begin = performance.now();
      if (group.length === 1) await this.#commitOne(group[0]!);
      else await this.#commit(group);
      const end = performance.now();
      this.#next = group.length === 1 ? 0 : end + Math.min(MAX_PAUSE, PATIENCE * (end - begin));
    } while (this.#waiting.length > 0);
    this.#work = undefined;
  }

  async #commitOne({ path, signal, work, done }: Waiting): Promise<void> {
    try {
      done.resolve(await this.#change(path, signal, work));
    } catch (error) {
      done.reject(error);
    }
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    let live = group;
    try {
      const outcomes = await this.#change("", undefined, (volume) => {
        live = group.filter(({ signal }) => !signal?.aborted);
        return volume.session.together(live.map(({ work }) => () => work(volume)));
      });
      for (const [index, outcome] of outcomes.entries()) {
        const { done } = live[index]!;
        if (outcome.status === "fulfilled") done.resolve(outcome.value);
        else done.reject(outcome.reason);
      }
    } catch (error) {
      if (isStorageError(error, "busy") || isStorageError(error, "closed")) {
        for (const { done } of live) done.reject(error);
      } else {
        // Nothing has changed. Whose fault it is shows when each is tried for itself.
        for (const each of live) await this.#commitOne(each);
      }
    }
  }
}
