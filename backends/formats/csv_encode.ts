/**
 * {@linkcode encodeTable}: a table as CSV.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { CsvOptions } from "./csv.ts";
import { writeCell } from "./csv_cell.ts";
import { describeType } from "./describe.ts";
import type { Encoded } from "./format.ts";

/** Lines joined before they become bytes: a whole table could be longer than a string can be. */
const BATCH = 4096;

/**
 * Writes a table.
 *
 * @param table What should be a table.
 * @param dialect The options with their defaults.
 * @returns UTF-8, in one or more parts.
 * @throws {StorageError} `invalid-value` for anything that would not come back.
 */
export function encodeTable(table: unknown, dialect: Required<CsvOptions>): Encoded {
  if (!Array.isArray(table)) throw refused("", `a table is a list of rows: received ${describeType(table)}`);
  const names = dialect.header && table.length > 0 ? columnsOf(table[0], 0) : undefined;
  const width = names?.length ?? (Array.isArray(table[0]) ? table[0].length : 0);
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  let lines = names === undefined ? "" : writeRow(names, (c) => `[0].${names[c]}`, { ...dialect, typed: false });
  for (let r = 0; r < table.length; r++) {
    const row: unknown = table[r];
    if (names === undefined) {
      checkList(row, r, dialect.ragged === "keep" ? undefined : width);
      lines += writeRow(row as unknown[], (c) => `[${r}][${c}]`, dialect);
    } else {
      if (r > 0) checkColumns(columnsOf(row, r), names, r);
      const cells = names.map((name) => (row as Record<string, unknown>)[name]);
      lines += writeRow(cells, (c) => `[${r}].${names[c]}`, dialect);
    }
    if (r % BATCH === BATCH - 1) {
      parts.push(encoder.encode(lines));
      lines = "";
    }
  }
  const last = encoder.encode(lines);
  return parts.length === 0 ? last : [...parts, last];
}

/** The keys of a row that is a plain object with nothing else to lose. */
function columnsOf(row: unknown, r: number): string[] {
  if (Array.isArray(row)) throw refused(`[${r}]`, "a list, where rows are objects; pass format csv({ header: false })");
  if (typeof row !== "object" || row === null) throw refused(`[${r}]`, `${describeType(row)} is no row`);
  const prototype = Object.getPrototypeOf(row);
  if (prototype !== Object.prototype && prototype !== null) {
    throw refused(`[${r}]`, `${describeType(row)} would come back as a plain object`);
  }
  const names = Object.keys(row);
  if (Reflect.ownKeys(row).length !== names.length) throw refused(`[${r}]`, "a symbol or hidden key would be lost");
  if (names.length === 0) throw refused(`[${r}]`, "a row without cells has no form in CSV");
  return names;
}

function checkColumns(names: string[], columns: string[], r: number): void {
  if (names.length === columns.length && names.every((name, c) => name === columns[c])) return;
  const [is, should] = [names, columns].map((list) => list.map((name) => JSON.stringify(name)).join(", "));
  throw refused(`[${r}]`, `the columns are ${is}, where those of the first row are ${should}`);
}

function checkList(row: unknown, r: number, width: number | undefined): void {
  if (!Array.isArray(row)) {
    const hint = typeof row === "object" && row !== null ? "; pass format csv({ header: true })" : "";
    throw refused(`[${r}]`, `${describeType(row)}, where rows are lists${hint}`);
  }
  if (row.length === 0) throw refused(`[${r}]`, "a row without cells has no form in CSV");
  if (width !== undefined && row.length !== width) {
    throw refused(
      `[${r}]`,
      `${row.length} cells, where the first row has ${width}; pass format csv({ header: false, ragged: "keep" })`,
    );
  }
}

function writeRow(cells: unknown[], place: (c: number) => string, dialect: Required<CsvOptions>): string {
  let line = "";
  for (let c = 0; c < cells.length; c++) {
    if (c > 0) line += dialect.delimiter;
    const cell = cells[c];
    let text: string;
    let quoted = false;
    if (dialect.typed && isCell(cell)) [text, quoted] = writeCell(cell);
    else if (typeof cell === "string") text = cell;
    else throw refused(place(c), reasonFor(cell, dialect.typed));
    if (!text.isWellFormed()) throw refused(place(c), "a lone surrogate has no UTF-8 form");
    // One empty cell without quotes would be a blank line; a byte order mark would count as that of the file.
    quoted ||= text === "" && cells.length === 1 && !dialect.typed;
    line += quoted || needsQuotes(text, dialect.delimiter) ? `"${text.replaceAll('"', '""')}"` : text;
  }
  return line + dialect.lineEnding;
}

function needsQuotes(text: string, delimiter: string): boolean {
  return /["\r\n\ufeff]/.test(text) || text.includes(delimiter);
}

function isCell(cell: unknown): cell is string | number | boolean | null {
  return cell === null || typeof cell === "string" || typeof cell === "number" || typeof cell === "boolean";
}

function reasonFor(cell: unknown, typed: boolean): string {
  if (isCell(cell)) {
    return `${describeType(cell)} would come back as a string; pass format csv({ typed: true }) on save and load`;
  }
  return `${describeType(cell)} is no cell: ${typed ? "a string, number, boolean or null is" : "a string is"}`;
}

function refused(place: string, reason: string): StorageError {
  return new StorageError("invalid-value", place === "" ? reason : `at ${place}: ${reason}`);
}
