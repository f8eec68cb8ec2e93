/**
 * {@linkcode packed}: exactly the elements of an array, contiguous.
 *
 * @module
 */

import { type DataType, dataTypes, type NdArray, type TypedArray, type TypedArrayOf } from "./ndarray.ts";
import { sizeOf, stridesOf } from "./shape.ts";

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
  const { itemSize, parts, array: TypedArray } = dataTypes[array.dtype];
  const data = array.data;
  const length = sizeOf(array.shape) * parts;
  if (isContiguous(array, stridesOf(array.shape))) {
    return (data.length === length ? data : data.subarray(0, length)) as TypedArrayOf<D>;
  }
  const target = new TypedArray(new ArrayBuffer(length * data.BYTES_PER_ELEMENT));
  if (length > 0) gather(wordsOf(data, itemSize), wordsOf(target, itemSize), array, Math.max(1, itemSize / 4));
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

/** Unsigned integers: copying a float as a float may change the bits of a NaN. */
export type Words = Uint8Array | Uint16Array | Uint32Array;

/** The same memory as unsigned integers: one for each item of up to four bytes, else as many as it takes. */
export function wordsOf({ buffer, byteOffset, byteLength }: TypedArray, itemSize: number): Words {
  if (itemSize === 1) return new Uint8Array(buffer, byteOffset, byteLength);
  if (itemSize === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2);
  return new Uint32Array(buffer, byteOffset, byteLength / 4);
}

/** Elements copied one by one before a block copy is the faster way. */
const BLOCK = 16;

/** Copies the elements of an array that has some, `size` words each. */
function gather(
  source: Words,
  target: Words,
  { shape, stride }: Pick<NdArray, "shape" | "stride">,
  size: number,
): void {
  const last = shape.length - 1;
  const inner = shape[last]!;
  const step = stride[last]! * size;
  const run = inner * size;
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < target.length; to += run) {
    if (step === size && inner >= BLOCK) target.set(source.subarray(from, from + run), to);
    else if (size === 1) { for (let i = 0; i < inner; i++) target[to + i] = source[from + i * step]!; }
    else {
      for (let i = 0; i < inner; i++) {
        for (let word = 0; word < size; word++) target[to + i * size + word] = source[from + i * step + word]!;
      }
    }
    for (let axis = last - 1; axis >= 0; axis--) {
      from += stride[axis]! * size;
      if (++index[axis]! < shape[axis]!) break;
      from -= stride[axis]! * size * shape[axis]!;
      index[axis] = 0;
    }
  }
}
