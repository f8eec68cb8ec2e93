/**
 * {@linkcode WellPosition}: where a well lies on a plate, and how it is called.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";

/** Where a well lies, counted from 0. */
export interface WellPosition {
  /** The row: 0 is `A`. */
  readonly row: number;
  /** The column: 0 is `1`. */
  readonly column: number;
}

/** Options of {@linkcode formatWell}. */
export interface FormatWellOptions {
  /**
   * Digits of a column, filled up with zeros.
   *
   * @default {2}
   */
  digits?: number | undefined;
}

const LETTERS = 26;

/**
 * The letters of a row: 0 is `A`, 25 `Z`, 26 `AA`.
 *
 * @param row The row, counted from 0.
 * @returns Its letters.
 *
 * @example
 * ```ts
 * import { rowIndex, rowName } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * assert.equal(rowName(27), "AB");
 * assert.equal(rowIndex("AB"), 27);
 * ```
 */
export function rowName(row: number): string {
  if (!Number.isSafeInteger(row) || row < 0) throw invalid(`a row is counted from 0: received ${row}`);
  let name = "";
  for (let rest = row + 1; rest > 0; rest = Math.floor((rest - 1) / LETTERS)) {
    name = String.fromCharCode(65 + (rest - 1) % LETTERS) + name;
  }
  return name;
}

/**
 * The row that letters name, in either case: `A` is 0, `Z` 25, `AA` 26.
 *
 * @param name The letters.
 * @returns The row, counted from 0; `undefined` if it is no such name.
 *
 * @example
 * ```ts
 * import { rowIndex } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * assert.equal(rowIndex("AA"), 26);
 * assert.equal(rowIndex("1"), undefined);
 * ```
 */
export function rowIndex(name: string): number | undefined {
  if (!/^[A-Za-z]{1,4}$/.test(name)) return undefined;
  return [...name.toUpperCase()].reduce((sum, letter) => sum * LETTERS + letter.charCodeAt(0) - 64, 0) - 1;
}

/**
 * The column that digits name: `1` and `01` are both 0.
 *
 * @param name The digits.
 * @returns The column, counted from 0; `undefined` if it is no such name.
 *
 * @example
 * ```ts
 * import { columnIndex } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * assert.equal(columnIndex("01"), columnIndex("1"));
 * assert.equal(columnIndex("0"), undefined);
 * ```
 */
export function columnIndex(name: string): number | undefined {
  if (!/^\d{1,9}$/.test(name) || Number(name) === 0) return undefined;
  return Number(name) - 1;
}

/**
 * Reads the name of a well: `A1`, `A01`, `AA48`, or as a path `A/1`.
 *
 * @param name The name.
 * @returns Where it lies.
 * @throws {StorageError} `invalid-argument` if it is no such name.
 *
 * @example
 * ```ts
 * import { formatWell, parseWell } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseWell("AA07"), { row: 26, column: 6 });
 * assert.deepEqual(parseWell("B/3"), { row: 1, column: 2 });
 * assert.equal(formatWell(parseWell("aa7")), "AA07");
 * ```
 */
export function parseWell(name: string): WellPosition {
  const [, letters = "", digits = ""] = /^([A-Za-z]+)\/?(\d+)$/.exec(name) ?? [];
  const row = rowIndex(letters);
  const column = columnIndex(digits);
  if (row !== undefined && column !== undefined) return { row, column };
  throw invalid(`a well is called by letters and a number, as in "A01" or "AA7": received ${JSON.stringify(name)}`);
}

/**
 * The name of a well: `A01`.
 *
 * @param position Where it lies.
 * @param options How many digits.
 * @returns Its name.
 *
 * @example
 * ```ts
 * import { formatWell } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatWell({ row: 0, column: 11 }), "A12");
 * assert.equal(formatWell({ row: 0, column: 0 }, { digits: 1 }), "A1");
 * ```
 */
export function formatWell({ row, column }: WellPosition, { digits = 2 }: FormatWellOptions = {}): string {
  if (!Number.isSafeInteger(column) || column < 0) throw invalid(`a column is counted from 0: received ${column}`);
  return rowName(row) + String(column + 1).padStart(digits, "0");
}

/** Compares the names of rows: letters by their place, others by text behind them. */
export function compareRows(a: string, b: string): number {
  return compareNames(a, b, rowIndex);
}

/** Compares the names of columns: digits by their number, others by text behind them. */
export function compareColumns(a: string, b: string): number {
  return compareNames(a, b, columnIndex);
}

function compareNames(a: string, b: string, indexOf: (name: string) => number | undefined): number {
  const difference = (indexOf(a) ?? Infinity) - (indexOf(b) ?? Infinity);
  if (difference !== 0 && !Number.isNaN(difference)) return difference;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The name in a list that means the same: `01` where `1` is in it. */
export function sameName(
  names: readonly string[],
  name: string,
  indexOf: (name: string) => number | undefined,
): string | undefined {
  if (names.includes(name)) return name;
  const index = indexOf(name);
  return index === undefined ? undefined : names.find((each) => indexOf(each) === index);
}

function invalid(detail: string): StorageError {
  return new StorageError("invalid-argument", detail);
}
