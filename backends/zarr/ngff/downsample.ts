/**
 * {@linkcode downsample}: an array of half the size.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { type DataType, dataTypes, type NdArray, type TypedArray } from "../../formats/ndarray.ts";
import { sizeOf, stridesOf } from "../../formats/shape.ts";
import { copyBox } from "../box.ts";

/** What becomes of the elements of which one is left: their mean, or the first. */
export type DownsamplingMethod = "mean" | "nearest";

/** Elements that can be halved along an axis. */
interface Halvable<T> {
  readonly length: number;
  [index: number]: T;
}

/**
 * Makes an array of half the size along some axes. An odd axis is rounded up: its last element stands alone.
 *
 * The mean is exact, and rounded once, to the nearest element there is; of two that are as near, to the even one.
 *
 * @typeParam D The dtype.
 * @param array The array.
 * @param step For each axis, how many elements become one: 1 or 2.
 * @param method What becomes of them.
 * @returns A new array, in C order.
 * @throws {StorageError} `invalid-argument` for the mean of `bool`.
 *
 * @example
 * ```ts
 * import { ndarray } from "@polystore/polystore/formats";
 * import { downsample } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * const image = ndarray(new Uint8Array([0, 2, 9, 4, 6, 9]), [2, 3]);
 * assert.deepEqual(downsample(image, [2, 2], "mean").data, new Uint8Array([3, 9]));
 * assert.deepEqual(downsample(image, [2, 2], "nearest").data, new Uint8Array([0, 9]));
 * ```
 */
export function downsample<D extends DataType>(
  array: NdArray<D>,
  step: readonly number[],
  method: DownsamplingMethod,
): NdArray<D> {
  const { dtype, shape } = array;
  if (step.length !== shape.length || step.some((count) => count !== 1 && count !== 2)) {
    throw new StorageError("invalid-argument", `step must be 1 or 2 for each of the ${shape.length} axes: [${step}]`);
  }
  checkMethod(dtype, method);
  const halved = shape.map((length, axis) => Math.ceil(length / step[axis]!));
  const { array: Class, itemSize, parts } = dataTypes[dtype];
  const data = new Class(new ArrayBuffer(sizeOf(halved) * itemSize));
  if (method === "nearest") {
    const stride = array.stride.map((each, axis) => each * step[axis]!);
    copyBox({ data: array.data, offset: 0, stride }, { data, offset: 0, stride: stridesOf(halved) }, halved, parts);
    return { dtype, data, shape: halved, stride: stridesOf(halved) } as NdArray<D>;
  }
  const packed = pack(array);
  const halve = new Halving([...shape, parts], [...step, 1]);
  if (packed instanceof BigInt64Array || packed instanceof BigUint64Array) {
    // Sums of 64 bits need more than 64: they are bigints until the end.
    const sums = halve.run<bigint>(packed as Halvable<bigint>, (length) => new Array<bigint>(length), (a, b) => a + b);
    const shift = step.filter((count) => count === 2).length;
    for (let i = 0; i < data.length; i++) (data as BigInt64Array)[i] = roundedShift(sums[i]!, shift);
  } else {
    const means = halve.run<number>(packed as Halvable<number>, (length) => new Float64Array(length), meanOf);
    const isInteger = /^u?int/.test(dtype);
    for (let i = 0; i < data.length; i++) data[i] = isInteger ? roundHalfEven(means[i]!) : means[i]!;
  }
  return { dtype, data, shape: halved, stride: stridesOf(halved) } as NdArray<D>;
}

/** Refuses the mean of what has none. */
export function checkMethod(dtype: string, method: DownsamplingMethod): void {
  if (method === "nearest" || dtype !== "bool") return;
  throw new StorageError("invalid-argument", 'there is no mean of bool: make the pyramid with the method "nearest"');
}

/** The elements in C order. */
function pack({ dtype, data, shape, stride }: NdArray): TypedArray {
  const { array: Class, itemSize, parts } = dataTypes[dtype];
  const count = sizeOf(shape);
  const straight = stridesOf(shape);
  if (data.length === count * parts && String(stride) === String(straight)) return data;
  const target = new Class(new ArrayBuffer(count * itemSize));
  copyBox({ data, offset: 0, stride }, { data: target, offset: 0, stride: straight }, shape, parts);
  return target;
}

/** Halves one axis after the other. The last element of an odd axis is taken twice, which is its mean with itself. */
class Halving {
  constructor(readonly shape: readonly number[], readonly step: readonly number[]) {}

  run<T>(source: Halvable<T>, make: (length: number) => Halvable<T>, join: (a: T, b: T) => T): Halvable<T> {
    const shape = [...this.shape];
    let elements = source;
    for (const [axis, count] of this.step.entries()) {
      if (count === 1) continue;
      const [outer, inner] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
      const length = shape[axis]!;
      const half = shape[axis] = Math.ceil(length / 2);
      const result = make(outer * half * inner);
      let goal = 0;
      for (let before = 0; before < outer; before++) {
        for (let place = 0; place < half; place++) {
          const first = (before * length + 2 * place) * inner;
          const second = 2 * place + 1 < length ? first + inner : first;
          for (let i = 0; i < inner; i++) result[goal++] = join(elements[first + i]!, elements[second + i]!);
        }
      }
      elements = result;
    }
    return elements;
  }
}

/** Halving a sum of 53 bits loses nothing, so that only the last rounding counts. */
function meanOf(a: number, b: number): number {
  const mean = (a + b) / 2;
  return Number.isFinite(mean) ? mean : a / 2 + b / 2;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Divides by a power of two, rounding to the nearest, halves to even. */
function roundedShift(sum: bigint, shift: number): bigint {
  const bits = BigInt(shift);
  const floor = sum >> bits;
  const twice = (sum - (floor << bits)) * 2n;
  const whole = 1n << bits;
  if (twice !== whole) return twice < whole ? floor : floor + 1n;
  return floor % 2n === 0n ? floor : floor + 1n;
}
