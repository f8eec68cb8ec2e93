/**
 * {@linkcode ZarrDataType}: what the elements of a Zarr array are.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { type DataType, dataTypes, type TypedArray } from "../formats/ndarray.ts";
import { isObject, type Json } from "./json.ts";

/** Units of times, as NumPy names them. */
export type TimeUnit =
  | "Y"
  | "M"
  | "W"
  | "D"
  | "h"
  | "m"
  | "s"
  | "ms"
  | "us"
  | "μs"
  | "ns"
  | "ps"
  | "fs"
  | "as"
  | "generic";

/** A point in time, or a span of time, as an integer number of units (or of several: `datetime64[10ms]`). */
export type TimeDataType = `${"datetime64" | "timedelta64"}[${string}]`;

/** The name of an element type as arrays that are loaded tell it. */
export type ZarrDataTypeName = DataType | TimeDataType | "string" | "bytes";

/** Elements in memory: a typed array for numbers and times, else one value an element. */
export type Elements = TypedArray | string[] | Uint8Array[];

/**
 * How elements are kept.
 *
 * - `number`: as in a typed array; times are `int64`.
 * - `utf32`: text of a fixed length, four bytes a character, filled up with zeros.
 * - `padded`: bytes up to a length, filled up with zeros; `raw`: bytes of exactly a length.
 * - `string`, `bytes`: of any length; a codec of their own writes them.
 */
export type Storage = "number" | "utf32" | "padded" | "raw" | "string" | "bytes";

/** What the elements of an array are. */
export interface ZarrDataType {
  /** The name that arrays tell. */
  readonly name: ZarrDataTypeName;
  /** How they are kept. */
  readonly storage: Storage;
  /** The type of the numbers, where they are kept as such. */
  readonly numbers: DataType | undefined;
  /** Bytes of an element; `undefined` if each has its own length. */
  readonly itemSize: number | undefined;
  /** How many bytes are turned around together for the other byte order; 1 if it makes no difference. */
  readonly swapSize: number;
}

/** Times that are not there: NumPy's `NaT`. */
export const NOT_A_TIME: bigint = -(2n ** 63n);

const UNITS: ReadonlySet<string> = new Set([
  "Y",
  "M",
  "W",
  "D",
  "h",
  "m",
  "s",
  "ms",
  "us",
  "μs",
  "ns",
  "ps",
  "fs",
  "as",
  "generic",
]);

/** The type of the longest elements that make sense: nobody means more, and a hostile file may say more. */
const MAX_LENGTH = 2 ** 28;

function numeric(name: DataType): ZarrDataType {
  const { itemSize, parts } = dataTypes[name];
  return { name, storage: "number", numbers: name, itemSize, swapSize: itemSize / parts };
}

function time(name: TimeDataType): ZarrDataType {
  return { name, storage: "number", numbers: "int64", itemSize: 8, swapSize: 8 };
}

function fixed(storage: "utf32" | "padded" | "raw", itemSize: number): ZarrDataType {
  return {
    name: storage === "utf32" ? "string" : "bytes",
    storage,
    numbers: undefined,
    itemSize,
    swapSize: storage === "utf32" ? 4 : 1,
  };
}

function variable(name: "string" | "bytes"): ZarrDataType {
  return { name, storage: name, numbers: undefined, itemSize: undefined, swapSize: 1 };
}

/**
 * The type that `data_type` of Zarr v3 means.
 *
 * @throws {StorageError} `unsupported`, naming it; `corrupt` if it is none.
 * @see {@link https://zarr-specs.readthedocs.io/en/latest/v3/data-types/index.html Zarr v3 data types}
 */
export function dataTypeOfV3(value: Json): ZarrDataType {
  const name = isObject(value) ? value.name : value;
  const configuration = isObject(value) && isObject(value.configuration) ? value.configuration : {};
  if (typeof name !== "string") throw new StorageError("corrupt", "its data_type is not a name");
  if (Object.hasOwn(dataTypes, name)) return numeric(name as DataType);
  const raw = /^r(\d+)$/.exec(name);
  if (raw !== null && Number(raw[1]) % 8 === 0) return fixed("raw", length(Number(raw[1]) / 8));
  switch (name) {
    case "string":
      return variable("string");
    case "bytes":
    case "variable_length_bytes":
      return variable("bytes");
    case "fixed_length_utf32": {
      const size = length(configuration.length_bytes);
      if (size % 4 === 0) return fixed("utf32", size);
      throw new StorageError("corrupt", `fixed_length_utf32 of ${size} bytes is not a number of characters`);
    }
    case "null_terminated_bytes":
      return fixed("padded", length(configuration.length_bytes));
    case "raw_bytes":
      return fixed("raw", length(configuration.length_bytes));
    case "numpy.datetime64":
    case "numpy.timedelta64":
      return time(timeName(name.slice("numpy.".length), configuration.unit, configuration.scale_factor ?? 1));
  }
  throw new StorageError("unsupported", `its data type ${JSON.stringify(name)} is not known here`);
}

/**
 * The type that `dtype` of Zarr v2 means, and its byte order.
 *
 * @param value The text, as NumPy writes it: `<f4`.
 * @param objects What the elements of `|O` are, as a filter says.
 * @throws {StorageError} `unsupported`, naming it; `corrupt` if it is none.
 */
