/**
 * JSON in which no integer loses a digit.
 *
 * @module
 */

import { StorageError } from "../errors.ts";

/** What JSON can say; integers beyond 2^53 are `bigint`. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/** The parts of JSON that the types of this TypeScript do not know yet. */
const exactJson = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): Json;
  rawJSON(text: string): unknown;
};

const INTEGER = /^-?\d+$/;

/**
 * Reads JSON. Python writes `NaN` and `Infinity` where JSON has no word for them; they are read as the strings that Zarr
 * uses.
 *
 * @param bytes The text, in UTF-8.
 * @param path The path it was read from.
 * @returns What it says.
 * @throws {StorageError} `corrupt` if it is no JSON.
 */
export function parseJson(bytes: Uint8Array, path: string): Json {
  try {
    const text = decoder.decode(bytes);
    try {
      return parse(text);
    } catch (error) {
      const quoted = text.replace(/(?<=[[:,]\s*)(NaN|-?Infinity)(?=\s*[,\]}])/g, '"$1"');
      if (quoted === text) throw error;
      return parse(quoted);
    }
  } catch (error) {
    throw new StorageError("corrupt", `it is not JSON: ${error instanceof Error ? error.message : error}`, {
      path,
      cause: error,
    });
  }
}

function parse(text: string): Json {
  return exactJson.parse(text, (_key, value, { source }) => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    return source !== undefined && INTEGER.test(source) ? BigInt(source) : value;
  });
}

/** Reads a JSON object. */
export function parseObject(bytes: Uint8Array, path: string): JsonObject {
  const value = parseJson(bytes, path);
  if (isObject(value)) return value;
  throw new StorageError("corrupt", "it is not a JSON object", { path });
}

/** Writes JSON, indented by two. */
export function formatJson(value: Json): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify(value, (_key, part) => {
    if (typeof part === "bigint") return exactJson.rawJSON(`${part}`);
    return Object.is(part, -0) ? exactJson.rawJSON("-0.0") : part;
  }, 2);
  return encoder.encode(text);
}

/** Whether it is an object, and no array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
