/**
 * {@linkcode chooseFormat}: which format a call is about.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { bytes } from "./bytes.ts";
import type { Format } from "./format.ts";
import type { FormatRegistry } from "./format_registry.ts";

const AS_IT_IS: Format = bytes();

/**
 * Chooses the format for a path.
 *
 * @param formats The formats known.
 * @param path The path.
 * @param wanted A format, or the name or suffix of one; `undefined` to go by the suffix of the path.
 * @param data The value to encode; leave it out to decode. Bytes are kept as they are where the suffix is unknown, and an unknown
 * suffix is read as bytes.
 * @returns The format; a promise of it if it has to be loaded first.
 * @throws {StorageError} `unknown-format`, listing what is known.
 *
 * @example
 * ```ts
 * import { builtinFormats, chooseFormat } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const formats = builtinFormats();
 * assert.equal((await chooseFormat(formats, "a/b.json")).name, "json");
 * assert.equal((await chooseFormat(formats, "a/b.json", "bytes")).name, "bytes");
 * assert.equal((await chooseFormat(formats, "a/b.unknown")).name, "bytes");
 * assert.throws(() => chooseFormat(formats, "a/b.unknown", undefined, { a: 1 }), { code: "unknown-format" });
 * ```
 */
export function chooseFormat(
  formats: FormatRegistry,
  path: string,
  wanted?: Format | string,
  ...data: [data?: unknown]
): Format | Promise<Format> {
  if (typeof wanted === "object") return wanted;
  const found = wanted === undefined ? formats.forPath(path) : formats.get(wanted);
  if (found !== undefined) return found;
  if (wanted === undefined && (data.length === 0 || data[0] instanceof Uint8Array)) return AS_IT_IS;
  const known = formats.suffixes.join(", ");
  const detail = wanted === undefined
    ? `no format is known for its suffix, so only a Uint8Array can be kept: use one of ${known}, or pass { format }`
    : `no format is called ${JSON.stringify(wanted)}: pass a format, or one of ${known}`;
  throw new StorageError("unknown-format", detail, { path });
}
