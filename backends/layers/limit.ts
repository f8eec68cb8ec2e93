/**
 * {@linkcode limit}: a store that is asked only so many things at once.
 *
 * @module
 */

import type { Complete, Layer } from "../stores/layer.ts";
import type { AbortOptions, Store } from "../stores/store.ts";
import { eachIn, readIn, type Steps, waitingFor, writeIn } from "./steps.ts";

/**
 * Lets only so many calls run at once; the others wait for their turn, first come, first served. Of a listing or a stream, each step is
 * a call: an open stream that nobody reads holds no turn, and copying from one stream to another cannot wait for itself. Nor does
 * a batch hold one while it waits for its source, nor `watch`.
 *
 * Order: outside `timeout`, so that waiting does not count; inside `retry`, so that who pauses before the next try holds no turn.
 *
 * @param concurrency How many: a positive integer.
 * @returns The layer. Each store it is put on has its own turns.
 * @throws {RangeError} If that is not a positive integer.
 *
 * @example
 * ```ts
 * import { limit } from "@polystore/polystore/layers";
 * import { layered, MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * let running = 0;
 * let most = 0;
 * const memory = new MemoryStore();
 * memory.read = async () => {
 *   most = Math.max(most, ++running);
 *   await new Promise((resolve) => setTimeout(resolve, 1));
 *   running--;
 *   return undefined;
 * };
 * const store = layered(memory, limit(3));
 * await Promise.all(Array.from({ length: 10 }, () => store.read("a")));
 * assert.equal(most, 3);
 * ```
 */
export function limit(concurrency: number): Layer {
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw new RangeError(`Cannot create limit: concurrency must be a positive integer: received ${concurrency}`);
  }
  return (inner: Store): Complete<Store> => {
    const turns = new Turns(concurrency);
    const run = <T>(options: AbortOptions | undefined, call: () => Promise<T>): Promise<T> =>
      turns.run(call, options?.signal);
    const steps = (options: AbortOptions | undefined): Steps => ({
      step: (step) => turns.run(step, options?.signal),
      end: () => {},
    });
    return {
      read: (path, options) => run(options, () => inner.read(path, options)),
      stat: (path, options) => run(options, () => inner.stat(path, options)),
      list: inner.list && ((prefix, options) => eachIn(inner.list!(prefix, options), steps(options))),
      write: inner.write && ((path, bytes, options) => run(options, () => inner.write!(path, bytes, options))),
      delete: inner.delete && ((path, options) => run(options, () => inner.delete!(path, options))),
      makeDirectory: inner.makeDirectory &&
        ((path, options) => run(options, () => inner.makeDirectory!(path, options))),
      createSymlink: inner.createSymlink &&
        ((target, path, options) => run(options, () => inner.createSymlink!(target, path, options))),
      readSymlink: inner.readSymlink && ((path, options) => run(options, () => inner.readSymlink!(path, options))),
      writeExpiring: inner.writeExpiring &&
        ((path, bytes, options) => run(options, () => inner.writeExpiring!(path, bytes, options))),
      watch: inner.watch && ((path, options) => inner.watch!(path, options)),
      copy: inner.copy && ((from, to, options) => run(options, () => inner.copy!(from, to, options))),
      move: inner.move && ((from, to, options) => run(options, () => inner.move!(from, to, options))),
      deleteTree: inner.deleteTree && ((path, options) => run(options, () => inner.deleteTree!(path, options))),
      readMany: inner.readMany && ((paths, options) => run(options, () => inner.readMany!(paths, options))),
      writeMany: inner.writeMany && ((writes, options) => {
        const source = waitingFor(writes, () => turns.leave(), () => turns.enter());
        return run(options, () => inner.writeMany!(source, options));
      }),
      writeParts: inner.writeParts &&
        ((path, parts, options) => run(options, () => inner.writeParts!(path, parts, options))),
      openRead: inner.openRead && (async (path, options) => {
        const stream = await run(options, () => inner.openRead!(path, options));
        return stream && readIn(stream, steps(options));
      }),
      openWrite: inner.openWrite && (async (path, options) => {
        return writeIn(await run(options, () => inner.openWrite!(path, options)), steps(options));
      }),
      close: inner.close && (() => inner.close!()),
    };
  };
}

/** So many may work at once; the others wait in a row. */
class Turns {
  #left: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#left = count;
  }

  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#left > 0) this.#left--;
    else await this.enter(signal);
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  /** Waits for a turn. */
  async enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#left > 0) return void this.#left--;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = (): void => {
      this.#waiting.delete(resolve);
      reject(signal!.reason);
    };
    signal?.addEventListener("abort", stop, { once: true });
    this.#waiting.add(resolve);
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  /** Hands the turn to the first who waits. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) return void this.#left++;
    this.#waiting.delete(next);
    next();
  }
}
