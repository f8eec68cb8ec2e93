/**
 * {@linkcode LevelArray}: an array of an image that is written before it is as long as it is going to be.
 *
 * @module
 */

import { pooled } from "../../concurrency.ts";
import { StorageError } from "../../errors.ts";
import type { DataType, NdArray } from "../../formats/ndarray.ts";
import { sizeOf, stridesOf } from "../../formats/shape.ts";
import { joinPath } from "../../path.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import { copyBox, emptyElements, partsOf } from "../box.ts";
import { ChunkedArray } from "../chunked.ts";
import type { ArrayMetadata } from "../metadata.ts";
import { V2_ARRAY_FILE } from "../metadata_v2.ts";
import { V3_FILE } from "../metadata_v3.ts";
import { readNode, updateDocument } from "../node.ts";
import { type AxisRange, combinations } from "../selection.ts";
import { layoutOf, valueOf } from "../value.ts";
import { pipelineOf } from "../stored_array.ts";
import { downsample, type DownsamplingMethod } from "./downsample.ts";

/** How many blocks are in memory at once. */
const CONCURRENCY = 2;

/** A plane and where it belongs: an index for each axis before `y` and `x`. */
export interface PlacedPlane {
  /** Where it belongs. */
  readonly index: readonly number[];
  /** Its pixels. */
  readonly data: NdArray;
}

/**
 * An array of an image. What is written beyond its end is there before the array is longer, so that nobody who reads the
 * array sees less than all of it.
 */
export class LevelArray {
  /** Length of each axis when all is written. */
  readonly extent: readonly number[];
  readonly #chunks: ChunkedArray;

  private constructor(chunks: ChunkedArray, extent: readonly number[]) {
    this.#chunks = chunks;
    this.extent = extent;
  }

  /**
   * Opens an array.
   *
   * @param leading How long its axes before `y` and `x` are to be at least.
   * @throws {StorageError} `not-found`, `corrupt`.
   */
  static async open(
    store: Store,
    path: string,
    leading: readonly number[] = [],
    options?: AbortOptions,
  ): Promise<LevelArray> {
    const metadata = await readNode(store, path, options);
    if (metadata?.kind !== "array") throw new StorageError("not-found", "there is no array", { path });
    const extent = metadata.shape.map((length, axis) => Math.max(length, leading[axis] ?? 0));
    // Others may write to the same chunks, beyond the end that is known here: no chunk is taken for a whole one because of it.
    const shape = extent.map((length, axis) => {
      const chunk = metadata.chunkShape[axis]!;
      return axis < extent.length - 2 ? Math.ceil(length / chunk) * chunk : length;
    });
    return new LevelArray(
      new ChunkedArray(store, path, { ...metadata, shape }, await pipelineOf(metadata)),
      extent,
    );
  }

  /** What is known of it. */
  get metadata(): ArrayMetadata {
    return this.#chunks.metadata;
  }

  /** Writes planes, those of one chunk together. */
  async writePlanes(planes: readonly PlacedPlane[], { signal }: AbortOptions = {}): Promise<void> {
    const { chunkShape } = this.metadata;
    const groups = Map.groupBy(
      planes,
      ({ index }) => index.map((at, axis) => Math.floor(at / chunkShape[axis]!)).join(),
    );
    await pooled(groups.values(), CONCURRENCY, async (group) => {
      const first = group[0]!.index.map((_, axis) => Math.min(...group.map(({ index }) => index[axis]!)));
      const box = first.map((start, axis) => 1 + Math.max(...group.map(({ index }) => index[axis]!)) - start);
      if (group.length > 1 && sizeOf(box) === group.length) return await this.#writeBlock(group, first, box, signal);
      for (const { index, data } of group) await this.#write(index, index.map(() => 1), data, signal);
    }, signal);
  }

