/**
 * Zip archives in memory: {@linkcode readArchive} and {@linkcode writeArchive}.
 *
 * The structure of the archive is the library's work. The content is inflated, deflated and checked here, by the runtime's zlib:
 * an order of magnitude faster than through the library's streams, without workers and timers, and bounded by the announced size.
 *
 * @module
 */

import { type FileEntry, Uint8ArrayReader, ZipReader, ZipWriter } from "@zip.js/zip.js";
import { crc32, deflateRawSync } from "node:zlib";
import { checkMember, DEFLATED, memberContent, STORED, unsupportedMember, zipErrors } from "../zip_member.ts";

/** A file in an archive. */
export type Member = readonly [name: string, content: Uint8Array];

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
  for (const entry of await zipErrors(() => reader.getEntries())) {
    const name = entry.filename;
    checkMember(entry);
    if (entry.directory) throw unsupportedMember(name, "a directory");
    const start = await dataOffset(entry);
    yield [name, memberContent(entry, bytes.subarray(start, start + entry.compressedSize))];
  }
}

/** Where the content begins, after the library has compared the two headers of a member and its place with the others'. */
async function dataOffset(entry: FileEntry): Promise<number> {
  await zipErrors(() => entry.getData(new WritableStream(), { checkOverlappingEntryOnly: true }));
  return entry.localDirectory!.dataOffset;
}
