/**
 * {@linkcode PlateDocument}: what the metadata of a plate says.
 *
 * @module
 */

import { isObject, type Json, type JsonObject } from "../json.ts";
import type { ZarrFormat } from "../metadata.ts";
import { ngffOf, OWN_KEY, ownOf, unreadable, withNgff } from "./document.ts";
import { columnIndex, compareColumns, compareRows, rowIndex, sameName } from "./well_name.ts";

/** An acquisition: one pass over the plate. */
export interface PlateAcquisition {
  /** Tells it from the others. */
  readonly id: number;
  /** Its name. */
  readonly name?: string | undefined;
  /** What it is about. */
  readonly description?: string | undefined;
  /** When it began, in seconds since 1970. */
  readonly starttime?: number | undefined;
  /** When it ended, in seconds since 1970. */
  readonly endtime?: number | undefined;
}

/** What is known of a well beyond NGFF: enough to tell whether a plane can be in it, without looking. */
export interface WellRecord {
  /** How often the well had changed when this was written. */
  readonly revision: number;
  /** The first of the paths of its planes. */
  readonly first: string;
  /** The last of the paths of its planes. */
  readonly last: string;
  /** How many images it has of each acquisition. */
  readonly fields: Readonly<Record<string, number>>;
}

/** A well of a plate. */
export interface PlateWell {
  /** Its path, from the plate: row and column. */
  readonly path: string;
  /** The name of its row. */
  readonly row: string;
  /** The name of its column. */
  readonly column: string;
  /** What is known of it; `undefined` if others have written it. */
  readonly record: WellRecord | undefined;
}

/** What the metadata of a plate says. */
export interface PlateDocument {
  /** Its name. */
  readonly name: string | undefined;
  /** The names of its rows. */
  readonly rows: readonly string[];
  /** The names of its columns. */
  readonly columns: readonly string[];
  /** Its wells. */
  readonly wells: readonly PlateWell[];
  /** Its acquisitions. */
  readonly acquisitions: readonly PlateAcquisition[];
}

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

const WELL_PATH = /^([A-Za-z0-9]+)\/([A-Za-z0-9]+)$/;

/**
 * Reads what the metadata of a plate says.
 *
 * @param attributes The attributes of its group.
 * @param path Its path.
 * @returns What it says; `undefined` if it is not called a plate.
 * @throws {StorageError} `corrupt`.
 */
export function parsePlateDocument(attributes: JsonObject, path: string): PlateDocument | undefined {
  const plate = ngffOf(attributes, "plate");
  if (plate === undefined) return undefined;
  if (!isObject(plate)) throw unreadable(path, "plate", "its plate is not an object");
  const own = ownOf(attributes);
  const records = isObject(own.wells) ? own.wells : {};
  const wells = listOf(plate.wells, path, "wells").map((item, index): PlateWell => {
    const [place, row, column] = WELL_PATH.exec(isObject(item) ? String(item.path) : "") ?? [];
    if (place === undefined) throw unreadable(path, "plate", `well ${index} has no path of a row and a column`);
    const record = Object.hasOwn(records, place) ? parseRecord(records[place]) : undefined;
    return { path: place, row: row!, column: column!, record };
  });
  const acquisitions = plate.acquisitions === undefined ? [] : listOf(plate.acquisitions, path, "acquisitions");
  return {
    name: typeof plate.name === "string" ? plate.name : undefined,
    rows: namesOf(plate.rows, path, "rows"),
    columns: namesOf(plate.columns, path, "columns"),
    wells,
    acquisitions: acquisitions.filter(isObject).map((item) => item as unknown as PlateAcquisition),
  };
}

function listOf(value: Json | undefined, path: string, what: string): readonly Json[] {
  if (Array.isArray(value)) return value;
  throw unreadable(path, "plate", `it has no list of ${what}`);
}

function namesOf(value: Json | undefined, path: string, what: string): string[] {
  return listOf(value, path, what).map((item, index) => {
    if (isObject(item) && typeof item.name === "string") return item.name;
    throw unreadable(path, "plate", `number ${index} of its ${what} has no name`);
  });
}

function parseRecord(value: Json | undefined): WellRecord | undefined {
  if (!isObject(value) || !isObject(value.fields)) return undefined;
  const { revision, first, last, fields } = value;
  if (typeof revision !== "number" || typeof first !== "string" || typeof last !== "string") return undefined;
  return { revision, first, last, fields: fields as Record<string, number> };
}

/** Wells a plane of this path can be in; of what others have written, nobody knows. */
export function candidates(wells: readonly PlateWell[], path: string): PlateWell[] {
  return wells.filter(({ record }) => record === undefined || (record.first <= path && path <= record.last));
}

/** What a plate calls a well: as it is there, or as it is asked for. */
export function spelling(
  plate: PlateDocument | undefined,
  row: string,
  column: string,
): { readonly row: string; readonly column: string } {
  return {
    row: sameName(plate?.rows ?? [], row, rowIndex) ?? row,
    column: sameName(plate?.columns ?? [], column, columnIndex) ?? column,
  };
}

/**
 * Attributes of a plate that has a well, and what was known of it before at most.
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
    acquisitions: acquisitionsWith(kept.acquisitions, added.acquisition, wells) as Json,
    "field_count": fieldCount(kept.field_count, wells),
  };
  const own = {
    ...ownOf(attributes),
    wells: Object.fromEntries(wells.flatMap((well) => well.record === undefined ? [] : [[well.path, well.record]])),
  };
  return { ...withNgff(attributes, format, { plate: content }), [OWN_KEY]: own as unknown as JsonObject };
}

/** Names with one more: in order, if they were before. */
function withName(names: readonly string[], name: string, compare: (a: string, b: string) => number): string[] {
  if (names.includes(name)) return [...names];
  const sorted = names.every((each, index) => index === 0 || compare(names[index - 1]!, each) < 0);
  return sorted ? [...names, name].sort(compare) : [...names, name];
}

/** Rows or columns, with what else is said of each. */
function namedAs(before: Json | undefined, names: readonly string[]): JsonObject[] {
  const items = Array.isArray(before) ? before.filter(isObject) : [];
  return names.map((name) => items.find((item) => item.name === name) ?? { name });
}

function acquisitionsWith(
  before: Json | undefined,
  { id, ...told }: PlateAcquisition,
  wells: readonly PlateWell[],
): readonly unknown[] {
  const items = Array.isArray(before) ? before.filter(isObject) : [];
  const said = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
  const there = items.find((item) => item.id === id);
  const all = there === undefined
    ? [...items, { id, name: String(id), ...said }]
    : items.map((item) => item === there ? { ...item, ...said } : item);
  return all.map((item) => {
    const least = wells.some(({ record }) => record === undefined) ? Number(item.maximumfieldcount ?? 0) : 0;
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
