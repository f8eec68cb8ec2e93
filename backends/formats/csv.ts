/**
 * {@linkcode csv}: tables of text as comma-separated values.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { encodeTable } from "./csv_encode.ts";
import type { Format } from "./format.ts";

/** Options of {@linkcode csv}. */
export interface CsvOptions {
  /**
   * Whether the first line names the columns. With names a table is a list of objects, which all have the same keys in the same
   * order; without, it is a list of lists.
   *
   * @default {true}
   */
  header?: boolean;
  /**
   * The character between two cells: anything but a letter, a digit, `"`, `+`, `-`, `.` and line ends.
   *
   * @default {","}
   */
  delimiter?: string;
  /**
   * What to do with rows of unequal length: `refuse` them, or `keep` them as they are, which only a list of lists can.
   *
   * @default {"refuse"}
   */
  ragged?: "refuse" | "keep";
  /**
   * Whether cells are also numbers, booleans and `null`, which are written bare; strings that could be mistaken for one of them are
   * written in quotes. The same option is needed on save and load.
   *
   * Read from foreign files, a bare cell is a number if it is one exactly (`1.0` and `1e3`, not `007`, `1e400` or
   * `12345678901234567890`), and otherwise a string; a bare empty cell is `null`.
   *
   * @default {false}
   */
  typed?: boolean;
  /**
   * How lines end in what is written; both are read.
   *
   * @default {"\n"}
   */
  lineEnding?: "\n" | "\r\n";
}

/**
 * The type of one option, `undefined` if it is not given.
 *
 * @typeParam O The options.
 * @typeParam K The name of the option.
 */
export type CsvOption<O, K extends keyof CsvOptions> = K extends keyof O ? O[K] : undefined;

/**
 * What a cell holds: a string, or with `typed` also a number, a boolean or `null`.
 *
 * @typeParam O The options.
 */
export type CsvCell<O extends CsvOptions> = true extends CsvOption<O, "typed"> ? string | number | boolean | null
  : string;

/**
 * What a table is: a list of objects, or with `header: false` a list of lists.
 *
 * @typeParam O The options.
 */
export type CsvTable<O extends CsvOptions> = false extends CsvOption<O, "header">
  ? CsvCell<O>[][] | ([CsvOption<O, "header">] extends [false] ? never : { [column: string]: CsvCell<O> }[])
  : { [column: string]: CsvCell<O> }[];

/**
 * The format of `.csv`: a table, in UTF-8. Quotes, delimiters, line ends, spaces, empty strings and a byte order mark inside cells
 * survive, and so do columns called `__proto__`. No rows at all are an empty file.
 *
 * A byte order mark at the start and either line end are read. Blank lines are skipped, unless they can be rows (of one `null`).
 * In objects, names that are integers come first, as in every JavaScript object, wherever their columns were in a foreign file.
 *
 * `encode` throws `invalid-value` for anything but such a table: other cells, rows without cells, unequal rows, columns without names
 * in common, lone surrogates. `decode` throws `corrupt` for bytes that are not UTF-8, quotes in the wrong place, a column name given
 * twice, and unequal rows.
 *
 * @typeParam O The options, as literal types, which decide what a table is.
 * @param options Header, delimiter, ragged rows, typed cells and line ends.
 * @returns The format.
 * @throws {StorageError} `invalid-argument` if the delimiter is not one permitted character, or ragged rows are to be kept with a
 * header (an object cannot say how many of its cells there were).
 * @see {@link https://www.rfc-editor.org/rfc/rfc4180 RFC 4180}
 *
 * @example
 * ```ts
 * import { csv } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const table = csv();
 * const rows = [{ well: "A1", note: 'the "first", so far' }];
 * const bytes = await table.encode(rows) as Uint8Array;
 * assert.equal(new TextDecoder().decode(bytes), 'well,note\nA1,"the ""first"", so far"\n');
 * assert.deepEqual(await table.decode(bytes), rows);
 *
 * const lists = csv({ header: false, typed: true });
 * const cells = [["A1", 1.5, null], ["2", NaN, true]];
 * assert.deepEqual(await lists.decode(await lists.encode(cells) as Uint8Array), cells);
 * assert.throws(() => csv().encode([{ n: 1 }] as never), /\[0\]\.n: a number .* csv\(\{ typed: true \}\)/);
 * ```
 */
export function csv<const O extends CsvOptions = Record<never, never>>(options?: O): Format<CsvTable<O>> {
  const { header = true, delimiter = ",", ragged = "refuse", typed = false, lineEnding = "\n" } = options ?? {};
  if (delimiter.length !== 1 || !delimiter.isWellFormed() || /[\p{L}\p{N}"+\-.\r\n\ufeff]/u.test(delimiter)) {
    throw invalidOption(
      `delimiter must be one character that cells are not made of: received ${JSON.stringify(delimiter)}`,
    );
  }
  if (ragged !== "refuse" && ragged !== "keep") throw invalidOption('ragged must be "refuse" or "keep"');
  if (lineEnding !== "\n" && lineEnding !== "\r\n") throw invalidOption("lineEnding must be \\n or \\r\\n");
  if (header && ragged === "keep") throw invalidOption('ragged: "keep" needs header: false');
  const dialect = { header, delimiter, ragged, typed, lineEnding };
  return {
    name: "csv",
    suffixes: [".csv"],
    encode: (table) => encodeTable(table, dialect),
    // The parser is loaded by the first table that is read.
    decode: async (bytes) => (await import("./csv_decode.ts")).decodeTable(bytes, dialect) as CsvTable<O>,
  };
}

function invalidOption(detail: string): StorageError {
  return new StorageError("invalid-argument", `csv: ${detail}`);
}
