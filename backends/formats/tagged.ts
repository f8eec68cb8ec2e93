/**
 * {@linkcode tag}: more than JSON knows, in JSON. `untag` in `untag.ts` turns it back.
 *
 * A value that JSON has no word for becomes an object with the one key `$tag`, holding a name and what it takes to make the value
 * again: `{"$tag":["Date","1970-01-01T00:00:00.000Z"]}`. An object that has a key `$tag` of its own becomes
 * `{"$tag":["Object",[[key, value], …]]}`, so that nothing that was saved is mistaken for a tag.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { describeType } from "./describe.ts";
import { checkArray, HOLE, MAX_DEPTH, type Place, recordKeys, refused, tooDeep } from "./plain.ts";

/** The reserved key. */
export const TAG = "$tag";

/** Digits of a bigint: more take longer than linear time to read, which strangers could use. */
export const MAX_DIGITS = 1_000_000;

/** What is made of a buffer. */
export interface View {
  new (buffer: ArrayBuffer): unknown;
  readonly prototype: object;
  readonly BYTES_PER_ELEMENT?: number;
}

/** The views that are kept as the base64 of their bytes. */
export const VIEWS = {
  DataView,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float16Array,
  Float32Array,
  Float64Array,
} satisfies Record<string, View>;

/**
 * Keeps the bytes of a buffer elsewhere, and answers the number they have there.
 *
 * @param bytes A view on the buffer, not a copy.
 * @returns The number, which takes the place of base64 in the tag.
 */
export type KeepBytes = (bytes: Uint8Array) => number;

/** Every class that has a tag. */
const CLASSES = { Date, RegExp, Map, Set, ArrayBuffer, ...VIEWS };

/**
 * Turns a value into one that plain `JSON.stringify` writes and `untag` turns back: plain values, and `undefined`, `NaN`,
 * ±`Infinity`, `-0`, `bigint`, `Date` (an invalid one too), `Map`, `Set`, `RegExp`, typed arrays, `ArrayBuffer` and `DataView` at any depth.
 *
 * A typed array keeps exactly its elements, bit by bit, not the rest of its buffer. Of an object that is met twice, two come back.
 *
 * @param value The value.
 * @param keep Keeps the bytes of buffers and of typed arrays elsewhere, in shared memory too; `undefined` puts them into the
 * tag, as base64.
 * @returns Plain JSON data; a part that is plain already may be shared with `value`.
 * @throws {StorageError} `invalid-value` for functions, symbols, instances of other classes, cycles and array holes, with the place.
 *
 * @example
 * ```ts
 * import { tag, untag } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const value = new Map([["a", new Float32Array([1.5])]]);
 * const line = JSON.stringify(tag(value));
 * assert.equal(line, '{"$tag":["Map",[["a",{"$tag":["Float32Array","AADAPw=="]}]]]}');
 * assert.deepEqual(untag(JSON.parse(line)), value);
 * ```
 */
export function tag(value: unknown, keep?: KeepBytes): unknown {
  const place: Place = [];
  try {
    return tagPart(value, place, 0, 0, keep);
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(place, error);
    if (error instanceof TypeError) {
      throw new StorageError("invalid-value", "an object only looks like a Map, Set or buffer, or is detached", {
        cause: error,
      });
    }
    throw error;
  }
}

/** `depth` counts the keys that lead here, `level` the nesting in JSON, which a tag makes deeper. */
function tagPart(value: unknown, place: Place, depth: number, level: number, keep?: KeepBytes): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return value - value === 0 && !Object.is(value, -0)
        ? value
        : tagged("number", Object.is(value, -0) ? "-0" : String(value));
    case "undefined":
      return { [TAG]: ["undefined"] };
    case "bigint":
      return tagBigInt(value, place, depth);
    case "object":
      if (value === null) return value;
      // A Map's value sits four levels deeper: object, list, list of entries, entry.
      if (level > MAX_DEPTH - 4) throw tooDeep(place.slice(0, depth));
      return Array.isArray(value)
        ? tagArray(value, place, depth, level, keep)
        : tagObject(value, place, depth, level, keep);
  }
  throw refused(place, depth, `a ${typeof value} cannot be kept`);
}

