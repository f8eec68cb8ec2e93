/**
 * {@linkcode ChunkedArray}: the elements of an array in a store, by regions.
 *
 * @module
 */

import { pooled } from "../concurrency.ts";
import { isStorageError, StorageError } from "../errors.ts";
import { sizeOf, stridesOf } from "../formats/shape.ts";
import { joinPath } from "../path.ts";
import type { AbortOptions, Store } from "../stores/store.ts";
import { copyBox, emptyElements, isFilled, type Layout, partsOf } from "./box.ts";
import { ShardingCodec } from "./codecs/sharding.ts";
import type { Elements } from "./data_type.ts";
import { filled } from "./fill_value.ts";
import { type KeyedLock, lockOf } from "./keyed_lock.ts";
import { type ArrayMetadata, chunkKey } from "./metadata.ts";
import type { Pipeline } from "./pipeline.ts";
import { type AxisPiece, type AxisRange, combinations, piecesOf } from "./selection.ts";
import { readShard, writeShard } from "./shard_file.ts";

/** How many chunks are on their way at once. */
const CONCURRENCY = 8;

/** How often a chunk is tried that others keep changing. */
const MAX_TRIES = 100;

/** A region within one chunk. */
export interface ChunkRegion {
  /** Path of the chunk in the store. */
  readonly path: string;
  /** Index of the first element, in the chunk, along each axis. */
  readonly from: readonly number[];
  /** Where it comes to lie in what is selected. */
  readonly to: readonly number[];
  /** Length of each axis. */
  readonly shape: readonly number[];
  /** From one element to the next in the chunk, along each axis. */
  readonly step: readonly number[];
  /** Whether nothing of the chunk is left, within the array. */
  readonly whole: boolean;
}

/** The elements of an array. */
export class ChunkedArray {
  /** The store. */
  readonly store: Store;
  /** Path of the array. */
  readonly path: string;
  /** What is known of it. */
  readonly metadata: ArrayMetadata;
  /** Its codecs. */
  readonly pipeline: Pipeline;
  readonly #lock: KeyedLock;

  /** Takes what was read of an array. */
  constructor(store: Store, path: string, metadata: ArrayMetadata, pipeline: Pipeline) {
    this.store = store;
    this.path = path;
    this.metadata = metadata;
    this.pipeline = pipeline;
    this.#lock = lockOf(store);
  }

