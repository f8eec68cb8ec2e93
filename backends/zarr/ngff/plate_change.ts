/**
 * What becomes of the metadata of a plate when a well is written, or goes.
 *
 * @module
 */

import { isObject, type Json, type JsonObject } from "../json.ts";
import type { ZarrFormat } from "../metadata.ts";
import { ngffOf, OWN_KEY, ownOf, withNgff } from "./document.ts";
import { parsePlateDocument, type PlateAcquisition, type PlateWell, type WellRecord } from "./plate_document.ts";
import { compareColumns, compareRows } from "./well_name.ts";

/** A well that is to be on a plate. */
export interface AddedWell {
  /** The name of its row. */
  readonly row: string;
  /** The name of its column. */
  readonly column: string;
  /** What is known of it. */
  readonly record: WellRecord;
  /** The acquisition that was added to. */
  readonly acquisition: PlateAcquisition;
  /** The name of the plate; `undefined` for what it is called already. */
  readonly name: string | undefined;
  /** The name of a plate that has none. */
  readonly unnamed: string;
}

/**
 * Attributes of a plate that has a well.
 *
 * @param attributes The attributes of its group.
 * @param format The format of Zarr.
 * @param added The well.
 * @param path Its path, for errors.
 */
export function withWell(attributes: JsonObject, format: ZarrFormat, added: AddedWell, path: string): JsonObject {
  const before = parsePlateDocument(attributes, path);
  const place = `${added.row}/${added.column}`;
  const known = before?.wells.find((well) => well.path === place)?.record;
  // Of two who changed the well, the later one may come here first.
  const record = known !== undefined && known.revision > added.record.revision ? known : added.record;
  const rows = withName(before?.rows ?? [], added.row, compareRows);
  const columns = withName(before?.columns ?? [], added.column, compareColumns);
  const others = before?.wells.filter((well) => well.path !== place) ?? [];
  const wells = [...others, { path: place, row: added.row, column: added.column, record }]
    .map((well) => ({ ...well, at: [rows.indexOf(well.row), columns.indexOf(well.column)] as const }))
    .sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1]);
  const there = ngffOf(attributes, "plate");
  const { version: _, ...kept }: JsonObject = isObject(there) ? there : {};
  const content: JsonObject = {
    ...kept,
    name: added.name ?? before?.name ?? added.unnamed,
    rows: namedAs(kept.rows, rows),
    columns: namedAs(kept.columns, columns),
    wells: wells.map(({ path, at: [rowIndex, columnIndex] }) => ({ path, rowIndex, columnIndex })),
    acquisitions: acquisitionsWith(kept.acquisitions, added.acquisition, wells),
    "field_count": fieldCount(kept.field_count, wells),
  };
  const own = {
    ...ownOf(attributes),
    wells: Object.fromEntries(wells.flatMap((well) => well.record === undefined ? [] : [[well.path, well.record]])),
  };
  return { ...withNgff(attributes, format, { plate: content }), [OWN_KEY]: own as unknown as JsonObject };
}

/**
 * Attributes of a plate without a well that has no images any more; without a plate, if it was the last.
 *
 * @param revision How often the well had changed when it had no images any more.
 * @returns The attributes; `undefined` if the well is not there, or others have written to it since.
 */
export function withoutWell(
  attributes: JsonObject,
  format: ZarrFormat,
  well: string,
  revision: number,
  path: string,
): JsonObject | undefined {
  const before = parsePlateDocument(attributes, path);
  const there = before?.wells.find((each) => each.path === well);
  if (there === undefined || (there.record?.revision ?? 0) > revision) return undefined;
  const plate = ngffOf(attributes, "plate") as JsonObject;
  const { version: _, ...kept } = plate;
  const wells = (kept.wells as readonly JsonObject[]).filter((each) => each.path !== well);
  const left = before!.wells.filter((each) => each.path !== well);
  const own = ownOf(attributes);
  const { [well]: __, ...records } = isObject(own.wells) ? own.wells : {};
  if (wells.length > 0) {
    const acquisitions = counted(itemsOf(kept.acquisitions), left);
    const said = withNgff(attributes, format, {
      plate: { ...kept, wells, acquisitions, "field_count": fieldCount(kept.field_count, left) },
    });
    return { ...said, [OWN_KEY]: { ...own, wells: records } };
  }
  const { [OWN_KEY]: ___, ...rest } = withNgff(attributes, format, { plate: undefined });
  return rest;
}

/** Names with one more: in order, if they were before. */
function withName(names: readonly string[], name: string, compare: (a: string, b: string) => number): string[] {
  if (names.includes(name)) return [...names];
  const sorted = names.every((each, index) => index === 0 || compare(names[index - 1]!, each) < 0);
  return sorted ? [...names, name].sort(compare) : [...names, name];
}

/** Rows or columns, with what else is said of each. */
function namedAs(before: Json | undefined, names: readonly string[]): JsonObject[] {
  const items = itemsOf(before);
  return names.map((name) => items.find((item) => item.name === name) ?? { name });
}

function acquisitionsWith(
  before: Json | undefined,
  { id, ...told }: PlateAcquisition,
  wells: readonly PlateWell[],
): JsonObject[] {
  const items = itemsOf(before);
  const said = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
  const there = items.find((item) => item.id === id);
  const all = there === undefined
    ? [...items, { id, name: String(id), ...said }]
    : items.map((item) => item === there ? { ...item, ...said } : item);
  return counted(all as JsonObject[], wells);
}

function itemsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Acquisitions with the most images of any well. */
function counted(acquisitions: readonly JsonObject[], wells: readonly PlateWell[]): JsonObject[] {
  return acquisitions.map(({ maximumfieldcount, ...item }) => {
    const least = wells.some(({ record }) => record === undefined) ? Number(maximumfieldcount ?? 0) : 0;
    const most = Math.max(least, ...wells.map(({ record }) => record?.fields[String(item.id)] ?? 0));
    return most > 0 ? { ...item, maximumfieldcount: most } : item;
  });
}

/** The most images of any well. What others have written is not counted: at least as many as they say. */
function fieldCount(before: Json | undefined, wells: readonly PlateWell[]): number {
  const least = wells.some(({ record }) => record === undefined) ? Number(before ?? 0) : 0;
  const counts = wells.map(({ record }) => Object.values(record?.fields ?? {}).reduce((sum, count) => sum + count, 0));
  return Math.max(least, ...counts);
}
