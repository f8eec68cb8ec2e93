/**
 * {@linkcode ArtifactLock}: being the only one that works on a key.
 *
 * @module
 */

import { isStorageError } from "../../backends/errors.ts";
import { pause } from "../../backends/stores/pause.ts";
import { ArtifactError } from "./artifact_error.ts";
import type { AbortOptions, ArtifactStorage } from "./artifact_storage.ts";

/** Options of `withLock`. */
export interface LockOptions extends AbortOptions {
  /**
   * How long the lock lasts if this process dies, in milliseconds; while it lives, it is renewed.
   *
   * @default {30_000}
   */
  ttl?: number | undefined;
}

/** What the work under a lock is told. */
export interface LockHeld {
  /** Aborts when the lock was lost, or the caller gave up: stop then. */
  readonly signal: AbortSignal;
  /** Greater than that of every holder before: a place that is written can refuse a smaller one. */
  readonly token: number;
}

/** The longest wait before asking again for a lock, in milliseconds: who holds it may give it back any time. */
const PATIENCE = 250;

/** Pulls the lock of one key. */
export class ArtifactLock {
  readonly #storage: Pick<ArtifactStorage, "acquire" | "release">;
  readonly #key: string;
  readonly #owner = crypto.randomUUID();
  readonly #ttl: number;

  /**
   * @param storage Who gives leases.
   * @param key The key.
   * @param ttl How long a lease lasts.
   */
  constructor(storage: Pick<ArtifactStorage, "acquire" | "release">, key: string, ttl: number) {
    this.#storage = storage;
    this.#key = key;
    this.#ttl = ttl;
  }

  /**
   * Waits for the lock, works, and gives it back. If that fails, the lease ends by itself.
   *
   * @param work Is told when the lock was lost.
   * @param signal Ends the wait, and is told to the work.
   * @returns What the work answers.
   * @throws {StorageError} `precondition-failed` if the lock was lost before the work was done; what the work threw.
   */
  async hold<R>(work: (held: LockHeld) => R | Promise<R>, signal?: AbortSignal): Promise<R> {
    const { token, ends } = await this.#acquire(signal);
    using term = new Term(this.#key, ends);
    term.check();
    const done = new AbortController();
    const renewing = this.#renew(token, term, done.signal);
    try {
      const result = await work({ token, signal: signal ? AbortSignal.any([signal, term.lost]) : term.lost });
      // Someone else may have worked at the same time.
      term.check();
      return result;
    } finally {
      done.abort();
      await renewing;
      await this.#release(token, term);
    }
  }

  async #acquire(signal: AbortSignal | undefined): Promise<{ token: number; ends: number }> {
    while (true) {
      try {
        const ends = Date.now() + this.#ttl;
        const { token } = await this.#storage.acquire(this.#key, { owner: this.#owner, ttl: this.#ttl, signal });
        return { token, ends };
      } catch (error) {
        if (!isStorageError(error, "busy")) throw error;
        const { retryAfter = PATIENCE } = error;
        await pause(Math.min(retryAfter, PATIENCE) * (0.2 + 0.8 * Math.random()), signal);
      }
    }
  }

  /** Renews the lease until the work is done or the lease is lost. A failure that may pass is no loss before the term is over. */
  async #renew(token: number, term: Term, done: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([done, term.lost]);
    const request = { owner: this.#owner, ttl: this.#ttl, token, signal };
    let wait = this.#ttl / 3;
    while (!signal.aborted) {
      try {
        await pause(wait, signal);
        const ends = Date.now() + this.#ttl;
        await unlessAborted(this.#storage.acquire(this.#key, request), signal);
        term.extend(ends);
        wait = this.#ttl / 3;
      } catch (error) {
        if (signal.aborted) return;
        if (!mayPass(error)) term.lose(error);
        wait = this.#ttl / 10;
      }
    }
  }

  async #release(token: number, { lost }: Term): Promise<void> {
    if (lost.aborted) return;
    try {
      await unlessAborted(this.#storage.release(this.#key, token, { signal: lost }), lost);
    } catch {
      // The lease ends by itself; what became of the work counts more.
    }
  }
}

/**
 * How long a lease can be relied on. It is counted from before the request for it was sent, so whoever gave the lease does not
 * give it to another before.
 */
class Term {
  readonly #key: string;
  readonly #lost = new AbortController();
  #ends = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(key: string, ends: number) {
    this.#key = key;
    this.extend(ends);
  }

  /** Aborts when the lease cannot be relied on any more. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  extend(ends: number): void {
    clearTimeout(this.#timer);
    this.#ends = ends;
    this.#timer = setTimeout(() => this.lose(), Math.max(0, ends - Date.now()));
  }

  lose(cause?: unknown): void {
    if (this.lost.aborted) return;
    this.#lost.abort(
      new ArtifactError("precondition-failed", "the lock was lost while the work went on", {
        path: this.#key,
        cause,
        context: { key: this.#key },
      }),
    );
  }

  /** Throws if it is over, even if the timer had no turn yet: the work did not pause, or the machine slept. */
  check(): void {
    if (Date.now() >= this.#ends) this.lose();
    this.lost.throwIfAborted();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** Whether a renewal that failed so may succeed later. Who renews is told `precondition-failed` if another has the lease, never `busy`. */
function mayPass(error: unknown): boolean {
  return isStorageError(error) && (error.retryable || error.code === "unavailable" || error.code === "busy");
}

/** Waits for an answer, but no longer than until the signal, whatever the storage makes of it. */
function unlessAborted<T>(asked: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    function stop(): void {
      reject(signal.reason);
    }
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    asked.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