  async #writeBlock(
    group: readonly PlacedPlane[],
    first: readonly number[],
    box: readonly number[],
    signal?: AbortSignal,
  ): Promise<void> {
    const { type } = this.metadata;
    const planeShape = this.extent.slice(-2);
    const shape = [...box, ...planeShape];
    const stride = stridesOf(shape);
    const data = emptyElements(type, sizeOf(shape));
    for (const plane of group) {
      const offset = plane.index.reduce((sum, at, axis) => sum + (at - first[axis]!) * stride[axis]!, 0);
      const source = layoutOf(plane.data, type, planeShape);
      copyBox(source, { data, offset, stride: stride.slice(-2) }, planeShape, partsOf(type));
    }
    await this.#write(first, box, valueOf(data, type, shape) as NdArray, signal);
  }

  async #write(first: readonly number[], box: readonly number[], data: NdArray, signal?: AbortSignal): Promise<void> {
    const lengths = [...box, ...this.extent.slice(-2)];
    const ranges = lengths.map((length, axis): AxisRange => ({
      start: first[axis] ?? 0,
      length,
      step: 1,
      dropped: false,
    }));
    const kept = lengths.map((_, axis) => data.shape.length === lengths.length || axis >= first.length);
    await this.#chunks.write(ranges, layoutOf(data, this.metadata.type, lengths, kept), { signal });
  }

  /**
   * Makes this array of one that has twice as much along some axes, chunk by chunk.
   *
   * @param source The other one.
   * @param step For each axis, how many elements become one.
   * @param method What becomes of them.
   * @param touched The indices, before `y` and `x`, of the planes to be made; `undefined` for all.
   */
  async writeHalf(
    source: LevelArray,
    step: readonly number[],
    method: DownsamplingMethod,
    touched: readonly (readonly number[])[] | undefined,
    { signal }: AbortOptions = {},
  ): Promise<void> {
    const { chunkShape, type } = this.metadata;
    const starts = this.extent.map((length, axis) => {
      const chunk = chunkShape[axis]!;
      return Array.from({ length: Math.ceil(length / chunk) }, (_, index) => index * chunk);
    });
    const leading = this.extent.length - 2;
    const wanted = touched && new Set(touched.map((index) => chunkOf(index, chunkShape)));
    const blocks = combinations(starts)
      .filter((start) => wanted === undefined || wanted.has(chunkOf(start.slice(0, leading), chunkShape)));
    await pooled(blocks, CONCURRENCY, async (start) => {
      const length = start.map((first, axis) => Math.min(chunkShape[axis]!, this.extent[axis]! - first));
      const from = start.map((first, axis): AxisRange => {
        const begin = first * step[axis]!;
        const count = Math.min(length[axis]! * step[axis]!, source.extent[axis]! - begin);
        return { start: begin, length: count, step: 1, dropped: false };
      });
      const elements = await source.#chunks.read(from, { signal });
      const block = valueOf(elements, type, from.map((range) => range.length)) as NdArray<DataType>;
      const ranges = start.map((first, axis): AxisRange => {
        return { start: first, length: length[axis]!, step: 1, dropped: false };
      });
      await this.#chunks.write(ranges, layoutOf(downsample(block, step, method), type, length), { signal });
    }, signal);
  }

  /** Makes the array as long as what was written, by compare-and-swap: it never gets shorter. */
  async publish(options?: AbortOptions): Promise<void> {
    const { store, path, metadata } = this.#chunks;
    const file = joinPath(path, metadata.format === 3 ? V3_FILE : V2_ARRAY_FILE);
    await updateDocument(store, file, (document) => {
      if (document === undefined) throw new StorageError("not-found", "there is no array", { path });
      const before = document.shape as number[];
      const shape = before.map((length, axis) => Math.max(length, this.extent[axis]!));
      return String(shape) === String(before) ? undefined : { ...document, shape };
    }, options);
  }
}

function chunkOf(index: readonly number[], chunkShape: readonly number[]): string {
  return index.map((at, axis) => Math.floor(at / chunkShape[axis]!)).join();
}
