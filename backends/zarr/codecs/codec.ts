/**
 * THE SEAM of codecs: what turns the elements of a chunk into bytes and back.
 *
 * There are three kinds, in this order: any number from elements to elements, one from elements to bytes, any number from bytes to
 * bytes. Each is made for one kind of chunk, and answers at once where it can.
 *
 * @module
 */

import type { Elements, ZarrDataType } from "../data_type.ts";
import type { FillValue } from "../fill_value.ts";
import type { JsonObject } from "../json.ts";

/** Something, at once or after a while. */
export type Maybe<T> = T | Promise<T>;

/** What a codec is told about the chunks it is for. */
export interface ChunkSpec {
  /** Length of each axis. */
  readonly shape: readonly number[];
  /** What the elements are. */
  readonly type: ZarrDataType;
  /** What elements are that were never written. */
  readonly fill: FillValue;
}

/** From elements to elements: `transpose`. */
export interface ElementsCodec {
  /** Tells it from the others. */
  readonly kind: "elements";
  /** What comes out of it. */
  readonly output: ChunkSpec;
  /** Encodes; what it is given stays as it is. */
  encode(elements: Elements): Elements;
  /** Decodes. */
  decode(elements: Elements): Elements;
}

/** From elements to bytes: `bytes`, `vlen-utf8`, `sharding_indexed`. */
export interface SerialCodec {
  /** Tells it from the others. */
  readonly kind: "serial";
  /** How many bytes come out of it; `undefined` if that depends. */
  readonly size: number | undefined;
  /** Whether the bytes are those that the elements have in memory. */
  readonly isPlain: boolean;
  /** Encodes; the bytes may be a view on the elements. */
  encode(elements: Elements): Maybe<Uint8Array>;
  /**
   * Decodes; the elements may be a view on the bytes.
   *
   * @throws {StorageError} `corrupt`.
   */
  decode(bytes: Uint8Array): Maybe<Elements>;
}

/** From bytes to bytes: `gzip`, `crc32c`. */
export interface BytesCodec {
  /** Tells it from the others. */
  readonly kind: "bytes";
  /** How many bytes come out for so many; `undefined` if that depends. */
  size(input: number | undefined): number | undefined;
  /** Encodes. */
  encode(bytes: Uint8Array): Maybe<Uint8Array>;
  /**
   * Decodes.
   *
   * @param bytes What was encoded.
   * @param size How many bytes must come out; more is not worth decoding.
   * @throws {StorageError} `corrupt`.
   */
  decode(bytes: Uint8Array, size: number | undefined): Maybe<Uint8Array>;
}

/** A codec of any kind. */
export type Codec = ElementsCodec | SerialCodec | BytesCodec;

/**
 * Makes a codec for a kind of chunk; loads what it needs.
 *
 * @param configuration As it stands in the metadata.
 * @param chunk What it is given: what the codec before it puts out. Of bytes, the chunk they were.
 * @throws {StorageError} `corrupt` if the configuration makes no sense, `unsupported` if it asks for too much.
 */
export type CodecFactory = (configuration: JsonObject, chunk: ChunkSpec) => Maybe<Codec>;

/** Codecs by the names that metadata gives them. */
export type Codecs = Readonly<Record<string, CodecFactory>>;
