/**
 * {@linkcode cloneValue}: an exact copy, or a refusal.
 *
 * @module
 */

import { StorageError } from "./errors.ts";

/**
 * Copies a value so that nothing is shared and nothing is changed: plain objects and arrays (with holes, cycles and
 * repeated references), primitives, `Date`, `RegExp`, `Map`, `Set`, typed arrays (only the bytes they show), `ArrayBuffer`,
 * `DataView`; `Blob` and `File`, which cannot change, are kept.
 *
 * @typeParam T The value.
 * @param value What to copy.
 * @returns The copy.
 * @throws {StorageError} `invalid-value` for what a copy would change: functions, class instances, accessors.
 *
 * @example
 * ```ts
 * import { cloneValue } from "@polystore/polystore/backend";
 * import assert from "node:assert/strict";
 *
 * const value = { when: new Date(0), counts: new Uint8Array([1, 2]).subarray(1) };
 * const copy = cloneValue(value);
 * assert.deepEqual(copy, value);
 * assert.notEqual(copy.counts, value.counts);
 * assert.equal(copy.counts.buffer.byteLength, 1);
 * assert.throws(() => cloneValue({ f: () => 1 }), { code: "invalid-value" });
 * ```
 */
export function cloneValue<T>(value: T): T {
  if (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol") return value;
  if (value instanceof Uint8Array) return cloneView(value);
  try {
    return new Cloner().clone(value, "") as T;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StorageError("invalid-value", "it is nested too deeply to be copied", { cause: error });
  }
}

/**
 * Copies a value once, as {@linkcode cloneValue} does, to make more copies of it later: those of plain trees (JSON, typed arrays, bytes) take a
 * fraction of the time.
 *
 * @typeParam T The value.
 * @param value What to copy.
 * @returns What makes a copy each time, and shares none of them.
 * @throws {StorageError} `invalid-value` for what a copy would change.
 *
 * @example
 * ```ts
 * import { copiesOf } from "@polystore/polystore/backend";
 * import assert from "node:assert/strict";
 *
 * const value = { counts: [1, 2] };
 * const copy = copiesOf(value);
 * value.counts.push(3);
 * copy().counts.push(4);
 * assert.deepEqual(copy(), { counts: [1, 2] });
 * ```
 */
export function copiesOf<T>(value: T): () => T {
  if (value instanceof Uint8Array) {
    const kept = cloneView(value);
    return () => new Uint8Array(kept) as T;
  }
  const kept = cloneValue(value);
  if (typeof kept !== "object" || kept === null) return () => kept;
  return isPlainTree(kept, new Set()) ? () => copyPlain(kept) as T : () => cloneValue(kept);
}

/** Whether a value, a copy of ours, is made of nothing but plain objects, lists without holes and typed arrays, each there once. */
function isPlainTree(value: unknown, seen: Set<object>): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (seen.has(value)) return false;
  seen.add(value);
  if (isTypedArray(value)) return true;
  const list = Array.isArray(value);
  if (!list && Object.getPrototypeOf(value) !== Object.prototype) return false;
  const keys = Object.keys(value);
  if (list ? keys.length !== value.length : Object.hasOwn(value, "__proto__")) return false;
  return keys.every((key) => isPlainTree((value as Record<string, unknown>)[key], seen));
}

function copyPlain(value: object): object {
  if (Array.isArray(value)) {
    const copy = value.slice();
    for (let i = 0; i < copy.length; i++) {
      const item: unknown = copy[i];
      if (typeof item === "object" && item !== null) copy[i] = copyPlain(item);
    }
    return copy;
  }
  if (isTypedArray(value)) return cloneView(value);
  const copy: Record<string, unknown> = { ...value };
  for (const key in copy) {
    const item = copy[key];
    if (typeof item === "object" && item !== null) copy[key] = copyPlain(item);
  }
  return copy;
}

class Cloner {
  readonly #copies = new Map<object, unknown>();

