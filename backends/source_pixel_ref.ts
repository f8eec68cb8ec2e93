/**
 * {@linkcode SourcePixelRef}: where the pixels of an image come from.
 *
 * @module
 */

import { StorageError } from "./errors.ts";
import { isNdArray, type NdArray } from "./formats/ndarray.ts";

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

/** The names of the fields of a reference in a document, and only those. */
const FIELDS = ["backend", "backend_address", "source_axis_indices"] as const;

/**
 * A reference as it stands in a document.
 *
 * @param ref The reference.
 * @returns What becomes JSON.
 *
 * @example
 * ```ts
 * import { fromMapping, toMapping } from "@polystore/polystore/filemanager";
 * import assert from "node:assert/strict";
 *
 * const ref = { backend: "disk", backendAddress: "stack.npy", sourceAxisIndices: [3] };
 * assert.deepEqual(toMapping(ref), { backend: "disk", backend_address: "stack.npy", source_axis_indices: [3] });
 * assert.deepEqual(fromMapping(toMapping(ref)), ref);
 * ```
 */
export function toMapping(ref: SourcePixelRef): Record<string, unknown> {
  const { backend, backendAddress, sourceAxisIndices = [] } = ref;
  return { backend, backend_address: backendAddress, source_axis_indices: [...sourceAxisIndices] };
}

/**
 * Reads a reference from a document.
 *
 * @param mapping What stands there.
 * @returns The reference.
 * @throws {StorageError} `corrupt` if a field is missing, unknown, or not what it should be.
 */
export function fromMapping(mapping: unknown): SourcePixelRef {
  const fields = typeof mapping === "object" && mapping !== null ? mapping as Record<string, unknown> : {};
  const missing = FIELDS.filter((field) => !Object.hasOwn(fields, field));
  const extra = Object.keys(fields).filter((field) => !(FIELDS as readonly string[]).includes(field));
  if (missing.length > 0 || extra.length > 0) {
    const detail = `a reference has the fields ${FIELDS.join(", ")}: missing ${list(missing)}, unknown ${list(extra)}`;
    throw new StorageError("corrupt", detail);
  }
  const { backend, backend_address: address, source_axis_indices: indices } = fields;
  if (!isText(backend) || !isText(address)) {
    throw new StorageError("corrupt", "the backend and the address of a reference are texts that are not empty");
  }
  if (!Array.isArray(indices) || !indices.every((index) => Number.isSafeInteger(index) && index >= 0)) {
    throw new StorageError("corrupt", "the axis indices of a reference are a list of non-negative integers");
  }
  return { backend: backend.trim().toLowerCase(), backendAddress: address, sourceAxisIndices: indices };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.join(", ");
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
