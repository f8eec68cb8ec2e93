/**
 * Reading the configuration of a codec.
 *
 * @module
 */

import type { JsonObject } from "../json.ts";
import { malformed, shown } from "../metadata.ts";

/** An integer of a configuration. */
export function integerOf(
  configuration: JsonObject,
  name: string,
  { minimum, maximum, otherwise }: { minimum: number; maximum: number; otherwise?: number },
): number {
  const value = configuration[name] ?? otherwise;
  if (typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  throw malformed(`${name} must be an integer from ${minimum} to ${maximum}: it is ${shown(value)}`);
}

/** One of some words. */
export function wordOf<W extends string>(
  configuration: JsonObject,
  name: string,
  words: readonly W[],
  otherwise?: W,
): W {
  const value = configuration[name] ?? otherwise;
  const word = words.find((word) => word === value);
  if (word !== undefined) return word;
  throw malformed(`${name} must be one of ${words.join(", ")}: it is ${shown(value)}`);
}
