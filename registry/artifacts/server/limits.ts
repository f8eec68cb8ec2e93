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

/**
 * Completes limits.
 *
 * @param limits Those that are given.
 * @returns All of them.
 * @throws {StorageError} `invalid-argument` for one that is no number above 0.
 */
export function completeLimits(limits: Partial<ServerLimits> = {}): ServerLimits {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (!(value > 0)) {
      throw new StorageError("invalid-argument", `limit ${name} must be a number above 0: received ${value}`);
    }
  }
  return { ...DEFAULTS, ...Object.fromEntries(given) };
}
