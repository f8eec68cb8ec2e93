/**
 * {@linkcode ChunkedArray}: the elements of an array in a store, by regions.
 *
 * @module
 */

import { pooled } from "../concurrency.ts";
import { isStorageError, StorageError } from "../errors.ts";
import { sizeOf, stridesOf } from "../formats/shape.ts";
import { joinPath } from "../path.ts";
import type { Store } from "../stores/store.ts";
import { copyBox, discard, emptyElements, fillBox, type Layout, partsOf, runOf } from "./box.ts";
import { coderOf, type CoderOptions, isPart } from "./coder.ts";
import { ShardingCodec } from "./codecs/sharding.ts";
import type { Elements, ZarrDataType } from "./data_type.ts";
import { elementsToBytes } from "./elements.ts";
import { filled, fillWith } from "./fill_value.ts";
import { type KeyedLock, lockOf } from "../keyed_lock.ts";
import { type ArrayMetadata, chunkKey } from "./metadata.ts";
import type { Pipeline } from "./pipeline.ts";
import { type AxisRange, combinations, piecesOf } from "./selection.ts";
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
  /** Whether it is the chunk, which lies within the array. */
  readonly full: boolean;
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
  async read(ranges: readonly AxisRange[], options: CoderOptions = {}): Promise<Elements> {
    const { type } = this.metadata;
    const shape = ranges.map(({ length }) => length);
    const data = roomFor(type, sizeOf(shape));
    const stride = stridesOf(shape);
    await pooled(this.#regions(ranges), CONCURRENCY, async (region) => {
      try {
        await this.#readRegion(region, { data, offset: dot(region.to, stride), stride }, options);
      } catch (error) {
        throw isStorageError(error, "corrupt") ? error.at(region.path) : error;
      }
    }, options.signal);
    return data;
  }

  /**
   * Writes a region. A chunk of which only a part is written is read before, and written if nobody else has changed it meanwhile.
   *
   * @param ranges The region.
   * @param values The elements.
   */
  async write(ranges: readonly AxisRange[], values: Layout, options: CoderOptions = {}): Promise<void> {
    if (this.store.write === undefined) {
      throw new StorageError("unsupported", "the store of this array cannot be written");
    }
    await pooled(this.#regions(ranges), CONCURRENCY, async (region) => {
      const source = { ...values, offset: values.offset + dot(region.to, values.stride) };
      await this.#lock.run(
        region.path,
        () => region.whole ? this.#writeWhole(region, source, options) : this.#writePart(region, source, options),
      );
    }, options.signal);
  }

  *#regions(ranges: readonly AxisRange[]): Generator<ChunkRegion> {
    const { shape, chunkShape, keys } = this.metadata;
    const step = ranges.map((range) => range.step);
    for (const some of combinations(ranges.map((range, axis) => piecesOf(range, chunkShape[axis]!)))) {
      const whole = some.every(({ chunk, from, length }, axis) => {
        const inside = Math.min(chunkShape[axis]!, shape[axis]! - chunk * chunkShape[axis]!);
        return from === 0 && length === inside && (step[axis] === 1 || inside === 1);
      });
      yield {
        path: joinPath(this.path, chunkKey(keys, some.map(({ chunk }) => chunk))),
        from: some.map(({ from }) => from),
        to: some.map(({ to }) => to),
        shape: some.map(({ length }) => length),
        step,
        whole,
        full: whole && some.every(({ length }, axis) => length === chunkShape[axis]),
      };
    }
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

  async #readRegion(region: ChunkRegion, target: Layout, options: CoderOptions): Promise<void> {
    const { store, pipeline, metadata: { type } } = this;
    const { signal } = options;
    const take = (chunk: Elements): void => copyBox(this.#within(region, chunk), target, region.shape, partsOf(type));
    const shards = this.#shards;
    if (shards !== undefined && !region.whole) {
      return await readShard(store, shards, region, target, options);
    }
    const run = region.full && pipeline.isPlain ? runOf(target, region.shape, type) : undefined;
    const into = run && elementsToBytes(run, type);
    const bytes = await store.read(region.path, { signal, into });
    if (bytes === undefined) fillBox(target, region.shape, this.metadata.fill, type);
    else if (into !== undefined && bytes.buffer === into.buffer) pipeline.checkSize(bytes);
    else await coderOf(pipeline, options).decode(bytes, take);
  }

  async #writeWhole(region: ChunkRegion, source: Layout, options: CoderOptions): Promise<void> {
    const { store, pipeline, metadata: { type, fill } } = this;
    const { signal } = options;
    const run = region.full ? runOf(source, region.shape, type) : undefined;
    const bytes = await coderOf(pipeline, options).encode(
      run,
      (chunk) => {
        // What lies outside of the array is filled.
        if (!region.full) fillWith(chunk, fill, type);
        copyBox(source, this.#within(region, chunk), region.shape, partsOf(type));
      },
    );
    if (bytes === undefined) return await store.delete?.(region.path, { signal });
    await store.write!(region.path, bytes, { signal });
    if (run === undefined || !isPart(bytes, run)) discard(bytes);
  }

  async #writePart(region: ChunkRegion, source: Layout, options: CoderOptions): Promise<void> {
    const { store, metadata: { type } } = this;
    const { signal } = options;
    for (let tries = 1;; tries++) {
      try {
        const etag = (await store.stat(region.path, { signal }))?.etag;
        const condition = etag === undefined ? { ifAbsent: true, signal } : { ifMatch: etag, signal };
        const shards = this.#shards;
        if (shards !== undefined) {
          const bytes = await writeShard(store, shards, region, source, options);
          await store.write!(region.path, bytes, condition);
          return;
        }
        const bytes = await store.read(region.path, { signal });
        const chunk = bytes === undefined ? this.#filled() : await this.pipeline.decode(bytes);
        copyBox(source, this.#within(region, chunk), region.shape, partsOf(type));
        await store.write!(region.path, await this.pipeline.encode(chunk), condition);
        return;
      } catch (error) {
        const raced = isStorageError(error, "precondition-failed", "already-exists");
        if (!raced || tries === MAX_TRIES) throw isStorageError(error, "corrupt") ? error.at(region.path) : error;
      }
    }
  }
}

function roomFor(type: ZarrDataType, count: number): Elements {
  try {
    return emptyElements(type, count);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StorageError("invalid-argument", `there is no memory for ${count} elements at once: read them in parts`, {
      cause: error,
    });
  }
}

/** The index of a position. */
export function dot(position: readonly number[], stride: readonly number[]): number {
  return position.reduce((sum, index, axis) => sum + index * stride[axis]!, 0);
}
