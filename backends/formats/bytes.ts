/**
 * {@linkcode bytes}: bytes as they are.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { describeType } from "./describe.ts";
import type { Format } from "./format.ts";

/**
 * The format of bytes that are content already: a `Uint8Array`, exactly its bytes, whatever buffer it is a view on. It has no
 * suffix of its own; it is chosen by name, or as the fallback of a backend.
 *
 * `encode` throws `invalid-value` for everything else.
 *
 * @returns The format.
 *
 * @example
 * ```ts
 * import { bytes } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const format = bytes();
 * assert.deepEqual(await format.encode(new Uint8Array([1, 2])), new Uint8Array([1, 2]));
 * assert.throws(() => format.encode(new Float32Array(1) as never), { code: "invalid-value" });
 * ```
 */
export function bytes(): Format<Uint8Array> {
  return { name: "bytes", suffixes: [], encode: keep, decode: (content) => content };
}

function keep(value: Uint8Array): Uint8Array {
  // A subclass (Node's Buffer) would come back as a Uint8Array.
  if (value instanceof Uint8Array && Object.getPrototypeOf(value) === Uint8Array.prototype) return value;
  throw new StorageError("invalid-value", `bytes keeps a Uint8Array: received ${describeType(value)}${hint(value)}`);
}

function hint(value: unknown): string {
  if (value instanceof ArrayBuffer) return "; pass new Uint8Array(buffer)";
  if (value instanceof Uint8Array) return "; pass new Uint8Array(view.buffer, view.byteOffset, view.byteLength)";
  if (value instanceof DataView) return "; pass new Uint8Array(view.buffer, view.byteOffset, view.byteLength)";
  if (ArrayBuffer.isView(value)) return "; save it as .npy with ndarray(array), which keeps its type";
  return "";
}
