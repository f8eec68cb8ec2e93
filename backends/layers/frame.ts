/**
 * The form in which `compressed` keeps a content: blocks, each compressed by itself, and an index of them.
 *
 * | bytes  | what                                                                                             |
 * | ------ | ------------------------------------------------------------------------------------------------ |
 * | 0–7    | `93 50 53 43 0d 0a 1a 0a`                                                                          |
 * | 8      | version: 1                                                                                       |
 * | 9      | method: 1 gzip, 2 zstd                                                                           |
 * | 10     | log₂ of the size of a block                                                                      |
 * | 11     | 1 if the index stands at the end, as in a content that came as a stream; 0 if behind the header |
 * | 12–19  | id of the content, random                                                                        |
 * | 20–27  | size of the content; 0 if the index stands at the end                                            |
 * | 28–31  | CRC-32 of the bytes before                                                                       |
 *
 * A block is its length (with the highest bit set if it is not compressed), the CRC-32 of the id, its number and its bytes, and its
 * bytes. The index is the length of each block, as there, and the CRC-32 of the id and of these lengths. At the end, the
 * blocks end with the length `ffffffff`, and the index is followed by a trailer: id, size of the content, CRC-32 of the two, and 4 bytes of
 * zeros. Numbers are little-endian.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { CompressionMethod, Zlib } from "./zlib.ts";

/** Length of the header. */
export const HEADER = 32;

/** Length of the trailer. */
export const TRAILER = 24;

/** What stands before the bytes of a block. */
export const BLOCK_HEADER = 8;

/** The length of what is not a block any more. */
export const END = 0xffffffff;

const RAW = 0x80000000;

const MAGIC: readonly number[] = [0x93, 0x50, 0x53, 0x43, 0x0d, 0x0a, 0x1a, 0x0a];

const METHODS: readonly CompressionMethod[] = ["gzip", "zstd"];

/** What the header says. */
export interface Frame {
  /** How blocks are compressed. */
  readonly method: CompressionMethod;
  /** Size of a block before it is compressed; the last may be smaller. */
  readonly blockBytes: number;
  /** Whether the index stands at the end. */
  readonly streamed: boolean;
  /** Names this content among all. */
  readonly id: Uint8Array;
  /** Size of the content; 0 if the index stands at the end. */
  readonly size: number;
}

/** Where the blocks are. */
export interface Layout extends Frame {
  /** Where each begins, and where the last one ends. */
  readonly starts: readonly number[];
}

/** The error for what is not in this form. */
export function corrupt(detail: string, cause?: unknown): StorageError {
  return new StorageError("corrupt", detail, { cause });
}

/** A frame for new content. */
export function newFrame(method: CompressionMethod, blockBytes: number, size?: number): Frame {
  const id = crypto.getRandomValues(new Uint8Array(8));
  return { method, blockBytes, streamed: size === undefined, id, size: size ?? 0 };
}

/** How many blocks a content of this size has. */
export function countOf(size: number, blockBytes: number): number {
  return Math.ceil(size / blockBytes);
}

/** Length of the index of so many blocks. */
export function indexLength(count: number): number {
  return 4 * count + 4;
}

/** The header. */
export function encodeHeader(frame: Frame, zlib: Zlib): Uint8Array {
  const bytes = new Uint8Array(HEADER);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  bytes[8] = 1;
  bytes[9] = METHODS.indexOf(frame.method) + 1;
  bytes[10] = Math.log2(frame.blockBytes);
  bytes[11] = frame.streamed ? 1 : 0;
  bytes.set(frame.id, 12);
  view.setBigUint64(20, BigInt(frame.size), true);
  view.setUint32(28, zlib.crc32(bytes.subarray(0, 28)), true);
  return bytes;
}

/**
 * Reads the header.
 *
 * @throws {StorageError} `corrupt`.
 */
