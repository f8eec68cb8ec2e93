/**
 * The header of `.npy` files: {@linkcode parseHeader} and {@linkcode writeHeader}.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { type DataType, dataTypes } from "./ndarray.ts";
import { parseLiteral, PyTuple, type PyValue } from "./py_literal.ts";

/** What the header of an array says. */
export interface NpyHeader {
  /** Type of the elements. */
  dtype: DataType;
  /** Length of each axis. */
  shape: number[];
  /** Whether the first axis is the contiguous one. */
  fortranOrder: boolean;
  /** Whether the data is big-endian; it does not matter for single bytes. */
  bigEndian: boolean;
}

/** Kind and size in NumPy's type strings. */
const CODES: Readonly<Record<DataType, string>> = {
  bool: "b1",
  int8: "i1",
  int16: "i2",
  int32: "i4",
  int64: "i8",
  uint8: "u1",
  uint16: "u2",
  uint32: "u4",
  uint64: "u8",
  float16: "f2",
  float32: "f4",
  float64: "f8",
  complex64: "c8",
  complex128: "c16",
};

const DTYPES = new Map((Object.keys(CODES) as DataType[]).map((dtype) => [CODES[dtype], dtype]));

/** Kinds of dtypes that NumPy has and an NdArray has not. */
const FOREIGN: Readonly<Record<string, string>> = {
  O: "Python objects",
  S: "byte strings",
  a: "byte strings",
  U: "strings",
  T: "strings",
  V: "raw records",
  M: "dates",
  m: "time spans",
  f: "a float of this size",
  c: "a complex number of this size",
  g: "long double",
  G: "long double",
};

/** NumPy's own limit. */
const MAX_AXES = 64;
/** The data starts at a multiple of this, so that it can be mapped and viewed as any type. */
const ALIGNMENT = 64;
/** NumPy leaves room for the growing axis, so that appending can rewrite the header in place. */
const GROWTH_DIGITS = 21;

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // "\x93NUMPY"

/**
 * Writes a header, byte for byte as NumPy does, in the lowest version that fits.
 *
 * @param header What to say.
 * @returns Magic, version, length and text, padded to a multiple of 64 bytes.
 * @throws {StorageError} `invalid-value` if there are more than 64 axes.
 */
export function writeHeader({ dtype, shape, fortranOrder, bigEndian }: NpyHeader): Uint8Array {
  if (shape.length > MAX_AXES) {
    throw new StorageError("invalid-value", `npy keeps at most ${MAX_AXES} axes: the array has ${shape.length}`);
  }
  const sign = dataTypes[dtype].itemSize === 1 ? "|" : bigEndian ? ">" : "<";
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const growing = shape[fortranOrder ? shape.length - 1 : 0];
  const spare = growing === undefined ? 0 : Math.max(0, GROWTH_DIGITS - String(growing).length);
  const dict = `{'descr': '${sign}${CODES[dtype]}', 'fortran_order': ${
    fortranOrder ? "True" : "False"
  }, 'shape': ${tuple}, }`;
  const text = dict + " ".repeat(spare);
  const version = 10 + text.length + 1 + ALIGNMENT <= 0xffff ? 1 : 2;
  const prefix = version === 1 ? 10 : 12;
  const padding = ALIGNMENT - (prefix + text.length + 1) % ALIGNMENT;
  const bytes = new TextEncoder().encode(" ".repeat(prefix) + text + " ".repeat(padding) + "\n");
  bytes.set(MAGIC);
  bytes[6] = version;
  bytes[7] = 0;
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, bytes.length - prefix, true);
  else view.setUint32(8, bytes.length - prefix, true);
  return bytes;
}

/**
 * Reads a header, and checks that the data it announces is there and nothing else.
 *
 * @param bytes The whole file.
 * @returns What the header says, the number of elements, and where the data begins.
 * @throws {StorageError} `corrupt`, or `unsupported` for dtypes that cannot be represented.
 */
