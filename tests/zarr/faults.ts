/**
 * {@linkcode faulty}: a store whose process dies.
 *
 * @module
 */

import { StorageError } from "../../backends/errors.ts";
import type { Store } from "../../backends/stores/store.ts";

/** The process is dead. */
export class Died extends Error {}

/** A store that can die. */
export interface Faulty {
  /** The store. */
  readonly store: Store;
  /** How many changes were made. */
  readonly count: () => number;
}

const CHANGES: ReadonlySet<keyof Store> = new Set([
  "write",
  "delete",
  "makeDirectory",
  "createSymlink",
  "copy",
  "move",
  "deleteTree",
  "writeMany",
  "writeParts",
]);

/** A store that makes so many changes, and then does nothing any more. */
export function faulty(inner: Store, changes: number): Faulty {
  let made = 0;
  let dead = false;
  const store: Record<string, unknown> = {};
  const names: readonly (keyof Store)[] = ["read", "stat", "list", "readSymlink", ...CHANGES];
  for (const name of names) {
    const method = inner[name] as ((...args: unknown[]) => unknown) | undefined;
    if (method === undefined) continue;
    store[name] = (...args: unknown[]) => {
      if (CHANGES.has(name) && made === changes) dead = true;
      if (dead && name === "list") return nothing();
      if (dead) return Promise.reject(new Died());
      if (CHANGES.has(name)) made++;
      return method.apply(inner, args);
    };
  }
  return { store: store as unknown as Store, count: () => made };
}

function nothing(): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Died()) }) };
}

/** A store that makes one change whose answer is lost. */
export function forgetful(inner: Store, change: number): Faulty {
  let made = 0;
  const store: Record<string, unknown> = {};
  const names: readonly (keyof Store)[] = ["read", "stat", "list", "readSymlink", ...CHANGES];
  for (const name of names) {
    const method = inner[name] as ((...args: unknown[]) => unknown) | undefined;
    if (method === undefined) continue;
    store[name] = !CHANGES.has(name) ? method.bind(inner) : async (...args: unknown[]) => {
      const result = await method.apply(inner, args);
      if (made++ === change) throw new StorageError("unavailable", "the answer was lost", { retryable: true });
      return result;
    };
  }
  return { store: store as unknown as Store, count: () => made };
}
