/**
 * {@linkcode retry}: a store that tries again what may succeed the next time.
 *
 * @module
 */

import type { Complete, Layer } from "../stores/layer.ts";
import type { AbortOptions, DeleteOptions, Store, WriteOptions } from "../stores/store.ts";
import type { StoreCounters } from "./counters.ts";
import { type RetryPolicy, Tries } from "./tries.ts";

/** Options of {@linkcode retry}. */
export interface RetryOptions {
  /**
   * How often something is tried, the first time included: a positive integer.
   *
   * @default {5}
   */
  tries?: number | undefined;
  /**
   * How long to wait before the second try, in milliseconds, at most; it doubles with every further one.
   *
   * @default {100}
   */
  delay?: number | undefined;
  /**
   * The longest wait, in milliseconds. What asks for a longer one by `retryAfter` is not tried again.
   *
   * @default {10000}
   */
  maxDelay?: number | undefined;
  /**
   * A number from 0 up to 1: the part of the wait that is waited, so that many who failed together do not come again together.
   *
   * @default {Math.random}
   */
  random?: (() => number) | undefined;
  /**
   * Counts the retries.
   *
   * @default {undefined} nobody counts
   */
  counters?: StoreCounters | undefined;
}

/**
 * Tries again what failed with an error that is `retryable`, after a pause that grows and is never the same (or the one that the place
 * asked for, `retryAfter`). When it gives up, the error is no longer `retryable`, so that nobody above tries again.
 *
 * Only what can be done twice without harm: reading, unconditional changes, and changes with `ifAbsent` or `ifMatch`. If such a condition
 * fails after a try whose outcome nobody knows, that try may have been the one that changed it: this is told as `unavailable`
 * ("the outcome is not known"), neither as a conflict nor as success. `move` is not tried again, nor is a stream once it is
 * open, nor a batch whose source can be read only once. A listing goes on where it failed, and so does `watch`.
 *
 * Order: innermost, directly on `timeout` and `limit`: every layer above sees one call.
 *
 * @param options How often, and after which pauses.
 * @returns The layer.
 * @throws {RangeError} If an option is not what it should be.
 *
 * @example
 * ```ts
 * import { faulty, retry } from "@polystore/polystore/layers";
 * import { layered, MemoryStore, StorageError } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const memory = new MemoryStore();
 * await memory.write("a", new Uint8Array([1]));
 * const error = new StorageError("unavailable", "the place is down", { retryable: true });
 * const store = layered(memory, faulty([{ method: "read", call: 1, error }]), retry({ delay: 1 }));
 * assert.deepEqual(await store.read("a"), new Uint8Array([1]));
 * ```
 */
export function retry(options: RetryOptions = {}): Layer {
  const policy = checked(options);

  /** Something that can be done twice. */
  function again<T>(options: AbortOptions | undefined, call: () => Promise<T>): Promise<T> {
    return new Tries(policy, false, options?.signal).run(call);
  }

  /** A change, which may have a condition. */
  function change<T>(options: WriteOptions | DeleteOptions | undefined, call: () => Promise<T>): Promise<T> {
    const conditional = options?.ifMatch !== undefined ||
      (options !== undefined && "ifAbsent" in options && options.ifAbsent);
    return new Tries(policy, conditional === true, options?.signal).run(call);
  }

  return (inner: Store): Complete<Store> => ({
    read: (path, options) => again(options, () => inner.read(path, options)),
    stat: (path, options) => again(options, () => inner.stat(path, options)),
    list: inner.list && (async function* (prefix, options = {}) {
      let { after, limit = Infinity } = options;
      const tries = new Tries(policy, false, options.signal);
      while (true) {
        try {
          const rest = { ...options, after, limit: limit === Infinity ? undefined : limit };
          for await (const entry of inner.list!(prefix, rest)) {
            tries.begin();
            after = entry.path;
            limit--;
            yield entry;
          }
          return;
        } catch (error) {
          await tries.failed(error);
        }
      }
    }),
    write: inner.write &&
      ((path, bytes, options) => change(options, () => inner.write!(path, bytes, options))),
    delete: inner.delete && ((path, options) => change(options, () => inner.delete!(path, options))),
    makeDirectory: inner.makeDirectory &&
      ((path, options) => again(options, () => inner.makeDirectory!(path, options))),
    createSymlink: inner.createSymlink && ((target, path, options) => {
      // It only creates: its condition is a part of it.
      return change({ ...options, ifAbsent: true }, () => inner.createSymlink!(target, path, options));
    }),
    readSymlink: inner.readSymlink && ((path, options) => again(options, () => inner.readSymlink!(path, options))),
    writeExpiring: inner.writeExpiring &&
      ((path, bytes, options) => change(options, () => inner.writeExpiring!(path, bytes, options))),
    watch: inner.watch && (async function* (path, options) {
      const tries = new Tries(policy, false, options?.signal);
      let last: string | undefined;
      while (true) {
        try {
          for await (const stat of inner.watch!(path, options)) {
            tries.begin();
            const seen = `${stat?.kind} ${stat?.etag}`;
            // The first news after a failure may be no news.
            if (seen === last) continue;
            last = seen;
            yield stat;
          }
          return;
        } catch (error) {
          await tries.failed(error);
        }
      }
    }),
    copy: inner.copy && ((from, to, options) => change(options, () => inner.copy!(from, to, options))),
    move: inner.move && ((from, to, options) => inner.move!(from, to, options)),
    deleteTree: inner.deleteTree && ((path, options) => again(options, () => inner.deleteTree!(path, options))),
    readMany: inner.readMany && ((paths, options) => again(options, () => inner.readMany!(paths, options))),
    writeMany: inner.writeMany && ((writes, options) => {
      if (!Array.isArray(writes)) return inner.writeMany!(writes, options);
      return change(options, () => inner.writeMany!(writes, options));
    }),
    writeParts: inner.writeParts &&
      ((path, parts, options) => change(options, () => inner.writeParts!(path, parts, options))),
    openRead: inner.openRead && ((path, options) => again(options, () => inner.openRead!(path, options))),
    openWrite: inner.openWrite && ((path, options) => again(options, () => inner.openWrite!(path, options))),
    close: inner.close && (() => inner.close!()),
  });
}

function checked(options: RetryOptions): RetryPolicy {
  const { tries = 5, delay = 100, maxDelay = 10_000, random = Math.random, counters } = options;
  if (!Number.isSafeInteger(tries) || tries < 1) throw invalid("tries must be a positive integer", tries);
  if (!(delay >= 0)) throw invalid("delay must not be negative", delay);
  if (!(maxDelay >= delay)) throw invalid("maxDelay must not be less than delay", maxDelay);
  return { tries, delay, maxDelay, random, counters };
}

function invalid(rule: string, received: number): RangeError {
  return new RangeError(`Cannot create retry: ${rule}: received ${received}`);
}
