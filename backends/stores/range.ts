/**
 * Cutting a {@linkcode ByteRange} out of content.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { ByteRange } from "./store.ts";

/** A range within content of a known size. */
export interface Extent {
  /** First byte. */
  readonly start: number;
  /** Byte after the last; never before `start`, never after the size. */
  readonly end: number;
}

/**
 * Cuts a range to the size of the content.
 *
 * @param size Size of the content in bytes.
 * @param range The range asked for; `undefined` is everything.
 * @returns Where it starts and ends.
 * @throws {StorageError} `invalid-argument` if a number in it is not a non-negative integer.
 *
 * @example
 * ```ts
 * import { extentOf } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(extentOf(10, { offset: 8, length: 5 }), { start: 8, end: 10 });
 * assert.deepEqual(extentOf(10, { suffix: 20 }), { start: 0, end: 10 });
 * ```
 */
export function extentOf(size: number, range?: ByteRange): Extent {
  if (range === undefined) return { start: 0, end: size };
  if ("suffix" in range) return { start: Math.max(0, size - count("suffix", range.suffix)), end: size };
  const start = Math.min(size, count("offset", range.offset));
  const length = range.length === undefined ? size : count("length", range.length);
  return { start, end: Math.min(size, start + length) };
}

function count(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new StorageError("invalid-argument", `range.${name} must be a non-negative integer: received ${value}`);
}

/**
 * Cuts a range out of bytes, without copying.
 *
 * @param bytes The content.
 * @param range The range asked for; `undefined` is everything.
 * @returns A view on `bytes`.
 * @throws {StorageError} `invalid-argument` if a number in the range is not a non-negative integer.
 *
 * @example
 * ```ts
 * import { cut } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(cut(new Uint8Array([1, 2, 3]), { suffix: 2 }), new Uint8Array([2, 3]));
 * ```
 */
export function cut(bytes: Uint8Array, range?: ByteRange): Uint8Array {
  const { start, end } = extentOf(bytes.length, range);
  return bytes.subarray(start, end);
}
