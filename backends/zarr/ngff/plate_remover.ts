/**
 * {@linkcode removePlanes}: planes that are no longer wanted.
 *
 * @module
 */

import { inContext, StorageError } from "../../errors.ts";
import { joinPath, relativePath } from "../../path.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import { lockOf } from "../../keyed_lock.ts";
import type { ZarrFormat } from "../metadata.ts";
import { updateGroup } from "./document.ts";
import { Plate } from "./plate.ts";
import { withoutWell, withWell } from "./plate_change.ts";
import { parsePlateDocument } from "./plate_document.ts";
import { dropConsolidated, plateName, recordOfWell } from "./plate_update.ts";
import { cleanWell, wellKey } from "./well_care.ts";
import { wellWithout } from "./well_change.ts";
import { formatWellDocument, parseWellDocument, type WellDocument } from "./well_document.ts";

/**
 * Removes planes that this library has written from a plate: nothing is found under their paths any more. An image goes with the
 * last of its planes, a well with the last of its images, and with the last well the plate is none any more. In images that stay, so
 * do the pixels, until others are written in their place.
 *
 * @param store The store.
 * @param root Path of the plate.
 * @param paths Paths of the planes in the store.
 * @param options Signal.
 * @throws {StorageError} `not-found`, `unsupported` for planes that others have written; nothing has changed then.
 *
 * @example
 * ```ts
 * import { ndarray } from "@polystore/polystore/formats";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import { Plate, removePlanes, writePlate } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * const image = ndarray(new Uint8Array(12), [3, 4]);
 * for (const well of ["A1", "B2"]) {
 *   await writePlate(store, "p.zarr", [image], [`p.zarr/${well}.tif`], { axes: [], coordinates: [[]] }, { well });
 * }
 * await removePlanes(store, "p.zarr", ["p.zarr/A1.tif"]);
 * assert.deepEqual((await Plate.open(store, "p.zarr")).wells, ["B/2"]);
 * ```
 */
export async function removePlanes(
  store: Store,
  root: string,
  paths: readonly string[],
  options: AbortOptions = {},
): Promise<void> {
  try {
    const plate = await Plate.open(store, root, options);
    const wells = new Map<string, Set<string>>();
    for (const path of paths) {
      const plane = await plate.find(path, options);
      if (plane === undefined) throw new StorageError("not-found", "the plate has no such plane", { path });
      if (!plane.isOwn) {
        throw new StorageError("unsupported", "others have written this plane: delete its image instead", { path });
      }
      if (!wells.has(plane.well)) wells.set(plane.well, new Set());
      wells.get(plane.well)!.add(plate.path === "" ? plane.path : relativePath(plate.path, plane.path));
    }
    await dropConsolidated(store, plate.path, options);
    for (const [well, planes] of wells) {
      const [row, column] = well.split("/") as [string, string];
      const key = wellKey(plate.path, row, column);
      await lockOf(store).run(key, () => removeFrom(store, plate.path, plate.format, well, planes, options));
    }
  } catch (error) {
    throw inContext(error, { operation: "remove planes", path: root });
  }
}

async function removeFrom(
  store: Store,
  root: string,
  format: ZarrFormat,
  well: string,
  planes: ReadonlySet<string>,
  options: AbortOptions,
): Promise<void> {
  const path = joinPath(root, well);
  let after: WellDocument | undefined;
  await updateGroup(store, path, format, (attributes) => {
    const before = attributes && parseWellDocument(attributes, path);
    after = before && wellWithout(before, planes);
    return after && formatWellDocument(attributes!, format, after);
  }, options);
  if (after === undefined) return;
  const document = after;
  await updateGroup(store, root, format, (attributes = {}) => {
    if (document.images.length === 0) return withoutWell(attributes, format, well, document.revision, root);
    const [row, column] = well.split("/") as [string, string];
    const acquisition = parsePlateDocument(attributes, root)?.acquisitions[0] ?? { id: 0 };
    const added = {
      row,
      column,
      acquisition,
      record: recordOfWell(document),
      name: undefined,
      unnamed: plateName(root),
    };
    return withWell(attributes, format, added, root);
  }, options);
  await cleanWell(store, path, format, document, options);
}
