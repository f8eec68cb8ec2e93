/**
 * {@linkcode npy}: NumPy's format for one array.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { StorageError } from "../errors.ts";
import { describeType } from "./describe.ts";
import { checkBools, elementsOf } from "./elements.ts";
import type { Encoded, Format } from "./format.ts";
import { dataTypes, isNdArray, type NdArray } from "./ndarray.ts";
import { stridesOf } from "./shape.ts";
import { parseHeader, writeHeader } from "./npy_header.ts";

/** Options of {@linkcode npy}. */
export interface NpyOptions {
  /**
   * Byte order of what is written; both are read. Little-endian data is written without a copy.
   *
   * @default {"little"}
   */
  endian?: "little" | "big";
}

/**
 * The format of `.npy`: an {@linkcode NdArray} of any dtype, as NumPy's `np.save` writes it.
 *
 * Row-major and column-major arrays are written as they lie and come back so; the `stride` of the result tells. Other strides (slices,
 * transposed or broadcast arrays) are packed row by row. Little-endian data is a view on the bytes read. Versions 1.0, 2.0 and 3.0
 * are read; the lowest one that fits is written.
 *
 * `encode` throws `invalid-value` for what is no NdArray (also one whose data is too short for its shape), a bool other than 0 and 1,
 * and more than 64 axes. `decode` throws `unsupported` for dtypes that NumPy has and PolyStore has not (Python objects, strings, dates,
 * records, long doubles), by name, and `corrupt` for everything else, bytes after the data included.
 *
 * @param options The byte order to write.
 * @returns The format.
 * @throws {StorageError} `invalid-argument` if `endian` is neither.
 * @see {@link https://numpy.org/neps/nep-0001-npy-format.html NEP 1}
 * @see {@link https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html numpy.lib.format}
 *
 * @example
 * ```ts
 * import { ndarray, npy } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const format = npy();
 * const array = ndarray(new Float32Array([1, 2, 3, 4, 5, 6]), [2, 3]);
 * const [header, data] = await format.encode(array) as [Uint8Array, Uint8Array];
 * assert.equal(header.length, 128);
 * assert.equal(data.buffer, array.data.buffer);
 * assert.deepEqual(await format.decode(new Uint8Array([...header, ...data])), array);
 * ```
 */
export function npy(options: NpyOptions = {}): Format<NdArray> {
  const { endian = "little" } = options;
  if (endian !== "little" && endian !== "big") {
    throw new StorageError("invalid-argument", `endian must be "little" or "big": received ${JSON.stringify(endian)}`);
  }
  return {
    name: "npy",
    suffixes: [".npy"],
    encode: (array) => encodeNpy(array, endian === "big"),
    decode: decodeNpy,
  };
}

function encodeNpy(array: NdArray, bigEndian: boolean): Encoded {
  if (!isNdArray(array)) {
    const hint = ArrayBuffer.isView(array) ? "; pass ndarray(array, shape)" : "";
    throw new StorageError(
      "invalid-value",
      `npy keeps an NdArray whose parts fit together: received ${describeType(array)}${hint}`,
    );
  }
  const { order, data } = elementsOf(array);
  checkBools(array.dtype, data, "invalid-value");
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const width = data.BYTES_PER_ELEMENT;
  const header = writeHeader({ dtype: array.dtype, shape: array.shape, fortranOrder: order === "F", bigEndian });
  return [header, bigEndian && width > 1 ? swap(bytes, width) : bytes];
}

function decodeNpy(bytes: Uint8Array): NdArray {
  const { dtype, shape, fortranOrder, bigEndian, length, offset } = parseHeader(bytes);
  const { itemSize, parts, array: Elements } = dataTypes[dtype];
  const width = itemSize / parts;
  let content = bytes.subarray(offset);
  if (bigEndian && width > 1) content = swap(content, width);
  else if (content.byteOffset % width !== 0 || !(content.buffer instanceof ArrayBuffer)) content = content.slice();
  const data = new Elements(content.buffer as ArrayBuffer, content.byteOffset, length * parts);
  const array = { dtype, data, shape, stride: stridesOf(shape, fortranOrder ? "F" : "C") } as NdArray;
  checkBools(dtype, data, "corrupt");
  return array;
}

/** A copy with the bytes of every number in the other order. */
function swap(bytes: Uint8Array, width: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  const words = Buffer.from(copy.buffer);
  if (width === 2) words.swap16();
  else if (width === 4) words.swap32();
  else words.swap64();
  return copy;
}
