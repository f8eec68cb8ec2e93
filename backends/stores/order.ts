/**
 * Walking a directory in path order, where directories are entries too.
 *
 * @module
 */

import { comparePaths, joinPath, sortPaths } from "../path.ts";

/**
 * What to visit in a directory, in path order: each name, and `name/` for what is below a directory. The two can be
 * apart: `dir`, `dir-b`, `dir/`.
 *
 * @param names The names in the directory, in path order.
 * @param isDirectory Whether a name is a directory to enter.
 * @returns The keys.
 *
 * @example
 * ```ts
 * import { walkKeys } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(walkKeys(["dir", "dir-b"], (name) => name === "dir"), ["dir", "dir-b", "dir/"]);
 * ```
 */
export function walkKeys(names: readonly string[], isDirectory: (name: string) => boolean): readonly string[] {
  const below = names.filter(isDirectory);
  return below.length === 0 ? names : sortPaths([...names, ...below.map((name) => `${name}/`)]);
}

/**
 * Whether anything below a directory can come after `after`.
 *
 * @param directory Path of the directory.
 * @param after A path, or `undefined` for before everything.
 * @returns Whether it is worth entering.
 *
 * @example
 * ```ts
 * import { reaches } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * assert(reaches("b", "a/z"));
 * assert(reaches("a", "a/z"));
 * assert(!reaches("a", "b"));
 * ```
 */
export function reaches(directory: string, after: string | undefined): boolean {
  return after === undefined || comparePaths(`${directory}/`, after) > 0 || after.startsWith(`${directory}/`);
}

/**
 * Whether a path comes after `after`.
 *
 * @param path A path.
 * @param after A path, or `undefined` for before everything.
 * @returns Whether it does.
 *
 * @example
 * ```ts
 * import { isAfter } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * assert(isAfter("b", "a"));
 * assert(!isAfter("a", "a"));
 * ```
 */
export function isAfter(path: string, after: string | undefined): boolean {
  return after === undefined || comparePaths(path, after) > 0;
}

/**
 * The index of the first name whose path comes after `after`, by halving.
 *
 * @param names Names in path order.
 * @param directory Path of their directory.
 * @param after A path, or `undefined` for before everything.
 * @returns The index; the number of names if none does.
 *
 * @example
 * ```ts
 * import { firstAfter } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * assert.equal(firstAfter(["a", "b", "c"], "dir", "dir/a"), 1);
 * ```
 */
export function firstAfter(names: readonly string[], directory: string, after: string | undefined): number {
  let low = 0;
  let high = after === undefined ? 0 : names.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isAfter(joinPath(directory, names[middle]!), after)) high = middle;
    else low = middle + 1;
  }
  return low;
}
