/**
 * `transpose`: the axes of a chunk in another order.
 *
 * @see {@link https://zarr-specs.readthedocs.io/en/latest/v3/codecs/transpose/index.html Zarr v3: transpose}
 * @module
 */

import { dataTypes, type TypedArray } from "../../formats/ndarray.ts";
import { wordsOf } from "../../formats/packed.ts";
import { stridesOf } from "../../formats/shape.ts";
import type { Elements, ZarrDataType } from "../data_type.ts";
import type { Json, JsonObject } from "../json.ts";
import { malformed, shown } from "../metadata.ts";
import type { ChunkSpec, ElementsCodec } from "./codec.ts";

/** Makes the codec. */
export function transpose(configuration: JsonObject, chunk: ChunkSpec): ElementsCodec {
  const order = orderOf(configuration.order, chunk.shape.length);
  const shape = order.map((axis) => chunk.shape[axis]!);
  const back = order.map((_, axis) => order.indexOf(axis));
  return {
    kind: "elements",
    output: { ...chunk, shape },
    encode: (elements) => permuted(elements, chunk.type, chunk.shape, order),
    decode: (elements) => permuted(elements, chunk.type, shape, back),
  };
}

/** The order of the axes; "C" and "F" are words of older drafts. */
function orderOf(value: Json | undefined, rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  if (value === "C") return axes;
  if (value === "F") return axes.reverse();
  if (Array.isArray(value) && value.length === rank && axes.every((axis) => value.includes(axis))) {
    return [...value] as number[];
  }
  throw malformed(`order must be the axes 0 to ${rank - 1} in some order: it is ${shown(value)}`);
}

/** Elements are copied in squares of this side, so that both sides stay in the cache. */
const BLOCK = 32;

/**
 * Elements with their axes in another order.
 *
 * @param elements The elements, in C order.
 * @param type What they are.
 * @param shape Length of each axis.
 * @param order Which axis comes where.
 * @returns The elements, in C order of the new axes.
 */
export function permuted(
  elements: Elements,
  type: ZarrDataType,
  shape: readonly number[],
  order: readonly number[],
): Elements {
  if (order.every((axis, index) => axis === index)) return elements;
  if (Array.isArray(elements)) {
    const target = new Array<string | Uint8Array>(elements.length);
    copyPermuted(elements as unknown as Cells, target as unknown as Cells, shape, order);
    return target as Elements;
  }
  const { BYTES_PER_ELEMENT: size, length } = elements as TypedArray;
  const target = new (elements.constructor as new (length: number) => TypedArray)(length);
  // As unsigned integers, so that no NaN loses its bits; those of one element are one more axis, which stays the last.
  const [from, to] = [wordsOf(elements as TypedArray, size), wordsOf(target, size)];
  const each = dataTypes[type.numbers!].parts * Math.max(1, size / 4);
  if (each === 1) copyPermuted(from, to, shape, order);
  else copyPermuted(from, to, [...shape, each], [...order, shape.length]);
  return target;
}

/** What is copied, whatever it is. */
type Cells = { [index: number]: unknown };

/** Copies in the order of the target, the innermost two axes that matter in squares. */
function copyPermuted(source: Cells, target: Cells, shape: readonly number[], order: readonly number[]): void {
  const strides = stridesOf(shape);
  const lengths = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const rank = lengths.length;
  const targetSteps = stridesOf(lengths);
  // The axis along which the source lies close together.
  const near = steps.indexOf(1);
  const last = rank - 1;
  if (lengths.some((length) => length === 0)) return;
  if (near === last || near < 0) return copyRuns(source, target, lengths, steps, targetSteps);
  const outer = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== near && axis !== last);
  const position = new Array<number>(rank).fill(0);
  const [rows, columns] = [lengths[near]!, lengths[last]!];
  const [rowTarget, columnSource] = [targetSteps[near]!, steps[last]!];
  while (true) {
    let from = 0;
    let to = 0;
    for (const axis of outer) {
      from += position[axis]! * steps[axis]!;
      to += position[axis]! * targetSteps[axis]!;
    }
    for (let row0 = 0; row0 < rows; row0 += BLOCK) {
      const row1 = Math.min(rows, row0 + BLOCK);
      for (let column0 = 0; column0 < columns; column0 += BLOCK) {
        const column1 = Math.min(columns, column0 + BLOCK);
        for (let row = row0; row < row1; row++) {
          for (let column = column0; column < column1; column++) {
            target[to + row * rowTarget + column] = source[from + row + column * columnSource];
          }
        }
      }
    }
    let turn = outer.length - 1;
    for (; turn >= 0; turn--) {
      const axis = outer[turn]!;
      if (++position[axis]! < lengths[axis]!) break;
      position[axis] = 0;
    }
    if (turn < 0) return;
  }
}

/** Copies where the innermost axis stays the innermost. */
function copyRuns(
  source: Cells,
  target: Cells,
  lengths: readonly number[],
  steps: readonly number[],
  targetSteps: readonly number[],
): void {
  const last = lengths.length - 1;
  const position = new Array<number>(lengths.length).fill(0);
  const run = lengths[last]!;
  const step = steps[last]!;
  while (true) {
    let from = 0;
    let to = 0;
    for (let axis = 0; axis < last; axis++) {
      from += position[axis]! * steps[axis]!;
      to += position[axis]! * targetSteps[axis]!;
    }
    for (let i = 0; i < run; i++) target[to + i] = source[from + i * step];
    let axis = last - 1;
    for (; axis >= 0; axis--) {
      if (++position[axis]! < lengths[axis]!) break;
      position[axis] = 0;
    }
    if (axis < 0) return;
  }
}
