/**
 * What is saved as a Zarr array and loaded from one.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { isNdArray, type NdArray } from "../formats/ndarray.ts";
import { sizeOf, stridesOf } from "../formats/shape.ts";
import type { Layout } from "./box.ts";
import type { Elements, TimeDataType, ZarrDataType } from "./data_type.ts";
import { filled, type FillValue, parseFill } from "./fill_value.ts";
import type { Json } from "./json.ts";

/** What all arrays tell of themselves. */
export interface Shaped {
  /** Length of each axis. */
  shape: number[];
  /** Distance between neighbours along each axis, in elements. */
  stride: number[];
}

/** An array of texts. */
export interface StringArray extends Shaped {
  /** Tells it from the others. */
  dtype: "string";
  /** The texts. */
  data: string[];
}

/** An array of runs of bytes. */
export interface BytesArray extends Shaped {
  /** Tells it from the others. */
  dtype: "bytes";
  /** The bytes of each element. */
  data: Uint8Array[];
}

/** An array of points or spans of time. */
export interface TimeArray extends Shaped {
  /** What is counted, and in which unit: `datetime64[ms]`. */
  dtype: TimeDataType;
  /** The numbers; -2^63 is no time. */
  data: BigInt64Array;
}

/** What can be kept in a Zarr array. */
export type ZarrValue = NdArray | StringArray | BytesArray | TimeArray;

/** Makes an array of elements in C order. */
export function valueOf(elements: Elements, type: ZarrDataType, shape: readonly number[]): ZarrValue {
  return { dtype: type.name, data: elements, shape: [...shape], stride: stridesOf(shape) } as ZarrValue;
}

/** Whether something can be kept in a Zarr array. */
export function isZarrValue(value: unknown): value is ZarrValue {
  if (isNdArray(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  const { dtype, data, shape, stride } = value as Partial<StringArray>;
  if (typeof dtype !== "string" || !isElements(dtype, data)) return false;
  // Its layout is that of an array of as many numbers.
  return isNdArray({ dtype: "uint8", data: new Uint8Array((data as readonly unknown[]).length), shape, stride });
}

function isElements(dtype: string, data: unknown): boolean {
  if (dtype === "string") return Array.isArray(data) && data.every((element) => typeof element === "string");
  if (dtype === "bytes") return Array.isArray(data) && data.every((element) => element instanceof Uint8Array);
  return /^(?:datetime64|timedelta64)\[/.test(dtype) && data instanceof BigInt64Array;
}

/**
 * The elements that are to be written to a region.
 *
 * @param value An array of the type and shape of the region, or one element for all of it.
 * @param type What the elements are.
 * @param shape Length of each axis of the region; `dropped` axes may be left out of the array.
 * @param kept Which axes stay.
 * @throws {StorageError} `invalid-value` if it is something else.
 */
export function layoutOf(
  value: unknown,
  type: ZarrDataType,
  shape: readonly number[],
  kept: readonly boolean[] = shape.map(() => true),
): Layout {
  if (!isZarrValue(value)) {
    const element = elementOf(value, type);
    return { data: filled(element, type, 1), offset: 0, stride: shape.map(() => 0) };
  }
  if (value.dtype !== type.name) {
    throw new StorageError(
      "invalid-value",
      `an array of ${value.dtype} cannot be written where elements are ${type.name}`,
    );
  }
  const asked = shape.filter((_, axis) => kept[axis]);
  if (String(value.shape) !== String(asked) || value.shape.length !== asked.length) {
    throw new StorageError(
      "invalid-value",
      `an array of shape [${value.shape}] cannot be written to one of [${asked}]`,
    );
  }
  let axis = 0;
  return { data: value.data, offset: offsetOf(value), stride: kept.map((stays) => stays ? value.stride[axis++]! : 0) };
}

/** Where the first element lies: an array that is turned around begins elsewhere than at 0. */
function offsetOf({ shape, stride }: ZarrValue): number {
  if (sizeOf(shape) === 0) return 0;
  return stride.reduce((sum, step, axis) => step < 0 ? sum - step * (shape[axis]! - 1) : sum, 0);
}

function elementOf(value: unknown, type: ZarrDataType): FillValue {
  try {
    const json = value instanceof Uint8Array
      ? value.toBase64()
      : typeof value === "number" && !Number.isFinite(value)
      ? String(value)
      : value as Json;
    return parseFill(json, type);
  } catch (error) {
    throw new StorageError("invalid-value", `it is neither an array nor an element of ${type.name}`, { cause: error });
  }
}
