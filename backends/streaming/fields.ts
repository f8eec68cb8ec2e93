/**
 * Checks of headers, which strangers have written.
 *
 * @module
 */

import { corrupt } from "./frame.ts";

/** What a field must be: answers the value, or throws. */
export type Field<T> = (value: unknown, name: string) => T;

/** The checks of all fields of an object. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> };

/**
 * Checks an object: it must have these fields and no others.
 *
 * @typeParam T What it is.
 * @param value Anything that came out of JSON.
 * @param fields The checks. A field that is not there is checked as `undefined`.
 * @returns A new object.
 * @throws {StorageError} `corrupt`, with the name of the field.
 */
export function checkFields<T>(value: unknown, fields: Fields<T>): T {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw corrupt("an object is missing");
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(fields, name)) throw corrupt(`unknown field ${JSON.stringify(name.slice(0, 40))}`);
  }
  const checked = Object.entries<Field<unknown>>(fields).map(([name, check]) => {
    return [name, check(Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined, name)];
  });
  return Object.fromEntries(checked) as T;
}

/** A non-negative integer. */
export function count(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw corrupt(`${name} is no count`);
  return value as number;
}

/** A positive integer. */
export function ordinal(value: unknown, name: string): number {
  if (count(value, name) === 0) throw corrupt(`${name} must be at least 1`);
  return value as number;
}

/** A string. */
export function string(value: unknown, name: string): string {
  if (typeof value !== "string") throw corrupt(`${name} is no string`);
  return value;
}

/** A list. */
export function list(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw corrupt(`${name} is no list`);
  return value;
}

/** One of these words. */
export function oneOf<W extends string>(words: readonly W[]): Field<W> {
  return (value, name) => {
    if (!words.includes(value as W)) throw corrupt(`${name} is none of ${words.join(", ")}`);
    return value as W;
  };
}

/** Anything. */
export function anything(value: unknown): unknown {
  return value;
}
