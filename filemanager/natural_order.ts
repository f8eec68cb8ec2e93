/**
 * Natural order: `img2` before `img10`.
 *
 * @module
 */

/**
 * Compares two texts as people count: digits by their value, the rest without regard to case. Texts that are equal so far are told
 * apart by their code units, so that the order is total. It is the same on every machine, whatever its language.
 *
 * @param a A text.
 * @param b A text.
 * @returns Negative, zero or positive, as for `Array.prototype.sort`.
 *
 * @example
 * ```ts
 * import { naturalOrder } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(["img10", "img2", "Img1", "img02"].sort(naturalOrder), ["Img1", "img02", "img2", "img10"]);
 * ```
 */
export function naturalOrder(a: string, b: string): number {
  return compareFolded(a.toLowerCase(), b.toLowerCase()) || compareUnits(a, b);
}

/**
 * Sorts texts in place, in natural order.
 *
 * @param texts What to sort.
 * @returns The same array.
 *
 * @example
 * ```ts
 * import { sortNaturally } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(sortNaturally(["z10.tif", "z9.tif", "a"]), ["a", "z9.tif", "z10.tif"]);
 * ```
 */
export function sortNaturally(texts: string[]): string[] {
  // Names are seldom in need of folding, and folding in every comparison costs more than the comparison.
  if (texts.every((text) => text === text.toLowerCase())) {
    return texts.sort((a, b) => compareFolded(a, b) || compareUnits(a, b));
  }
  return texts.sort(naturalOrder);
}

const ZERO = 0x30;
const NINE = 0x39;

function isDigit(unit: number): boolean {
  return unit >= ZERO && unit <= NINE;
}

function compareUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareFolded(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  while (i > 0 && isDigit(a.charCodeAt(i - 1))) i--; // a number counts as a whole
  let j = i;
  while (i < a.length && j < b.length) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(j);
    if (!isDigit(x) || !isDigit(y)) {
      if (x !== y) return x - y;
      i++;
      j++;
      continue;
    }
    while (a.charCodeAt(i) === ZERO) i++;
    while (b.charCodeAt(j) === ZERO) j++;
    const [start, other] = [i, j];
    while (isDigit(a.charCodeAt(i))) i++;
    while (isDigit(b.charCodeAt(j))) j++;
    const order = (i - start) - (j - other) || compareUnits(a.slice(start, i), b.slice(other, j));
    if (order !== 0) return order;
  }
  return (a.length - i) - (b.length - j);
}