  /** The shards, if chunks are kept in such and nothing is done to them. */
  get #shards(): ShardingCodec | undefined {
    const { serial, isBare } = this.pipeline;
    return isBare && serial instanceof ShardingCodec ? serial : undefined;
  }

  /**
   * Reads a region: C order.
   *
   * @throws {StorageError} `corrupt`, naming the chunk.
   */
  async read(ranges: readonly AxisRange[], { signal }: AbortOptions = {}): Promise<Elements> {
    const { type } = this.metadata;
    const shape = ranges.map(({ length }) => length);
    const data = emptyElements(type, sizeOf(shape));
    const stride = stridesOf(shape);
    await pooled(this.#regions(ranges), CONCURRENCY, async (region) => {
      const chunk = await this.#readChunk(region, signal);
      const target = { data, offset: dot(region.to, stride), stride };
      copyBox(this.#within(region, chunk), target, region.shape, partsOf(type));
    }, signal);
    return data;
  }

  /**
   * Writes a region. A chunk of which only a part is written is read before, and written if nobody else has changed it meanwhile.
   *
   * @param ranges The region.
   * @param values The elements.
   */
  async write(ranges: readonly AxisRange[], values: Layout, { signal }: AbortOptions = {}): Promise<void> {
    await pooled(this.#regions(ranges), CONCURRENCY, async (region) => {
      const source = { ...values, offset: values.offset + dot(region.to, values.stride) };
      await this.#lock.run(region.path, () => this.#writeRegion(region, source, signal));
    }, signal);
  }

  #regions(ranges: readonly AxisRange[]): ChunkRegion[] {
    const { shape, chunkShape, keys } = this.metadata;
    const pieces = ranges.map((range, axis) => piecesOf(range, chunkShape[axis]!));
    const step = ranges.map((range) => range.step);
    return combinations(pieces).map((some: readonly AxisPiece[]): ChunkRegion => ({
      path: joinPath(this.path, chunkKey(keys, some.map(({ chunk }) => chunk))),
      from: some.map(({ from }) => from),
      to: some.map(({ to }) => to),
      shape: some.map(({ length }) => length),
      step,
      whole: some.every(({ chunk, from, length }, axis) => {
        const inside = Math.min(chunkShape[axis]!, shape[axis]! - chunk * chunkShape[axis]!);
        return from === 0 && length === inside && (step[axis] === 1 || inside === 1);
      }),
    }));
  }

  /** Where the region of a chunk lies in its elements. */
  #within({ from, step }: ChunkRegion, data: Elements): Layout {
    const stride = stridesOf(this.metadata.chunkShape);
    return { data, offset: dot(from, stride), stride: stride.map((distance, axis) => distance * step[axis]!) };
  }

  #filled(): Elements {
    const { fill, type, chunkShape } = this.metadata;
    return filled(fill, type, sizeOf(chunkShape));
  }

  async #readChunk(region: ChunkRegion, signal?: AbortSignal): Promise<Elements> {
    try {
      const shards = this.#shards;
      if (shards !== undefined && !region.whole) return await readShard(this.store, shards, region, signal);
      const bytes = await this.store.read(region.path, { signal });
      return bytes === undefined ? this.#filled() : await this.pipeline.decode(bytes);
    } catch (error) {
      throw isStorageError(error, "corrupt") ? error.at(region.path) : error;
    }
  }

  async #writeRegion(region: ChunkRegion, source: Layout, signal?: AbortSignal): Promise<void> {
    const { type, fill } = this.metadata;
    const { write } = this.store;
    if (write === undefined) throw new StorageError("unsupported", "the store of this array cannot be written");
    if (region.whole) {
      const chunk = this.#wholeChunk(region, source);
      if (isFilled(chunk, fill, type)) return await this.store.delete?.(region.path, { signal });
      await write.call(this.store, region.path, await this.pipeline.encode(chunk), { signal });
      return;
    }
    for (let tries = 1;; tries++) {
      try {
        const etag = (await this.store.stat(region.path, { signal }))?.etag;
        const condition = etag === undefined ? { ifAbsent: true, signal } : { ifMatch: etag, signal };
        const shards = this.#shards;
        if (shards !== undefined) {
          const bytes = await writeShard(this.store, shards, region, source, signal);
          await write.call(this.store, region.path, bytes, condition);
          return;
        }
        const bytes = await this.store.read(region.path, { signal });
        const chunk = bytes === undefined ? this.#filled() : await this.pipeline.decode(bytes);
        copyBox(source, this.#within(region, chunk), region.shape, partsOf(type));
        await write.call(this.store, region.path, await this.pipeline.encode(chunk), condition);
        return;
      } catch (error) {
        const raced = isStorageError(error, "precondition-failed", "already-exists");
        if (!raced || tries === MAX_TRIES) throw isStorageError(error, "corrupt") ? error.at(region.path) : error;
      }
    }
  }

  /** The elements of a chunk of which nothing is left: those outside of the array are filled. */
  #wholeChunk(region: ChunkRegion, source: Layout): Elements {
    const { type, chunkShape } = this.metadata;
    const inner = chunkShape.every((length, axis) => region.shape[axis] === length);
    const chunk = inner ? emptyElements(type, sizeOf(chunkShape)) : this.#filled();
    copyBox(source, this.#within(region, chunk), region.shape, partsOf(type));
    return chunk;
  }
}

/** The index of a position. */
export function dot(position: readonly number[], stride: readonly number[]): number {
  return position.reduce((sum, index, axis) => sum + index * stride[axis]!, 0);
}
