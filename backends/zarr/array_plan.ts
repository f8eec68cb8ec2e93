/**
 * {@linkcode planArray}: what is to be known of an array that is new.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { dataTypeOf, type ZarrDataType, type ZarrDataTypeName } from "./data_type.ts";
import { type FillValue, parseFill, zeroOf } from "./fill_value.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ArrayMetadata, CodecSpec, ZarrFormat } from "./metadata.ts";
import { DIMENSIONS_ATTRIBUTE, formatArrayV2, parseArrayV2 } from "./metadata_v2.ts";
import { formatCodec, formatV3, parseV3 } from "./metadata_v3.ts";

/** How chunks are compressed: the name of a codec and how it is set up. */
export interface Compressor {
  /** `zstd`, `gzip`, `blosc`, …; in format 2 also `zlib` and `lz4`. */
  readonly name: string;
  /** As the codec takes them: `level`, `checksum`, `cname`, `clevel`, `shuffle`, … */
  readonly [option: string]: Json;
}

/** How an array is kept. */
export interface ZarrLayoutOptions {
  /**
   * The format of Zarr.
   *
   * @default {3}
   */
  format?: ZarrFormat | undefined;
  /**
   * Length of a chunk along each axis; `-1` is all of it.
   *
   * @default {chunks of about 1 MiB}
   */
  chunks?: readonly number[] | undefined;
  /**
   * Length of a shard, a file of many chunks, along each axis: a multiple of that of a chunk. Format 3 only.
   *
   * @default {undefined} each chunk is a file
   */
  shards?: readonly number[] | undefined;
  /**
   * How chunks are compressed; `null` for not at all.
   *
   * @default {{ name: "zstd" }}
   */
  compressor?: Compressor | string | null | undefined;
  /**
   * What is done to a chunk before it is compressed: `delta`, `shuffle`.
   *
   * @default {[]}
   */
  filters?: readonly Compressor[] | undefined;
  /**
   * What elements are that were never written: a number, `NaN`, a bigint, a string, bytes, or two numbers.
   *
   * @default {zero, or empty}
   */
  fillValue?: number | bigint | boolean | string | Uint8Array | readonly [number, number] | undefined;
  /**
   * A name for each axis.
   *
   * @default {undefined}
   */
  dimensionNames?: readonly (string | null)[] | undefined;
  /**
   * The attributes.
   *
   * @default {{}}
   */
  attributes?: JsonObject | undefined;
  /**
   * The order of the elements of a chunk.
   *
   * @default {"C"}
   */
  order?: "C" | "F" | undefined;
  /**
   * The order of the bytes of an element.
   *
   * @default {"little"}
   */
  endian?: "little" | "big" | undefined;
  /**
   * Between the numbers in the key of a chunk.
   *
   * @default {"/"}
   */
  separator?: "/" | "." | undefined;
  /**
   * What the elements are, where that is more than the array tells: `string:12` for texts of up to 12 characters, `bytes:4`.
   *
   * @default {undefined} as the array tells
   */
  dataType?: ZarrDataTypeName | `string:${number}` | `bytes:${number}` | undefined;
}

/** Bytes of a chunk, about, if nothing else is said. */
const CHUNK = 1024 * 1024;

/**
 * What is to be known of an array that is new.
 *
 * @param dtype What its elements are.
 * @param shape Length of each axis.
 * @param options How it is kept.
 * @returns The metadata; reading what it writes gives the same.
 * @throws {StorageError} `invalid-argument` for options that do not fit together.
 */
export function planArray(dtype: string, shape: readonly number[], options: ZarrLayoutOptions = {}): ArrayMetadata {
  const type = dataTypeOf(options.dataType ?? dtype);
  const { format = 3, order = "C", endian = "little", separator = "/", attributes = {} } = options;
  const chunks = chunksOf(shape, type, options.chunks);
  const shards = options.shards;
  if (shards !== undefined && format === 2) throw invalid("format 2 has no shards");
  if (
    shards !== undefined &&
    (shards.length !== shape.length || shards.some((length, axis) => length % chunks[axis]! !== 0))
  ) {
    throw invalid(`shards of [${shards}] cannot be divided into chunks of [${chunks}]`);
  }
  const fill = fillOf(options.fillValue, type);
  const common = { shape, chunkShape: shards ?? chunks, type, fill, attributes };
  const compressor = compressorOf(options.compressor);
  const filters = (options.filters ?? []).map(specOf);
  if (format === 2) {
    const named = options.dimensionNames?.every((name) => name !== null)
      ? { ...attributes, [DIMENSIONS_ATTRIBUTE]: [...options.dimensionNames as string[]] }
      : attributes;
    const objects: CodecSpec[] = type.itemSize === undefined
      ? [{ name: `vlen-${type.name === "string" ? "utf8" : "bytes"}`, configuration: {} }]
      : [];
    const document = formatArrayV2({
      ...common,
      attributes: named,
      keys: { encoding: "v2", separator },
      dimensionNames: undefined,
      endian,
      order,
      filters: [...objects, ...filters.map((filter) => filterV2(filter, type, endian))],
      compressor: compressor === undefined ? undefined : typed(compressor, type, 2),
    });
    return parseArrayV2(document, named);
  }
  const codecs: CodecSpec[] = [];
  if (order === "F" && shape.length > 1) {
    codecs.push({ name: "transpose", configuration: { order: shape.map((_, axis) => shape.length - 1 - axis) } });
  }
  for (const filter of filters.filter(({ name }) => name === "delta")) {
    const { name, configuration } = filterV2(filter, type, "little");
    codecs.push({ name: `numcodecs.${name}`, configuration });
  }
  codecs.push(serialOf(type, endian));
  for (const filter of filters.filter(({ name }) => name !== "delta")) {
    const { name, configuration } = filterV2(filter, type, endian);
    codecs.push({ name: name === "shuffle" ? "numcodecs.shuffle" : name, configuration });
  }
  if (compressor !== undefined) codecs.push(typed(compressor, type, 3));
  const parsed = parseV3(formatV3({
    ...common,
    codecs: shards === undefined ? codecs : [sharded(chunks, codecs)],
    keys: { encoding: "default", separator },
    dimensionNames: options.dimensionNames,
  }));
  return parsed as ArrayMetadata;
}

