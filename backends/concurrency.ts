/**
 * {@linkcode pooled}: many asynchronous operations, a few at a time.
 *
 * @module
 */

/**
 * Runs `work` on each item, at most `limit` at a time, and answers the results in the order of the items. After the first
 * failure nothing new is started; the call rejects with it once what is under way has ended.
 *
 * @typeParam T The items.
 * @typeParam R The results.
 * @param items What to work on.
 * @param limit How many at a time.
 * @param work What to do with each.
 * @param signal Stops it: nothing new is started, and the call rejects with the reason.
 * @returns The results, in order.
 *
 * @example
 * ```ts
 * import { pooled } from "@polystore/polystore/backend";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(await pooled([1, 2, 3], 2, (n) => Promise.resolve(n * 2)), [2, 4, 6]);
 * ```
 */
export async function pooled<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T, index: number) => R | Promise<R>,
  signal?: AbortSignal,
): Promise<R[]> {
  const results: R[] = [];
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let index = 0;
  let failed = false;
  let failure: unknown;
  // An asynchronous iterator is asked by one worker at a time.
  let turn: Promise<unknown> = Promise.resolve();
  async function worker(): Promise<void> {
    while (!failed) {
      try {
        signal?.throwIfAborted();
        const asked = turn.then(() => failed ? { done: true as const, value: undefined } : iterator.next());
        turn = asked.catch(() => {/* told below */});
        const { done, value } = await asked;
        if (done || failed) return;
        const at = index++;
        results[at] = await work(value, at);
      } catch (error) {
        if (!failed) {
          failed = true;
          failure = error;
        }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, limit) }, worker));
  if (!failed) return results;
  await iterator.return?.();
  throw failure;
}
