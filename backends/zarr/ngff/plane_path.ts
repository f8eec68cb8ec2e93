/**
 * Which paths a plane can have on a plate.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { isInside, relativePath } from "../../path.ts";
import { METADATA_FILES } from "../node.ts";
import { storePath } from "./place.ts";

/**
 * Paths of planes as they are kept: from the plate.
 *
 * @param root The plate.
 * @param paths Where the planes are to be, in the store.
 * @param well The path of the well, from the plate: what is in it, or on the way to it, is no place for a plane's name.
 * @throws {StorageError} `invalid-argument`, `invalid-path`.
 */
export function planePaths(root: string, paths: readonly string[], well: string): string[] {
  return paths.map((path) => {
    const place = storePath(path);
    if (place === root || !isInside(place, root)) {
      throw new StorageError("invalid-argument", `a plane must have a path below its plate ${JSON.stringify(root)}`, {
        path,
      });
    }
    const relative = root === "" ? place : relativePath(root, place);
    const names = relative.split("/");
    if (isInside(well, relative) || names.some((name) => METADATA_FILES.has(name)) || inImage(relative, well)) {
      throw new StorageError(
        "invalid-argument",
        `${JSON.stringify(relative)} is where the plate itself keeps something: call the plane otherwise`,
        { path },
      );
    }
    return relative;
  });
}

/** Whether a path is that of an image of the well, or in one: these are called by digits. */
function inImage(relative: string, well: string): boolean {
  return relative.startsWith(`${well}/`) && /^\d+(?:\/|$)/.test(relative.slice(well.length + 1));
}
