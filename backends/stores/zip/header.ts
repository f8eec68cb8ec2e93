/**
 * The header in front of each member of an archive, which must say what the directory says: who reads the one must not see another
 * archive than who reads the other.
 *
 * @see {@link https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT APPNOTE}, 4.3.7
 *
 * @module
 */

import { corruptMember, type ZipMember } from "../../zip_member.ts";

/** Bytes of a header, without the name and what follows that. */
export const HEADER = 30;

const SIGNATURE = 0x0403_4b50;
const ENCRYPTED = 1;
const SIZES_BEHIND = 8;
const IN_ZIP64 = 0xffff_ffff;
const ZIP64 = 1;

/** What is compared. */
interface Announced extends ZipMember {
  readonly rawFilename: Uint8Array;
}

/**
 * How long the header of a member is.
 *
 * @param member What the directory says.
 * @param bytes The beginning of it.
 * @throws {StorageError} `corrupt` if there is none.
 */
export function headerLength({ filename }: Announced, bytes: Uint8Array): number {
  if (bytes.length < HEADER) throw corruptMember(filename, "its header is cut, or overlaps with what follows it");
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== SIGNATURE) throw corruptMember(filename, "no header is where it should be");
  return HEADER + view.getUint16(26, true) + view.getUint16(28, true);
}

/**
 * Compares the header of a member with the directory.
 *
 * @param member What the directory says.
 * @param header The header, whole.
 * @throws {StorageError} `corrupt` if they differ.
 */
export function checkHeader(member: Announced, header: Uint8Array): void {
  const { filename, rawFilename, encrypted, compressionMethod } = member;
  const view = viewOf(header);
  const flags = view.getUint16(6, true);
  const name = header.subarray(HEADER, HEADER + view.getUint16(26, true));
  const differs = (what: string): Error => corruptMember(filename, `its header and the directory differ in ${what}`);
  if (name.length !== rawFilename.length || !name.every((byte, index) => byte === rawFilename[index])) {
    throw differs("its name");
  }
  if (((flags & ENCRYPTED) !== 0) !== encrypted) throw differs("whether it is encrypted");
  if (view.getUint16(8, true) !== compressionMethod) throw differs("how it is compressed");
  const [compressed, size] = sizesOf(view, name.length);
  const known: [string, number, number | undefined][] = [
    ["its checksum", view.getUint32(14, true), member.crc32],
    ["its size in the archive", compressed, member.compressedSize],
    ["its size", size, member.uncompressedSize],
  ];
  for (const [what, here, there] of known) {
    // Who writes a stream learns them at the end, and leaves nothing here.
    if (here === there || ((flags & SIZES_BEHIND) !== 0 && here === 0)) continue;
    throw differs(what);
  }
}

/** Both sizes, which are among the extra fields if they are large. */
function sizesOf(view: DataView, nameLength: number): [compressed: number, size: number] {
  let [compressed, size] = [view.getUint32(18, true), view.getUint32(22, true)];
  if (compressed !== IN_ZIP64 && size !== IN_ZIP64) return [compressed, size];
  for (let at = HEADER + nameLength; at + 4 <= view.byteLength;) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === ZIP64 && at + 4 + length <= view.byteLength) {
      let field = at + 4;
      const take = (): number => Number(view.getBigUint64((field += 8) - 8, true));
      if (size === IN_ZIP64 && length >= 8) size = take();
      if (compressed === IN_ZIP64 && field + 8 <= at + 4 + length) compressed = take();
      break;
    }
    at += 4 + length;
  }
  return [compressed, size];
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
