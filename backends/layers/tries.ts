/**
 * {@linkcode Tries}: the tries of one operation.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import type { StoreCounters } from "./counters.ts";
import { pause } from "../stores/pause.ts";

/** How often, and after which pauses. */
export interface RetryPolicy {
  /** How often something is tried. */
  readonly tries: number;
  /** The longest wait before the second try, in milliseconds. */
  readonly delay: number;
  /** The longest wait, in milliseconds. */
  readonly maxDelay: number;
  /** The part of the wait that is waited. */
  readonly random: () => number;
  /** Counts the retries. */
  readonly counters: StoreCounters | undefined;
}

/** The tries of one operation. */
export class Tries {
  readonly #policy: RetryPolicy;
  readonly #conditional: boolean;
  readonly #signal: AbortSignal | undefined;
  #failures = 0;
  /** The failure of an earlier try that may have changed something all the same. */
  #doubtful: StorageError | undefined;

  /**
   * @param policy How often.
   * @param conditional Whether the operation has a condition, which it may break itself.
   * @param signal Ends it.
   */
  constructor(policy: RetryPolicy, conditional: boolean, signal: AbortSignal | undefined) {
    this.#policy = policy;
    this.#conditional = conditional;
    this.#signal = signal;
  }

  /** Calls until it succeeds, or until there is no hope. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    while (true) {
      try {
        return await call();
      } catch (error) {
        await this.failed(error);
      }
    }
  }

  /** Begins to count anew, after some progress. */
  begin(): void {
    this.#failures = 0;
  }

  /** Waits until it is time to try again; throws if there is no hope. */
  async failed(error: unknown): Promise<void> {
    if (this.#doubtful && isStorageError(error, "already-exists", "precondition-failed")) {
      throw unknown(this.#doubtful, error);
    }
    if (!isStorageError(error) || !error.retryable) throw error;
    const { tries, delay, maxDelay, random, counters } = this.#policy;
    const { retryAfter = 0 } = error;
    if (++this.#failures >= tries) throw final(error, `gave up after ${tries} tries`);
    if (retryAfter > maxDelay) throw final(error, `not before ${Math.ceil(retryAfter / 1000)} s from now`);
    // Who is told that others are busy has changed nothing; any other failure may have come after the change.
    if (this.#conditional && error.code !== "busy") this.#doubtful ??= error;
    if (counters) counters.retries++;
    await pause(retryAfter + random() * Math.min(maxDelay, delay * 2 ** (this.#failures - 1)), this.#signal);
  }
}

/** The same error, which is not to be retried. */
function final(error: StorageError, why: string): StorageError {
  const { backend, operation, path } = error;
  return new StorageError(error.code, `${error.detail} (${why})`, { backend, operation, path, cause: error });
}

function unknown(doubtful: StorageError, conflict: StorageError): StorageError {
  const detail =
    `the outcome is not known: the condition does not hold now, but an earlier try failed with "${doubtful.detail}" ` +
    "and may have been the one that changed it; look before you try again";
  return new StorageError("unavailable", detail, { path: conflict.path, cause: conflict });
}
