/**
 * Zip archives in memory: {@linkcode readArchive} and {@linkcode writeArchive}.
 *
 * The structure of the archive is the library's work. The content is inflated, deflated and checked here, by the runtime's zlib:
 * an order of magnitude faster than through the library's streams, without workers and timers, and bounded by the announced size.
 *
 * @module
 */

import { type EntryMetaData, type FileEntry, Uint8ArrayReader, ZipReader, ZipWriter } from "@zip.js/zip.js";
import { crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import { StorageError } from "../errors.ts";

/** A file in an archive. */
export type Member = readonly [name: string, content: Uint8Array];

const STORED = 0;
const DEFLATED = 8;

/** No bytes deflate to more than about 1032 times their number. */
const MAX_RATIO = 1032;

/** The beginning of time in zip files, as Python writes it: 1980-01-01 00:00. */
const EPOCH = 0x0021_0000;

/**
 * Writes an archive.
 *
 * @param members Files, in order.
 * @param compress Whether to deflate them.
 * @returns The archive in parts.
 */
export async function writeArchive(members: Iterable<Member>, compress: boolean): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  const writer = new ZipWriter(new WritableStream<Uint8Array>({ write: (part) => void parts.push(part) }), {
    useWebWorkers: false,
    extendedTimestamp: false,
    rawLastModDate: EPOCH,
    keepOrder: true,
  });
  for (const [name, content] of members) {
    const data = compress ? deflateRawSync(content) : content;
    await writer.add(name, new Uint8ArrayReader(data), {
      passThrough: true,
      compressionMethod: compress ? DEFLATED : STORED,
      uncompressedSize: content.length,
      crc32: crc32(content),
    });
  }
  await writer.close();
  return parts;
}

/**
 * Reads an archive, one member after the other. Stored members are views on the archive.
 *
 * @param bytes The archive.
 * @returns Its members, in order.
 * @throws {StorageError} `corrupt`, or `unsupported` for encryption and other compressions than deflate.
 */
export async function* readArchive(bytes: Uint8Array): AsyncGenerator<Member> {
  // Names of members are no paths here, so none of them is unsafe.
  const options = { strictness: "strict", filenameValidation: "tolerant", useWebWorkers: false } as const;
  const reader = new ZipReader(new Uint8ArrayReader(bytes), options);
  for (const entry of await guarded(() => reader.getEntries())) {
    const name = entry.filename;
    checkEntry(entry);
    if (entry.directory) throw unsupported(name, "a directory");
    yield [name, content(entry, bytes.subarray(await dataOffset(entry)))];
  }
}

function checkEntry(entry: EntryMetaData): void {
  const { filename, encrypted, compressionMethod, compressedSize, uncompressedSize } = entry;
  if (encrypted) throw unsupported(filename, "encrypted");
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED) {
    throw unsupported(filename, `compressed by method ${compressionMethod}; deflate (8) and none (0) are known`);
  }
  const most = compressionMethod === STORED ? compressedSize : compressedSize * MAX_RATIO;
  if (uncompressedSize > most) {
    throw corrupt(filename, `${compressedSize} bytes cannot hold the announced ${uncompressedSize}`);
  }
}

/** Where the content begins, after the library has compared the two headers of a member and its place with the others'. */
async function dataOffset(entry: FileEntry): Promise<number> {
  await guarded(() => entry.getData(new WritableStream(), { checkOverlappingEntryOnly: true }));
  return entry.localDirectory!.dataOffset;
}

function content(entry: FileEntry, bytes: Uint8Array): Uint8Array {
  const { filename, compressionMethod, compressedSize, uncompressedSize } = entry;
  const data = bytes.subarray(0, compressedSize);
  if (data.length < compressedSize) throw corrupt(filename, "it ends too early");
  const result = compressionMethod === STORED ? data : inflate(filename, data, uncompressedSize);
  if (result.length !== uncompressedSize) {
    throw corrupt(filename, `${result.length} bytes, where ${uncompressedSize} are announced`);
  }
  if (crc32(result) !== entry.crc32) throw corrupt(filename, "its checksum does not match");
  return result;
}

function inflate(name: string, data: Uint8Array, size: number): Uint8Array {
  try {
    // A limit of 0 is none. The copy is a plain Uint8Array, aligned to its buffer.
    const result = inflateRawSync(data, { maxOutputLength: Math.max(size, 1) });
    return new Uint8Array(result.buffer, result.byteOffset, result.byteLength);
  } catch (cause) {
    throw corrupt(name, `it cannot be inflated to the announced ${size} bytes`, cause);
  }
}

/** The library's errors, as ours. */
async function guarded<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const code = /encrypted|split zip|unsupported/i.test(message) ? "unsupported" : "corrupt";
    throw new StorageError(code, `zip: ${message}`, { cause });
  }
}

function corrupt(name: string, detail: string, cause?: unknown): StorageError {
  return new StorageError("corrupt", `zip member ${JSON.stringify(name.slice(0, 80))}: ${detail}`, { cause });
}

function unsupported(name: string, detail: string): StorageError {
  return new StorageError("unsupported", `zip member ${JSON.stringify(name.slice(0, 80))}: ${detail}`);
}
