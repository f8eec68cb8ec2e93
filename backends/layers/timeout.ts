/**
 * {@linkcode timeout}: a store that answers in time, or fails.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { Complete, Layer } from "../stores/layer.ts";
import type { AbortOptions, Store } from "../stores/store.ts";
import { eachIn, readIn, type Steps, waitingFor, writeIn } from "./steps.ts";

/** No timer lasts longer: 2^31 - 1 ms. */
const MAX_DELAY = 2 ** 31 - 1;

/**
 * Fails with `unavailable`, which is retryable, what has no answer in time: each call, and each step of a listing or a stream.
 * The clock stands still while the store waits for the caller. `watch`, whose work it is to wait, has as much time as it needs.
 *
 * A call that is late is aborted. A store that does not heed its signal may still do the work: the outcome of a late change is not
 * known.
 *
 * Order: inside `retry`, so that each try has its own time; inside `limit`, so that waiting for a turn does not count.
 *
 * @param milliseconds How long a step may take: more than 0.
 * @returns The layer.
 * @throws {RangeError} If that is not a time.
 *
 * @example
 * ```ts
 * import { timeout } from "@polystore/polystore/layers";
 * import { layered, MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * store.read = () => new Promise(() => {}); // never answers
 * await assert.rejects(layered(store, timeout(10)).read("a"), { code: "unavailable", retryable: true });
 * ```
 */
export function timeout(milliseconds: number): Layer {
  if (!(milliseconds > 0)) {
    throw new RangeError(`Cannot create timeout: milliseconds must be above 0: received ${milliseconds}`);
  }
  const delay = Math.min(MAX_DELAY, milliseconds);

  /** One call, against a clock of its own. */
  async function run<T, O extends AbortOptions>(
    path: string,
    options: O | undefined,
    call: (options: O) => Promise<T>,
  ): Promise<T> {
    const clock = new Clock(delay, path, options?.signal);
    try {
      return await clock.step(() => call({ ...options, signal: clock.signal } as O));
    } finally {
      clock.end();
    }
  }

  /** Opens a stream, whose every step is against the clock. */
  async function open<S extends ReadableStream<Uint8Array> | WritableStream<Uint8Array> | undefined>(
    path: string,
    options: AbortOptions | undefined,
    call: (options: AbortOptions) => Promise<S>,
    wrap: (stream: NonNullable<S>, steps: Steps) => S,
  ): Promise<S> {
    const clock = new Clock(delay, path, options?.signal);
    try {
      const stream = await clock.step(() => call({ ...options, signal: clock.signal }), letGo);
      if (stream) return wrap(stream, clock);
      clock.end();
      return stream;
    } catch (error) {
      clock.end();
      throw error;
    }
  }

  return (inner: Store): Complete<Store> => ({
    read: (path, options) => run(path, options, (timed) => inner.read(path, timed)),
    stat: (path, options) => run(path, options, (timed) => inner.stat(path, timed)),
    list: inner.list && ((prefix, options) => {
      const clock = new Clock(delay, prefix, options?.signal);
      return eachIn(inner.list!(prefix, { ...options, signal: clock.signal }), clock);
    }),
    write: inner.write &&
      ((path, bytes, options) => run(path, options, (timed) => inner.write!(path, bytes, timed))),
    delete: inner.delete && ((path, options) => run(path, options, (timed) => inner.delete!(path, timed))),
    makeDirectory: inner.makeDirectory &&
      ((path, options) => run(path, options, (timed) => inner.makeDirectory!(path, timed))),
    createSymlink: inner.createSymlink &&
      ((target, path, options) => run(path, options, (timed) => inner.createSymlink!(target, path, timed))),
    readSymlink: inner.readSymlink &&
      ((path, options) => run(path, options, (timed) => inner.readSymlink!(path, timed))),
    writeExpiring: inner.writeExpiring &&
      ((path, bytes, options) => run(path, options, (timed) => inner.writeExpiring!(path, bytes, timed))),
    watch: inner.watch && ((path, options) => inner.watch!(path, options)),
    copy: inner.copy && ((from, to, options) => run(from, options, (timed) => inner.copy!(from, to, timed))),
    move: inner.move && ((from, to, options) => run(from, options, (timed) => inner.move!(from, to, timed))),
    deleteTree: inner.deleteTree &&
      ((path, options) => run(path, options, (timed) => inner.deleteTree!(path, timed))),
    readMany: inner.readMany &&
      ((paths, options) => run(paths[0] ?? "", options, (timed) => inner.readMany!(paths, timed))),
    writeMany: inner.writeMany && (async (writes, options) => {
      const clock = new Clock(delay, "", options?.signal);
      const source = waitingFor(writes, () => clock.pause(), () => clock.resume());
      try {
        return await clock.step(() => inner.writeMany!(source, { ...options, signal: clock.signal }));
      } finally {
        clock.end();
      }
    }),
    writeParts: inner.writeParts &&
      ((path, parts, options) => run(path, options, (timed) => inner.writeParts!(path, parts, timed))),
    openRead: inner.openRead &&
      ((path, options) =>
        open(path, options, (timed) => inner.openRead!(path, timed), (stream, steps) => readIn(stream!, steps))),
    openWrite: inner.openWrite &&
      ((path, options) => open(path, options, (timed) => inner.openWrite!(path, timed), writeIn)),
    close: inner.close && (() => inner.close!()),
  });
}

