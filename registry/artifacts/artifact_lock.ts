/**
 * {@linkcode ArtifactLock}: being the only one that works on a key.
 *
 * @module
 */

import { isStorageError } from "../../backends/errors.ts";
import { pause } from "../../backends/stores/pause.ts";
import { ArtifactError } from "./artifact_error.ts";
import type { AbortOptions, ArtifactStorage, Lease } from "./artifact_storage.ts";

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

  /** Waits for the lock, works, and gives it back. */
  async hold<R>(work: (held: LockHeld) => R | Promise<R>, signal?: AbortSignal): Promise<R> {
    const lease = await this.#acquire(signal);
    const done = new AbortController();
    const lost = new AbortController();
    const renewing = this.#renew(lease, lost, done.signal);
    try {
      const held = { token: lease.token, signal: signal ? AbortSignal.any([signal, lost.signal]) : lost.signal };
      const result = await work(held);
      // Someone else may have worked at the same time.
      if (lost.signal.aborted) throw lost.signal.reason;
      return result;
    } finally {
      done.abort();
      await renewing;
      if (!lost.signal.aborted) await this.#storage.release(this.#key, lease.token);
    }
  }

  async #acquire(signal: AbortSignal | undefined): Promise<Lease> {
    while (true) {
      try {
        return await this.#storage.acquire(this.#key, { owner: this.#owner, ttl: this.#ttl, signal });
      } catch (error) {
        if (!isStorageError(error, "busy")) throw error;
        const { retryAfter = PATIENCE } = error;
        await pause(Math.min(retryAfter, PATIENCE) * (0.2 + 0.8 * Math.random()), signal);
      }
    }
  }

  /** Renews the lease until the work is done. A failure that may pass is no loss before the lease has ended. */
  async #renew({ token }: Lease, lost: AbortController, done: AbortSignal): Promise<void> {
    let ends = Date.now() + this.#ttl;
    while (true) {
      try {
        await pause(Math.max(1, Math.min(this.#ttl / 3, ends - Date.now())), done);
        const before = Date.now();
        await this.#storage.acquire(this.#key, { owner: this.#owner, ttl: this.#ttl, token, signal: done });
        ends = before + this.#ttl;
      } catch (error) {
        if (done.aborted) return;
        if (isStorageError(error) && error.code === "unavailable" && Date.now() < ends) continue;
        lost.abort(
          new ArtifactError("precondition-failed", "the lock was lost while the work went on", {
            path: this.#key,
            cause: error,
            context: { key: this.#key },
          }),
        );
        return;
      }
    }
  }
}
