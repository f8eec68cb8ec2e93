/**
 * One promise of the seam as data: what it says, which methods it needs, and how it is tried.
 *
 * @module
 */

import type { Store } from "../../backends/stores/store.ts";

/** A method of the seam. */
export type StoreMethod = keyof Store;

/**
 * What must be there for a promise to be tried: a method of the store, or a hook of {@linkcode OpenedStore}. `put`
 * is there for every store that has `write`.
 */
export type Need = StoreMethod | "put" | "reopen";

/**
 * A store that certainly has some methods.
 *
 * @typeParam M The methods it has.
 */
export type StoreWith<M extends StoreMethod> = Store & { readonly [K in M]-?: NonNullable<Store[K]> };

/**
 * What a promise is tried on: an empty store of its own.
 *
 * @typeParam M The methods that the store certainly has.
 */
export interface Trial<M extends StoreMethod = never> {
  /** The store, empty at the beginning. */
  readonly store: StoreWith<M>;
  /** How many random sequences of operations to try. */
  readonly numRuns: number;
  /** The seed of those sequences; `undefined` for another one each time. */
  readonly seed: number | undefined;
  /** Puts a file there: by the hook of the harness if it has one, else by `write`. */
  put(path: string, bytes: Uint8Array): Promise<void>;
  /** Puts a file at each of `paths`, which holds its own path. */
  putNamed(paths: readonly string[]): Promise<void>;
  /** Closes the store and opens it again on the same data. */
  reopen(): Promise<StoreWith<M>>;
  /** Opens another empty store, and closes it after `use`. */
  fresh(use: (store: StoreWith<M>) => Promise<void>): Promise<void>;
  /** Why the place cannot keep this name; `undefined` if it must. */
  refusesName(name: string): string | undefined;
}

/** A promise of the seam that can be tried on any store which has the methods it needs. */
export interface StorePromise {
  /** Its name, for programs: the method and a word or two, such as `delete/missing`. */
  readonly id: string;
  /** The method that promises it. */
  readonly method: StoreMethod;
  /** What is promised, as the end of a sentence that begins with the method. */
  readonly promise: string;
  /** Everything that must be there for it to be tried; the method itself is included. */
  readonly needs: readonly Need[];
  /** Tries it; rejects if it is broken. */
  run(trial: Trial): Promise<void>;
}

/**
 * How a promise is tried.
 *
 * @typeParam M The method that promises.
 * @typeParam N What else it needs.
 */
export interface PromiseBody<M extends StoreMethod, N extends Need> {
  /**
   * What must be there besides the method itself.
   *
   * @default {[]}
   */
  readonly needs?: readonly N[];
  /** Tries it; rejects if it is broken. */
  run(trial: Trial<M | Extract<N, StoreMethod>>): Promise<void>;
}

/**
 * Writes down one promise.
 *
 * @typeParam M The method that promises.
 * @typeParam N What else it needs.
 * @param id The method and a word or two: `delete/missing`.
 * @param promise The end of a sentence that begins with the method: `succeeds when nothing is there`.
 * @param body How it is tried.
 * @returns The promise.
 *
 * @example
 * ```ts
 * import { storePromise } from "@polystore/polystore/testing";
 * import assert from "node:assert/strict";
 *
 * const promise = storePromise("delete/missing", "succeeds when nothing is there", {
 *   async run({ store }) {
 *     await store.delete("nothing");
 *   },
 * });
 * assert.deepEqual(promise.needs, ["delete"]);
 * ```
 */
export function storePromise<M extends StoreMethod, N extends Need = never>(
  id: `${M}/${string}`,
  promise: string,
  { needs = [], run }: PromiseBody<M, N>,
): StorePromise {
  const method = id.slice(0, id.indexOf("/")) as M;
  const all: readonly Need[] = [...new Set<Need>([method, ...needs])];
  // The suite tries a promise only on stores which have what it needs; that is what makes the narrower type true.
  return { id, method, promise, needs: all, run: (trial) => run(trial as Trial<M | Extract<N, StoreMethod>>) };
}
