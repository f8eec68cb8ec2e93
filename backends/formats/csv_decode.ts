/**
 * {@linkcode decodeTable}: a table from CSV.
 *
 * @module
 */

import { parse } from "csv-parse/sync";
import { isUtf8 } from "node:buffer";
import { StorageError } from "../errors.ts";
import type { CsvOptions } from "./csv.ts";
import { type Cell, parseCell } from "./csv_cell.ts";

/**
 * Reads a table.
 *
 * @param bytes UTF-8, with or without a byte order mark.
 * @param dialect The options with their defaults.
 * @returns A list of objects, or of lists.
 * @throws {StorageError} `corrupt` for anything else.
 */
export function decodeTable(bytes: Uint8Array, dialect: Required<CsvOptions>): Record<string, Cell>[] | Cell[][] {
  if (!isUtf8(bytes)) throw new StorageError("corrupt", "CSV is not UTF-8");
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const rows = parseRows(marked ? bytes.subarray(3) : bytes, dialect);
  const first = rows[0];
  if (first === undefined) return [];
  const table = first.length > 1 && dialect.ragged === "refuse" ? rows.filter(isNotBlank) : rows;
  if (dialect.ragged === "refuse") checkWidth(table, first.length);
  return dialect.header ? toObjects(table) : table;
}

function parseRows(bytes: Uint8Array, { header, delimiter, typed }: Required<CsvOptions>): Cell[][] {
  try {
    return parse(bytes, {
      delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      // A blank line of a typed table can be a row of one null.
      skip_empty_lines: !typed,
      ...(typed && {
        cast: (cell: string, { quoting, records }: { quoting: boolean; records: number }): Cell =>
          quoting || (header && records === 0) ? cell : parseCell(cell),
      }),
    }) as Cell[][];
  } catch (cause) {
    throw new StorageError("corrupt", `not CSV: ${(cause as Error).message}`, { cause });
  }
}

function isNotBlank(row: Cell[]): boolean {
  return row.length !== 1 || row[0] !== null;
}

function checkWidth(rows: Cell[][], width: number): void {
  const r = rows.findIndex((row) => row.length !== width);
  if (r === -1) return;
  const hint = 'pass format csv({ header: false, ragged: "keep" })';
  throw new StorageError("corrupt", `row ${r + 1} has ${rows[r]!.length} cells, where the first has ${width}; ${hint}`);
}

function toObjects([names, ...rows]: Cell[][]): Record<string, Cell>[] {
  const columns = names as string[];
  const known = new Set<string>();
  for (const name of columns) {
    if (known.has(name)) throw new StorageError("corrupt", `the column ${JSON.stringify(name)} is there twice`);
    known.add(name);
  }
  // Object.fromEntries makes a property of a column "__proto__"; for all other names this is faster.
  if (known.has("__proto__")) {
    return rows.map((row) => Object.fromEntries(row.map((cell, c) => [columns[c]!, cell])));
  }
  return rows.map((row) => {
    const record: Record<string, Cell> = {};
    for (let c = 0; c < columns.length; c++) record[columns[c]!] = row[c]!;
    return record;
  });
}
