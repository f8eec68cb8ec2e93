/**
 * {@linkcode untag}: values from tagged JSON.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { MAX_DEPTH } from "./plain.ts";
import { MAX_DIGITS, TAG, type View, VIEWS } from "./tagged.ts";

/**
 * Gives the bytes that `tag` had kept elsewhere.
 *
 * @param number Their number, as the tag has it: any number.
 * @returns All the bytes of a buffer of their own, or `undefined` if there are none of this number.
 */
export type KeptBytes = (number: number) => Uint8Array<ArrayBuffer> | undefined;

/**
 * Turns what `tag` made, after `JSON.parse`, back into the value. Safe for data of strangers: no tag makes code or
 * touches a prototype.
 *
 * @param value Parsed JSON; it is not changed.
 * @param kept Gives the bytes that were kept elsewhere, if they were.
 * @returns The value.
 * @throws {StorageError} `corrupt` for an unknown or malformed tag, and for more than 2000 levels of nesting.
 *
 * @example
 * ```ts
 * import { untag } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(untag({ n: { $tag: ["bigint", "7"] } }), { n: 7n });
 * assert.throws(() => untag({ $tag: ["Function", "alert(1)"] }), { code: "corrupt" });
 * ```
 */
export function untag(value: unknown, kept?: KeptBytes): unknown {
  try {
    return untagPart(value, 0, kept);
  } catch (error) {
    if (error instanceof RangeError) throw corrupt("nested too deeply, or too large", error);
    throw error;
  }
}

function untagPart(value: unknown, level: number, kept?: KeptBytes): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (level > MAX_DEPTH) throw corrupt(`nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) return value.map((item) => untagPart(item, level + 1, kept));
  const keys = Object.keys(value);
  if (!Object.hasOwn(value, TAG)) {
    return Object.fromEntries(
      keys.map((key) => [key, untagPart((value as Record<string, unknown>)[key], level + 1, kept)]),
    );
  }
  const content = (value as Record<string, unknown>)[TAG];
  if (keys.length !== 1 || !Array.isArray(content)) throw corrupt("a tag is one key with a list");
  return untagContent(content, level, kept);
}

function untagContent(content: unknown[], level: number, kept?: KeptBytes): unknown {
  const [name, first, ...rest] = content;
  if (name === "undefined" && content.length === 1) return undefined;
  if (name === "RegExp") return toRegExp(content);
  if (content.length === 2 && typeof first === "string" && rest.length === 0) {
    if (name === "number" && SPECIAL.has(first)) return Number(first);
    if (name === "bigint" && first.length <= MAX_DIGITS && /^(?:0|-?[1-9]\d*)$/.test(first)) return BigInt(first);
    if (name === "Date") return toDate(first);
  }
  if (content.length === 2 && (kept ? typeof first === "number" : typeof first === "string")) {
    if (name === "ArrayBuffer") return bytesOf(first, kept).buffer;
    if (typeof name === "string" && Object.hasOwn(VIEWS, name)) {
      return toView(name as keyof typeof VIEWS, bytesOf(first, kept));
    }
  }
  if (name === "Date" && first === null && content.length === 2) return new Date(NaN);
  if (content.length === 2 && Array.isArray(first)) {
    if (name === "Set") return new Set(distinct(first.map((item) => untagPart(item, level + 3, kept))));
    if (name === "Map" && first.every(isPair)) {
      const keys = distinct(first.map(([key]) => untagPart(key, level + 4, kept)));
      return new Map(first.map(([_, item], i) => [keys[i], untagPart(item, level + 4, kept)]));
    }
    if (name === "Object" && first.every(isPair) && first.every(([key]) => typeof key === "string")) {
      distinct(first.map(([key]) => key));
      return Object.fromEntries(first.map(([key, item]) => [key as string, untagPart(item, level + 1, kept)]));
    }
  }
  throw corrupt(`unknown or malformed tag ${JSON.stringify(name)?.slice(0, 40)}`);
}

const SPECIAL: ReadonlySet<string> = new Set(["NaN", "Infinity", "-Infinity", "-0"]);

function isPair(value: unknown): value is [unknown, unknown] {
  return Array.isArray(value) && value.length === 2;
}

/** Two equal keys would leave one entry of two. */
function distinct<T>(keys: T[]): T[] {
  if (new Set(keys).size !== keys.length) throw corrupt("the same key or item twice");
  return keys;
}

function toDate(iso: string): Date {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime()) || date.toISOString() !== iso) throw corrupt("a date that does not exist");
  return date;
}

function toRegExp([_, source, flags, lastIndex, ...rest]: unknown[]): RegExp {
  if (typeof source !== "string" || typeof flags !== "string" || !Number.isSafeInteger(lastIndex) || rest.length > 0) {
    throw corrupt("a RegExp is a source, flags and an index");
  }
  try {
    const expression = new RegExp(source, flags);
    expression.lastIndex = lastIndex as number;
    return expression;
  } catch (cause) {
    throw corrupt("a regular expression with an error in it", cause);
  }
}

function bytesOf(content: unknown, kept: KeptBytes | undefined): Uint8Array<ArrayBuffer> {
  const bytes = kept ? kept(content as number) : fromBase64(content as string);
  if (bytes === undefined) throw corrupt("bytes that are not there");
  return bytes;
}

function toView(name: keyof typeof VIEWS, { buffer }: Uint8Array<ArrayBuffer>): unknown {
  const Class: View = VIEWS[name];
  if (buffer.byteLength % (Class.BYTES_PER_ELEMENT ?? 1) !== 0) {
    throw corrupt(`${buffer.byteLength} bytes for a ${name}`);
  }
  return new Class(buffer);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch (cause) {
    throw corrupt("bytes that are not base64", cause);
  }
}

function corrupt(detail: string, cause?: unknown): StorageError {
  return new StorageError("corrupt", `tagged JSON: ${detail}`, { cause });
}