  /** Copies one value; `place` tells where it is, for messages. */
  clone(value: unknown, place: string): unknown {
    if (typeof value === "function" || typeof value === "symbol") throw refused(`a ${typeof value}`, place);
    if (typeof value !== "object" || value === null) return value;
    const seen = this.#copies.get(value);
    if (seen !== undefined) return seen;
    if (Array.isArray(value)) return this.#array(value, place);
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) {
      return this.#properties(value, this.#note(value, Object.create(prototype)), place);
    }
    const copy = copyBuiltIn(value);
    if (copy !== undefined) return this.#note(value, this.#only(value, copy, place));
    if (prototype === Map.prototype) return this.#map(value as Map<unknown, unknown>, place);
    if (prototype === Set.prototype) return this.#set(value as Set<unknown>, place);
    throw refused(`an instance of ${prototype.constructor?.name || "a class"}`, place);
  }

  #note<C>(value: object, copy: C): C {
    this.#copies.set(value, copy);
    return copy;
  }

  #array(value: unknown[], place: string): unknown[] {
    if (Object.getPrototypeOf(value) !== Array.prototype) throw refused("a subclass of Array", place);
    const copy = this.#note(value, new Array(value.length));
    // Going by keys keeps holes, and what else hangs on the array.
    return this.#properties(value, copy, place) as unknown[];
  }

  #properties(value: object, copy: object, place: string): object {
    const keys = Reflect.ownKeys(value);
    for (const key of keys) {
      if (typeof key === "symbol") throw refused("a property named by a symbol", place);
      const descriptor = Reflect.getOwnPropertyDescriptor(value, key)!;
      const at = place === "" ? key : `${place}.${key}`;
      if (key === "length" && Array.isArray(value)) continue;
      if (!("value" in descriptor)) throw refused("an accessor", at);
      if (!descriptor.enumerable) throw refused("a hidden property", at);
      const copied = this.clone(descriptor.value, at);
      if (key === "__proto__") Object.defineProperty(copy, key, { ...PLAIN, value: copied });
      else (copy as Record<string, unknown>)[key] = copied;
    }
    return copy;
  }

  #map(value: Map<unknown, unknown>, place: string): Map<unknown, unknown> {
    const copy = this.#note(value, this.#only(value, new Map<unknown, unknown>(), place));
    for (const [key, item] of value) copy.set(this.clone(key, `${place} key`), this.clone(item, `${place} value`));
    return copy;
  }

  #set(value: Set<unknown>, place: string): Set<unknown> {
    const copy = this.#note(value, this.#only(value, new Set<unknown>(), place));
    for (const item of value) copy.add(this.clone(item, `${place} item`));
    return copy;
  }

  /** Refuses properties hung on a built-in, which its copy would lack. */
  #only<C>(value: object, copy: C, place: string): C {
    if (ArrayBuffer.isView(value)) return copy; // its own keys are its elements
    const expected = value instanceof RegExp ? 1 : 0; // lastIndex
    if (Reflect.ownKeys(value).length !== expected) throw refused("properties on a built-in object", place);
    return copy;
  }
}

const PLAIN = { configurable: true, enumerable: true, writable: true };

function copyBuiltIn(value: object): unknown {
  switch (Object.getPrototypeOf(value)) {
    case Date.prototype:
      return new Date((value as Date).getTime());
    case ArrayBuffer.prototype:
      return (value as ArrayBuffer).slice(0);
    case DataView.prototype: {
      const { buffer, byteOffset, byteLength } = value as DataView;
      return new DataView(buffer.slice(byteOffset, byteOffset + byteLength));
    }
    case RegExp.prototype: {
      const copy = new RegExp(value as RegExp);
      copy.lastIndex = (value as RegExp).lastIndex;
      return copy;
    }
  }
  if (value instanceof Blob) return value;
  return isTypedArray(value) ? cloneView(value) : undefined;
}

const TypedArray = Object.getPrototypeOf(Uint8Array);

function isTypedArray(value: object): value is Uint8Array {
  return value instanceof TypedArray;
}

/** Copies what a view shows; a `Buffer` comes back as the `Uint8Array` it is. */
function cloneView<V extends Uint8Array>(value: V): V {
  const constructor = (value instanceof Uint8Array ? Uint8Array : (value as object).constructor) as typeof Uint8Array;
  return new constructor(value) as V;
}

function refused(what: string, place: string): StorageError {
  const where = place === "" ? "" : ` at ${place}`;
  return new StorageError(
    "invalid-value",
    `${what}${where} cannot be copied exactly; pass { policy: "reference" } to keep the very object`,
  );
}
