/**
 * {@linkcode tag} and {@linkcode untag}: more than JSON knows, in JSON.
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

const TAG = "$tag";

/** What is made of a buffer. */
interface View {
  new (buffer: ArrayBuffer): unknown;
  readonly prototype: object;
  readonly BYTES_PER_ELEMENT?: number;
}

/** The views that are kept as the base64 of their bytes. */
const VIEWS = {
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

/** Every class that has a tag. */
const CLASSES = { Date, RegExp, Map, Set, ArrayBuffer, ...VIEWS };

/**
 * Turns a value into one that plain `JSON.stringify` writes and {@linkcode untag} turns back: plain values, and `undefined`, `NaN`,
 * ±`Infinity`, `-0`, `bigint`, `Date` (an invalid one too), `Map`, `Set`, `RegExp`, typed arrays, `ArrayBuffer` and `DataView` at any depth.
 *
 * A typed array keeps exactly its elements, bit by bit, not the rest of its buffer. Of an object that is met twice, two come back.
 *
 * @param value The value.
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
export function tag(value: unknown): unknown {
  const place: Place = [];
  try {
    return tagPart(value, place, 0, 0);
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
function tagPart(value: unknown, place: Place, depth: number, level: number): unknown {
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
      return tagged("bigint", String(value));
    case "object":
      if (value === null) return value;
      // A Map's value sits four levels deeper: object, list, list of entries, entry.
      if (level > MAX_DEPTH - 4) throw tooDeep(place.slice(0, depth));
      return Array.isArray(value) ? tagArray(value, place, depth, level) : tagObject(value, place, depth, level);
  }
  throw refused(place, depth, `a ${typeof value} cannot be kept`);
}

function tagged(name: string, ...content: unknown[]): unknown {
  return { [TAG]: [name, ...content] };
}

function tagArray(array: unknown[], place: Place, depth: number, level: number): unknown[] {
  checkArray(array, place, depth);
  const copy = new Array<unknown>(array.length);
  for (let i = 0; i < array.length; i++) {
    place[depth] = i;
    const value = array[i];
    if (value === undefined && !Object.hasOwn(array, i)) throw refused(place, depth + 1, HOLE);
    copy[i] = tagPart(value, place, depth + 1, level + 1);
  }
  return copy;
}

function tagRecord(record: object, place: Place, depth: number, level: number): unknown {
  const entries = recordKeys(record, place, depth).map((key): [string, unknown] => {
    place[depth] = key;
    return [key, tagPart((record as Record<string, unknown>)[key], place, depth + 1, level + 1)];
  });
  return Object.hasOwn(record, TAG) ? tagged("Object", entries) : Object.fromEntries(entries);
}

function tagObject(value: object, place: Place, depth: number, level: number): unknown {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return tagRecord(value, place, depth, level);
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
    return tagged(name, toBase64(new Uint8Array(value, 0, value.byteLength), place, depth));
  }
  if (ArrayBuffer.isView(value)) {
    if (!(value.buffer instanceof ArrayBuffer)) throw refused(place, depth, "shared memory would come back as a copy");
    return tagged(name, toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), place, depth));
  }
  const items = [...value as Map<unknown, unknown> | Set<unknown>].map((item, i) => {
    place[depth] = i;
    if (value instanceof Set) return tagPart(item, place, depth + 1, level + 3);
    return (item as [unknown, unknown]).map((part) => tagPart(part, place, depth + 1, level + 4));
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

/**
 * Turns what {@linkcode tag} made, after `JSON.parse`, back into the value. Safe for data of strangers: no tag makes code or
 * touches a prototype.
 *
 * @param value Parsed JSON; it is not changed.
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
export function untag(value: unknown): unknown {
  try {
    return untagPart(value, 0);
  } catch (error) {
    if (error instanceof RangeError) throw corrupt("nested too deeply, or too large", error);
    throw error;
  }
}

function untagPart(value: unknown, level: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (level > MAX_DEPTH) throw corrupt(`nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) return value.map((item) => untagPart(item, level + 1));
  const keys = Object.keys(value);
  if (!Object.hasOwn(value, TAG)) {
    return Object.fromEntries(keys.map((key) => [key, untagPart((value as Record<string, unknown>)[key], level + 1)]));
  }
  const content = (value as Record<string, unknown>)[TAG];
  if (keys.length !== 1 || !Array.isArray(content)) throw corrupt("a tag is one key with a list");
  return untagContent(content, level);
}

function untagContent(content: unknown[], level: number): unknown {
  const [name, first, ...rest] = content;
  if (name === "undefined" && content.length === 1) return undefined;
  if (name === "RegExp") return toRegExp(content);
  if (content.length === 2 && typeof first === "string" && rest.length === 0) {
    if (name === "number" && SPECIAL.has(first)) return Number(first);
    if (name === "bigint" && /^(?:0|-?[1-9]\d*)$/.test(first)) return BigInt(first);
    if (name === "Date") return toDate(first);
    if (name === "ArrayBuffer") return fromBase64(first).buffer;
    if (typeof name === "string" && Object.hasOwn(VIEWS, name)) return toView(name as keyof typeof VIEWS, first);
  }
  if (name === "Date" && first === null && content.length === 2) return new Date(NaN);
  if (content.length === 2 && Array.isArray(first)) {
    if (name === "Set") return new Set(distinct(first.map((item) => untagPart(item, level + 3))));
    if (name === "Map" && first.every(isPair)) {
      const keys = distinct(first.map(([key]) => untagPart(key, level + 4)));
      return new Map(first.map(([_, item], i) => [keys[i], untagPart(item, level + 4)]));
    }
    if (name === "Object" && first.every(isPair) && first.every(([key]) => typeof key === "string")) {
      distinct(first.map(([key]) => key));
      return Object.fromEntries(first.map(([key, item]) => [key as string, untagPart(item, level + 1)]));
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

function toView(name: keyof typeof VIEWS, base64: string): unknown {
  const { buffer } = fromBase64(base64);
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
