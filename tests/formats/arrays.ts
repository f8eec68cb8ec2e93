/**
 * Random arrays.
 *
 * @module
 */

import { type DataType, dataTypes, isNdArray, type NdArray, sizeOf, stridesOf } from "../../backends/formats/mod.ts";
import fc from "fast-check";

const names = Object.keys(dataTypes) as DataType[];

/** Arrays of every dtype with random bits, NaNs of all kinds included, in C or F order. */
export function contiguousNdArray(): fc.Arbitrary<NdArray> {
  const shape = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });
  return fc.tuple(fc.constantFrom(...names), shape, fc.constantFrom("C" as const, "F" as const), fc.integer())
    .map(([dtype, shape, order, seed]) => {
      const { itemSize, array } = dataTypes[dtype];
      const bytes = new Uint8Array(sizeOf(shape) * itemSize);
      let state = seed | 1;
      for (let i = 0; i < bytes.length; i++) {
        state = Math.imul(state, 1664525) + 1013904223 | 0;
        bytes[i] = dtype === "bool" ? state >>> 31 : state >>> 24;
      }
      return { dtype, data: new array(bytes.buffer), shape, stride: stridesOf(shape, order) } as NdArray;
    });
}

/** The same, also transposed, sliced and broadcast. */
export function anyNdArray(): fc.Arbitrary<NdArray> {
  return fc.tuple(contiguousNdArray(), fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 6 })).map(
    ([array, changes]) => {
      const result = { ...array, shape: [...array.shape], stride: [...array.stride] };
      for (const [i, change] of changes.entries()) {
        const axis = i % Math.max(1, result.shape.length);
        if (result.shape.length === 0) break;
        if (change === 1) {
          result.shape.reverse();
          result.stride.reverse();
        } else if (change === 2) {
          result.shape[axis] = Math.ceil(result.shape[axis]! / 2);
          result.stride[axis]! *= 2;
        } else if (change === 3 && result.shape[axis]! > 0) {
          result.shape[axis] = 3;
          result.stride[axis] = 0;
        }
      }
      return isNdArray(result) ? result : array;
    },
  );
}

/** Every element in logical order, as the text of its bytes. */
export function elementsOf({ dtype, data, shape, stride }: NdArray): string[] {
  const { itemSize } = dataTypes[dtype];
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const found: string[] = [];
  function visit(axis: number, at: number): void {
    if (axis === shape.length) found.push(bytes.subarray(at * itemSize, (at + 1) * itemSize).toHex());
    else for (let i = 0; i < shape[axis]!; i++) visit(axis + 1, at + i * stride[axis]!);
  }
  visit(0, 0);
  return found;
}
