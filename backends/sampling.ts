/**
 * Sampling a region of an image.
 *
 * @module
 */

import { StorageError } from "./errors.ts";
import { dataTypes, isNdArray, type NdArray, sizeOf, stridesOf } from "./formats/ndarray.ts";
import { packed } from "./formats/packed.ts";

/** Which part of an image to load. Axes are y, x: the last two of the array. */
export interface ImageSamplingRequest {
  /**
   * First row and column.
   *
   * @default {[0, 0]}
   */
  readonly originYx?: readonly [number, number] | undefined;
  /**
   * Height and width; cut at the edge of the image.
   *
   * @default {[32, 32]}
   */
  readonly shapeYx?: readonly [number, number] | undefined;
  /**
   * Which resolution of a pyramid, 0 being the full one.
   *
   * @default {undefined} the first that is no larger than `maxAutoResolutionSize`
   */
  readonly resolutionIndex?: number | undefined;
  /**
   * Largest height and width that are chosen by themselves.
   *
   * @default {1024}
   */
  readonly maxAutoResolutionSize?: number | undefined;
}

/** A part of an image, and what it is a part of. */
export interface ImageSamplingResult {
  /** The part. */
  readonly data: NdArray;
  /** What statistics of the image are to be taken from. */
  readonly statisticsData: NdArray;
  /** What `statisticsData` is: the whole image at full or at the chosen resolution, or no more than the part. */
  readonly statisticsScope: "source-resolution" | "selected-resolution" | "sample";
  /** Shape of the image at full resolution. */
  readonly sourceShape: readonly number[];
  /** Shape of the image at the resolution chosen. */
  readonly resolutionShape: readonly number[];
  /** First row and column of the part. */
  readonly sampleOriginYx: readonly [number, number];
  /** The resolution chosen. */
  readonly selectedResolutionIndex: number;
  /** How many there are. */
  readonly resolutionCount: number;
  /** How many pixels of the source make one, along y and x. */
  readonly downsampleYx: readonly [number, number];
}

/**
 * Cuts a region out of the last two axes of an array.
 *
 * @param image The value loaded.
 * @param request Which region.
 * @param path The path, for messages.
 * @returns The region, packed in C order; empty if it begins beyond the edge.
 * @throws {StorageError} `invalid-argument` if the image is not an array of two or more axes, if a number of the request is not a
 * non-negative integer (sizes: positive), or for a resolution other than 0.
 *
 * @example
 * ```ts
 * import { sampleImage } from "@polystore/polystore/backend";
 * import { ndarray } from "@polystore/polystore/formats";
 * import assert from "node:assert/strict";
 *
 * const image = ndarray(new Uint8Array([0, 1, 2, 3, 4, 5]), [2, 3]);
 * const { data } = sampleImage(image, { originYx: [0, 1], shapeYx: [2, 2] });
 * assert.deepEqual([...data.data], [1, 2, 4, 5]);
 * ```
 */
export function sampleImage(image: unknown, request: ImageSamplingRequest = {}, path?: string): ImageSamplingResult {
  const { start, size } = sampledRegion(isNdArray(image) ? image.shape : [], request, path);
  const { shape } = image as NdArray;
  const axis = shape.length - 2;
  const region = [...shape.slice(0, axis), ...size];
  return {
    data: cutRegion(image as NdArray, dotOf(start, (image as NdArray).stride.slice(axis)), region),
    statisticsData: image as NdArray,
    statisticsScope: "source-resolution",
    sourceShape: shape,
    resolutionShape: shape,
    sampleOriginYx: start,
    selectedResolutionIndex: 0,
    resolutionCount: 1,
    downsampleYx: [1, 1],
  };
}

/** A region of the last two axes of an image. */
export interface SampledRegion {
  /** First row and column. */
  readonly start: [number, number];
  /** Height and width, cut at the edge; none if it begins beyond. */
  readonly size: [number, number];
}

/**
 * Which region of an image of one resolution a request asks for.
 *
 * @param shape Shape of the image.
 * @param request The request.
 * @param path The path, for messages.
 * @returns The region.
 * @throws {StorageError} `invalid-argument`, as {@linkcode sampleImage} does.
 *
 * @example
 * ```ts
 * import { sampledRegion } from "@polystore/polystore/backend";
 * import assert from "node:assert/strict";
 *
 * const region = sampledRegion([3, 100, 20], { originYx: [90, 0], shapeYx: [32, 32] });
 * assert.deepEqual(region, { start: [90, 0], size: [10, 20] });
 * ```
 */
export function sampledRegion(
  shape: readonly number[],
  request: ImageSamplingRequest = {},
  path?: string,
): SampledRegion {
  const { originYx = [0, 0], shapeYx = [32, 32], resolutionIndex = 0, maxAutoResolutionSize = 1024 } = request;
  const numbers = [...originYx, ...shapeYx.map((size) => size - 1), resolutionIndex, maxAutoResolutionSize - 1];
  if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) {
    throw refused("origin and resolution must be non-negative integers, sizes positive ones", path);
  }
  if (resolutionIndex !== 0) throw refused(`there is one resolution, 0: received ${resolutionIndex}`, path);
  if (shape.length < 2) throw refused("only an array of two or more axes can be sampled", path);
  const [rows, columns] = shape.slice(-2) as [number, number];
  const start: [number, number] = [Math.min(originYx[0], rows), Math.min(originYx[1], columns)];
  const size: [number, number] = [Math.min(shapeYx[0], rows - start[0]), Math.min(shapeYx[1], columns - start[1])];
  return { start, size };
}

function dotOf(position: readonly number[], stride: readonly number[]): number {
  return position.reduce((sum, index, axis) => sum + index * stride[axis]!, 0);
}

function cutRegion(image: NdArray, offset: number, shape: number[]): NdArray {
  const numbers = dataTypes[image.dtype].parts;
  const data = sizeOf(shape) === 0
    ? image.data.slice(0, 0)
    : packed({ ...image, data: image.data.subarray(offset * numbers), shape });
  return { dtype: image.dtype, data, shape, stride: stridesOf(shape) };
}

function refused(detail: string, path: string | undefined): StorageError {
  return new StorageError("invalid-argument", detail, { path });
}
