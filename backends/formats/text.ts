/**
 * {@linkcode text}: strings as UTF-8.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { describeType } from "./describe.ts";
import type { Format } from "./format.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The format of `.txt` and `.md`: a string as UTF-8, character by character. A byte order mark and the line ends are part of the
 * text and stay as they are.
 *
 * `encode` throws `invalid-value` for what is not a string, or holds a lone surrogate; `decode` throws `corrupt` for bytes that
 * are not UTF-8.
 *
 * @returns The format.
 * @see {@link https://www.rfc-editor.org/rfc/rfc3629 RFC 3629}, UTF-8
 *
 * @example
 * ```ts
 * import { text } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const format = text();
 * const bytes = await format.encode("µm\r\n");
 * assert.equal(await format.decode(bytes as Uint8Array), "µm\r\n");
 * assert.throws(() => format.decode(new Uint8Array([0xff])), { code: "corrupt" });
 * ```
 */
export function text(): Format<string> {
  return { name: "text", suffixes: [".txt", ".md"], encode: encodeText, decode: decodeText };
}

function encodeText(value: string): Uint8Array {
  if (typeof value !== "string") {
    throw new StorageError("invalid-value", `text keeps a string: received ${describeType(value)}`);
  }
  if (!value.isWellFormed()) {
    const at = loneSurrogate(value);
    throw new StorageError("invalid-value", `at character ${at}: a lone surrogate has no UTF-8 form`);
  }
  return encoder.encode(value);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new StorageError("corrupt", `text is not UTF-8, or too long for a string (${bytes.length} bytes)`, { cause });
  }
}

/** Index of the first lone surrogate: the first place where the repaired string differs. */
function loneSurrogate(value: string): number {
  const repaired = value.toWellFormed();
  let at = 0;
  while (value.charCodeAt(at) === repaired.charCodeAt(at)) at++;
  return at;
}
