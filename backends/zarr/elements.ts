/**
 * Elements ⇄ bytes, for types whose elements have a fixed size: little-endian, one after the other.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { dataTypes, type TypedArray } from "../formats/ndarray.ts";
import type { Elements, ZarrDataType } from "./data_type.ts";

/** Whether this machine keeps numbers as Zarr's `little` does. */
export const LITTLE: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * The bytes of elements; of numbers a view, where nothing has to be turned around.
 *
 * @throws {StorageError} `invalid-value` if an element does not fit.
 */
export function elementsToBytes(elements: Elements, type: ZarrDataType): Uint8Array {
  if (type.storage === "number") {
    const { buffer, byteOffset, byteLength } = elements as TypedArray;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    return LITTLE ? bytes : swapped(bytes, type.swapSize);
  }
  const size = type.itemSize!;
  const bytes = new Uint8Array(elements.length * size);
  if (type.storage === "utf32") {
    const view = new DataView(bytes.buffer);
    for (const [index, text] of (elements as string[]).entries()) {
      let offset = index * size;
      for (const character of text) {
        if (offset === (index + 1) * size) throw tooLong(`${[...text].length} characters`, size / 4);
        view.setUint32(offset, character.codePointAt(0)!, true);
        offset += 4;
      }
      // What ends in NUL could not be told from what is filled up.
      if (text.endsWith("\0")) throw new StorageError("invalid-value", "a text of a fixed length cannot end in NUL");
    }
    return bytes;
  }
  for (const [index, element] of (elements as Uint8Array[]).entries()) {
    if (element.length > size || (type.storage === "raw" && element.length < size)) {
      throw tooLong(`${element.length} bytes`, size);
    }
    if (type.storage === "padded" && element[element.length - 1] === 0) {
      throw new StorageError("invalid-value", "bytes that are filled up with zeros cannot end in one");
    }
    bytes.set(element, index * size);
  }
  return bytes;
}

function tooLong(what: string, size: number): StorageError {
  return new StorageError("invalid-value", `an element of ${what} cannot be kept where each has ${size}`);
}

/**
 * The elements in bytes: of numbers a view, where the bytes lie so that one is possible.
 *
 * @throws {StorageError} `corrupt` if a text has a character that is none.
 */
export function bytesToElements(bytes: Uint8Array, type: ZarrDataType): Elements {
  const size = type.itemSize!;
  if (type.storage === "number") {
    const { array, parts } = dataTypes[type.numbers!];
    const unit = size / parts;
    const own = LITTLE ? bytes : swapped(bytes, type.swapSize);
    const aligned = own.byteOffset % unit === 0 && own.buffer instanceof ArrayBuffer;
    const placed = aligned ? own : own.slice();
    return new array(placed.buffer as ArrayBuffer, placed.byteOffset, own.byteLength / unit);
  }
  const count = size === 0 ? 0 : bytes.length / size;
  if (type.storage === "utf32") return Array.from({ length: count }, (_, index) => textAt(bytes, index * size, size));
  return Array.from({ length: count }, (_, index) => {
    let end = size;
    if (type.storage === "padded") { while (end > 0 && bytes[index * size + end - 1] === 0) end--; }
    return bytes.slice(index * size, index * size + end);
  });
}

function textAt(bytes: Uint8Array, offset: number, size: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, size);
  let end = size;
  while (end > 0 && view.getUint32(end - 4, true) === 0) end -= 4;
  let text = "";
  for (let at = 0; at < end; at += 4) {
    const point = view.getUint32(at, true);
    if (point > 0x10ffff) throw new StorageError("corrupt", `a text has the character ${point}, which is none`);
    text += String.fromCodePoint(point);
  }
  return text;
}

/** The bytes in the other order: each group of `size` turned around. */
export function swapped(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes);
  if (size === 2) {
    for (let i = 0; i + 1 < result.length; i += 2) [result[i], result[i + 1]] = [result[i + 1]!, result[i]!];
    return result;
  }
  if (size < 2) return result;
  for (let start = 0; start + size <= result.length; start += size) result.subarray(start, start + size).reverse();
  return result;
}
