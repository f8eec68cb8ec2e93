/**
 * {@linkcode ZarrBatchLayout}: how the planes of a batch lie in the images of a well.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";

/** What tells one place on an axis from the others. */
export type AxisValue = string | number;

/** An axis that a batch of planes goes along; `y` and `x` are those of the planes themselves. */
export interface ZarrBatchAxis {
  /** Its name: unique, neither `x` nor `y`. */
  readonly name: string;
  /** What its places are called, in order: at least one, each once. */
  readonly values: readonly AxisValue[];
  /**
   * `array` makes it an axis of the arrays; `image` makes an image (a field of view) of each value: at most one axis is that.
   *
   * @default {"array"}
   */
  readonly role?: "array" | "image" | undefined;
  /**
   * `time`, `channel`, `space`, or anything else.
   *
   * @default {what the name tells: `t`, `time`, `timepoint`; `c`, `channel`, `wavelength`; `z`, `z_index`}
   */
  readonly type?: string | undefined;
  /**
   * The unit of its scale.
   *
   * @default {undefined}
   */
  readonly unit?: string | undefined;
  /**
   * The distance from one place to the next, in that unit.
   *
   * @default {1}
   */
  readonly scale?: number | undefined;
}

/** The size of the pixels of a plane. */
export interface PixelSize {
  /** From one row to the next. */
  readonly y: number;
  /** From one column to the next. */
  readonly x: number;
  /**
   * The unit, such as `micrometer`.
   *
   * @default {undefined}
   */
  readonly unit?: string | undefined;
}

/**
 * How the planes of a batch lie in the images of a well.
 *
 * @example Two fields of two channels
 * ```ts
 * import type { ZarrBatchLayout } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * const layout: ZarrBatchLayout = {
 *   axes: [
 *     { name: "site", values: [1, 2], role: "image" },
 *     { name: "channel", values: ["DAPI", "GFP"] },
 *   ],
 *   coordinates: [[0, 0], [0, 1], [1, 0], [1, 1]],
 *   pixelSize: { y: 0.65, x: 0.65, unit: "micrometer" },
 * };
 * assert.equal(layout.coordinates.length, 4);
 * ```
 */
export interface ZarrBatchLayout {
  /** The axes. An image has at most five with `y` and `x`: one of time, one of channels or anything else, up to three of space. */
  readonly axes: readonly ZarrBatchAxis[];
  /** For each plane, in the order of the batch: its place on each axis, as an index into the values. */
  readonly coordinates: readonly (readonly number[])[];
  /**
   * The size of a pixel.
   *
   * @default {{ y: 1, x: 1 }}
   */
  readonly pixelSize?: PixelSize | undefined;
}

/**
 * Checks a layout for a number of planes. That no plane is missing is checked when they are written, as a batch may fill up
 * what is there.
 *
 * @throws {StorageError} `invalid-argument`, saying what to do.
 */
export function checkLayout(layout: ZarrBatchLayout, planes: number): void {
  const { axes, coordinates, pixelSize } = layout ?? {};
  if (!Array.isArray(axes) || !Array.isArray(coordinates)) {
    throw invalid("a layout needs a list of axes and a list of coordinates");
  }
  const names = new Set<string>();
  for (const { name, values, role, scale } of axes) {
    if (typeof name !== "string" || name === "") throw invalid("every axis of the layout needs a name");
    const quoted = JSON.stringify(name);
    if (name === "x" || name === "y") {
      throw invalid(`the axis ${quoted} is one of the planes themselves: leave it out of the layout`);
    }
    if (names.has(name)) throw invalid(`two axes are called ${quoted}: give each a name of its own`);
    names.add(name);
    if (!Array.isArray(values) || values.length === 0) {
      throw invalid(`the axis ${quoted} has no values: name at least one`);
    }
    const bad = values.find((value) => typeof value !== "string" && !Number.isFinite(value));
    if (bad !== undefined) throw invalid(`the values of the axis ${quoted} must be texts or numbers: one is ${bad}`);
    if (new Set(values).size !== values.length) {
      throw invalid(`the axis ${quoted} has a value twice: [${values}]; name each once`);
    }
    if (role !== undefined && role !== "array" && role !== "image") {
      throw invalid(`the role of the axis ${quoted} must be "array" or "image": it is ${JSON.stringify(role)}`);
    }
    if (scale !== undefined && !(Number.isFinite(scale) && scale > 0)) {
      throw invalid(`the scale of the axis ${quoted} must be a number above 0: it is ${scale}`);
    }
  }
  const images = axes.filter(({ role }) => role === "image").map(({ name }) => name);
  if (images.length > 1) {
    throw invalid(`only one axis can make images, but [${images}] are to: let the others be axes of the arrays`);
  }
  if (pixelSize !== undefined && !(pixelSize.y > 0 && pixelSize.x > 0)) {
    throw invalid("pixelSize must be above 0 along y and x");
  }
  checkCoordinates(layout, planes);
}

function checkCoordinates({ axes, coordinates }: ZarrBatchLayout, planes: number): void {
  if (coordinates.length !== planes) {
    throw invalid(`the layout has ${coordinates.length} coordinates for ${planes} planes: name one for each plane`);
  }
  const seen = new Map<string, number>();
  for (const [plane, coordinate] of coordinates.entries()) {
    if (!Array.isArray(coordinate) || coordinate.length !== axes.length) {
      throw invalid(
        `the coordinate of plane ${plane} needs one index for each of the ${axes.length} axes: it is [${coordinate}]`,
      );
    }
    for (const [axis, index] of coordinate.entries()) {
      const { name, values } = axes[axis]!;
      if (Number.isInteger(index) && index >= 0 && index < values.length) continue;
      throw invalid(
        `the coordinate of plane ${plane} is an index into the values of the axis ${JSON.stringify(name)}, ` +
          `0 to ${values.length - 1}: it is ${index}`,
      );
    }
    const key = coordinate.join();
    const other = seen.get(key);
    if (other !== undefined) {
      throw invalid(`planes ${other} and ${plane} have the same coordinate [${coordinate}]: give each its own`);
    }
    seen.set(key, plane);
  }
}

function invalid(detail: string): StorageError {
  return new StorageError("invalid-argument", detail);
}
