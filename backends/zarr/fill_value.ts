/**
 * What elements are where nothing was written: read from metadata, written to it, and laid out.
 *
 * A fill value of a fixed size is kept as the bytes of one element, little-endian, so that no NaN loses its bits and no integer
 * its digits.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { type DataType, dataTypes, type TypedArray } from "../formats/ndarray.ts";
import { type Elements, isTime, NOT_A_TIME, type ZarrDataType } from "./data_type.ts";
import { bytesToElements, elementsToBytes } from "./elements.ts";
import type { Json } from "./json.ts";

/** A fill value: the bytes of an element of a fixed size, or the element itself. */
export type FillValue = Uint8Array | string;

/** The fill value when none is given: zeros. */
export function zeroOf(type: ZarrDataType): FillValue {
  return type.storage === "string" ? "" : new Uint8Array(type.itemSize ?? 0);
}

/**
 * Reads the fill value of metadata.
 *
 * @param value What it says.
 * @param type The type of the elements.
 * @returns The fill value.
 * @throws {StorageError} `corrupt` if no element can have it.
 */
export function parseFill(value: Json, type: ZarrDataType): FillValue {
  const bytes = fillBytes(value, type);
  if (bytes !== undefined) return bytes;
  const shown = typeof value === "bigint" ? `${value}` : JSON.stringify(value);
  throw new StorageError("corrupt", `its fill value ${shown} is not a ${type.name}`);
}

function fillBytes(value: Json, type: ZarrDataType): FillValue | undefined {
  switch (type.storage) {
    case "string":
      // Zarr 2 writes 0 for an empty string.
      return typeof value === "string" ? value : isZero(value) ? "" : undefined;
    case "utf32":
      if (typeof value !== "string") return isZero(value) ? zeroOf(type) : undefined;
      return [...value].length * 4 <= type.itemSize! ? elementsToBytes([value], type) : undefined;
    case "padded":
    case "raw":
    case "bytes": {
      const bytes = isZero(value) ? new Uint8Array(type.itemSize ?? 0) : rawBytes(value);
      if (bytes === undefined || type.itemSize === undefined) return bytes;
      if (type.storage === "raw" ? bytes.length !== type.itemSize : bytes.length > type.itemSize) return undefined;
      return elementsToBytes([bytes], type);
    }
  }
  const { array, parts } = dataTypes[type.numbers!];
  const element = new array(new ArrayBuffer(type.itemSize!));
  const values = parts === 2 ? Array.isArray(value) && value.length === 2 ? value : undefined : [value];
  if (values === undefined || !values.every((part, index) => setNumber(element, index, part, type))) return undefined;
  return new Uint8Array(element.buffer, 0, type.itemSize);
}

function isZero(value: Json): boolean {
  return value === 0;
}

function rawBytes(value: Json): Uint8Array | undefined {
  if (typeof value === "string") {
    try {
      return Uint8Array.fromBase64(value);
    } catch {
      return undefined; // no base64: told with the value
    }
  }
  if (!Array.isArray(value)) return undefined;
  const valid = value.every((byte) => Number.isInteger(byte) && Number(byte) >= 0 && Number(byte) <= 255);
  return valid ? Uint8Array.from(value as number[]) : undefined;
}

function setNumber(element: TypedArray, index: number, value: Json, type: ZarrDataType): boolean {
  const name = type.numbers!;
  if (name === "bool") {
    if (typeof value !== "boolean" && value !== 0 && value !== 1) return false;
    element[index] = Number(value);
    return true;
  }
  if (name.startsWith("float") || name.startsWith("complex")) return setFloat(element, index, value);
  const integer = isTime(type) && value === "NaT"
    ? NOT_A_TIME
    : typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value))
    ? BigInt(value)
    : undefined;
  if (integer === undefined || !inRange(integer, name)) return false;
  if (element instanceof BigInt64Array || element instanceof BigUint64Array) element[index] = integer;
  else element[index] = Number(integer);
  return true;
}

function inRange(value: bigint, name: DataType): boolean {
  const bits = dataTypes[name].itemSize * 8;
  return name.startsWith("u") ? BigInt.asUintN(bits, value) === value : BigInt.asIntN(bits, value) === value;
}

