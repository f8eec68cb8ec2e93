/**
 * {@linkcode packed}: exactly the elements of an array, contiguous.
 *
 * @module
 */

import { type DataType, dataTypes, type NdArray, sizeOf, stridesOf, type TypedArrayOf } from "./ndarray.ts";

/**
 * Exactly the elements of `array`, row by row (C order), whatever its strides are: sliced, transposed, broadcast.
 *
 * Nothing is copied where they already lie so; the result is then a view on the array's data.
 *
 * @typeParam D The dtype.
 * @param array The array; it must satisfy {@linkcode isNdArray}.
 * @returns The elements, as many as the shape says (complex: twice as many numbers).
 *
 * @example
 * ```ts
 * import { ndarray, packed } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const rows = ndarray(new Int8Array([1, 2, 3, 4]), [2, 2]);
 * assert.equal(packed(rows).buffer, rows.data.buffer);
 * assert.deepEqual(packed({ ...rows, stride: [1, 2] }), new Int8Array([1, 3, 2, 4])); // transposed
 * ```
 */
export function packed<D extends DataType>(array: NdArray<D>): TypedArrayOf<D> {
  const { parts, array: TypedArray } = dataTypes[array.dtype];
  const data = array.data;
  const length = sizeOf(array.shape) * parts;
  if (isContiguous(array, stridesOf(array.shape))) {
    return (data.length === length ? data : data.subarray(0, length)) as TypedArrayOf<D>;
  }
  const target = new TypedArray(new ArrayBuffer(length * data.BYTES_PER_ELEMENT));
  if (length === 0) return target;
  // A complex number is an innermost axis of two.
  const shape = parts === 2 ? [...array.shape, 2] : [...array.shape];
  const stride = parts === 2 ? [...array.stride.map((step) => step * 2), 1] : [...array.stride];
  gather(data as Elements, target as Elements, shape, stride);
  return target;
}

/**
 * Whether the strides of `array` place its elements as `stride` would; the stride of an axis of length 1 (or of an array
 * without elements) places nothing.
 *
 * @param array The array.
 * @param stride The strides to compare with.
 * @returns Whether they mean the same.
 *
 * @example
 * ```ts
 * import { isContiguous, ndarray, stridesOf } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const columns = ndarray(new Int8Array(6), [2, 3], { order: "F" });
 * assert(isContiguous(columns, stridesOf([2, 3], "F")));
 * assert(!isContiguous(columns, stridesOf([2, 3], "C")));
 * ```
 */
export function isContiguous(array: Pick<NdArray, "shape" | "stride">, stride: readonly number[]): boolean {
  const { shape } = array;
  return shape.includes(0) || shape.every((length, axis) => length === 1 || array.stride[axis] === stride[axis]);
}

/** One class in place of all: the copying loop is the same for numbers and bigints. */
type Elements = Float64Array;

/** Elements copied one by one before a block copy is the faster way. */
const BLOCK = 16;

function gather(source: Elements, target: Elements, shape: number[], stride: number[]): void {
  const inner = shape.pop()!;
  const step = stride.pop()!;
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < target.length; to += inner) {
    if (step === 1 && inner >= BLOCK) target.set(source.subarray(from, from + inner), to);
    else for (let i = 0; i < inner; i++) target[to + i] = source[from + i * step]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += stride[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= stride[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}
