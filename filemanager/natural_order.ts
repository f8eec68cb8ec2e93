/**
 * Natural order: `img2` before `img10`.
 *
 * @module
 */

/** Made when it is first needed: it takes 7 ms, which a program that lists nothing should not pay. */
let collator: Intl.Collator | undefined;

/**
 * Compares two texts as people count: digits by their value, letters without regard to case; texts that are equal so
 * far are told apart by their code units, so that the order is total and the same everywhere.
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
 * assert.deepEqual(["img10", "img2", "Img1", "²"].sort(naturalOrder), ["²", "Img1", "img2", "img10"]);
 * ```
 */
export function naturalOrder(a: string, b: string): number {
  collator ??= new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}
