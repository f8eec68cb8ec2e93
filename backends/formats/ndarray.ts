/**
 * {@linkcode NdArray}: an n-dimensional array of numbers in one flat buffer; how to make one, check one and pack one.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { type Order, sizeOf, stridesOf } from "./shape.ts";

export { type Order, sizeOf, stridesOf } from "./shape.ts";

/** How the data of each dtype is held. */
export interface DataTypes {
  /** One byte an element, 0 or 1. */
  bool: Uint8Array;
  /** Signed integers of 8 bits. */
  int8: Int8Array;
  /** Signed integers of 16 bits. */
  int16: Int16Array;
  /** Signed integers of 32 bits. */
  int32: Int32Array;
  /** Signed integers of 64 bits. */
  int64: BigInt64Array;
  /** Unsigned integers of 8 bits. */
  uint8: Uint8Array;
  /** Unsigned integers of 16 bits. */
  uint16: Uint16Array;
  /** Unsigned integers of 32 bits. */
  uint32: Uint32Array;
  /** Unsigned integers of 64 bits. */
  uint64: BigUint64Array;
  /** IEEE 754 numbers of 16 bits. */
  float16: Float16Array;
  /** IEEE 754 numbers of 32 bits. */
  float32: Float32Array;
  /** IEEE 754 numbers of 64 bits. */
  float64: Float64Array;
  /** Two float32 an element: real, imaginary. */
  complex64: Float32Array;
  /** Two float64 an element: real, imaginary. */
  complex128: Float64Array;
}

/** The name of an element type, as Zarr v3 and NumPy spell it. */
export type DataType = keyof DataTypes;

/**
 * The typed array that holds elements of dtype `D`. Complex numbers are interleaved: two numbers an element.
 *
 * @typeParam D The dtype.
 */
export type TypedArrayOf<D extends DataType> = DataTypes[D];

/** Every kind of typed array an {@linkcode NdArray} can hold. */
export type TypedArray = TypedArrayOf<DataType>;

/**
 * An n-dimensional array: plain data, so that it can be cloned, compared and sent to a worker.
 *
 * It has the shape of zarrita's `Chunk` (`data`, `shape`, `stride`) plus the dtype, and can be passed where one is
 * expected. Element `[i, j, …]` is `data[i * stride[0] + j * stride[1] + …]` (complex dtypes: two numbers from
 * twice that index).
 *
 * @typeParam D The dtype.
 */
export interface NdArray<D extends DataType = DataType> {
  /** Type of the elements. */
  dtype: D;
  /** The elements. */
  data: TypedArrayOf<D>;
  /** Length of each axis; `[]` for a single number. */
  shape: number[];
  /** Distance between neighbours along each axis, in elements. */
  stride: number[];
}

/** How the elements of one dtype are laid out: what {@linkcode dataTypes} holds for each. */
export interface DataTypeLayout<D extends DataType = DataType> {
  /** Bytes of one element; a complex number has two parts. */
  readonly itemSize: number;
  /** Numbers of one element in the typed array: 2 for complex dtypes, 1 for all others. */
  readonly parts: 1 | 2;
  /** The class of the typed array. */
  readonly array: new (buffer: ArrayBuffer, byteOffset?: number, length?: number) => TypedArrayOf<D>;
}

/**
 * Item size and array class of every dtype.
 *
 * @example
 * ```ts
 * import { dataTypes } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * assert.equal(dataTypes.complex64.itemSize, 8);
 * assert.equal(dataTypes.complex64.array, Float32Array);
 * ```
 */
export const dataTypes: { readonly [D in DataType]: DataTypeLayout<D> } = {
  bool: { itemSize: 1, parts: 1, array: Uint8Array },
  int8: { itemSize: 1, parts: 1, array: Int8Array },
  int16: { itemSize: 2, parts: 1, array: Int16Array },
  int32: { itemSize: 4, parts: 1, array: Int32Array },
  int64: { itemSize: 8, parts: 1, array: BigInt64Array },
  uint8: { itemSize: 1, parts: 1, array: Uint8Array },
  uint16: { itemSize: 2, parts: 1, array: Uint16Array },
  uint32: { itemSize: 4, parts: 1, array: Uint32Array },
  uint64: { itemSize: 8, parts: 1, array: BigUint64Array },
  float16: { itemSize: 2, parts: 1, array: Float16Array },
  float32: { itemSize: 4, parts: 1, array: Float32Array },
  float64: { itemSize: 8, parts: 1, array: Float64Array },
  complex64: { itemSize: 8, parts: 2, array: Float32Array },
  complex128: { itemSize: 16, parts: 2, array: Float64Array },
};

/**
 * The dtypes that a typed array of class `A` can hold: `uint8` and `bool` for a `Uint8Array`.
 *
 * @typeParam A The typed array.
 */
export type DataTypeOf<A extends TypedArray> = { [D in DataType]: A extends TypedArrayOf<D> ? D : never }[DataType];

/**
 * The dtype that {@linkcode ndarray} takes when none is named: `uint8` for a `Uint8Array`, `float32` for a `Float32Array`.
 *
 * @typeParam A The typed array.
 */
