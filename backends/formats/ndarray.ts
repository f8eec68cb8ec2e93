/**
 * {@linkcode NdArray}: an n-dimensional array of numbers in one flat buffer.
 *
 * @module
 */

import { StorageError } from "../errors.ts";

/** How the data of each dtype is held. */
interface DataTypes {
  /** One byte an element, 0 or 1. */
  bool: Uint8Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  float16: Float16Array;
  float32: Float32Array;
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
