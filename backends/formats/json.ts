/**
 * {@linkcode json}: plain values as JSON.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { Format } from "./format.ts";
import { checkPlain, rawJSON } from "./plain.ts";
import { tag } from "./tagged.ts";
import { untag } from "./untag.ts";

/** Options of {@linkcode json}. */
export interface JsonOptions {
  /**
   * Spaces of indentation, 0 to 10; 0 puts everything on one line.
   *
   * @default {0}
   */
  indent?: number;
  /**
   * Whether what JSON has no word for is kept as tagged objects: `undefined`, `NaN`, ±`Infinity`, `bigint`, `Date`, `Map`, `Set`,
   * `RegExp`, typed arrays, `ArrayBuffer`, `DataView` (and so an NdArray). The same option is needed on save and load.
   *
   * @default {false}
   */
  tagged?: boolean;
}

const encoder = new TextEncoder();
// Fatal: replaced characters would be changed data. A byte order mark is skipped.
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * The format of `.json`: `null`, booleans, finite numbers (−0 too), strings, arrays and plain objects, in UTF-8.
 *
 * The order of keys, a key `__proto__` and lone surrogates survive. Whatever would come back as something else is refused, with the
 * place where it is; an object without a prototype comes back with the usual one, which is not taken for a difference.
 * Numbers of foreign files are read as JavaScript numbers, and of equal keys the last one counts, as `JSON.parse` has it.
 *
 * `encode` throws `invalid-value` for what JSON (or, with `tagged`, {@linkcode tag}) cannot keep and for more than 2000 levels of
 * nesting; `decode` throws `corrupt` for what is not UTF-8 or not JSON.
 *
 * @param options Indentation, and whether to keep more than JSON knows.
 * @returns The format.
 * @throws {StorageError} `invalid-argument` if the indentation is not an integer from 0 to 10.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8259 RFC 8259}
 *
 * @example
 * ```ts
 * import { json } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const plain = json();
 * assert.deepEqual(await plain.decode(await plain.encode({ b: [1, -0], a: "x" }) as Uint8Array), { b: [1, -0], a: "x" });
 * assert.throws(() => plain.encode({ rows: [{ when: new Date(0) }] }), /rows\[0\]\.when: a Date/);
 *
 * const tagged = json({ tagged: true });
 * const when = { when: new Date(0), ids: new Set([1n]) };
 * assert.deepEqual(await tagged.decode(await tagged.encode(when) as Uint8Array), when);
 * ```
 */
export function json(options: JsonOptions = {}): Format<unknown> {
  const { indent = 0, tagged = false } = options;
  if (!Number.isInteger(indent) || indent < 0 || indent > 10) {
    throw new StorageError("invalid-argument", `indent must be an integer from 0 to 10: received ${indent}`);
  }
  return {
    name: "json",
    suffixes: [".json"],
    encode: (value) => encodeJson(value, indent, tagged),
    decode: (bytes) => tagged ? untag(parse(bytes)) : parse(bytes),
  };
}

function encodeJson(value: unknown, indent: number, tagged: boolean): Uint8Array {
  const plain = tagged ? tag(value) : value;
  // What tag() returns is plain by construction and has no -0.
  const negativeZero = !tagged && checkPlain(value);
  return encoder.encode(stringify(plain, negativeZero ? keepNegativeZero : undefined, indent));
}

function stringify(
  value: unknown,
  replacer: ((key: string, value: unknown) => unknown) | undefined,
  indent: number,
): string {
  try {
    return JSON.stringify(value, replacer, indent);
  } catch (cause) {
    // The walk before this leaves two reasons: a longer string than there can be, or a caller deep in its own stack.
    throw new StorageError("invalid-value", "the value is too large or too deeply nested for JSON", { cause });
  }
}

function keepNegativeZero(_key: string, value: unknown): unknown {
  return Object.is(value, -0) ? rawJSON("-0") : value;
}

function parse(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    throw new StorageError("corrupt", `JSON is not UTF-8, or too long for a string (${bytes.length} bytes)`, { cause });
  }
  if (text.trim() === "") throw new StorageError("corrupt", "JSON is empty: not even null");
  try {
    return JSON.parse(text);
  } catch (cause) {
    const { message } = cause as Error;
    const at = message.includes("at position") ? "" : ` at position ${errorPosition(text)}`;
    throw new StorageError("corrupt", `not JSON: ${message}${at}`, { cause });
  }
}

/** The longest text that is parsed again and again to find its error. */
const SEARCHED = 1 << 20;

/** Where the token is that should not be there: the longest beginning that only lacks an end. V8 does not always say it. */
function errorPosition(text: string): number | string {
  if (text.length > SEARCHED) return "unknown";
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (hasBadToken(text.slice(0, middle))) bad = middle;
    else good = middle;
  }
  return good;
}

function hasBadToken(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return (error as Error).message.startsWith("Unexpected token");
  }
}