export function decodeHeader(bytes: Uint8Array, zlib: Zlib): Frame {
  if (bytes.length < HEADER || MAGIC.some((byte, index) => bytes[index] !== byte)) {
    throw corrupt("it was not written by the layer compressed, or it is cut");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
  const method = METHODS[bytes[9]! - 1];
  if (zlib.crc32(bytes.subarray(0, 28)) !== view.getUint32(28, true)) throw corrupt("its header is damaged");
  if (bytes[8] !== 1 || method === undefined || bytes[10]! < 10 || bytes[10]! > 24 || bytes[11]! > 1) {
    throw corrupt("it was written by another version of the layer compressed");
  }
  const size = Number(view.getBigUint64(20, true));
  if (!Number.isSafeInteger(size)) throw corrupt("its header is damaged");
  return { method, blockBytes: 2 ** bytes[10]!, streamed: bytes[11] === 1, id: bytes.slice(12, 20), size };
}

/** The index. */
export function encodeIndex(id: Uint8Array, lengths: readonly number[], zlib: Zlib): Uint8Array {
  const bytes = new Uint8Array(indexLength(lengths.length));
  const view = new DataView(bytes.buffer);
  for (const [index, length] of lengths.entries()) view.setUint32(4 * index, length, true);
  const end = bytes.length - 4;
  view.setUint32(end, zlib.crc32(bytes.subarray(0, end), zlib.crc32(id)), true);
  return bytes;
}

/**
 * Reads the index.
 *
 * @throws {StorageError} `corrupt`.
 */
export function decodeIndex(frame: Frame, bytes: Uint8Array, start: number, zlib: Zlib): Layout {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = bytes.length - 4;
  if (view.getUint32(end, true) !== zlib.crc32(bytes.subarray(0, end), zlib.crc32(frame.id))) {
    throw corrupt("its index is damaged");
  }
  const starts = [start];
  for (let at = 0; at < end; at += 4) start = starts[starts.push(start + storedLength(view.getUint32(at, true))) - 1]!;
  return { ...frame, starts };
}

/** How many bytes a block takes, its header with them. */
export function storedLength(length: number): number {
  return BLOCK_HEADER + (length & 0x7fffffff);
}

/** The trailer of a content that came as a stream. */
export function encodeTrailer({ id }: Frame, size: number, zlib: Zlib): Uint8Array {
  const bytes = new Uint8Array(TRAILER);
  const view = new DataView(bytes.buffer);
  bytes.set(id);
  view.setBigUint64(8, BigInt(size), true);
  view.setUint32(16, zlib.crc32(bytes.subarray(0, 16)), true);
  return bytes;
}

/**
 * Reads the trailer.
 *
 * @returns The size of the content.
 * @throws {StorageError} `corrupt`.
 */
export function decodeTrailer({ id }: Frame, bytes: Uint8Array, zlib: Zlib): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const whole = bytes.length === TRAILER && zlib.crc32(bytes.subarray(0, 16)) === view.getUint32(16, true);
  if (!whole || id.some((byte, index) => bytes[index] !== byte)) throw corrupt("its end is cut off or damaged");
  const size = Number(view.getBigUint64(8, true));
  if (!Number.isSafeInteger(size)) throw corrupt("its end is damaged");
  return size;
}

/** A block, as it is kept: its length, and its bytes with what stands before them. */
export interface EncodedBlock {
  /** Its length, as the index tells it. */
  readonly length: number;
  /** Whether it is compressed. */
  readonly packed: boolean;
  /** What stands before, and the bytes. */
  readonly parts: readonly [Uint8Array, Uint8Array];
}

/** Makes a block; `packed` is what became of it, `undefined` if it was not tried. */
export function encodeBlock(
  { id }: Frame,
  index: number,
  plain: Uint8Array,
  packed: Uint8Array | undefined,
  zlib: Zlib,
): EncodedBlock {
  // Less than 3 % is not worth the time that each reading takes.
  const raw = packed === undefined || packed.length > plain.length - (plain.length >> 5);
  const data = raw ? plain : packed;
  const length = raw ? (data.length | RAW) >>> 0 : data.length;
  const head = new Uint8Array(BLOCK_HEADER);
  const view = new DataView(head.buffer);
  view.setUint32(0, length, true);
  view.setUint32(4, zlib.crc32(data, seedOf(id, index, zlib)), true);
  return { length, packed: !raw, parts: [head, data] };
}

/**
 * Opens a block.
 *
 * @param bytes The block, its header with it.
 * @param size How many bytes it must become.
 * @throws {StorageError} `corrupt`.
 */
export function decodeBlock(
  { method, id }: Frame,
  index: number,
  bytes: Uint8Array,
  size: number,
  zlib: Zlib,
): Uint8Array {
  if (bytes.length < BLOCK_HEADER) throw corrupt("it is cut");
  const view = new DataView(bytes.buffer, bytes.byteOffset, BLOCK_HEADER);
  const length = view.getUint32(0, true);
  const data = bytes.subarray(BLOCK_HEADER);
  if (storedLength(length) !== bytes.length) throw corrupt("it is cut, or a block of it is damaged");
  if (zlib.crc32(data, seedOf(id, index, zlib)) !== view.getUint32(4, true)) throw corrupt("a block of it is damaged");
  if (length >= RAW) {
    if (data.length !== size) throw corrupt("a block of it has another size than it should");
    return data;
  }
  let plain: Uint8Array;
  try {
    plain = zlib.unpack(method, data, size);
  } catch (error) {
    throw corrupt("a block of it cannot be decompressed, or is larger than it should be", error);
  }
  if (plain.length !== size) throw corrupt("a block of it has another size than it should");
  return plain;
}

function seedOf(id: Uint8Array, index: number, zlib: Zlib): number {
  const bytes = new Uint8Array(12);
  bytes.set(id);
  new DataView(bytes.buffer).setUint32(8, index, true);
  return zlib.crc32(bytes);
}
