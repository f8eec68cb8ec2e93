/**
 * {@linkcode Batch}: the planes of a batch, checked and sorted by image.
 *
 * @module
 */

import { checkBatch } from "../../batch.ts";
import { StorageError } from "../../errors.ts";
import { type DataType, isNdArray, type NdArray } from "../../formats/ndarray.ts";
import { combinations } from "../selection.ts";
import { axisRank, axisTypeOf, type NgffAxis } from "./axis.ts";
import { type AxisValue, checkLayout, type ZarrBatchAxis, type ZarrBatchLayout } from "./batch_layout.ts";

/** An axis of the arrays of a batch. */
export interface BatchAxis extends NgffAxis {
  /** What its places are called. */
  readonly values: readonly AxisValue[];
  /** The distance from one place to the next. */
  readonly scale: number;
}

/** A plane of a batch. */
export interface BatchPlane {
  /** Its path, from the plate. */
  readonly path: string;
  /** Its place on each axis of the arrays, as an index into the values. */
  readonly index: readonly number[];
  /** Its pixels. */
  readonly data: NdArray;
}

/** The planes of one image. */
export interface BatchImage {
  /** The value of the axis that makes images, by its name; nothing if there is no such axis. */
  readonly coordinate: ReadonlyMap<string, AxisValue>;
  /** What the pixels are. */
  readonly dtype: DataType;
  /** Rows and columns of a plane. */
  readonly planeShape: readonly [number, number];
  /** The planes. */
  readonly planes: readonly BatchPlane[];
}

/** The planes of a batch, checked and sorted by image. */
export interface Batch {
  /** The axes of the arrays without those of a plane: time first, space last. */
  readonly axes: readonly BatchAxis[];
  /** All axes of an image. */
  readonly imageAxes: readonly NgffAxis[];
  /** The scale along each of them. */
  readonly scale: readonly number[];
  /** The images, in the order of their values. */
  readonly images: readonly BatchImage[];
}

/**
 * Checks the planes of a batch, and sorts them by image.
 *
 * @param data The planes.
 * @param paths Their paths, from the plate.
 * @param layout How they lie.
 * @throws {StorageError} `invalid-argument`, `invalid-value`, saying what to do.
 */
export function planBatch(data: readonly unknown[], paths: readonly string[], layout: ZarrBatchLayout): Batch {
  checkBatch(data, paths);
  if (data.length === 0) throw invalid("the batch has no planes: a well needs at least one");
  checkLayout(layout, data.length);
  const planes = data.map((plane, index) => checkPlane(plane, paths[index]!));
  const imageAxis = layout.axes.findIndex(({ role }) => role === "image");
  // The order of the axes is prescribed; within a type they stay in the order of the layout.
  const order = layout.axes.map((_, axis) => axis).filter((axis) => axis !== imageAxis)
    .sort((a, b) => axisRank(typeOf(layout.axes[a]!)) - axisRank(typeOf(layout.axes[b]!)));
  const axes = order.map((axis): BatchAxis => {
    const { name, values, unit, scale = 1 } = layout.axes[axis]!;
    return { name, values: [...values], type: typeOf(layout.axes[axis]!), unit, scale };
  });
  checkAxes(axes);
  const images = new Map<number, BatchPlane[]>();
  for (const [plane, coordinate] of layout.coordinates.entries()) {
    const image = imageAxis < 0 ? 0 : coordinate[imageAxis]!;
    const index = order.map((axis) => coordinate[axis]!);
    if (!images.has(image)) images.set(image, []);
    images.get(image)!.push({ path: paths[plane]!, index, data: planes[plane]! });
  }
  const { y = 1, x = 1, unit } = layout.pixelSize ?? {};
  return {
    axes,
    imageAxes: [
      ...axes.map(({ name, type, unit }) => ({ name, type, unit })),
      { name: "y", type: "space", unit },
      { name: "x", type: "space", unit },
    ],
    scale: [...axes.map(({ scale }) => scale), y, x],
    images: [...images].sort(([a], [b]) => a - b).map(([image, members]) => {
      return imageOf(members, layout.axes[imageAxis], image);
    }),
  };
}

/**
 * Refuses an image of which a plane is missing.
 *
 * @throws {StorageError} `invalid-argument`.
 */
export function checkComplete({ axes }: Batch, image: BatchImage): void {
  const there = new Set(image.planes.map(({ index }) => index.join()));
  const all = combinations(axes.map(({ values }) => values.map((_, index) => index)));
  const missing = all.find((index) => !there.has(index.join()));
  if (missing === undefined) return;
  const place = [
    ...image.coordinate,
    ...missing.map((index, axis): [string, AxisValue] => [axes[axis]!.name, axes[axis]!.values[index]!]),
  ].map(([name, value]) => `${name}=${value}`).join(", ");
  throw invalid(
    `the layout must declare one plane for every combination of its values, but there is none for ${place}: ` +
      "add it, or leave the values out that have no planes",
  );
}

function typeOf({ name, type }: ZarrBatchAxis): string | undefined {
  return type ?? axisTypeOf(name);
}

function checkPlane(plane: unknown, path: string): NdArray {
  if (!isNdArray(plane)) throw new StorageError("invalid-value", "a plane must be an array of numbers", { path });
  if (plane.shape.length !== 2) {
    throw new StorageError(
      "invalid-value",
      `a plane has two axes, y and x: this one has shape [${plane.shape}]; save its parts as planes of their own`,
      { path },
    );
  }
  if (plane.shape.includes(0)) throw new StorageError("invalid-value", "a plane must not be empty", { path });
  return plane;
}

/** What NGFF allows of axes, besides y and x. */
function checkAxes(axes: readonly BatchAxis[]): void {
  const kinds = [["one axis of time", 0], ["one axis of channels or of anything else", 1], ["one axis of space", 2]];
  for (const [allowed, rank] of kinds) {
    const names = axes.filter(({ type }) => axisRank(type) === rank).map(({ name }) => name);
    if (names.length < 2) continue;
    throw invalid(
      `an OME-Zarr image has at most ${allowed} besides y and x, but [${names}] are such: ` +
        'save them as batches of their own, or give one the role "image"',
    );
  }
}

function imageOf(planes: readonly BatchPlane[], axis: ZarrBatchAxis | undefined, value: number): BatchImage {
  const { dtype, shape } = planes[0]!.data;
  const other = planes.find(({ data }) => data.dtype !== dtype || String(data.shape) !== String(shape));
  if (other !== undefined) {
    throw new StorageError(
      "invalid-value",
      `the planes of an image must be of one type and shape: this one is ${other.data.dtype} [${other.data.shape}], ` +
        `${JSON.stringify(planes[0]!.path)} is ${dtype} [${shape}]`,
      { path: other.path },
    );
  }
  return {
    coordinate: new Map(axis === undefined ? [] : [[axis.name, axis.values[value]!]]),
    dtype,
    planeShape: [shape[0]!, shape[1]!],
    planes,
  };
}

function invalid(detail: string): StorageError {
  return new StorageError("invalid-argument", detail);
}
