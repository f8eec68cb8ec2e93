/**
 * {@linkcode SourcePixelRef}: where the pixels of an image come from.
 *
 * @module
 */

import { StorageError } from "../backends/errors.ts";
import { isNdArray, type NdArray } from "../backends/formats/ndarray.ts";

/** An image, or one plane of it, by the backend that has it and its address there. */
export interface SourcePixelRef {
  /** Name of the backend. */
  readonly backend: string;
  /** Address in that backend. */
  readonly backendAddress: string;
  /**
   * Indices along the first axes of the array there.
   *
   * @default {[]} the whole array
   */
  readonly sourceAxisIndices?: readonly number[] | undefined;
}

/**
 * Takes the plane of an array that a reference means; nothing is copied.
 *
 * @param image The array at the address.
 * @param ref The reference.
 * @returns A view on it, with as many axes fewer as there are indices.
 * @throws {StorageError} `invalid-argument` if it is not an array, or an index is outside.
 *
 * @example
 * ```ts
 * import { planeOf } from "@polystore/polystore/filemanager";
 * import { ndarray } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const stack = ndarray(new Uint8Array([1, 2, 3, 4]), [2, 1, 2]);
 * const plane = planeOf(stack, { backend: "memory", backendAddress: "stack", sourceAxisIndices: [1] });
 * assert.deepEqual([...plane.data], [3, 4]);
 * assert.deepEqual(plane.shape, [1, 2]);
 * ```
 */
export function planeOf(image: unknown, ref: SourcePixelRef): NdArray {
  const indices = ref.sourceAxisIndices ?? [];
  const path = ref.backendAddress;
  if (!isNdArray(image)) throw new StorageError("invalid-argument", "what is there is not an array", { path });
  if (indices.length > image.shape.length) {
    throw new StorageError(
      "invalid-argument",
      `the array has ${image.shape.length} axes: received ${indices.length} indices`,
      {
        path,
      },
    );
  }
  let offset = 0;
  for (const [axis, index] of indices.entries()) {
    if (!Number.isInteger(index) || index < 0 || index >= image.shape[axis]!) {
      throw new StorageError(
        "invalid-argument",
        `index ${index} is outside axis ${axis} of length ${image.shape[axis]}`,
        {
          path,
        },
      );
    }
    offset += index * image.stride[axis]!;
  }
  const numbers = image.dtype.startsWith("complex") ? 2 : 1;
  return {
    dtype: image.dtype,
    data: image.data.subarray(offset * numbers),
    shape: image.shape.slice(indices.length),
    stride: image.stride.slice(indices.length),
  };
}
