/**
 * Shapes and strides: {@linkcode sizeOf} and {@linkcode stridesOf}.
 *
 * @module
 */

import { StorageError } from "../errors.ts";

/** The order of the elements in memory: `C` (the last axis is contiguous) or `F` (the first one is, as in Fortran). */
export type Order = "C" | "F";

/**
 * The number of elements of an array of this shape.
 *
 * @param shape Length of each axis.
 * @returns The product; 1 for `[]`.
 * @throws {StorageError} `invalid-argument` if a length, or the product, is not a non-negative safe integer.
 *
 * @example
 * ```ts
 * import { sizeOf } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * assert.equal(sizeOf([2, 3]), 6);
 * assert.equal(sizeOf([]), 1);
 * ```
 */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new StorageError("invalid-argument", `shape must be non-negative integers: received [${shape}]`);
    }
    size *= length;
  }
  // A later 0 cannot repair an overflow: (2^60, 2^60, 0) still has strides that no number can hold.
  if (!Number.isSafeInteger(size)) throw new StorageError("invalid-argument", `shape [${shape}] has too many elements`);
  return size;
}

/**
 * The strides of a contiguous array, in elements.
 *
 * @param shape Length of each axis.
 * @param order `C` for row by row, `F` for column by column.
 * @returns One stride an axis.
 *
 * @example
 * ```ts
 * import { stridesOf } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(stridesOf([2, 3, 4]), [12, 4, 1]);
 * assert.deepEqual(stridesOf([2, 3, 4], "F"), [1, 2, 6]);
 * ```
 */
export function stridesOf(shape: readonly number[], order: Order = "C"): number[] {
  const stride = new Array<number>(shape.length);
  let step = 1;
  for (let i = 0; i < shape.length; i++) {
    const axis = order === "C" ? shape.length - 1 - i : i;
    stride[axis] = step;
    step *= shape[axis]!;
  }
  return stride;
}
