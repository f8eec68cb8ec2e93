/**
 * {@linkcode checkPlain}: whether JSON keeps a value exactly.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { describeType } from "./describe.ts";

/**
 * Levels of nesting that are written and read. The native functions need a stack frame or two a level; this stays well within the
 * default stack, so that what one program saves another can load.
 */
export const MAX_DEPTH = 2000;

/** What the standard library of TypeScript does not list yet. */
interface RawJson {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}

/** Text that `JSON.stringify` takes over as it is. */
export const { rawJSON, isRawJSON } = JSON as unknown as RawJson;

/** Up to this length counting the keys of an array is cheaper than collecting its values. */
const SHORT = 32;

/** The keys that lead to the value at hand. Only the first `depth` count: going back up leaves the rest behind. */
export type Place = (string | number)[];

/**
 * Checks that `JSON.parse(JSON.stringify(value))` equals `value`.
 *
 * @param value Anything.
 * @returns Whether it holds a −0, which `JSON.stringify` would write as 0.
 * @throws {StorageError} `invalid-value` for the first part that would not come back, with its place.
 */
export function checkPlain(value: unknown): boolean {
  const place: Place = [];
  try {
    return walk(value, place, 0);
  } catch (error) {
    // The caller may be deep in its own stack.
    if (error instanceof RangeError) throw tooDeep(place, error);
    throw error;
  }
}

function walk(value: unknown, place: Place, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return false;
    case "number":
      if (value - value === 0) return value === 0 && Object.is(value, -0);
      throw refused(place, depth, `${value} would come back as null`, true);
    case "object":
      if (value === null) return false;
      if (depth === MAX_DEPTH) throw tooDeep(place.slice(0, depth), value);
      return Array.isArray(value) ? walkArray(value, place, depth) : walkRecord(value, place, depth);
  }
  throw refused(place, depth, reasonFor(value), value === undefined || typeof value === "bigint");
}

function walkArray(array: unknown[], place: Place, depth: number): boolean {
  let negativeZero = false;
  checkArray(array, place, depth);
  for (let i = 0; i < array.length; i++) {
    const value = array[i];
    if (typeof value === "string") continue;
    place[depth] = i;
    if (value === undefined) {
      const hole = !Object.hasOwn(array, i);
      throw refused(place, depth + 1, hole ? HOLE : "undefined would come back as null", !hole);
    }
    if (walk(value, place, depth + 1)) negativeZero = true;
  }
  return negativeZero;
}

function walkRecord(record: object, place: Place, depth: number): boolean {
  let negativeZero = false;
  for (const key of recordKeys(record, place, depth)) {
    const value = (record as Record<string, unknown>)[key];
    if (typeof value === "string") continue;
    place[depth] = key;
    if (walk(value, place, depth + 1)) negativeZero = true;
  }
  return negativeZero;
}

/** Why an array hole is refused. */
export const HOLE = "an array hole would not come back as a hole; fill it";

/**
 * Checks that an array has nothing but its elements. As many extra properties as holes are not seen here; the walk over the
 * elements meets the holes, which show as `undefined`.
 *
 * @param array The array.
 * @param place The keys that lead to it, in the first `depth` elements.
 * @param depth How many they are.
 * @throws {StorageError} `invalid-value`
 */
export function checkArray(array: unknown[], place: Place, depth: number): void {
  if (Object.getPrototypeOf(array) !== Array.prototype) {
    throw refused(place, depth, `a subclass of Array (${className(array)}) would come back as an array`);
  }
  const own = array.length <= SHORT ? Object.keys(array).length : Object.values(array).length;
  if (own > array.length) {
    const extra = Object.keys(array).find((key) => !isIndex(key, array.length));
    throw refused(place, depth, `the property ${JSON.stringify(extra)} of an array would be lost`);
  }
  if (Object.getOwnPropertySymbols(array).length > 0) throw refused(place, depth, SYMBOL);
}

function isIndex(key: string, length: number): boolean {
  return Number(key) < length && String(Number(key)) === key;
}

const SYMBOL = "a symbol key would be lost";

/**
 * The keys of a plain object, after checking that it has nothing but enumerable data properties under string keys.
 *
 * @param record The object.
 * @param place The keys that lead to it, in the first `depth` elements.
 * @param depth How many they are.
 * @returns Its keys, in order.
 * @throws {StorageError} `invalid-value`
 */
export function recordKeys(record: object, place: Place, depth: number): string[] {
  const prototype = Object.getPrototypeOf(record);
  if (prototype !== Object.prototype && prototype !== null) {
    throw refused(place, depth, reasonFor(record), TAGGED.has(className(record)));
  }
  if (prototype === null && isRawJSON(record)) throw refused(place, depth, "raw JSON would come back as what it says");
  const keys = Object.keys(record);
  if (Object.getOwnPropertyNames(record).length !== keys.length) {
    throw refused(place, depth, "a property that is not enumerable would be lost");
  }
  if (Object.getOwnPropertySymbols(record).length > 0) throw refused(place, depth, SYMBOL);
  for (const key of keys) {
    if (Object.getOwnPropertyDescriptor(record, key)!.get !== undefined) {
      place[depth] = key;
      throw refused(place, depth + 1, "a getter would come back as the value it has now");
    }
  }
  return keys;
}

/** Names of classes that `tagged: true` keeps. */
const TAGGED: ReadonlySet<string> = new Set(
  "Date Map Set RegExp ArrayBuffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array Float16Array Float32Array Float64Array"
    .split(" "),
);

function className(value: object): string {
  return describeType(Object.create(Object.getPrototypeOf(value))).replace(/^an? /, "");
}

function reasonFor(value: unknown): string {
  if (value === undefined) return "undefined would be lost";
  if (typeof value === "bigint") return "a bigint has no form in JSON";
  if (typeof value !== "object" || value === null) return `a ${typeof value} cannot be kept`;
  const what = describeType(value);
  return value instanceof Date ? "a Date would come back as a string" : `${what} would come back as a plain object`;
}

/**
 * The error for a part of a value.
 *
 * @param place The keys that lead to it, in the first `depth` elements.
 * @param depth How many they are.
 * @param reason What would happen to it.
 * @param tagged Whether the option `tagged` would keep it.
 * @returns The error.
 */
export function refused(place: Place, depth: number, reason: string, tagged = false): StorageError {
  const hint = tagged ? "; pass format json({ tagged: true }) on save and load" : "";
  return new StorageError("invalid-value", `at ${formatPlace(place.slice(0, depth))}: ${reason}${hint}`);
}

/**
 * The error for a value that is nested too deeply, or for ever.
 *
 * @param place The keys that lead to it.
 * @param cause The error of the engine, if it was the one to notice.
 * @returns The error.
 */
export function tooDeep(place: Place, cause?: unknown): StorageError {
  const where = formatPlace(place.slice(0, 8)) + (place.length > 8 ? "…" : "");
  const options = cause instanceof Error ? { cause } : {};
  return new StorageError("invalid-value", `at ${where}: a cycle, or nesting deeper than ${MAX_DEPTH} levels`, options);
}

/** `rows[3].when`, `["not a name"]`, `the top`. */
function formatPlace(place: Place): string {
  if (place.length === 0) return "the top";
  return place.map((key, i) => {
    if (typeof key === "number") return `[${key}]`;
    if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `[${JSON.stringify(key)}]`;
    return i === 0 ? key : `.${key}`;
  }).join("");
}
