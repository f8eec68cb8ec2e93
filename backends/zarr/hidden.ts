/**
 * Names that are not shown: what makes a directory an array or a group, and what is being built.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { joinPath, parentPath } from "../path.ts";
import { newGeneration } from "./generation.ts";
import { METADATA_FILES } from "./node.ts";

const STAGE = /^\.polystore-zarr-[0-9a-f]{16}$/;

/** Whether a name is that of a directory in which something is being built, or is being taken away. */
export function isStage(name: string): boolean {
  return STAGE.test(name);
}

/** A name for a directory in which something is built: no two are the same. */
export function stageName(generation: string = newGeneration()): string {
  return `.polystore-zarr-${generation}`;
}

/** Whether a name is not shown. */
export function isHidden(name: string): boolean {
  return METADATA_FILES.has(name) || isStage(name);
}

/** Whether something on a path is not shown. */
export function leadsToHidden(path: string): boolean {
  return path.split("/").some(isHidden);
}

/**
 * Refuses to make what would not be shown.
 *
 * @throws {StorageError} `invalid-path`.
 */
export function checkShown(path: string): void {
  const name = path.split("/").find(isHidden);
  if (name === undefined) return;
  throw new StorageError("invalid-path", `the name ${JSON.stringify(name)} is reserved for what Zarr keeps there`, {
    path,
  });
}

/** Where a relative path leads from a directory. */
export function joinRelative(directory: string, relative: string): string {
  return relative.split("/").reduce(
    (place, name) => name === ".." ? parentPath(place) : joinPath(place, name),
    directory,
  );
}
