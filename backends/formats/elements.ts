/**
 * The elements of an array as they are written: {@linkcode elementsOf}, {@linkcode checkBools}.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { DataType, NdArray, TypedArray } from "./ndarray.ts";
import { isContiguous, packed } from "./packed.ts";
import { type Order, stridesOf } from "./shape.ts";

/** Elements one after the other. */
export interface Elements {
  /** Row by row or column by column. */
  readonly order: Order;
  /** Exactly the elements: a view on the array's data where they lie so already. */
  readonly data: TypedArray;
}

/**
 * The elements of an array, contiguous, in the order in which they lie; row by row where they lie in neither.
 *
 * @param array The array; it must satisfy `isNdArray`.
 * @returns The elements.
 */
export function elementsOf(array: NdArray): Elements {
  return liesInColumns(array)
    ? { order: "F", data: packed({ ...array, stride: stridesOf(array.shape) }) }
    : { order: "C", data: packed(array) };
}

/** Whether the array must be written column by column: it says so itself, or it lies so and in no other way. */
function liesInColumns(array: NdArray): boolean {
  const rows = stridesOf(array.shape, "C");
  const columns = stridesOf(array.shape, "F");
  // Where both are the same place, as for [1, 3], the array's own words decide, so that they come back.
  if (same(array.stride, rows)) return false;
  return same(array.stride, columns) || (!isContiguous(array, rows) && isContiguous(array, columns));
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.every((step, axis) => step === b[axis]);
}

/**
 * Refuses elements of dtype bool that are neither 0 nor 1.
 *
 * @param dtype Their dtype; nothing is looked at for another.
 * @param data The elements.
 * @param code Whose fault it is.
 * @throws {StorageError} `code`.
 */
export function checkBools(dtype: DataType, data: TypedArray, code: "corrupt" | "invalid-value"): void {
  if (dtype !== "bool") return;
  for (let i = 0; i < data.length; i++) {
    if (data[i]! > 1) {
      throw new StorageError(code, `element ${i} of dtype bool is ${data[i]}, which is neither 0 nor 1`);
    }
  }
}
