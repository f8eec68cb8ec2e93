/**
 * Cells of typed CSV: {@linkcode parseCell} and {@linkcode writeCell}.
 *
 * @module
 */

/** What a cell of a typed table holds. */
export type Cell = string | number | boolean | null;

/** A number as JSON spells it; `007`, `+1`, `.5` and `0x10` are not. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** A longer cell is text: no number is written with as many digits, and taking them apart would take long. */
const MAX_LENGTH = 400;

/** Words that a bare cell can be. */
const WORDS: ReadonlyMap<string, Cell> = new Map<string, Cell>([
  ["", null],
  ["true", true],
  ["false", false],
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
]);

/**
 * What a cell without quotes means: `null`, a boolean, a number if it is exactly one, and otherwise itself.
 *
 * @param bare The cell.
 * @returns Its meaning.
 */
export function parseCell(bare: string): Cell {
  const word = WORDS.get(bare);
  if (word !== undefined) return word;
  const first = bare.charCodeAt(0);
  if (bare.length > MAX_LENGTH || (first < 0x30 || first > 0x39) && first !== 0x2d || !NUMBER.test(bare)) return bare;
  const number = Number(bare);
  return writeNumber(number) === bare || isExactly(bare, number) ? number : bare;
}

/**
 * A cell as text, and whether it needs quotes to be read as what it is.
 *
 * @param cell The cell.
 * @returns The text, and whether quotes are needed.
 */
export function writeCell(cell: Cell): [text: string, quoted: boolean] {
  if (typeof cell === "string") return [cell, parseCell(cell) !== cell];
  if (cell === null) return ["", false];
  return [typeof cell === "number" ? writeNumber(cell) : String(cell), false];
}

function writeNumber(number: number): string {
  return Object.is(number, -0) ? "-0" : String(number);
}

/** Whether the decimal digits of `text` are those of `number`, however they are spelled: `1.50e1` is 15. */
function isExactly(text: string, number: number): boolean {
  return Number.isFinite(number) && digits(text) === digits(writeNumber(number));
}

/** Sign, digits without zeros at either end, and exponent. */
function digits(text: string): string {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const significant = (whole + fraction).replace(/^0+/, "");
  const trimmed = significant.replace(/0+$/, "");
  const power = trimmed === "" ? 0 : Number(exponent) - fraction.length + significant.length - trimmed.length;
  return `${mantissa.startsWith("-") ? "-" : ""}${trimmed}e${power}`;
}
