/**
 * `crc32c`: four bytes behind the others that tell whether a bit has flipped.
 *
 * @see {@link https://zarr-specs.readthedocs.io/en/latest/v3/codecs/crc32c/index.html Zarr v3: crc32c}
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { BytesCodec } from "./codec.ts";

/** How many bytes the checksum takes. */
const SIZE = 4;

/** Castagnoli's polynomial, reflected. */
const POLYNOMIAL = 0x82f63b78;

let tables: readonly Uint32Array[] | undefined;

/** Eight tables, so that eight bytes are taken at a time. */
function makeTables(): readonly Uint32Array[] {
  const first = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    first[byte] = value;
  }
  const all = [first];
  for (let index = 1; index < 8; index++) {
    all.push(all[index - 1]!.map((value) => (value >>> 8) ^ first[value & 255]!));
  }
  return all;
}

/**
 * The CRC-32C of bytes.
 *
 * @param bytes The bytes.
 * @returns An unsigned integer of 32 bits.
 */
export function crc32cOf(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = (tables ??= makeTables()) as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  let crc = ~0;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    const low = crc ^ (bytes[i]! | bytes[i + 1]! << 8 | bytes[i + 2]! << 16 | bytes[i + 3]! << 24);
    crc = t7[low & 255]! ^ t6[(low >>> 8) & 255]! ^ t5[(low >>> 16) & 255]! ^ t4[low >>> 24]! ^
      t3[bytes[i + 4]!]! ^ t2[bytes[i + 5]!]! ^ t1[bytes[i + 6]!]! ^ t0[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]!) & 255]!;
  return ~crc >>> 0;
}

/** Makes the codec. */
export function crc32c(): BytesCodec {
  return {
    kind: "bytes",
    size: (input) => input === undefined ? undefined : input + SIZE,
    encode(bytes) {
      const result = new Uint8Array(bytes.length + SIZE);
      result.set(bytes);
      new DataView(result.buffer).setUint32(bytes.length, crc32cOf(bytes), true);
      return result;
    },
    decode(bytes) {
      if (bytes.length < SIZE) throw new StorageError("corrupt", "a chunk is too short for its checksum");
      const content = bytes.subarray(0, bytes.length - SIZE);
      const kept = new DataView(bytes.buffer, bytes.byteOffset + content.length, SIZE).getUint32(0, true);
      if (kept === crc32cOf(content)) return content;
      throw new StorageError("corrupt", "the checksum of a chunk is wrong: bytes of it have changed");
    },
  };
}
