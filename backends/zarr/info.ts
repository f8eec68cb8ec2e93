/**
 * {@linkcode ZarrFileInfo}: what is told of an array.
 *
 * @module
 */

import type { FileInfo } from "../data_source.ts";
import { isStorageError } from "../errors.ts";
import { type DataType, dataTypes } from "../formats/ndarray.ts";
import { writeHeader } from "../formats/npy_header.ts";
import { sizeOf } from "../formats/shape.ts";
import { ShardingCodec } from "./codecs/sharding.ts";
import type { ZarrDataTypeName } from "./data_type.ts";
import { formatFill } from "./fill_value.ts";
import type { Head } from "./head.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ArrayMetadata, CodecSpec, ZarrFormat } from "./metadata.ts";
import type { PlaneInfo } from "./ngff/plane_list.ts";
import { pipelineOf } from "./stored_array.ts";

/** What is known of an array without reading any of its elements. */
export interface ZarrArrayInfo {
  /** The format of Zarr. */
  readonly format: ZarrFormat;
  /** Length of each axis. */
  readonly shape: readonly number[];
  /** What its elements are. */
  readonly dtype: ZarrDataTypeName;
  /** Length of a chunk along each axis. */
  readonly chunks: readonly number[];
  /** Length of a shard along each axis; `undefined` if each chunk is a file. */
  readonly shards: readonly number[] | undefined;
  /** The codecs, the first one first. */
  readonly codecs: readonly CodecSpec[];
  /** What elements are that were never written, as it stands in the metadata. */
  readonly fillValue: Json;
  /** A name for each axis. */
  readonly dimensionNames: readonly (string | null)[] | undefined;
  /** The attributes. */
  readonly attributes: JsonObject;
}

/** What `ZarrBackend.stat` tells. */
export interface ZarrFileInfo extends FileInfo {
  /** Of an array (through a link): how it is kept; `undefined` of everything else. */
  readonly array?: ZarrArrayInfo | undefined;
  /** Of a plane of a plate: where it is; `undefined` of everything else. */
  readonly plane?: PlaneInfo | undefined;
}

/** What is told of an array. */
export async function infoOf(
  { node, etag, modified }: Head,
): Promise<Pick<ZarrFileInfo, "etag" | "modified" | "size" | "array">> {
  if (node?.kind !== "array") return { etag, modified };
  const { format, shape, chunkShape, type, fill, codecs, dimensionNames, attributes } = node;
  const serial = await serialOf(node);
  const sharding = serial instanceof ShardingCodec ? serial : undefined;
  const array: ZarrArrayInfo = {
    format,
    shape,
    dtype: type.name,
    chunks: sharding?.inner.chunk.shape ?? chunkShape,
    shards: sharding && chunkShape,
    codecs,
    fillValue: formatFill(fill, type),
    dimensionNames,
    attributes,
  };
  return { etag, modified, size: sizeOfNpy(node), array };
}

/** What turns elements into bytes, if it is known here. */
async function serialOf(node: ArrayMetadata): Promise<unknown> {
  try {
    return (await pipelineOf(node)).serial;
  } catch (error) {
    if (isStorageError(error, "unsupported", "corrupt")) return undefined;
    throw error;
  }
}

/** The size of the array in the one encoding that it can be had in as a whole. */
export function sizeOfNpy({ shape, type }: ArrayMetadata): number | undefined {
  if (!isDataType(type.name)) return undefined;
  const header = writeHeader({ dtype: type.name, shape: [...shape], fortranOrder: false, bigEndian: false });
  return header.length + sizeOf(shape) * dataTypes[type.name].itemSize;
}

function isDataType(name: string): name is DataType {
  return Object.hasOwn(dataTypes, name);
}
