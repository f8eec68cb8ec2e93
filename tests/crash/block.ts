/** Content that describes itself: a sequence number, the length and a checksum, so that anything torn is noticed. */

import { crc32 } from "node:zlib";
import type { Random } from "../disk/setup.ts";

const HEADER = 16;
const MARK = 0x504f4c59;

/** Content that carries a number; `size` bytes follow the header. */
export function makeBlock(sequence: number, size: number): Uint8Array {
  const block = new Uint8Array(HEADER + size);
  // Every stretch of the body differs from that of other numbers.
  const body = new Uint32Array((size >> 2) + 1).fill(Math.imul(sequence + 1, 0x9e3779b1));
  block.set(new Uint8Array(body.buffer, 0, size), HEADER);
  const view = new DataView(block.buffer);
  view.setUint32(0, MARK);
  view.setUint32(4, sequence);
  view.setUint32(8, size);
  view.setUint32(12, checksum(block));
  return block;
}

/** The number a block carries; throws if it is not whole. */
export function readBlock(block: Uint8Array, where: string): number {
  if (block.length < HEADER) throw new Error(`${where} is torn: ${block.length} bytes are no header`);
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const sequence = view.getUint32(4);
  const size = view.getUint32(8);
  if (view.getUint32(0) !== MARK) throw new Error(`${where} is torn: its header is damaged`);
  if (block.length !== HEADER + size) {
    throw new Error(`${where} is torn: ${block.length - HEADER} of the ${size} bytes of ${sequence}`);
  }
  if (checksum(block) !== view.getUint32(12)) throw new Error(`${where} is torn: the checksum of ${sequence} differs`);
  return sequence;
}

function checksum(block: Uint8Array): number {
  return crc32(block.subarray(HEADER), crc32(block.subarray(0, 12)));
}

/** A size from 1 byte to 4 MiB, small ones as likely as large ones. */
export function anySize(random: Random): number {
  return Math.max(1, Math.floor(2 ** (random() * 22)));
}
