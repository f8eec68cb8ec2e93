/**
 * {@linkcode SenderOptions}: how a sender waits.
 *
 * @module
 */

import { StorageError } from "../errors.ts";

/** How much a sender holds, and how long it tries. */
export interface SenderOptions {
  /**
   * The most bytes that are on their way: queued, or not yet acknowledged. What is saved beyond that waits for room; a batch that is
   * larger is sent when nothing else is on its way.
   *
   * @default {67108864} 64 MiB
   */
  maxQueuedBytes?: number | undefined;
  /**
   * The most batches that are on their way.
   *
   * @default {64}
   */
  maxQueuedBatches?: number | undefined;
  /**
   * How long the receiver may be silent while batches are unanswered, in milliseconds. After that everything on its way fails with
   * `unavailable`: whether it was handled is not known.
   *
   * @default {30000}
   */
  acknowledgeTimeout?: number | undefined;
  /**
   * How long one try to connect may take, in milliseconds, the receiver's first answer included.
   *
   * @default {10000}
   */
  connectTimeout?: number | undefined;
  /**
   * How often in a row it connects without getting anything acknowledged, before everything on its way fails with `unavailable`.
   *
   * @default {10}
   */
  tries?: number | undefined;
  /**
   * How long to wait before the second try, in milliseconds, at most; it doubles with every further one.
   *
   * @default {100}
   */
  delay?: number | undefined;
  /**
   * The longest wait between two tries, in milliseconds.
   *
   * @default {10000}
   */
  maxDelay?: number | undefined;
  /**
   * A number from 0 up to 1: the part of the wait that is waited, so that many senders do not come back together.
   *
   * @default {Math.random}
   */
  random?: (() => number) | undefined;
}

/** {@linkcode SenderOptions}, all there. */
export type CheckedSenderOptions = { readonly [K in keyof SenderOptions]-?: NonNullable<SenderOptions[K]> };

/**
 * Fills in the defaults.
 *
 * @throws {StorageError} `invalid-argument` if an option is not what it should be.
 */
export function checkSenderOptions(options: SenderOptions): CheckedSenderOptions {
  const checked = {
    maxQueuedBytes: options.maxQueuedBytes ?? 64 * 1024 * 1024,
    maxQueuedBatches: options.maxQueuedBatches ?? 64,
    acknowledgeTimeout: options.acknowledgeTimeout ?? 30_000,
    connectTimeout: options.connectTimeout ?? 10_000,
    tries: options.tries ?? 10,
    delay: options.delay ?? 100,
    maxDelay: options.maxDelay ?? 10_000,
    random: options.random ?? Math.random,
  };
  for (const name of ["maxQueuedBytes", "maxQueuedBatches", "acknowledgeTimeout", "connectTimeout", "tries"] as const) {
    // Infinity is a number, too: no limit.
    if (!(checked[name] >= 1)) throw invalid(`${name} must be at least 1`, checked[name]);
  }
  if (!(checked.delay >= 0)) throw invalid("delay must not be negative", checked.delay);
  if (!(checked.maxDelay >= 0)) throw invalid("maxDelay must not be negative", checked.maxDelay);
  return checked;
}

function invalid(rule: string, received: number): StorageError {
  return new StorageError("invalid-argument", `${rule}: received ${received}`);
}
