/**
 * Members of zip archives: what may be read of one, and getting its content, inflated by the runtime's zlib and checked.
 *
 * @module
 */

import { crc32, inflateRawSync } from "node:zlib";
import { isStorageError, StorageError } from "./errors.ts";

/** What an archive says of a member, in the words of the library that reads it. */
export interface ZipMember {
  /** Its name. */
  readonly filename: string;
  /** Whether it is encrypted. */
  readonly encrypted: boolean;
  /** How it is compressed: see {@linkcode STORED} and {@linkcode DEFLATED}. */
  readonly compressionMethod: number;
  /** How many bytes it has in the archive. */
  readonly compressedSize: number;
  /** How many bytes its content has. */
  readonly uncompressedSize: number;
  /** The checksum of its content; some that are encrypted have none. */
  readonly crc32?: number | undefined;
}

/** How far a member may be inflated. */
export interface ZipLimits {
  /** The most bytes of content for each byte in the archive. */
  readonly maxRatio: number;
  /** The most bytes of content. */
  readonly maxSize: number;
}

/** The compression method that is none. */
export const STORED = 0;
/** The compression method of nearly all archives. */
export const DEFLATED = 8;

/** No bytes deflate to more than about 1032 times their number. */
export const MAX_RATIO = 1032;

/**
 * Whether the content of a member can be had.
 *
 * @throws {StorageError} `unsupported` for encryption, other compressions than deflate, and what exceeds the limits; `corrupt` if
 * its sizes cannot be true.
 */
export function checkMember(member: ZipMember, limits?: ZipLimits): void {
  const { filename, encrypted, compressionMethod, compressedSize, uncompressedSize } = member;
  if (encrypted) throw unsupportedMember(filename, "encrypted");
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED) {
    throw unsupportedMember(filename, `compressed by method ${compressionMethod}; deflate (8) and none (0) are known`);
  }
  const most = compressionMethod === STORED ? compressedSize : compressedSize * MAX_RATIO;
  if (uncompressedSize > most) {
    throw corruptMember(filename, `${compressedSize} bytes cannot hold the announced ${uncompressedSize}`);
  }
  // What is not compressed is as large as it is: the archive has all of its bytes.
  if (limits === undefined || compressionMethod === STORED) return;
  const { maxRatio, maxSize } = limits;
  const inflates = `${compressedSize} bytes that inflate to ${uncompressedSize}`;
  if (uncompressedSize > maxSize) throw unsupportedMember(filename, `${inflates}: more than maxSize (${maxSize})`);
  if (uncompressedSize > compressedSize * maxRatio) {
    throw unsupportedMember(filename, `${inflates}: more than maxRatio (${maxRatio}) times as many`);
  }
}

/**
 * The content of a member that was checked.
 *
 * @param member The member.
 * @param data Its bytes in the archive.
 * @returns The content; a view on `data` if that is stored.
 * @throws {StorageError} `corrupt` if it is not what the archive says.
 */
export function memberContent(member: ZipMember, data: Uint8Array): Uint8Array {
  const { filename, compressionMethod, compressedSize, uncompressedSize } = member;
  if (data.length < compressedSize) throw corruptMember(filename, "it ends too early");
  const content = compressionMethod === STORED ? data : inflate(filename, data, uncompressedSize);
  checkContent(member, content.length, crc32(content));
  return content;
}

/**
 * Whether a content is what the archive says.
 *
 * @throws {StorageError} `corrupt` if not.
 */
export function checkContent(member: ZipMember, size: number, checksum: number): void {
  const { filename, uncompressedSize } = member;
  if (size !== uncompressedSize) {
    throw corruptMember(filename, `${size} bytes, where ${uncompressedSize} are announced`);
  }
  if (checksum !== member.crc32) throw corruptMember(filename, "its checksum does not match");
}

function inflate(name: string, data: Uint8Array, size: number): Uint8Array {
  try {
    // A limit of 0 is none. One chunk need not be joined to others. The copy is a plain Uint8Array, aligned to its buffer.
    const result = inflateRawSync(data, { maxOutputLength: Math.max(size, 1), chunkSize: Math.max(size, MIN_CHUNK) });
    return new Uint8Array(result.buffer, result.byteOffset, result.byteLength);
  } catch (cause) {
    throw corruptMember(name, `it cannot be inflated to the announced ${size} bytes`, cause);
  }
}

/** The smallest chunk that zlib takes. */
const MIN_CHUNK = 64;

/** The library's errors, as ours; ours pass. */
export async function zipErrors<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (isStorageError(cause)) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    const code = /encrypted|split zip|unsupported/i.test(message) ? "unsupported" : "corrupt";
    throw new StorageError(code, `zip: ${message}`, { cause });
  }
}

/** The error for a member that is not what the archive says. */
export function corruptMember(name: string, detail: string, cause?: unknown): StorageError {
  return new StorageError("corrupt", `zip member ${JSON.stringify(name.slice(0, 80))}: ${detail}`, { cause });
}

/** The error for a member that cannot be read, though nothing may be wrong with it. */
export function unsupportedMember(name: string, detail: string): StorageError {
  return new StorageError("unsupported", `zip member ${JSON.stringify(name.slice(0, 80))}: ${detail}`);
}
