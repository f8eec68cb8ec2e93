/**
 * {@linkcode ArrayMetadata}: what is known of a Zarr array, the same for both formats.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { ZarrDataType } from "./data_type.ts";
import type { FillValue } from "./fill_value.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";

/** The formats of Zarr. */
export type ZarrFormat = 2 | 3;

/** A codec as metadata names it, in the words of v3. */
export interface CodecSpec {
  /** Its name. */
  readonly name: string;
  /** How it is set up. */
  readonly configuration: JsonObject;
}

/** How the keys of chunks are made of their indices. */
export interface ChunkKeys {
  /** `default` begins with `c`. */
  readonly encoding: "default" | "v2";
  /** Between the numbers. */
  readonly separator: "/" | ".";
}

/** What is known of an array. */
export interface ArrayMetadata {
  /** Tells it from a group. */
  readonly kind: "array";
  /** The format it is kept in. */
  readonly format: ZarrFormat;
  /** Length of each axis. */
  readonly shape: readonly number[];
  /** Length of a chunk along each axis; at the edges of the array chunks are as large, filled up. */
  readonly chunkShape: readonly number[];
  /** What the elements are. */
  readonly type: ZarrDataType;
  /** What elements are that were never written. */
  readonly fill: FillValue;
  /** How a chunk is encoded: the first codec first. */
  readonly codecs: readonly CodecSpec[];
  /** How the keys of chunks are made. */
  readonly keys: ChunkKeys;
  /** A name for each axis, or `null` where it has none; `undefined` if no axis has. */
  readonly dimensionNames: readonly (string | null)[] | undefined;
  /** The attributes. */
  readonly attributes: JsonObject;
  /** What stands in `zarr.json` or `.zarray`: what is not known here is kept when it is written again. */
  readonly document: JsonObject;
}

/** What is known of a group. */
export interface GroupMetadata {
  /** Tells it from an array. */
  readonly kind: "group";
  /** The format it is kept in. */
  readonly format: ZarrFormat;
  /** The attributes. */
  readonly attributes: JsonObject;
  /** What stands in `zarr.json` or `.zgroup`. */
  readonly document: JsonObject;
}

/** What is known of an array or a group. */
export type NodeMetadata = ArrayMetadata | GroupMetadata;

/** The key of a chunk, from the array. */
export function chunkKey({ encoding, separator }: ChunkKeys, index: readonly number[]): string {
  if (encoding === "v2") return index.length === 0 ? "0" : index.join(separator);
  return index.length === 0 ? "c" : `c${separator}${index.join(separator)}`;
}

/** The indices in the key of a chunk; `undefined` if it is the key of something else. */
export function chunkIndex({ encoding, separator }: ChunkKeys, key: string, rank: number): number[] | undefined {
  let rest = key;
  if (encoding === "default") {
    if (rank === 0) return key === "c" ? [] : undefined;
    if (!key.startsWith(`c${separator}`)) return undefined;
    rest = key.slice(2);
  } else if (rank === 0) return key === "0" ? [] : undefined;
  const names = rest.split(separator);
  if (names.length !== rank || !names.every((name) => /^(?:0|[1-9]\d*)$/.test(name))) return undefined;
  return names.map(Number);
}

/** The error for metadata that is none. */
export function malformed(detail: string): StorageError {
  return new StorageError("corrupt", `its metadata is not Zarr: ${detail}`);
}

/** The error for metadata that asks for more than is known here. */
export function notKnown(detail: string): StorageError {
  return new StorageError("unsupported", detail);
}

/** A list of lengths. */
export function lengthsOf(value: Json | undefined, what: string, minimum: number): number[] {
  if (Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= minimum)) {
    return [...value] as number[];
  }
  throw malformed(`${what} must be a list of integers of at least ${minimum}: it is ${shown(value)}`);
}

/** Attributes, which may be missing. */
export function attributesOf(value: Json | undefined): JsonObject {
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  throw malformed(`its attributes must be an object: they are ${shown(value)}`);
}

/** A value in a message, cut where it is long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value, (_key, part) => typeof part === "bigint" ? String(part) : part) ?? "missing";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
