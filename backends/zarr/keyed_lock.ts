/**
 * {@linkcode KeyedLock}: one at a time for each key.
 *
 * @module
 */

import type { Store } from "../stores/store.ts";

/** One at a time for each key; keys do not wait for each other. */
export class KeyedLock {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs work when all that was asked for the same key before is done. */
  async run<R>(key: string, work: () => Promise<R>): Promise<R> {
    const before = this.#last.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last.set(key, promise);
    try {
      await before;
      return await work();
    } finally {
      resolve();
      if (this.#last.get(key) === promise) this.#last.delete(key);
    }
  }
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