export function dataTypeOfV2(
  value: Json,
  objects: "string" | "bytes" | undefined,
): { readonly type: ZarrDataType; readonly endian: "little" | "big" } {
  if (typeof value !== "string") {
    throw new StorageError("unsupported", "its dtype is a structure, which is not known here");
  }
  const endian = value.startsWith(">") ? "big" : "little";
  const match = /^[<>|=]([a-zA-Z])(\d*)(?:\[(\d*)(\w+|μs)\])?$/.exec(value);
  if (match === null) throw new StorageError("corrupt", `its dtype ${JSON.stringify(value)} is none`);
  const [, kind, digits, factor, unit] = match;
  const size = Number(digits);
  if ((kind === "M" || kind === "m") && size === 8) {
    const name = kind === "M" ? "datetime64" : "timedelta64";
    return { type: time(timeName(name, unit ?? "generic", factor ? Number(factor) : 1)), endian };
  }
  if (kind === "U") return { type: fixed("utf32", length(size * 4)), endian };
  if (kind === "S") return { type: fixed("padded", length(size)), endian };
  if (kind === "V") return { type: fixed("raw", length(size)), endian };
  if (kind === "O" && objects !== undefined) return { type: variable(objects), endian };
  const base = ({ b: "bool", i: "int", u: "uint", f: "float", c: "complex" } as Record<string, string>)[kind!];
  const name = base === "bool" && size === 1 ? "bool" : `${base}${size * 8}`;
  if (base !== undefined && Object.hasOwn(dataTypes, name)) return { type: numeric(name as DataType), endian };
  throw new StorageError("unsupported", `its dtype ${JSON.stringify(value)} is not known here`);
}

/** The type that a user names: that of an array, or of fixed length: `string:12` characters, `bytes:4`. */
export function dataTypeOf(name: string): ZarrDataType {
  if (Object.hasOwn(dataTypes, name)) return numeric(name as DataType);
  if (name === "string" || name === "bytes") return variable(name);
  const sized = /^(string|bytes):(\d+)$/.exec(name);
  if (sized !== null) {
    return sized[1] === "string" ? fixed("utf32", 4 * length(+sized[2]!)) : fixed("raw", length(+sized[2]!));
  }
  const match = /^(datetime64|timedelta64)\[(\d*)(\w+|μs)\]$/.exec(name);
  if (match !== null) return time(timeName(match[1]!, match[3]!, match[2] ? Number(match[2]) : 1));
  throw new StorageError("invalid-argument", `no data type is called ${JSON.stringify(name)}`);
}

/** What v3 calls a type. */
export function dataTypeToV3(type: ZarrDataType): Json {
  switch (type.storage) {
    case "utf32":
      return { name: "fixed_length_utf32", configuration: { length_bytes: type.itemSize! } };
    case "padded":
      return { name: "null_terminated_bytes", configuration: { length_bytes: type.itemSize! } };
    case "raw":
      return { name: "raw_bytes", configuration: { length_bytes: type.itemSize! } };
    case "string":
      return "string";
    case "bytes":
      return "variable_length_bytes";
  }
  const { kind, unit, factor } = timeOf(type) ?? {};
  if (kind === undefined) return type.name;
  return { name: `numpy.${kind}`, configuration: { unit: unit!, scale_factor: factor! } };
}

/** What v2 calls a type. */
export function dataTypeToV2(type: ZarrDataType, endian: "little" | "big"): string {
  const order = type.swapSize === 1 ? "|" : endian === "big" ? ">" : "<";
  const letter = { utf32: "U", padded: "S", raw: "V", string: "O", bytes: "O", number: "" }[type.storage];
  if (type.itemSize === undefined) return `|${letter}`;
  if (letter !== "") return `${order}${letter}${type.storage === "utf32" ? type.itemSize / 4 : type.itemSize}`;
  const times = timeOf(type);
  if (times !== undefined) {
    const { kind, unit, factor } = times;
    const text = unit === "generic" ? "" : `[${factor === 1 ? "" : factor}${unit}]`;
    return `${order}${kind === "datetime64" ? "M" : "m"}8${text}`;
  }
  const base = /^[a-z]+/.exec(type.numbers!)![0];
  return `${order}${
    ({ bool: "b", int: "i", uint: "u", float: "f", complex: "c" } as Record<string, string>)[base]
  }${type.itemSize}`;
}

/** Whether elements are times. */
export function isTime(type: ZarrDataType): boolean {
  return timeOf(type) !== undefined;
}

function timeOf({ name }: ZarrDataType): { kind: string; unit: string; factor: number } | undefined {
  const match = /^(datetime64|timedelta64)\[(\d*)(\D+)\]$/.exec(name);
  if (match === null) return undefined;
  return { kind: match[1]!, unit: match[3]!, factor: match[2] === "" ? 1 : Number(match[2]) };
}

function timeName(kind: string, unit: Json | undefined, factor: Json): TimeDataType {
  if (typeof unit !== "string" || !UNITS.has(unit)) {
    throw new StorageError("unsupported", `its unit of time ${JSON.stringify(unit)} is not known here`);
  }
  if (!Number.isSafeInteger(factor) || Number(factor) < 1) {
    throw new StorageError("corrupt", `its scale_factor ${factor} is not a positive integer`);
  }
  return `${kind as "datetime64"}[${factor === 1 ? "" : factor}${unit}]`;
}

function length(value: Json | undefined): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= MAX_LENGTH) return value;
  throw new StorageError("corrupt", `the length of its elements, ${value}, is not a number of bytes`);
}