function serialOf(type: ZarrDataType, endian: "little" | "big"): CodecSpec {
  if (type.itemSize === undefined) {
    return { name: type.name === "string" ? "vlen-utf8" : "vlen-bytes", configuration: {} };
  }
  return { name: "bytes", configuration: type.swapSize > 1 ? { endian } : {} };
}

function sharded(chunks: readonly number[], codecs: readonly CodecSpec[]): CodecSpec {
  return {
    name: "sharding_indexed",
    configuration: {
      chunk_shape: chunks,
      codecs: codecs.map(formatCodec),
      index_codecs: [{ name: "bytes", configuration: { endian: "little" } }, { name: "crc32c" }],
      index_location: "end",
    },
  };
}

function compressorOf(compressor: Compressor | string | null | undefined): CodecSpec | undefined {
  if (compressor === null) return undefined;
  if (compressor === undefined) return { name: "zstd", configuration: {} };
  return typeof compressor === "string" ? { name: compressor, configuration: {} } : specOf(compressor);
}

function specOf({ name, ...configuration }: Compressor): CodecSpec {
  return { name, configuration };
}

/** What a compressor needs to know of the elements, and what others expect it to say. */
function typed({ name, configuration }: CodecSpec, type: ZarrDataType, format: ZarrFormat): CodecSpec {
  const size = type.itemSize ?? 1;
  switch (name) {
    case "zstd":
      return {
        name,
        configuration: format === 3 ? { level: 0, checksum: false, ...configuration } : { level: 0, ...configuration },
      };
    case "gzip":
      return { name, configuration: { level: 5, ...configuration } };
    case "zlib":
      return { name: format === 3 ? "numcodecs.zlib" : name, configuration: { level: 1, ...configuration } };
    case "lz4":
      return { name: format === 3 ? "numcodecs.lz4" : name, configuration: { acceleration: 1, ...configuration } };
    case "blosc": {
      const shuffle = type.swapSize > 1 ? "shuffle" : "bitshuffle";
      const options: { [key: string]: Json } = { cname: "lz4", clevel: 5, shuffle, blocksize: 0, ...configuration };
      if (format === 3) return { name, configuration: { typesize: size, ...options } };
      options.shuffle = ["noshuffle", "shuffle", "bitshuffle"].indexOf(String(options.shuffle));
      return { name, configuration: options };
    }
  }
  return { name, configuration };
}

function filterV2({ name, configuration }: CodecSpec, type: ZarrDataType, endian: "little" | "big"): CodecSpec {
  if (name === "shuffle") return { name, configuration: { elementsize: type.itemSize ?? 1, ...configuration } };
  if (name !== "delta") return { name, configuration };
  const order = type.swapSize === 1 ? "|" : endian === "big" ? ">" : "<";
  const letter = /^(?:int|uint|float)/.exec(type.numbers ?? "")?.[0].charAt(0);
  if (letter === undefined) throw invalid(`the filter delta is for numbers, not for ${type.name}`);
  const dtype = `${order}${letter}${type.itemSize}`;
  return { name, configuration: { dtype, astype: dtype, ...configuration } };
}

function fillOf(value: ZarrLayoutOptions["fillValue"], type: ZarrDataType): FillValue {
  if (value === undefined) return zeroOf(type);
  try {
    return parseFill(value instanceof Uint8Array ? value.toBase64() : fillJson(value), type);
  } catch (error) {
    throw new StorageError("invalid-argument", `fillValue cannot be a ${type.name}`, { cause: error });
  }
}

function fillJson(value: number | bigint | boolean | string | readonly [number, number]): Json {
  if (Array.isArray(value)) return value.map(fillJson);
  if (typeof value !== "number" || Number.isFinite(value)) return value as Json;
  return String(value);
}

/** Chunks that were asked for, checked; or such of about 1 MiB, the last axes whole. */
function chunksOf(shape: readonly number[], type: ZarrDataType, asked: readonly number[] | undefined): number[] {
  if (asked !== undefined) {
    if (asked.length !== shape.length) throw invalid(`the array has ${shape.length} axes and chunks ${asked.length}`);
    return asked.map((length, axis) => {
      if (length === -1) return Math.max(1, shape[axis]!);
      if (Number.isSafeInteger(length) && length >= 1) return length;
      throw invalid(`the length of a chunk must be at least 1, or -1 for all: axis ${axis} has ${length}`);
    });
  }
  let room = Math.max(1, Math.floor(CHUNK / (type.itemSize ?? 64)));
  const chunks = shape.map((length) => Math.max(1, length));
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    chunks[axis] = Math.min(chunks[axis]!, room);
    room = Math.max(1, Math.floor(room / chunks[axis]!));
  }
  return chunks;
}

function invalid(detail: string): StorageError {
  return new StorageError("invalid-argument", detail);
}
