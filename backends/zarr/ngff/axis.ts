/**
 * {@linkcode NgffAxis}: the axes of an image.
 *
 * @see {@link https://ngff.openmicroscopy.org/0.5/#axes-md NGFF axes}
 * @module
 */

import { isObject, type Json, type JsonObject } from "../json.ts";

/** An axis of an image. */
export interface NgffAxis {
  /** Its name. */
  readonly name: string;
  /** `time`, `channel`, `space`, or anything else; `undefined` if nobody has said. */
  readonly type?: string | undefined;
  /** The unit of its scale, such as `micrometer` or `second`. */
  readonly unit?: string | undefined;
}

const TIME = /^(?:t|time|timepoint|frame)$/i;
const CHANNEL = /^(?:c|ch|channel|wavelength)$/i;
const SPACE = /^(?:[xyz]|z_?index|z_?plane|z_?stack|depth)$/i;

/** What an axis is, going by its name; `undefined` if the name does not tell. */
export function axisTypeOf(name: string): string | undefined {
  return TIME.test(name) ? "time" : CHANNEL.test(name) ? "channel" : SPACE.test(name) ? "space" : undefined;
}

/** Where axes of a type stand: time first, space last, all others between. */
export function axisRank(type: string | undefined): number {
  return type === "time" ? 0 : type === "space" ? 2 : 1;
}

/** An axis as it stands in a document. */
export function formatAxis({ name, type, unit }: NgffAxis): JsonObject {
  return { name, ...(type !== undefined && { type }), ...(unit !== undefined && { unit }) };
}

/** An axis of a document; `undefined` if it is none. */
export function parseAxis(value: Json): NgffAxis | undefined {
  if (typeof value === "string") return { name: value, type: axisTypeOf(value) };
  if (!isObject(value) || typeof value.name !== "string") return undefined;
  const { name, type, unit } = value;
  return {
    name,
    type: typeof type === "string" ? type : undefined,
    unit: typeof unit === "string" ? unit : undefined,
  };
}