/** The clock of one operation, which starts anew with each of its steps. */
class Clock implements Steps {
  readonly #controller = new AbortController();
  readonly #late = Promise.withResolvers<never>();
  readonly #delay: number;
  readonly #path: string;
  readonly #outer: AbortSignal | undefined;
  #isLate = false;
  #still = false;
  #ended = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(delay: number, path: string, outer: AbortSignal | undefined) {
    this.#delay = delay;
    this.#path = path;
    this.#outer = outer;
    this.#late.promise.catch(() => {/* seen by the step that runs, if one does */});
    if (outer?.aborted) this.#abort();
    else outer?.addEventListener("abort", this.#abort);
  }

  /** Aborts when the caller does, and when it is too late. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly #abort = (): void => this.#controller.abort(this.#outer!.reason);

  readonly #expire = (): void => {
    const detail = `no answer within ${this.#delay} ms`;
    const error = new StorageError("unavailable", detail, { path: this.#path, retryable: true });
    this.#isLate = true;
    this.#late.reject(error);
    this.#controller.abort(error);
  };

  /** Stands still, while the caller works. */
  pause(): void {
    this.#still = true;
    clearTimeout(this.#timer);
  }

  /** Starts anew. */
  resume(): void {
    this.#still = false;
    this.#start();
  }

  #start(): void {
    if (this.#still || this.#ended) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#expire, this.#delay);
  }

  async step<T>(step: () => Promise<T>, discard?: (value: T) => void): Promise<T> {
    try {
      const pending = step();
      if (await isSoon(pending)) return await pending;
      this.#start();
      if (discard) pending.then((value) => this.#isLate && discard(value), () => {/* late, and of no use */});
      return await Promise.race([pending, this.#late.promise]);
    } finally {
      clearTimeout(this.#timer);
    }
  }

  end(): void {
    this.pause();
    this.#ended = true;
    this.#outer?.removeEventListener("abort", this.#abort);
  }
}

/** Whether it is settled within the same turn, as what is in memory is: then a timer would cost more than all the rest. */
async function isSoon(pending: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => void (settled = true);
  pending.then(settle, settle);
  for (let ticks = 0; ticks < 4 && !settled; ticks++) await undefined;
  return settled;
}

/** Closes a stream that was opened too late. */
function letGo(stream: ReadableStream<Uint8Array> | WritableStream<Uint8Array> | undefined): void {
  const closing = stream instanceof ReadableStream ? stream.cancel() : stream?.abort();
  closing?.catch(() => {/* nobody waits for it */});
}
