/**
 * {@linkcode npz}: several named arrays in one file.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import { describeType } from "./describe.ts";
import type { Format } from "./format.ts";
import type { NdArray } from "./ndarray.ts";
import { npy } from "./npy.ts";
import type { Member } from "./zip_archive.ts";

/** Options of {@linkcode npz}. */
export interface NpzOptions {
  /**
   * Whether the arrays are deflated, as `np.savez_compressed` does; both are read.
   *
   * @default {false}
   */
  compress?: boolean;
}

/**
 * The format of `.npz`: named arrays, as NumPy's `np.savez` writes them, a zip file with a `.npy` file for each. Names come
 * back in order; any name will do, `__proto__` too. Equal arrays make equal files: no time is kept.
 *
 * `encode` throws `invalid-value` for what is no record of NdArrays, and for names with NUL, lone surrogates or more than 65531
 * bytes. `decode` throws `corrupt` for what is no zip file, bytes before or after it, members that overlap, are there twice, are not as long as
 * they say or fail their checksum, and `unsupported` for members that are no `.npy` file, are encrypted or compressed in another way.
 *
 * @param options Whether to compress.
 * @returns The format.
 * @see {@link https://numpy.org/doc/stable/reference/generated/numpy.savez.html numpy.savez}
 * @see {@link https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT APPNOTE}, the zip format
 *
 * @example
 * ```ts
 * import { ndarray, npz } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const format = npz({ compress: true });
 * const arrays = { image: ndarray(new Uint16Array(6), [2, 3]), scale: ndarray(new Float64Array([0.5]), []) };
 * const parts = await format.encode(arrays) as Uint8Array[];
 * const bytes = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
 * assert.deepEqual(await format.decode(bytes), arrays);
 * ```
 */
export function npz(options: NpzOptions = {}): Format<Record<string, NdArray>> {
  const { compress = false } = options;
  return {
    name: "npz",
    suffixes: [".npz"],
    // The zip library is loaded by the first archive.
    encode: async (arrays) => (await import("./zip_archive.ts")).writeArchive(members(arrays), compress),
    decode: async (bytes) => await toArrays(bytes),
  };
}

const SUFFIX = ".npy";
const single = npy();

function* members(arrays: Record<string, NdArray>): Generator<Member> {
  const prototype = typeof arrays === "object" && arrays !== null ? Object.getPrototypeOf(arrays) : undefined;
  if (prototype !== Object.prototype && prototype !== null) {
    throw refused(`npz keeps a record of NdArrays by name: received ${describeType(arrays)}`);
  }
  const names = Object.keys(arrays);
  if (Reflect.ownKeys(arrays).length !== names.length) throw refused("a symbol or hidden key would be lost");
  for (const name of names) {
    const place = `at ${JSON.stringify(name.slice(0, 80))}`;
    if (!name.isWellFormed() || name.includes("\0")) throw refused(`${place}: a name with NUL or a lone surrogate`);
    if (new TextEncoder().encode(name).length > 0xffff - SUFFIX.length) throw refused(`${place}: the name is too long`);
    try {
      yield [name + SUFFIX, concat(single.encode(arrays[name]!) as Uint8Array[])];
    } catch (error) {
      throw isStorageError(error, "invalid-value") ? refused(`${place}: ${error.detail}`) : error;
    }
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function refused(detail: string): StorageError {
  return new StorageError("invalid-value", detail);
}

async function toArrays(bytes: Uint8Array): Promise<Record<string, NdArray>> {
  const { readArchive } = await import("./zip_archive.ts");
  const arrays = new Map<string, NdArray>();
  for await (const [member, content] of readArchive(bytes)) {
    if (!member.endsWith(SUFFIX)) {
      throw new StorageError(
        "unsupported",
        `npz holds ${SUFFIX} files: ${JSON.stringify(member.slice(0, 80))} is none`,
      );
    }
    const name = member.slice(0, -SUFFIX.length);
    if (arrays.has(name)) throw new StorageError("corrupt", `npz holds ${JSON.stringify(member.slice(0, 80))} twice`);
    arrays.set(name, decodeMember(member, content));
  }
  return Object.fromEntries(arrays);
}

function decodeMember(member: string, content: Uint8Array): NdArray {
  try {
    return single.decode(content) as NdArray;
  } catch (error) {
    if (!isStorageError(error)) throw error;
    throw new StorageError(error.code, `${JSON.stringify(member.slice(0, 80))}: ${error.detail}`, { cause: error });
  }
}
