/**
 * {@linkcode PlateDocument}: what the metadata of a plate says.
 *
 * @module
 */

import { isObject, type Json, type JsonObject } from "../json.ts";
import { ngffOf, ownOf, unreadable } from "./document.ts";
import { columnIndex, rowIndex, sameName } from "./well_name.ts";

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
  return wells.filter(({ path: well, record }) => {
    return record === undefined || (record.first <= path && path <= record.last) || path.startsWith(`${well}/`);
  });
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
