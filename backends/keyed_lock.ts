/**
 * {@linkcode KeyedLock}: one at a time for each key.
 *
 * @module
 */

import type { Store } from "./stores/store.ts";

/** One at a time for each key; keys do not wait for each other. */
export class KeyedLock {
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Runs work when all that was asked for the same key before is done.
   *
   * @param key The key.
   * @param work The work.
   * @param signal Ends the waiting, not the work.
   * @returns What the work answers.
   */
  async run<R>(key: string, work: () => Promise<R>, signal?: AbortSignal): Promise<R> {
    const before = this.#last.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last.set(key, promise);
    try {
      await (before && signal ? until(before, signal) : before);
      return await work();
    } finally {
      // Who gave up waiting passes its turn on when it comes.
      const pass = (): void => {
        resolve();
        if (this.#last.get(key) === promise) this.#last.delete(key);
      };
      if (signal?.aborted && before) void before.then(pass);
      else pass();
    }
  }
}

/** Waits for a promise, or until a signal aborts. */
function until(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    void promise.then(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
  });
}

const LOCKS = new WeakMap<Store, KeyedLock>();

/** The lock that all who use a store in this process share. */
export function lockOf(store: Store): KeyedLock {
  let lock = LOCKS.get(store);
  if (lock === undefined) LOCKS.set(store, lock = new KeyedLock());
  return lock;
}

/** Makes a store that stands before another one share its lock. */
export function shareLock(outer: Store, inner: Store): void {
  LOCKS.set(outer, lockOf(inner));
}
