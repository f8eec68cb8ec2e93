/**
 * What is checked before a well is written, and what the plate says of it afterwards.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { baseName, joinPath } from "../../path.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import type { JsonObject } from "../json.ts";
import type { ZarrFormat } from "../metadata.ts";
import { readGroup } from "./document.ts";
import { type AddedWell, withWell } from "./plate_change.ts";
import { candidates, type PlateDocument, type WellRecord } from "./plate_document.ts";
import { checkNgff } from "./validate.ts";
import { parseWellDocument, type WellDocument } from "./well_document.ts";

/** The name of a group without what says that it is a group. */
export function plateName(root: string): string {
  return baseName(root).replace(/(?:\.ome)?\.zarr$/i, "") || "plate";
}

/** The metadata of a plate with a well, checked. */
export function plateAttributes(before: JsonObject, format: ZarrFormat, added: AddedWell, root: string): JsonObject {
  const attributes = withWell(before, format, added, root);
  checkNgff(attributes, "plate", format, root);
  return attributes;
}

/** What a plate is to know of a well. */
export function recordOfWell({ revision, images }: WellDocument): WellRecord {
  const fields: Record<string, number> = {};
  for (const { acquisition = 0 } of images) fields[acquisition] = (fields[acquisition] ?? 0) + 1;
  return recordOf(images.flatMap(({ record }) => [...record?.planes.keys() ?? []]), revision, fields);
}

/** What a plate is to know of a well with these planes. */
export function recordOf(paths: readonly string[], revision: number, fields: WellRecord["fields"]): WellRecord {
  const first = paths.reduce((least, path) => path < least ? path : least, paths[0] ?? "");
  const last = paths.reduce((most, path) => path > most ? path : most, "");
  return { revision, first, last, fields };
}

/** Refuses planes whose path is that of a plane of another well. */
export async function checkElsewhere(
  store: Store,
  root: string,
  plate: PlateDocument | undefined,
  well: string,
  paths: readonly string[],
  options: AbortOptions,
): Promise<void> {
  const others = plate?.wells.filter(({ path, record }) => path !== well && record !== undefined) ?? [];
  const suspects = new Set(paths.flatMap((path) => candidates(others, path)));
  for (const { path } of suspects) {
    const group = await readGroup(store, joinPath(root, path), options);
    const there = group && parseWellDocument(group.attributes, path);
    const twice = paths.find((each) => there?.images.some(({ record }) => record?.planes.has(each)));
    if (twice === undefined) continue;
    throw new StorageError("already-exists", `${JSON.stringify(twice)} is a plane of the well ${path} already`, {
      path: joinPath(root, twice),
    });
  }
}

/** A copy of all metadata, which would no longer be true. */
export async function dropConsolidated(store: Store, root: string, options: AbortOptions): Promise<void> {
  const path = joinPath(root, ".zmetadata");
  if (await store.stat(path, options) !== undefined) await store.delete?.(path, options);
}
