/**
 * {@linkcode ServerLimits}: how much a request may take.
 *
 * @module
 */

import { StorageError } from "../../../backends/errors.ts";

/** How much a request may take. Keys have at most 1024 bytes, namespaces 253 characters, batches 10000 operations. */
export interface ServerLimits {
  /**
   * The most bytes of a body, and about the most of a page of values.
   *
   * @default {4194304}
   */
  readonly maxBody: number;
  /**
   * The deepest nesting of JSON.
   *
   * @default {100}
   */
  readonly maxDepth: number;
  /**
   * How long a request may take to come and to be answered, in milliseconds; events and files may take longer, but never pause for so
   * long.
   *
   * @default {5000}
   */
  readonly timeout: number;
  /**
   * The most watchers at a time.
   *
   * @default {1000}
   */
  readonly maxWatchers: number;
  /**
   * How long a watcher may hear nothing, in milliseconds.
   *
   * @default {15000}
   */
  readonly heartbeat: number;
}

const DEFAULTS: ServerLimits = {
  maxBody: 4 * 1024 * 1024,
  maxDepth: 100,
  timeout: 5000,
  maxWatchers: 1000,
  heartbeat: 15_000,
};

/** The longest time that a timer knows, in milliseconds: about 25 days. */
const MAX_TIME = 2 ** 31 - 1;

/**
 * Checks a number of milliseconds: a timer takes a longer one for none at all.
 *
 * @param name What it is called.
 * @param value The number.
 * @returns The same.
 * @throws {StorageError} `invalid-argument` if it is not more than 0, or too long for a timer.
 */
export function checkTime(name: string, value: number): number {
  if (value > 0 && value <= MAX_TIME) return value;
  const detail = `${name} must be milliseconds, more than 0 and at most ${MAX_TIME}: received ${value}`;
  throw new StorageError("invalid-argument", detail);
}

/**
 * Completes limits.
 *
 * @param limits Those that are given.
 * @returns All of them.
 * @throws {StorageError} `invalid-argument` for one that is no number above 0, and for a time that is too long for a timer.
 */
export function completeLimits(limits: Partial<ServerLimits> = {}): ServerLimits {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (!(value > 0)) {
      throw new StorageError("invalid-argument", `limit ${name} must be a number above 0: received ${value}`);
    }
  }
  const all = { ...DEFAULTS, ...Object.fromEntries(given) };
  checkTime("limit timeout", all.timeout);
  checkTime("limit heartbeat", all.heartbeat);
  return all;
}
