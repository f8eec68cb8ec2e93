/**
 * `vlen-utf8` and `vlen-bytes`: elements of any length. How many there are, then each behind its length.
 *
 * @see {@link https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/vlen-utf8 Zarr v3: vlen-utf8}
 * @module
 */

import { StorageError } from "../../errors.ts";
import { sizeOf } from "../../formats/shape.ts";
import type { JsonObject } from "../json.ts";
import { malformed } from "../metadata.ts";
import type { ChunkSpec, SerialCodec } from "./codec.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Makes the codec `vlen-utf8`. */
export function vlenUtf8(_configuration: JsonObject, { shape, type }: ChunkSpec): SerialCodec {
  if (type.storage !== "string") throw malformed(`the codec vlen-utf8 cannot keep ${type.name} of a fixed size`);
  const count = sizeOf(shape);
  return {
    kind: "serial",
    size: undefined,
    isPlain: false,
    encode: (elements) => join((elements as string[]).map(utf8)),
    decode: (bytes) => split(bytes, count).map(textOf),
  };
}

/** Makes the codec `vlen-bytes`. */
export function vlenBytes(_configuration: JsonObject, { shape, type }: ChunkSpec): SerialCodec {
  if (type.storage !== "bytes") throw malformed(`the codec vlen-bytes cannot keep ${type.name} of a fixed size`);
  const count = sizeOf(shape);
  return {
    kind: "serial",
    size: undefined,
    isPlain: false,
    encode: (elements) => join(elements as Uint8Array[]),
    decode: (bytes) => split(bytes, count).map((element) => element.slice()),
  };
}

function utf8(text: string): Uint8Array {
  if (text.isWellFormed()) return encoder.encode(text);
  throw new StorageError("invalid-value", `a text is not well-formed Unicode: ${JSON.stringify(text.slice(0, 40))}`);
}

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new StorageError("corrupt", "a text of a chunk is not UTF-8", { cause: error });
  }
}

function join(elements: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(elements.reduce((sum, element) => sum + 4 + element.length, 4));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, elements.length, true);
  let offset = 4;
  for (const element of elements) {
    view.setUint32(offset, element.length, true);
    bytes.set(element, offset + 4);
    offset += 4 + element.length;
  }
  return bytes;
}

function split(bytes: Uint8Array, count: number): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint32(0, true) !== count) {
    const found = bytes.length < 4 ? "none" : view.getUint32(0, true);
    throw new StorageError("corrupt", `a chunk has ${found} elements instead of ${count}`);
  }
  let offset = 4;
  const elements = Array.from({ length: count }, () => {
    const length = offset + 4 <= bytes.length ? view.getUint32(offset, true) : Infinity;
    const start = offset + 4;
    if (start + length > bytes.length) throw new StorageError("corrupt", "a chunk ends within an element");
    offset = start + length;
    return bytes.subarray(start, offset);
  });
  if (offset !== bytes.length) throw new StorageError("corrupt", "a chunk goes on behind its last element");
  return elements;
}
