/**
 * {@linkcode copyBox}: a box of elements from one array into another.
 *
 * @module
 */

import type { TypedArray } from "../formats/ndarray.ts";
import { dataTypes } from "../formats/ndarray.ts";
import { wordsOf } from "../formats/packed.ts";
import type { Elements, ZarrDataType } from "./data_type.ts";
import { filled, type FillValue } from "./fill_value.ts";
import { elementsToBytes } from "./elements.ts";

/** Where a box lies in elements. */
export interface Layout {
  /** The elements. */
  readonly data: Elements;
  /** Index of the first element of the box. */
  readonly offset: number;
  /** Distance of neighbours along each axis, in elements; it may be negative. */
  readonly stride: readonly number[];
}

/** How many numbers an element has: two for a complex one. */
export function partsOf(type: ZarrDataType): 1 | 2 {
  return type.numbers === undefined ? 1 : dataTypes[type.numbers].parts;
}

/** From here on `set` is faster than a loop. */
const RUN = 32;

/**
 * Copies a box of elements.
 *
 * @param source Where from.
 * @param target Where to.
 * @param shape Length of each axis of the box.
 * @param parts Numbers of an element.
 */
export function copyBox(source: Layout, target: Layout, shape: readonly number[], parts: 1 | 2): void {
  if (shape.some((length) => length === 0)) return;
  const { lengths, from, to, run } = merged(source.stride, target.stride, shape);
  const position = new Array<number>(lengths.length).fill(0);
  const [read, written] = [wordsIn(source.data), wordsIn(target.data)];
  const size = parts * read.each;
  let at = source.offset;
  let goal = target.offset;
  while (true) {
    copyRun(read.words, at * size, written.words, goal * size, run * size);
    let axis = lengths.length - 1;
    for (; axis >= 0; axis--) {
      at += from[axis]!;
      goal += to[axis]!;
      if (++position[axis]! < lengths[axis]!) break;
      at -= lengths[axis]! * from[axis]!;
      goal -= lengths[axis]! * to[axis]!;
      position[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/**
 * Fills a box with the fill value.
 *
 * @param target Where to.
 * @param shape Length of each axis of the box.
 * @param fill The fill value.
 * @param type What the elements are.
 */
export function fillBox(target: Layout, shape: readonly number[], fill: FillValue, type: ZarrDataType): void {
  // What lies together in the target is filled once, and copied to wherever else it is to be.
  const stride = shape.map(() => 0);
  let run = 1;
  for (let axis = shape.length - 1; axis >= 0 && (shape[axis] === 1 || target.stride[axis] === run); axis--) {
    stride[axis] = run;
    run *= shape[axis]!;
  }
  copyBox({ data: filled(fill, type, run), offset: 0, stride }, target, shape, partsOf(type));
}

/** Merges the axes along which both sides lie close together into one run. */
function merged(
  source: readonly number[],
  target: readonly number[],
  shape: readonly number[],
): { lengths: number[]; from: number[]; to: number[]; run: number } {
  let run = 1;
  let axis = shape.length - 1;
  for (; axis >= 0; axis--) {
    if (shape[axis] === 1) continue;
    if (source[axis] !== run || target[axis] !== run) break;
    run *= shape[axis]!;
  }
  const rest = Array.from({ length: axis + 1 }, (_, index) => index).filter((index) => shape[index] !== 1);
  return {
    lengths: rest.map((index) => shape[index]!),
    from: rest.map((index) => source[index]!),
    to: rest.map((index) => target[index]!),
    run,
  };
}

/** Elements as they are copied: numbers as unsigned integers, so that no NaN loses its bits, and how many of these each has. */
function wordsIn(data: Elements): { readonly words: Elements; readonly each: number } {
  if (!ArrayBuffer.isView(data)) return { words: data, each: 1 };
  const { BYTES_PER_ELEMENT: size } = data;
  return { words: wordsOf(data, size), each: Math.max(1, size / 4) };
}

function copyRun(source: Elements, at: number, target: Elements, goal: number, length: number): void {
  if (length >= RUN && ArrayBuffer.isView(source)) {
    return (target as Uint8Array).set((source as Uint8Array).subarray(at, at + length), goal);
  }
  const [from, to] = [source as unknown[], target as unknown[]];
  for (let i = 0; i < length; i++) to[goal + i] = from[at + i];
}

/** New elements of a type, all zero or empty. */
export function emptyElements(type: ZarrDataType, count: number): Elements {
  if (type.numbers === undefined) {
    return type.name === "string" ? new Array<string>(count).fill("") : new Array<Uint8Array>(count);
  }
  const { array, itemSize } = dataTypes[type.numbers];
  return new array(new ArrayBuffer(count * itemSize));
}

/** Smaller ones may be parts of what others use: Node.js cuts small buffers from one. */
const WORTH = 256 * 1024;

/**
 * Gives back memory at once that nobody else has: the next chunk then needs none that is new, which takes longer than many a codec,
 * and chunks do not pile up until the garbage collector comes.
 */
export function discard(data: Elements | Uint8Array): void {
  if (!ArrayBuffer.isView(data) || !(data.buffer instanceof ArrayBuffer)) return;
  if (data.buffer.byteLength >= WORTH) data.buffer.transfer(0);
}

/**
 * The elements of a box that lie one after the other, in C order.
 *
 * @param layout Where the box lies.
 * @param shape Length of each axis of the box.
 * @param type What they are.
 * @returns A view; `undefined` if they lie otherwise.
 */
export function runOf(
  { data, offset, stride }: Layout,
  shape: readonly number[],
  type: ZarrDataType,
): Elements | undefined {
  if (type.storage !== "number" || !ArrayBuffer.isView(data)) return undefined;
  let run = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && stride[axis] !== run) return undefined;
    run *= shape[axis]!;
  }
  const parts = partsOf(type);
  return (data as Uint8Array).subarray(offset * parts, (offset + run) * parts) as Elements;
}

/** Whether all elements are what they would be if nothing was written: then a chunk need not be. */
export function isFilled(elements: Elements, fill: FillValue, type: ZarrDataType): boolean {
  if (type.storage === "string") return (elements as string[]).every((text) => text === fill);
  if (type.storage === "bytes") {
    return (elements as Uint8Array[]).every((bytes) => sameBytes(bytes, fill as Uint8Array));
  }
  if (type.numbers === undefined) {
    const size = type.itemSize!;
    const bytes = elementsToBytes(elements, type);
    for (let start = 0; start < bytes.length; start += size) {
      if (!sameBytes(bytes.subarray(start, start + size), fill as Uint8Array)) return false;
    }
    return true;
  }
  return repeats(elements as TypedArray, fill as Uint8Array, type);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** By their bits, so that -0 and 0 are two, and a NaN is itself. */
function repeats({ buffer, byteOffset, byteLength }: TypedArray, fill: Uint8Array, type: ZarrDataType): boolean {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const size = type.itemSize!;
  if (!sameBytes(bytes.subarray(0, size), fill)) return bytes.length === 0;
  // Every element equals the first if the bytes equal themselves, one element later.
  if (byteOffset % 8 === 0 && size <= 8 && byteLength >= 16) {
    const words = new BigUint64Array(buffer, byteOffset, byteLength >> 3);
    const first = words[0]!;
    for (let i = 0; i < 8 / size; i++) if (!sameBytes(bytes.subarray(i * size, (i + 1) * size), fill)) return false;
    for (let i = 1; i < words.length; i++) if (words[i] !== first) return false;
    for (let i = words.length * 8; i < byteLength; i++) if (bytes[i] !== bytes[i - size]) return false;
    return true;
  }
  for (let i = size; i < byteLength; i++) if (bytes[i] !== bytes[i - size]) return false;
  return true;
}
