/**
 * One promise of a backend as data: what it says, what it needs, and how it is tried.
 *
 * @module
 */

import type { StorageBackend } from "../../backends/backend.ts";
import type { DataSource } from "../../backends/data_source.ts";

/** A method of a backend. */
export type BackendMethod = Extract<keyof StorageBackend, string>;

/**
 * What must be there for a promise to be tried. The suite finds out by trying, not by asking.
 *
 * - `put`: files can be put there, by `save` or by a hook of the harness; `save` and `delete`: these work.
 * - `frozen`: it is a `StorageBackend`, and `save` is refused.
 * - `list`, `directories` (empty ones too), `links`, `etags`: the place has them.
 * - `bytes`: content is kept as bytes; `values`: values are kept as they are.
 * - `formats`: values are chosen a format for by their suffix, among those of this package.
 * - `openRead`, `openWrite`: the methods are there.
 * - `normalPaths`: paths follow the one rule of this package, and not that of the system.
 * - `expiry`: what is saved with `expireIn` goes; `watch`: changes are told.
 * - `reopen`: the harness can.
 */
export type BackendNeed =
  | "put"
  | "save"
  | "delete"
  | "frozen"
  | "list"
  | "directories"
  | "links"
  | "etags"
  | "bytes"
  | "values"
  | "formats"
  | "openRead"
  | "openWrite"
  | "normalPaths"
  | "expiry"
  | "watch"
  | "reopen";

/** What a promise is tried on: an empty backend of its own. */
export interface BackendTrial {
  /** The backend, empty at the beginning: what can be read of it. */
  readonly source: DataSource;
  /** The same, for promises that need `save`, `delete` or `frozen`. */
  readonly backend: StorageBackend;
  /** How many random sequences of operations to try. */
  readonly numRuns: number;
  /** The seed of those sequences; `undefined` for another one each time. */
  readonly seed: number | undefined;
  /** Whether this is there. */
  has(need: BackendNeed): boolean;
  /** A value that the backend keeps under any path, another one for another text, and a new object each time. */
  value(text: string): unknown;
  /** Puts `value(text)` there; parents come into being. */
  put(text: string, path: string): Promise<void>;
  /** Puts a file at each of `paths`, which holds the value of its own path. */
  putNamed(paths: readonly string[]): Promise<void>;
  /** Closes the backend and opens it again on the same data. */
  reopen(): Promise<DataSource>;
  /** Opens another empty backend, and closes it after `use`. */
  fresh(use: (trial: BackendTrial) => Promise<void>): Promise<void>;
  /** Why the place cannot keep this name; `undefined` if it must. */
  refusesName(name: string): string | undefined;
}

/** A promise of the backends that can be tried on any which has what it needs. */
export interface BackendPromise {
  /** Its name, for programs: the method and a word or two, such as `load/missing`. */
  readonly id: string;
  /** The method that promises it. */
  readonly method: BackendMethod;
  /** What is promised, as the end of a sentence that begins with the method. */
  readonly promise: string;
  /** Everything that must be there for it to be tried. */
  readonly needs: readonly BackendNeed[];
  /** Tries it; rejects if it is broken. */
  run(trial: BackendTrial): Promise<void>;
}

/**
 * Writes down one promise.
 *
 * @param id The method and a word or two: `load/missing`.
 * @param promise The end of a sentence that begins with the method: `says that nothing is there`.
 * @param needs What must be there.
 * @param run Tries it; rejects if it is broken.
 * @returns The promise.
 *
 * @example
 * ```ts
 * import { backendPromise } from "@polystore/polystore/testing";
 * import assert from "node:assert/strict";
 *
 * const promise = backendPromise("load/missing", "says that nothing is there", [], async ({ source }) => {
 *   await assert.rejects(source.load("nothing"), { code: "not-found" });
 * });
 * assert.equal(promise.method, "load");
 * ```
 */
export function backendPromise(
  id: `${BackendMethod}/${string}`,
  promise: string,
  needs: readonly BackendNeed[],
  run: (trial: BackendTrial) => Promise<void>,
): BackendPromise {
  return { id, method: id.slice(0, id.indexOf("/")) as BackendMethod, promise, needs, run };
}
