/**
 * Where plates and images lie.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { normalizePath, parentPath } from "../../path.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import type { ZarrFormat } from "../metadata.ts";
import { makeGroup, readNode } from "../node.ts";

/**
 * A path as a store takes it: in its normal form. What leads to the root of the system, or up from the working directory, stays,
 * for stores of the system's own paths.
 *
 * @throws {StorageError} `invalid-path`.
 */
export function storePath(path: string): string {
  const system = typeof path === "string" ? /^(?:\/|(?:\.\.\/)+)/.exec(path)?.[0] ?? "" : "";
  return system + normalizePath(system === "" ? path : path.slice(system.length));
}

/** The directories above a path, the nearest first, without the root. */
export function* directoriesAbove(path: string): Generator<string> {
  for (let directory = parentPath(path); directory !== "" && directory !== "/"; directory = parentPath(directory)) {
    yield directory;
  }
}

/**
 * Makes groups of the directories above a path, from the first one called `….zarr`. Those above that are nothing to Zarr.
 *
 * @throws {StorageError} `not-a-directory` if one of them is an array.
 */
export async function makeGroupsAbove(
  store: Store,
  path: string,
  format: ZarrFormat,
  options: AbortOptions,
): Promise<void> {
  await checkAbove(store, path, options);
  const above = [...directoriesAbove(path)].reverse();
  const top = above.findIndex((directory) => /\.zarr$/i.test(directory));
  if (top < 0) return;
  for (const directory of above.slice(top)) {
    if (await readNode(store, directory, options) === undefined) await makeGroup(store, directory, format, {}, options);
  }
}

/**
 * Refuses a place in an array.
 *
 * @throws {StorageError} `not-a-directory`.
 */
export async function checkAbove(store: Store, path: string, options: AbortOptions): Promise<void> {
  for (const directory of directoriesAbove(path)) {
    if ((await readNode(store, directory, options))?.kind !== "array") continue;
    throw new StorageError("not-a-directory", `its parent ${JSON.stringify(directory)} is an array`, { path });
  }
}
