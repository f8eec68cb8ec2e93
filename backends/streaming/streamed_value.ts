/**
 * {@linkcode encodeValue} and {@linkcode decodeValue}: a value as what the header of a frame says of it, and buffers.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import { checkBools, elementsOf } from "../formats/elements.ts";
import { type DataType, dataTypes, isNdArray, type NdArray } from "../formats/ndarray.ts";
import { type Order, sizeOf, stridesOf } from "../formats/shape.ts";
import { tag, VIEWS } from "../formats/tagged.ts";
import { untag } from "../formats/untag.ts";
import { checkFields, count, list, oneOf } from "./fields.ts";
import { corrupt } from "./frame.ts";

/** A buffer of a value that is to be sent. */
export interface Piece {
  /** Its bytes; in shared memory, too. */
  readonly bytes: Uint8Array;
  /** Whether they were made here; else they are the caller's. */
  readonly own: boolean;
}

/** What the header says of a value. */
export type ValueHeader =
  | { readonly kind: "ndarray"; readonly dtype: DataType; readonly shape: number[]; readonly order: Order }
  | { readonly kind: "view"; readonly view: ViewName }
  | { readonly kind: "text" }
  | { readonly kind: "json"; readonly nested: number };

/** The class of a view, or of a buffer. */
export type ViewName = keyof typeof VIEWS | "ArrayBuffer";

/** A value that is to be sent. */
export interface EncodedValue {
  /** What the header says of it. */
  readonly header: ValueHeader;
  /** Its buffers. */
  readonly pieces: readonly Piece[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const DATA_TYPES = Object.keys(dataTypes) as DataType[];
const VIEW_NAMES = [...Object.keys(VIEWS), "ArrayBuffer"] as ViewName[];
const MAX_AXES = 64;

/**
 * Takes a value apart. Nothing of it is copied that lies in a buffer already.
 *
 * @param value An NdArray, a typed array, a buffer, a string, or what tagged JSON keeps, with any of these in it.
 * @returns What the header says of it, and its buffers.
 * @throws {StorageError} `invalid-value` for what would not come back exactly.
 */
export function encodeValue(value: unknown): EncodedValue {
  if (isNdArray(value) && Object.keys(value).length === 4 && value.shape.length <= MAX_AXES) return encodeArray(value);
  if (typeof value === "string" && value.isWellFormed()) return one({ kind: "text" }, encoder.encode(value), true);
  const view = viewName(value);
  if (view !== undefined) return one({ kind: "view", view }, bytesOf(value as ArrayBuffer | ArrayBufferView), false);
  const nested: Piece[] = [];
  const json = JSON.stringify(tag(value, (bytes) => nested.push({ bytes, own: false }) - 1));
  return {
    header: { kind: "json", nested: nested.length },
    pieces: [{ bytes: encoder.encode(json), own: true }, ...nested],
  };
}

function encodeArray(array: NdArray): EncodedValue {
  const { order, data } = elementsOf(array);
  checkBools(array.dtype, data, "invalid-value");
  const { dtype, shape } = array;
  return one({ kind: "ndarray", dtype, shape: [...shape], order }, bytesOf(data), data.buffer !== array.data.buffer);
}

function one(header: ValueHeader, bytes: Uint8Array, own: boolean): EncodedValue {
  return { header, pieces: [{ bytes, own }] };
}

/** The class of a view that is of this class itself: a subclass would come back as another. */
function viewName(value: unknown): ViewName | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return VIEW_NAMES.find((name) => {
    const { prototype } = name === "ArrayBuffer" ? ArrayBuffer : VIEWS[name];
    return Object.getPrototypeOf(value) === prototype;
  });
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data, 0, data.byteLength);
}

/** Gives the next buffer. */
export type TakeBuffer = () => Uint8Array<ArrayBuffer>;

/**
 * Checks what the header says of a value.
 *
 * @param header Anything that came out of JSON.
 * @returns It, checked.
 * @throws {StorageError} `corrupt`.
 */
export function parseValueHeader(header: Readonly<Record<string, unknown>>): ValueHeader {
  const { kind } = header;
  switch (kind) {
    case "ndarray":
      return checkFields<ValueHeader & { kind: "ndarray" }>(header, {
        kind: () => kind,
        dtype: oneOf(DATA_TYPES),
        shape,
        order: oneOf(["C", "F"]),
      });
    case "view":
      return checkFields<ValueHeader & { kind: "view" }>(header, { kind: () => kind, view: oneOf(VIEW_NAMES) });
    case "text":
      return checkFields<ValueHeader & { kind: "text" }>(header, { kind: () => kind });
    case "json":
      return checkFields<ValueHeader & { kind: "json" }>(header, { kind: () => kind, nested: count });
  }
  throw corrupt("an item of an unknown kind");
}

function shape(value: unknown, name: string): number[] {
  const axes = list(value, name).map((length) => count(length, "a length in shape"));
  if (axes.length > MAX_AXES) throw corrupt(`${axes.length} axes`);
  return axes;
}

/**
 * Makes a value.
 *
 * @param header What the header says of it.
 * @param take Gives its buffers, one after the other.
 * @returns The value.
 * @throws {StorageError} `corrupt` if the buffers are not what the header says.
 */
export function decodeValue(header: ValueHeader, take: TakeBuffer): unknown {
  switch (header.kind) {
    case "ndarray":
      return decodeArray(header, take().buffer);
    case "view":
      return decodeView(header.view, take().buffer);
    case "text":
      return decodeText(take());
    case "json":
      return decodeJson(header.nested, take);
  }
}

function decodeArray({ dtype, shape, order }: ValueHeader & { kind: "ndarray" }, buffer: ArrayBuffer): NdArray {
  const { itemSize, array: Elements } = dataTypes[dtype];
  const size = elementCount(shape) * itemSize;
  if (size !== buffer.byteLength) {
    throw corrupt(`[${shape}] of ${dtype} has ${size} bytes: received ${buffer.byteLength}`);
  }
  const data = new Elements(buffer);
  checkBools(dtype, data, "corrupt");
  return { dtype, data, shape, stride: stridesOf(shape, order) } as NdArray;
}

function elementCount(shape: readonly number[]): number {
  try {
    return sizeOf(shape);
  } catch (error) {
    if (isStorageError(error)) throw corrupt(error.detail, error);
    throw error;
  }
}

function decodeView(name: ViewName, buffer: ArrayBuffer): unknown {
  if (name === "ArrayBuffer") return buffer;
  const View: new (buffer: ArrayBuffer) => unknown = VIEWS[name];
  const width = name === "DataView" ? 1 : VIEWS[name].BYTES_PER_ELEMENT;
  if (buffer.byteLength % width !== 0) throw corrupt(`${buffer.byteLength} bytes for a ${name}`);
  return new View(buffer);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw corrupt("a text that is not UTF-8, or too long for a string", cause);
  }
}

function decodeJson(nested: number, take: TakeBuffer): unknown {
  const text = decodeText(take());
  const buffers: (Uint8Array<ArrayBuffer> | undefined)[] = [];
  for (let i = 0; i < nested; i++) buffers.push(take());
  let left = nested;
  const value = untag(parse(text), (number) => {
    const bytes = buffers[number];
    // Two views on one buffer would change together.
    buffers[number] = undefined;
    if (bytes !== undefined) left--;
    return bytes;
  });
  if (left > 0) throw corrupt("buffers that no value refers to");
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StorageError("corrupt", "not a frame of a stream: an item that is not JSON", { cause });
  }
}
