/**
 * What the benchmarks of Zarr write and read: an array that compresses as measurements do, in two layouts.
 *
 * @module
 */

import { type NdArray, ndarray } from "../backends/formats/ndarray.ts";
import type { RunOptions } from "./row.ts";

/** A codec of the table. */
export type CodecName = "none" | "gzip" | "zstd";

/** How an array is cut. */
export interface Cut {
  /** What it is called in the table. */
  readonly name: string;
  /** Length of each axis. */
  readonly shape: readonly number[];
  /** Length of a chunk along each axis. */
  readonly chunks: readonly number[];
  /** The order of the elements of a chunk. */
  readonly order?: "F";
}

/** The levels that all contenders are told. */
export const LEVELS: Readonly<Record<Exclude<CodecName, "none">, number>> = { gzip: 5, zstd: 3 };

/** Large chunks: 4 MiB each. */
export function largeChunks({ quick }: RunOptions): Cut {
  const count = quick ? 16 : 64;
  return { name: `${count} × 4 MiB`, shape: [count, 1024, 1024], chunks: [1, 1024, 1024] };
}

/** Small chunks: 64 KiB each. */
export function smallChunks({ quick }: RunOptions): Cut {
  const count = quick ? 1024 : 4096;
  return { name: `${count} × 64 KiB`, shape: [count, 128, 128], chunks: [1, 128, 128] };
}

/** Small chunks that are tiles of a picture, so that none of them lies in one piece. */
export function tiles({ quick }: RunOptions): Cut {
  const side = quick ? 4096 : 8192;
  return { name: `${(side / 128) ** 2} tiles of 128 × 128`, shape: [side, side], chunks: [128, 128] };
}

/** Large chunks whose axes are turned around, as Fortran has them. */
export function turnedChunks({ quick }: RunOptions): Cut {
  const side = quick ? 4096 : 8192;
  return {
    name: `${(side / 1024) ** 2} × 4 MiB in Fortran's order`,
    shape: [side, side],
    chunks: [1024, 1024],
    order: "F",
  };
}

/** A sine with noise, rounded: it shrinks to about 40 %. */
export function measurements(shape: readonly number[]): NdArray & { data: Float32Array<ArrayBuffer> } {
  const data = new Float32Array(shape.reduce((size, length) => size * length, 1));
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    data[i] = Math.round((Math.sin(i / 500) * 1000 + state / 2 ** 29) * 4) / 4;
  }
  return ndarray(data, [...shape]) as NdArray & { data: Float32Array<ArrayBuffer> };
}
