/**
 * Decompressing blocks of LZ4, BloscLZ and Snappy. Every step is checked: what is not a block of the format, and what is not of the
 * size that was told, is `corrupt`. (The builds for WebAssembly that are to be had give back whatever was in their memory.)
 *
 * @module
 */

import { StorageError } from "../../errors.ts";

/** Decompresses a block. */
export type Decompress = (block: Uint8Array, size: number) => Uint8Array;

function damaged(format: string): StorageError {
  return new StorageError("corrupt", `a block of a chunk is not what ${format} writes`);
}

/** Repeats what lies so far back; the two may overlap. */
function repeat(out: Uint8Array, at: number, distance: number, length: number): void {
  if (distance >= length) out.copyWithin(at, at - distance, at - distance + length);
  else if (distance === 1) out.fill(out[at - 1]!, at, at + length);
  else for (let i = at; i < at + length; i++) out[i] = out[i - distance]!;
}

/**
 * Decompresses a block of LZ4.
 *
 * @see {@link https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md The format}
 */
export function lz4Decompress(block: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  const end = block.length;
  let at = 0;
  let goal = 0;
  while (at < end) {
    const token = block[at++]!;
    let literals = token >> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255 && at < end) literals += more = block[at++]!;
    }
    if (at + literals > end || goal + literals > size) throw damaged("LZ4");
    if (literals > 16) out.set(block.subarray(at, at + literals), goal);
    else for (let i = 0; i < literals; i++) out[goal + i] = block[at + i]!;
    at += literals;
    goal += literals;
    if (at === end) break;
    if (at + 2 > end) throw damaged("LZ4");
    const distance = block[at]! | block[at + 1]! << 8;
    at += 2;
    let length = token & 15;
    if (length === 15) {
      let more = 255;
      while (more === 255 && at < end) length += more = block[at++]!;
    }
    length += 4;
    if (distance === 0 || distance > goal || goal + length > size) throw damaged("LZ4");
    repeat(out, goal, distance, length);
    goal += length;
  }
  if (goal !== size) throw damaged("LZ4");
  return out;
}

/** The longest distance of a short match of BloscLZ. */
const NEAR = 8191;

/**
 * Decompresses a block of BloscLZ.
 *
 * @see {@link https://github.com/Blosc/c-blosc/blob/main/blosc/blosclz.c c-blosc}
 */
export function blosclzDecompress(block: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  const end = block.length;
  let at = 0;
  let goal = 0;
  if (end === 0) throw damaged("BloscLZ");
  let control = block[at++]! & 31;
  while (true) {
    if (control < 32) {
      const length = control + 1;
      if (at + length > end || goal + length > size) throw damaged("BloscLZ");
      out.set(block.subarray(at, at + length), goal);
      at += length;
      goal += length;
    } else {
      let length = (control >> 5) - 1;
      let distance = (control & 31) << 8;
      if (length === 6) {
        let more = 255;
        while (more === 255) {
          if (at >= end) throw damaged("BloscLZ");
          length += more = block[at++]!;
        }
      }
      if (at >= end) throw damaged("BloscLZ");
      const low = block[at++]!;
      length += 3;
      if (low === 255 && distance === 31 << 8) {
        if (at + 2 > end) throw damaged("BloscLZ");
        distance = NEAR + (block[at]! << 8 | block[at + 1]!);
        at += 2;
      } else distance += low;
      distance += 1;
      if (distance > goal || goal + length > size) throw damaged("BloscLZ");
      repeat(out, goal, distance, length);
      goal += length;
    }
    if (at >= end) break;
    control = block[at++]!;
  }
  if (goal !== size) throw damaged("BloscLZ");
  return out;
}

/**
 * Decompresses a block of Snappy.
 *
 * @see {@link https://github.com/google/snappy/blob/main/format_description.txt The format}
 */
export function snappyDecompress(block: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  const end = block.length;
  let at = 0;
  let told = 0;
  for (let shift = 0;; shift += 7) {
    if (at >= end || shift > 28) throw damaged("Snappy");
    const byte = block[at++]!;
    told += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
  }
  if (told !== size) throw damaged("Snappy");
  let goal = 0;
  while (at < end) {
    const tag = block[at++]!;
    const kind = tag & 3;
    // The bytes that follow the tag: of a long literal its length, of a copy its distance.
    const extra = kind === 0 ? Math.max(0, (tag >> 2) - 59) : kind === 3 ? 4 : kind;
    if (at + extra > end) throw damaged("Snappy");
    let number = 0;
    for (let i = extra - 1; i >= 0; i--) number = number * 256 + block[at + i]!;
    at += extra;
    if (kind === 0) {
      const length = (extra === 0 ? tag >> 2 : number) + 1;
      if (at + length > end || goal + length > size) throw damaged("Snappy");
      out.set(block.subarray(at, at + length), goal);
      at += length;
      goal += length;
      continue;
    }
    const length = kind === 1 ? (tag >> 2 & 7) + 4 : (tag >> 2) + 1;
    const distance = kind === 1 ? (tag >> 5) * 256 + number : number;
    if (distance === 0 || distance > goal || goal + length > size) throw damaged("Snappy");
    repeat(out, goal, distance, length);
    goal += length;
  }
  if (goal !== size) throw damaged("Snappy");
  return out;
}