const SPECIAL: Readonly<Record<string, number>> = { NaN, Infinity, "-Infinity": -Infinity };

function setFloat(element: TypedArray, index: number, value: Json): boolean {
  if (typeof value === "number" || typeof value === "bigint") {
    element[index] = Number(value);
    return true;
  }
  if (typeof value !== "string") return false;
  if (Object.hasOwn(SPECIAL, value)) {
    element[index] = SPECIAL[value]!;
    return true;
  }
  const size = element.BYTES_PER_ELEMENT;
  if (!/^0x[0-9a-f]+$/i.test(value) || value.length !== 2 + 2 * size) return false;
  const bytes = Uint8Array.fromHex(value.slice(2)).reverse();
  new Uint8Array(element.buffer).set(bytes, index * size);
  return true;
}

/**
 * Writes a fill value for metadata.
 *
 * @param fill The fill value.
 * @param type The type of the elements.
 * @param format The format of the metadata: bytes of a fixed length are written differently.
 * @returns What to write.
 */
export function formatFill(fill: FillValue, type: ZarrDataType): Json {
  if (typeof fill === "string") return fill;
  if (type.storage === "utf32") return (bytesToElements(fill, type) as string[])[0]!;
  if (type.storage === "padded") return (bytesToElements(fill, type) as Uint8Array[])[0]!.toBase64();
  if (type.storage !== "number") return fill.toBase64();
  const element = bytesToElements(fill, type) as TypedArray;
  const values = Array.from(
    element as ArrayLike<number | bigint>,
    (_, index): Json => numberToJson(element, index, type),
  );
  return dataTypes[type.numbers!].parts === 2 ? values : values[0]!;
}

function numberToJson(element: TypedArray, index: number, type: ZarrDataType): Json {
  const value = element[index]!;
  if (type.numbers === "bool") return value !== 0;
  if (typeof value === "bigint") {
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  if (Number.isFinite(value)) return value;
  if (!Number.isNaN(value)) return value > 0 ? "Infinity" : "-Infinity";
  const plain = element.slice(0, 1);
  plain[0] = NaN as never;
  const hex = hexOf(element, index);
  return hex === hexOf(plain, 0) ? "NaN" : hex;
}

/** The bits of a number that has no word. */
function hexOf(element: TypedArray, index: number): string {
  const size = element.BYTES_PER_ELEMENT;
  return `0x${new Uint8Array(element.buffer, element.byteOffset + index * size, size).toReversed().toHex()}`;
}

/** So many elements that were never written. */
export function filled(fill: FillValue, type: ZarrDataType, count: number): Elements {
  if (type.storage === "string") return new Array<string>(count).fill(fill as string);
  if (type.storage === "bytes") return Array.from({ length: count }, () => (fill as Uint8Array).slice());
  if (type.storage !== "number") {
    const [value] = bytesToElements(fill as Uint8Array, type) as (string | Uint8Array)[];
    return Array.from({ length: count }, () => typeof value === "string" ? value : value!.slice()) as Elements;
  }
  const bytes = new Uint8Array(count * type.itemSize!);
  fillBytesWith(bytes, fill as Uint8Array);
  return bytesToElements(bytes, type);
}

/** Puts the fill value in place of all elements. */
export function fillWith(elements: Elements, fill: FillValue, type: ZarrDataType): void {
  if (ArrayBuffer.isView(elements)) {
    const { buffer, byteOffset, byteLength } = elements as TypedArray;
    return fillBytesWith(new Uint8Array(buffer, byteOffset, byteLength), fill as Uint8Array);
  }
  for (const [index, value] of filled(fill, type, elements.length).entries()) elements[index] = value as never;
}

/** Repeats an element over bytes. */
export function fillBytesWith(bytes: Uint8Array, element: Uint8Array): void {
  if (element.every((byte) => byte === 0)) return void bytes.fill(0);
  bytes.set(element.subarray(0, bytes.length));
  for (let done = element.length; done < bytes.length; done *= 2) bytes.copyWithin(done, 0, done);
}
