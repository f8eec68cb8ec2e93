/**
 * Parts of arrays: what a selection means, and which chunks it touches.
 *
 * @module
 */

import { StorageError } from "../errors.ts";

/** Every `step`-th index from `start` to before `stop`; negative numbers count from the end, `null` is as far as it goes. */
export interface Slice {
  /** The first index. */
  readonly start: number | null;
  /** The index after the last. */
  readonly stop: number | null;
  /** From one index to the next; at least 1. */
  readonly step: number | null;
}

/**
 * What to take of each axis: `null` all of it, a number one index (the axis goes), a slice some of it. `"..."` stands for all of
 * the axes that are not named; without it they are the last ones.
 */
export type Selection = readonly (null | number | Slice | "...")[];

/**
 * Part of an axis, as Python writes it: `slice(10)` is the first ten, `slice(2, null)` all but two, `slice(null, null, 2)` every
 * second.
 *
 * @param start The first index, or with one argument the index after the last.
 * @param stop The index after the last.
 * @param step From one index to the next.
 * @returns The slice; zarrita takes it too.
 *
 * @example
 * ```ts
 * import { slice } from "@polystore/polystore/zarr";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(slice(10), { start: null, stop: 10, step: null });
 * assert.deepEqual(slice(2, 4), { start: 2, stop: 4, step: null });
 * ```
 */
export function slice(start: number | null, stop?: number | null, step: number | null = null): Slice {
  return stop === undefined ? { start: null, stop: start, step } : { start, stop, step };
}

/** What is selected of one axis. */
export interface AxisRange {
  /** The first index. */
  readonly start: number;
  /** How many. */
  readonly length: number;
  /** From one to the next. */
  readonly step: number;
  /** Whether the axis goes, because one index was asked for. */
  readonly dropped: boolean;
}

/**
 * What a selection means for an array.
 *
 * @param selection The selection; `undefined` for everything.
 * @param shape Length of each axis of the array.
 * @returns A range for each axis.
 * @throws {StorageError} `invalid-argument` if an index lies outside, or there are more than axes.
 */
export function rangesOf(selection: Selection | undefined, shape: readonly number[]): AxisRange[] {
  const asked = expanded(selection ?? [], shape.length);
  return shape.map((length, axis) => rangeOf(asked[axis] ?? null, length, axis));
}

function expanded(selection: Selection, rank: number): readonly (null | number | Slice)[] {
  const dots = selection.indexOf("...");
  const named = dots < 0 ? selection.length : selection.length - 1;
  if (named > rank || selection.lastIndexOf("...") !== dots) {
    throw invalid(`the selection names ${named} axes, but the array has ${rank}`);
  }
  const all = dots < 0 ? selection : selection.toSpliced(dots, 1, ...new Array<null>(rank - named).fill(null));
  return all as readonly (null | number | Slice)[];
}

function rangeOf(asked: null | number | Slice, length: number, axis: number): AxisRange {
  if (asked === null) return { start: 0, length, step: 1, dropped: false };
  if (typeof asked === "number") {
    const index = asked < 0 ? asked + length : asked;
    if (Number.isInteger(index) && index >= 0 && index < length) {
      return { start: index, length: 1, step: 1, dropped: true };
    }
    throw invalid(`index ${asked} is not one of axis ${axis}, which has ${length}`);
  }
  if (typeof asked !== "object") throw invalid(`${JSON.stringify(asked)} selects nothing of axis ${axis}`);
  const { start, stop, step } = asked;
  for (const number of [start, stop, step]) {
    if (number !== null && number !== undefined && !Number.isInteger(number)) {
      throw invalid(`a slice of axis ${axis} needs integers: received ${number}`);
    }
  }
  if ((step ?? 1) < 1) throw invalid(`the step of a slice must be at least 1: axis ${axis} has ${step}`);
  const first = bounded(start ?? 0, length);
  const end = bounded(stop ?? length, length);
  return { start: first, length: Math.max(0, Math.ceil((end - first) / (step ?? 1))), step: step ?? 1, dropped: false };
}

function bounded(index: number, length: number): number {
  return Math.min(length, Math.max(0, index < 0 ? index + length : index));
}

function invalid(detail: string): StorageError {
  return new StorageError("invalid-argument", detail);
}

/** What is selected of one chunk along one axis. */
export interface AxisPiece {
  /** Which chunk. */
  readonly chunk: number;
  /** The first index in the chunk. */
  readonly from: number;
  /** Where that one comes to lie in what is selected. */
  readonly to: number;
  /** How many. */
  readonly length: number;
}

/** Which chunks a range of an axis touches, and where. */
export function piecesOf({ start, length, step }: AxisRange, chunkLength: number): AxisPiece[] {
  const pieces: AxisPiece[] = [];
  for (let done = 0; done < length;) {
    const index = start + done * step;
    const chunk = Math.floor(index / chunkLength);
    const from = index - chunk * chunkLength;
    const count = Math.min(length - done, Math.ceil((chunkLength - from) / step));
    pieces.push({ chunk, from, to: done, length: count });
    done += count;
  }
  return pieces;
}

/** Every choice of one from each list, the last list turning fastest. */
export function combinations<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((all, list) => all.flatMap((before) => list.map((next) => [...before, next])), [[]]);
}
