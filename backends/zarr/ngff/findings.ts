/**
 * {@linkcode Findings}: what is wrong with a document.
 *
 * @module
 */

import { isObject, type Json, type JsonObject } from "../json.ts";
import { shown } from "../metadata.ts";

/** Collects what is wrong with a document, each with the place in it. */
export class Findings {
  /** What is wrong, in the order of the document. */
  readonly problems: string[] = [];

  /** Notes that something is wrong at a place. */
  add(place: string, problem: string): void {
    this.problems.push(place === "" ? problem : `${place}: ${problem}`);
  }

  /** An object; `undefined` if it is something else, which is noted. */
  object(value: Json | undefined, place: string): JsonObject | undefined {
    if (isObject(value)) return value;
    this.add(place, `must be an object: it is ${shown(value)}`);
    return undefined;
  }

  /** A list of at least so many, each once; empty if it is something else, which is noted. */
  list(value: Json | undefined, place: string, minimum: number, maximum = Infinity): readonly Json[] {
    if (!Array.isArray(value) || value.length < minimum || value.length > maximum) {
      const count = maximum === Infinity ? `at least ${minimum}` : `${minimum} to ${maximum}`;
      this.add(place, `must be a list of ${count}: it is ${shown(value)}`);
      return [];
    }
    const keys = value.map((item) => isObject(item) ? keyOf(item) : undefined);
    for (const index of repeated(keys)) this.add(`${place}[${index}]`, "is in the list twice");
    return value;
  }

  /** A text; `undefined` if it is something else, which is noted. */
  text(value: Json | undefined, place: string, pattern?: RegExp): string | undefined {
    if (typeof value === "string" && (pattern === undefined || pattern.test(value))) return value;
    this.add(place, `must be a text${pattern === undefined ? "" : ` like ${pattern.source}`}: it is ${shown(value)}`);
    return undefined;
  }

  /** An integer of at least so much; `undefined` if it is something else, which is noted. */
  integer(value: Json | undefined, place: string, minimum = -Infinity): number | undefined {
    if (typeof value === "number" && Number.isInteger(value) && value >= minimum) return value;
    const bound = minimum === -Infinity ? "" : ` of at least ${minimum}`;
    this.add(place, `must be an integer${bound}: it is ${shown(value)}`);
    return undefined;
  }

  /** A finite number; `undefined` if it is something else, which is noted. */
  number(value: Json | undefined, place: string): number | undefined {
    if (typeof value === "number" && Number.isFinite(value)) return value;
    this.add(place, `must be a number: it is ${shown(value)}`);
    return undefined;
  }

  /** Notes whatever is in a list of texts twice. */
  distinct(values: readonly (string | undefined)[], place: string, what: string): void {
    for (const index of repeated(values)) this.add(place, `two ${what} are called "${values[index]}"`);
  }
}

/** Where something is that was there before. */
function repeated(values: readonly (string | undefined)[]): number[] {
  const seen = new Set<string | undefined>();
  return values.flatMap((value, index) => {
    const before = value !== undefined && seen.has(value);
    seen.add(value);
    return before ? [index] : [];
  });
}

/** A text that two values share if they are equal, whatever the order of their keys. */
function keyOf(value: Json): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return `${part}n`;
    return isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1)) : part;
  });
}
