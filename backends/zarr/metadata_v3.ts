/**
 * Metadata of Zarr v3: `zarr.json`.
 *
 * @see {@link https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html Zarr v3 core}
 * @module
 */

import { dataTypeOfV3, dataTypeToV3 } from "./data_type.ts";
import { formatFill, parseFill } from "./fill_value.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";
import {
  type ArrayMetadata,
  attributesOf,
  type ChunkKeys,
  type CodecSpec,
  type GroupMetadata,
  lengthsOf,
  malformed,
  type NodeMetadata,
  notKnown,
  shown,
} from "./metadata.ts";

/** The name of the file. */
export const V3_FILE = "zarr.json";

const ARRAY_FIELDS: ReadonlySet<string> = new Set([
  "zarr_format",
  "node_type",
  "shape",
  "data_type",
  "chunk_grid",
  "chunk_key_encoding",
  "fill_value",
  "codecs",
  "attributes",
  "storage_transformers",
  "dimension_names",
]);

const GROUP_FIELDS: ReadonlySet<string> = new Set(["zarr_format", "node_type", "attributes", "consolidated_metadata"]);

/**
 * Reads `zarr.json`.
 *
 * @param document What stands in it.
 * @returns What it means.
 * @throws {StorageError} `corrupt` if it is not Zarr, `unsupported`, naming it, if it asks for what is not known here.
 */
export function parseV3(document: JsonObject): NodeMetadata {
  if (document.zarr_format !== 3) throw malformed(`zarr_format must be 3: it is ${shown(document.zarr_format)}`);
  if (document.node_type === "group") return parseGroup(document);
  if (document.node_type === "array") return parseArray(document);
  throw malformed(`node_type must be "array" or "group": it is ${shown(document.node_type)}`);
}

function parseGroup(document: JsonObject): GroupMetadata {
  checkFields(document, GROUP_FIELDS);
  return { kind: "group", format: 3, attributes: attributesOf(document.attributes), document };
}

function parseArray(document: JsonObject): ArrayMetadata {
  checkFields(document, ARRAY_FIELDS);
  const transformers = document.storage_transformers ?? [];
  if (!Array.isArray(transformers)) throw malformed("storage_transformers must be a list");
  if (transformers.length > 0) {
    throw notKnown(`its storage transformer ${shown(nameOf(transformers[0]))} is not known here`);
  }
  const shape = lengthsOf(document.shape, "shape", 0);
  const type = dataTypeOfV3(document.data_type ?? null);
  if (document.fill_value === undefined) throw malformed("fill_value is missing");
  return {
    kind: "array",
    format: 3,
    shape,
    chunkShape: chunkShapeOf(document.chunk_grid, shape.length),
    type,
    fill: parseFill(document.fill_value, type),
    codecs: codecsOf(document.codecs),
    keys: keysOf(document.chunk_key_encoding),
    dimensionNames: dimensionNamesOf(document.dimension_names, shape.length),
    attributes: attributesOf(document.attributes),
    document,
  };
}

/** Refuses what must be understood and is not. */
function checkFields(document: JsonObject, known: ReadonlySet<string>): void {
  for (const [field, value] of Object.entries(document)) {
    if (known.has(field) || (isObject(value) && value.must_understand === false)) continue;
    throw notKnown(`its metadata has ${JSON.stringify(field)}, an extension that is not known here`);
  }
}

function nameOf(value: Json | undefined): Json | undefined {
  return isObject(value) ? value.name : value;
}

function configurationOf(value: Json | undefined): JsonObject {
  const configuration = isObject(value) ? value.configuration : undefined;
  if (configuration === undefined || configuration === null) return {};
  if (isObject(configuration)) return configuration;
  throw malformed(`the configuration of ${shown(nameOf(value))} must be an object`);
}

function chunkShapeOf(grid: Json | undefined, rank: number): number[] {
  const name = nameOf(grid);
  if (name !== "regular") throw notKnown(`its chunk grid ${shown(name)} is not known here`);
  const chunkShape = lengthsOf(configurationOf(grid).chunk_shape, "chunk_shape", 1);
  if (chunkShape.length === rank) return chunkShape;
  throw malformed(`shape has ${rank} axes and chunk_shape ${chunkShape.length}`);
}

/** The codecs of metadata, or within the configuration of one. */
export function codecsOf(value: Json | undefined): CodecSpec[] {
  if (!Array.isArray(value) || value.length === 0) throw malformed("codecs must be a list of at least one");
  return value.map((codec) => {
    const name = nameOf(codec);
    if (typeof name !== "string") throw malformed(`a codec must have a name: it is ${shown(codec)}`);
    return { name, configuration: configurationOf(codec) };
  });
}

function keysOf(value: Json | undefined): ChunkKeys {
  const encoding = nameOf(value);
  if (encoding !== "default" && encoding !== "v2") {
    throw notKnown(`its chunk key encoding ${shown(encoding)} is not known here`);
  }
  const separator = configurationOf(value).separator ?? (encoding === "default" ? "/" : ".");
  if (separator === "/" || separator === ".") return { encoding, separator };
  throw malformed(`the separator of chunk keys must be "/" or ".": it is ${shown(separator)}`);
}

function dimensionNamesOf(value: Json | undefined, rank: number): (string | null)[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (
    Array.isArray(value) && value.length === rank && value.every((name) => name === null || typeof name === "string")
  ) {
    return [...value] as (string | null)[];
  }
  throw malformed(`dimension_names must be ${rank} names: it is ${shown(value)}`);
}

/** What is written for an array that is new. */
export function formatV3(array: Omit<ArrayMetadata, "kind" | "format" | "document">): JsonObject {
  const { shape, chunkShape, type, fill, codecs, keys, dimensionNames, attributes } = array;
  return {
    zarr_format: 3,
    node_type: "array",
    shape,
    data_type: dataTypeToV3(type),
    chunk_grid: { name: "regular", configuration: { chunk_shape: chunkShape } },
    chunk_key_encoding: { name: keys.encoding, configuration: { separator: keys.separator } },
    fill_value: formatFill(fill, type),
    codecs: codecs.map(formatCodec),
    attributes,
    ...(dimensionNames !== undefined && { dimension_names: dimensionNames }),
  };
}

/** What is written for a codec. */
export function formatCodec({ name, configuration }: CodecSpec): Json {
  return Object.keys(configuration).length === 0 ? { name } : { name, configuration };
}

/** What is written for a group that is new. */
export function formatGroupV3(attributes: JsonObject): JsonObject {
  return { zarr_format: 3, node_type: "group", attributes };
}
