/**
 * Metadata of Zarr v2: `.zarray`, `.zgroup`, `.zattrs`.
 *
 * What v2 calls filters and a compressor becomes a list of codecs as in v3: the order of the axes is a `transpose`, the byte
 * order is in `bytes`, filters and compressor follow.
 *
 * @see {@link https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html Zarr v2}
 * @module
 */

import { dataTypeOfV2, dataTypeToV2, type ZarrDataType } from "./data_type.ts";
import { type FillValue, formatFill, parseFill, zeroOf } from "./fill_value.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";
import {
  type ArrayMetadata,
  attributesOf,
  type CodecSpec,
  type GroupMetadata,
  lengthsOf,
  malformed,
  notKnown,
  shown,
} from "./metadata.ts";

/** The file of an array. */
export const V2_ARRAY_FILE = ".zarray";
/** The file of a group. */
export const V2_GROUP_FILE = ".zgroup";
/** The file of attributes. */
export const V2_ATTRIBUTES_FILE = ".zattrs";

/** Where xarray keeps the names of the axes. */
export const DIMENSIONS_ATTRIBUTE = "_ARRAY_DIMENSIONS";

/** Filters that turn elements without a fixed size into bytes. */
const OBJECT_FILTERS: Readonly<Record<string, "string" | "bytes">> = { "vlen-utf8": "string", "vlen-bytes": "bytes" };

/**
 * Reads `.zarray`.
 *
 * @param document What stands in it.
 * @param attributes What stands in `.zattrs`.
 * @returns What it means.
 * @throws {StorageError} `corrupt` if it is not Zarr, `unsupported`, naming it, if it asks for what is not known here.
 */
export function parseArrayV2(document: JsonObject, attributes: JsonObject): ArrayMetadata {
  checkFormat(document);
  const shape = lengthsOf(document.shape, "shape", 0);
  const chunkShape = lengthsOf(document.chunks, "chunks", 1);
  if (chunkShape.length !== shape.length) {
    throw malformed(`shape has ${shape.length} axes and chunks ${chunkShape.length}`);
  }
  const order = document.order ?? "C";
  if (order !== "C" && order !== "F") throw malformed(`order must be "C" or "F": it is ${shown(order)}`);
  const separator = document.dimension_separator ?? ".";
  if (separator !== "." && separator !== "/") {
    throw malformed(`dimension_separator must be "." or "/": it is ${shown(separator)}`);
  }
  const filters = filtersOf(document.filters);
  const objects = filters.length === 0 ? undefined : OBJECT_FILTERS[filters[0]!.name];
  if (document.dtype === "|O" && objects === undefined) {
    throw notKnown(`its objects are kept by ${shown(filters[0]?.name)}, which is not known here`);
  }
  const { type, endian } = dataTypeOfV2(document.dtype ?? null, objects);
  return {
    kind: "array",
    format: 2,
    shape,
    chunkShape,
    type,
    fill: fillOf(document.fill_value, type),
    codecs: codecsOf(type, endian, order, filters, document.compressor),
    keys: { encoding: "v2", separator },
    dimensionNames: dimensionNamesOf(attributes, shape.length),
    attributes,
    document,
  };
}

/** Reads `.zgroup`. */
export function parseGroupV2(document: JsonObject, attributes: JsonObject): GroupMetadata {
  checkFormat(document);
  return { kind: "group", format: 2, attributes, document };
}

/** Reads `.zattrs`. */
export function parseAttributesV2(document: Json | undefined): JsonObject {
  return attributesOf(document);
}

function checkFormat(document: JsonObject): void {
  if (document.zarr_format !== 2) throw malformed(`zarr_format must be 2: it is ${shown(document.zarr_format)}`);
}

function filtersOf(value: Json | undefined): CodecSpec[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed(`filters must be a list: it is ${shown(value)}`);
  return value.map(specOf);
}

function specOf(value: Json): CodecSpec {
  if (!isObject(value) || typeof value.id !== "string") {
    throw malformed(`a codec must have an id: it is ${shown(value)}`);
  }
  const { id, ...configuration } = value;
  return { name: id, configuration };
}

function fillOf(value: Json | undefined, type: ZarrDataType): FillValue {
  return value === undefined || value === null ? zeroOf(type) : parseFill(value, type);
}

/** Every codec of v2 whose name is not that of the same codec of v3 has the prefix `v2.`. */
function codecsOf(
  type: ZarrDataType,
  endian: "little" | "big",
  order: "C" | "F",
  filters: readonly CodecSpec[],
  compressor: Json | undefined,
): CodecSpec[] {
  const objects = type.itemSize === undefined;
  const codecs: CodecSpec[] = [];
  if (order === "F") codecs.push({ name: "transpose", configuration: { order: "F" } });
  if (objects) codecs.push(filters[0]!);
  else codecs.push({ name: "bytes", configuration: type.swapSize === 1 ? {} : { endian } });
  const rest = filters.slice(objects ? 1 : 0);
  if (compressor !== undefined && compressor !== null) rest.push(specOf(compressor));
  for (const { name, configuration } of rest) {
    // The delta of v2 is one of bytes: it says itself what numbers they are.
    codecs.push({ name: name === "delta" ? "v2.delta" : name, configuration });
  }
  return codecs;
}

function dimensionNamesOf(attributes: JsonObject, rank: number): string[] | undefined {
  const names = attributes[DIMENSIONS_ATTRIBUTE];
  const valid = Array.isArray(names) && names.length === rank && names.every((name) => typeof name === "string");
  return valid ? [...names] as string[] : undefined;
}

/** What makes an array of v2. */
export interface ArrayV2 extends Omit<ArrayMetadata, "kind" | "format" | "document" | "codecs"> {
  /** The byte order. */
  readonly endian: "little" | "big";
  /** The order of the elements of a chunk. */
  readonly order: "C" | "F";
  /** The filters, in the words of v2. */
  readonly filters: readonly CodecSpec[];
  /** The compressor. */
  readonly compressor: CodecSpec | undefined;
}

/** What is written for an array that is new. */
export function formatArrayV2(array: ArrayV2): JsonObject {
  const { shape, chunkShape, type, fill, keys, endian, order, filters, compressor } = array;
  return {
    zarr_format: 2,
    shape,
    chunks: chunkShape,
    dtype: dataTypeToV2(type, endian),
    compressor: compressor === undefined ? null : formatCodec(compressor),
    fill_value: formatFillV2(fill, type),
    order,
    filters: filters.length === 0 ? null : filters.map(formatCodec),
    dimension_separator: keys.separator,
  };
}

function formatCodec({ name, configuration }: CodecSpec): Json {
  return { id: name, ...configuration };
}

/** Others read no bits in hexadecimal in v2: a NaN is a NaN there. */
function formatFillV2(fill: FillValue, type: ZarrDataType): Json {
  const value = formatFill(fill, type);
  if (type.storage !== "number") return value;
  const plain = (part: Json): Json => typeof part === "string" && part.startsWith("0x") ? "NaN" : part;
  return Array.isArray(value) ? value.map(plain) : plain(value);
}
