/**
 * Which paths a plane can have on a plate.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { isInside, relativePath } from "../../path.ts";
import { METADATA_FILES } from "../node.ts";
import { storePath } from "./place.ts";
import { columnIndex, rowIndex } from "./well_name.ts";

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
    if (isInside(well, relative) || names.some((name) => METADATA_FILES.has(name)) || isPlatePath(names)) {
      throw new StorageError(
        "invalid-argument",
        `${JSON.stringify(relative)} is where the plate itself keeps something: call the plane otherwise`,
        { path },
      );
    }
    return relative;
  });
}

/** Whether a path is that of a well, of an image of one, or in one: `A/1`, `A/1/0`. */
function isPlatePath([row = "", column = "", image]: readonly string[]): boolean {
  return rowIndex(row) !== undefined && columnIndex(column) !== undefined &&
    (image === undefined || /^\d+$/.test(image));
}
