/** Content that describes itself: a sequence number, the length and a checksum, so that anything torn is noticed. */

import { crc32 } from "node:zlib";
import type { Random } from "../disk/setup.ts";

const HEADER = 16;

/** Content that carries a number; `size` bytes follow the header. */
export function makeBlock(sequence: number, size: number): Uint8Array {
  const block = new Uint8Array(HEADER + size);
  // Every stretch of the body differs from that of other numbers.
  const body = new Uint32Array((size >> 2) + 1).fill(Math.imul(sequence + 1, 0x9e3779b1));
  block.set(new Uint8Array(body.buffer, 0, size), HEADER);
  const view = new DataView(block.buffer);
  view.setUint32(0, 0x504f4c59);
  view.setUint32(4, sequence);
  view.setUint32(8, size);
  view.setUint32(12, checksum(block));
  return block;
}

/** The number a block carries; throws if it is not whole. */
export function readBlock(block: Uint8Array): number {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  if (block.length < HEADER) throw new Error(`torn: ${block.length} bytes are no header`);
  const [mark, sequence, size, sum] = [0, 4, 8, 12].map((at) => view.getUint32(at));
  if (mark !== 0x504f4c59) throw new Error(`torn: the header is damaged: ${block.subarray(0, HEADER)}`);
  if (block.length !== HEADER + size!) throw new Error(`torn: ${block.length - HEADER} of ${size} bytes (${sequence})`);
  if (checksum(block) !== sum) throw new Error(`torn: the checksum of ${sequence} is wrong, over ${size} bytes`);
  return sequence!;
}

function checksum(block: Uint8Array): number {
  return crc32(block.subarray(HEADER), crc32(block.subarray(0, 12)));
}

/** A size from 1 byte to 4 MiB, small ones as likely as large ones. */
export function anySize(random: Random): number {
  return Math.max(1, Math.floor(2 ** (random() * 22)));
}
