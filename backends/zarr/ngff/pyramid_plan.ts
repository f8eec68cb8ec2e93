/**
 * {@linkcode planPyramid}: which levels an image has.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { NgffAxis } from "./axis.ts";
import { checkChoice } from "./choice.ts";
import type { DownsamplingMethod } from "./downsample.ts";

/** How a pyramid is made: level after level of half the size. */
export interface PyramidOptions {
  /**
   * What becomes of the elements of which one is left: their `mean`, rounded to the nearest (halves to even), or the first,
   * `nearest`. Labels and `bool` want `nearest`.
   *
   * @default {"mean"}
   */
  method?: DownsamplingMethod | undefined;
  /**
   * How many levels there are, with the full one; fewer if nothing is left to be halved.
   *
   * @default {as many as it takes to get to `minimumSize`}
   */
  levels?: number | undefined;
  /**
   * The last level is the first whose axes are all at most this long.
   *
   * @default {256}
   */
  minimumSize?: number | undefined;
  /**
   * The names of the axes that are halved; they must be of space.
   *
   * @default {["y", "x"]}
   */
  axes?: readonly string[] | undefined;
}

/** A level of a pyramid. */
export interface PyramidLevel {
  /** Length of each axis. */
  readonly shape: readonly number[];
  /** For each axis, how many elements of the level before became one: 1 or 2. */
  readonly step: readonly number[];
  /** For each axis, how many elements of the full image became one. */
  readonly factor: readonly number[];
}

const MINIMUM_SIZE = 256;

/**
 * Which levels an image has. An odd axis is rounded up: the last element stands for what is there.
 *
 * @param shape Length of each axis of the full image.
 * @param axes Its axes.
 * @param options How the pyramid is made; `undefined` for the full level alone.
 * @returns The levels, the full one first.
 * @throws {StorageError} `invalid-argument`.
 */
export function planPyramid(
  shape: readonly number[],
  axes: readonly NgffAxis[],
  options: PyramidOptions | undefined,
): PyramidLevel[] {
  const ones = shape.map(() => 1);
  const levels: PyramidLevel[] = [{ shape: [...shape], step: ones, factor: ones }];
  if (options === undefined) return levels;
  const { levels: count, minimumSize = MINIMUM_SIZE, axes: names = ["y", "x"], method = "mean" } = options;
  checkChoice("method", method, ["mean", "nearest"]);
  for (const [name, value] of [["levels", count ?? 1], ["minimumSize", minimumSize]] as const) {
    if (!Number.isInteger(value) || value < 1) {
      throw invalid(`${name} must be an integer of at least 1: it is ${value}`);
    }
  }
  const halved = names.map((name) => {
    const axis = axes.findIndex((each) => each.name === name);
    if (axes[axis]?.type === "space") return axis;
    const spaces = axes.filter(({ type }) => type === "space").map((each) => each.name);
    throw invalid(`only axes of space are halved, [${spaces}]: ${JSON.stringify(name)} is none`);
  });
  while (true) {
    const { shape: before, factor } = levels.at(-1)!;
    const sizes = halved.map((axis) => before[axis]!);
    const done = count === undefined ? sizes.every((size) => size <= minimumSize) : levels.length >= count;
    if (done || sizes.every((size) => size <= 1)) return levels;
    const step = before.map((length, axis) => halved.includes(axis) && length > 1 ? 2 : 1);
    levels.push({
      shape: before.map((length, axis) => Math.ceil(length / step[axis]!)),
      step,
      factor: factor.map((product, axis) => product * step[axis]!),
    });
  }
}

function invalid(detail: string): StorageError {
  return new StorageError("invalid-argument", detail);
}