export function parseHeader(bytes: Uint8Array): NpyHeader & { length: number; offset: number } {
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw corrupt("it does not begin with \\x93NUMPY");
  }
  const version = bytes[6]!;
  if (bytes[7] !== 0 || version < 1 || version > 3) {
    throw new StorageError("unsupported", `npy version ${version}.${bytes[7]}; 1.0, 2.0 and 3.0 are known`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (version > 1 && bytes.length < 12) throw corrupt("it ends within the header");
  const start = version === 1 ? 10 : 12;
  const offset = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (offset > bytes.length) throw corrupt("it ends within the header");
  const header = toHeader(parseDict(bytes.subarray(start, offset), version === 3));
  const length = elements(header.shape, bytes.length);
  const expected = length * dataTypes[header.dtype].itemSize;
  if (bytes.length - offset !== expected) {
    const shape = `shape [${header.shape}] of dtype ${header.dtype}`;
    throw corrupt(`${bytes.length - offset} bytes of data, where ${shape} takes ${expected}`);
  }
  return { ...header, length, offset };
}

function parseDict(bytes: Uint8Array, utf8: boolean): ReadonlyMap<string, PyValue> {
  try {
    const value = parseLiteral(new TextDecoder(utf8 ? "utf-8" : "latin1", { fatal: true }).decode(bytes));
    if (value instanceof Map) return value;
  } catch (cause) {
    throw new StorageError("corrupt", `npy: the header is no Python dict: ${(cause as Error).message}`, { cause });
  }
  throw corrupt("the header is no Python dict");
}

function toHeader(dict: ReadonlyMap<string, PyValue>): NpyHeader {
  const keys = [...dict.keys()].sort().join(", ");
  if (keys !== "descr, fortran_order, shape") throw corrupt(`the header has the keys ${keys.slice(0, 80)}`);
  const fortranOrder = dict.get("fortran_order");
  if (typeof fortranOrder !== "boolean") throw corrupt("fortran_order is neither True nor False");
  const shape = dict.get("shape");
  if (!(shape instanceof PyTuple) || shape.items.length > MAX_AXES || !shape.items.every(isLength)) {
    throw corrupt("shape is no tuple of lengths");
  }
  return { ...toDtype(dict.get("descr")!), shape: shape.items as number[], fortranOrder };
}

function isLength(value: PyValue): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function toDtype(descr: PyValue): Pick<NpyHeader, "dtype" | "bigEndian"> {
  if (Array.isArray(descr) || descr instanceof PyTuple) throw unsupported("of records (a structured dtype)");
  if (typeof descr !== "string") throw corrupt("descr is no type string");
  const [, order = "", code = ""] = /^([<>=|]?)(.*)$/s.exec(descr)!;
  const dtype = DTYPES.get(code === "?" ? "b1" : code);
  if (dtype !== undefined) return { dtype, bigEndian: order === ">" };
  const foreign = /^(?:[OSaUTVgG]\d{0,10}|[fc]\d{1,3}|[Mm]8(?:\[[\w/]*\])?)$/.test(code) && FOREIGN[code.charAt(0)];
  if (foreign) throw unsupported(`${JSON.stringify(descr)} (${foreign})`);
  throw corrupt(`${JSON.stringify(descr.slice(0, 40))} is no dtype`);
}

/** The product of the axes; it cannot be more than the bytes there are, whatever overflows. */
function elements(shape: number[], available: number): number {
  if (shape.includes(0)) return 0;
  let length = 1;
  for (const axis of shape) {
    length *= axis;
    if (length > available) throw corrupt(`shape [${shape}] has more elements than there are bytes`);
  }
  return length;
}

function corrupt(detail: string): StorageError {
  return new StorageError("corrupt", `npy: ${detail}`);
}

function unsupported(dtype: string): StorageError {
  return new StorageError("unsupported", `npy: dtype ${dtype} has no counterpart among the dtypes of an NdArray`);
}