export type DefaultDataType<A extends TypedArray> = Exclude<DataTypeOf<A>, "bool" | "complex64" | "complex128">;

/**
 * Options of {@linkcode ndarray}.
 *
 * @typeParam D The dtype.
 */
export interface NdarrayOptions<D extends DataType = DataType> {
  /**
   * Type of the elements. `bool`, `complex64` and `complex128` must be named, as their arrays can hold plain numbers too.
   *
   * @default {the dtype of the array's class}
   */
  dtype?: D;
  /**
   * How the elements lie in `data`: row by row (`C`) or column by column (`F`).
   *
   * @default {"C"}
   */
  order?: Order;
}

/**
 * Makes an {@linkcode NdArray} of a typed array, which is used as it is (not copied).
 *
 * @typeParam A The class of the typed array.
 * @typeParam D The dtype.
 * @param data The elements; two numbers an element for complex dtypes.
 * @param shape Length of each axis, `[]` for a single number; one axis with all elements if it is not given.
 * @param options The dtype and the order.
 * @returns The array.
 * @throws {StorageError} `invalid-argument` if the array's class cannot hold the dtype, or the shape is not the number of elements.
 *
 * @example
 * ```ts
 * import { type NdArray, ndarray } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const image: NdArray<"uint16"> = ndarray(new Uint16Array(6), [2, 3]);
 * assert.deepEqual(image.stride, [3, 1]);
 * const mask = ndarray(new Uint8Array([1, 0]), [2], { dtype: "bool" });
 * assert.equal(mask.dtype, "bool");
 * assert.throws(() => ndarray(new Uint16Array(6), [2, 2]), { code: "invalid-argument" });
 * ```
 */
export function ndarray<A extends TypedArray, D extends DataTypeOf<A> = DefaultDataType<A>>(
  data: A,
  shape?: readonly number[],
  options: NdarrayOptions<D> = {},
): NdArray<D> {
  const { order = "C" } = options;
  const own = dataTypeOf(data);
  if (own === undefined) {
    throw new StorageError("invalid-argument", "data must be a typed array of numbers other than Uint8ClampedArray");
  }
  const dtype: DataType = options.dtype ?? own;
  const layout = dataTypes[dtype];
  if (layout?.array !== dataTypes[own].array) {
    throw new StorageError("invalid-argument", `dtype ${dtype} cannot be held in a ${data.constructor.name}`);
  }
  if (order !== "C" && order !== "F") {
    throw new StorageError("invalid-argument", `order must be "C" or "F": received ${JSON.stringify(order)}`);
  }
  const elements = data.length / layout.parts;
  const axes = shape === undefined ? [elements] : [...shape];
  if (sizeOf(axes) !== elements) {
    throw new StorageError(
      "invalid-argument",
      `shape [${axes}] has ${sizeOf(axes)} elements, but data has ${elements} of dtype ${dtype}`,
    );
  }
  return { dtype, data, shape: axes, stride: stridesOf(axes, order) } as unknown as NdArray<D>;
}

/** The plain dtype of a typed array, by its class. */
function dataTypeOf(data: unknown): DataType | undefined {
  if (!ArrayBuffer.isView(data)) return undefined;
  const names = Object.keys(dataTypes) as DataType[];
  // "bool" comes first in the table; a Uint8Array holds numbers unless it is said otherwise.
  return names.find((name) => name !== "bool" && data instanceof dataTypes[name].array);
}

/**
 * Whether `value` is an {@linkcode NdArray} whose parts fit together: the class of `data` is that of the dtype, and every
 * element that `shape` and `stride` name lies in it.
 *
 * @param value Anything.
 * @returns Whether it is one, narrowing its type.
 *
 * @example
 * ```ts
 * import { isNdArray, ndarray } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * assert(isNdArray(ndarray(new Float32Array(4), [2, 2])));
 * assert(!isNdArray(new Float32Array(4)));
 * assert(!isNdArray({ ...ndarray(new Float32Array(4)), shape: [5] }));
 * ```
 */
export function isNdArray(value: unknown): value is NdArray {
  if (typeof value !== "object" || value === null) return false;
  const { dtype, data, shape, stride } = value as Partial<NdArray>;
  if (typeof dtype !== "string" || !Object.hasOwn(dataTypes, dtype)) return false;
  const layout = dataTypes[dtype];
  if (!(data instanceof layout.array)) return false;
  if (!Array.isArray(shape) || !Array.isArray(stride) || shape.length !== stride.length) return false;
  let size = 1;
  let first = 0;
  let last = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    const length = shape[axis]!;
    const step = stride[axis]!;
    if (!Number.isSafeInteger(length) || length < 0 || !Number.isSafeInteger(step)) return false;
    size *= length;
    if (step < 0) first += (length - 1) * step;
    else last += (length - 1) * step;
  }
  if (!Number.isSafeInteger(size)) return false;
  return size === 0 || (first >= 0 && (last + 1) * layout.parts <= data.length);
}