function tagBigInt(value: bigint, place: Place, depth: number): unknown {
  const digits = String(value);
  if (digits.length > MAX_DIGITS) {
    throw refused(place, depth, `a bigint of ${digits.length} digits; at most ${MAX_DIGITS} are kept`);
  }
  return tagged("bigint", digits);
}

function tagged(name: string, ...content: unknown[]): unknown {
  return { [TAG]: [name, ...content] };
}

function tagArray(array: unknown[], place: Place, depth: number, level: number, keep?: KeepBytes): unknown[] {
  checkArray(array, place, depth);
  const copy = new Array<unknown>(array.length);
  for (let i = 0; i < array.length; i++) {
    place[depth] = i;
    const value = array[i];
    if (value === undefined && !Object.hasOwn(array, i)) throw refused(place, depth + 1, HOLE);
    copy[i] = tagPart(value, place, depth + 1, level + 1, keep);
  }
  return copy;
}

function tagRecord(record: object, place: Place, depth: number, level: number, keep?: KeepBytes): unknown {
  const entries = recordKeys(record, place, depth).map((key): [string, unknown] => {
    place[depth] = key;
    return [key, tagPart((record as Record<string, unknown>)[key], place, depth + 1, level + 1, keep)];
  });
  return Object.hasOwn(record, TAG) ? tagged("Object", entries) : Object.fromEntries(entries);
}

function tagObject(value: object, place: Place, depth: number, level: number, keep?: KeepBytes): unknown {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return tagRecord(value, place, depth, level, keep);
  const name = className(value);
  if (name === undefined || prototype !== CLASSES[name].prototype) {
    throw refused(place, depth, `${describeType(value)} cannot be kept`);
  }
  // The keys of a typed array are its elements; a RegExp has lastIndex.
  if (!ArrayBuffer.isView(value) && Reflect.ownKeys(value).length > (name === "RegExp" ? 1 : 0)) {
    throw refused(place, depth, `the properties that were added to ${describeType(value)} would be lost`);
  }
  if (value instanceof Date) return tagged(name, Number.isNaN(value.getTime()) ? null : value.toISOString());
  if (value instanceof RegExp) return tagged(name, value.source, value.flags, value.lastIndex);
  if (value instanceof ArrayBuffer) {
    const bytes = new Uint8Array(value, 0, value.byteLength);
    return tagged(name, keep ? keep(bytes) : toBase64(bytes, place, depth));
  }
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    if (keep) return tagged(name, keep(bytes));
    if (!(value.buffer instanceof ArrayBuffer)) throw refused(place, depth, "shared memory would come back as a copy");
    return tagged(name, toBase64(bytes, place, depth));
  }
  const items = [...value as Map<unknown, unknown> | Set<unknown>].map((item, i) => {
    place[depth] = i;
    if (value instanceof Set) return tagPart(item, place, depth + 1, level + 3, keep);
    return (item as [unknown, unknown]).map((part) => tagPart(part, place, depth + 1, level + 4, keep));
  });
  return tagged(name, items);
}

/** The name of the built-in class of a value, from the inside: a changed prototype or constructor does not hide it. */
function className(value: object): keyof typeof CLASSES | undefined {
  if (Object.hasOwn(value, Symbol.toStringTag)) return undefined;
  const name = Object.prototype.toString.call(value).slice(8, -1);
  return Object.hasOwn(CLASSES, name) ? name as keyof typeof CLASSES : undefined;
}

function toBase64(bytes: Uint8Array, place: Place, depth: number): string {
  try {
    return bytes.toBase64();
  } catch {
    throw refused(place, depth, `${bytes.length} bytes are too many for JSON; save them as .npy`);
  }
}
