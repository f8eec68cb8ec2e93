/**
 * `sharding_indexed`: many small chunks in one file, with an index that tells where each is.
 *
 * @see {@link https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html Zarr v3: sharding}
 * @module
 */

import { StorageError } from "../../errors.ts";
import { sizeOf, stridesOf } from "../../formats/shape.ts";
import { copyBox, emptyElements, isFilled, partsOf } from "../box.ts";
import { dataTypeOf, type Elements } from "../data_type.ts";
import { filled } from "../fill_value.ts";
import type { JsonObject } from "../json.ts";
import { lengthsOf, malformed } from "../metadata.ts";
import { codecsOf } from "../metadata_v3.ts";
import { Pipeline } from "../pipeline.ts";
import type { ChunkSpec, Codecs, SerialCodec } from "./codec.ts";
import { wordOf } from "./configuration.ts";

/** What stands in the index for a chunk that is not there. */
const NOTHING = 2n ** 64n - 1n;

/** Where a chunk lies in its shard. */
export interface ShardEntry {
  /** First byte, from the beginning of the shard. */
  readonly offset: number;
  /** How many bytes. */
  readonly length: number;
}

/** The index of a shard: where each chunk lies, in C order; `undefined` where one is not there. */
export type ShardIndex = readonly (ShardEntry | undefined)[];

/** Makes the codec. */
export async function sharding(configuration: JsonObject, chunk: ChunkSpec, codecs: Codecs): Promise<ShardingCodec> {
  const inner = lengthsOf(configuration.chunk_shape, "chunk_shape of sharding_indexed", 1);
  if (inner.length !== chunk.shape.length || inner.some((length, axis) => chunk.shape[axis]! % length !== 0)) {
    throw malformed(`shards of [${chunk.shape}] cannot be divided into chunks of [${inner}]`);
  }
  const grid = inner.map((length, axis) => chunk.shape[axis]! / length);
  const uint64 = dataTypeOf("uint64");
  const entries = { shape: [...grid, 2], type: uint64, fill: new Uint8Array(8).fill(255) };
  const index = await Pipeline.create(codecsOf(configuration.index_codecs), entries, codecs);
  if (index.size === undefined) throw malformed("the index of a shard must have one size: its codecs make it vary");
  return new ShardingCodec(
    chunk,
    grid,
    await Pipeline.create(codecsOf(configuration.codecs), { ...chunk, shape: inner }, codecs),
    index,
    wordOf(configuration, "index_location", ["start", "end"], "end"),
  );
}

/** Turns a chunk into a shard of smaller ones. */
export class ShardingCodec implements SerialCodec {
  /** See `SerialCodec.kind`. */
  readonly kind = "serial";
  /** See `SerialCodec.size`. */
  readonly size = undefined;
  /** See `SerialCodec.isPlain`. */
  readonly isPlain = false;
  /** What a shard is. */
  readonly chunk: ChunkSpec;
  /** How many chunks there are along each axis. */
  readonly grid: readonly number[];
  /** The codecs of the chunks. */
  readonly inner: Pipeline;
  /** Where the index stands. */
  readonly location: "start" | "end";
  /** How many bytes the index takes. */
  readonly indexSize: number;
  readonly #index: Pipeline;

  /** See `sharding`. */
  constructor(
    chunk: ChunkSpec,
    grid: readonly number[],
    inner: Pipeline,
    index: Pipeline,
    location: "start" | "end",
  ) {
    this.chunk = chunk;
    this.grid = grid;
    this.inner = inner;
    this.#index = index;
    this.indexSize = index.size!;
    this.location = location;
  }

  /**
   * Reads an index.
   *
   * @param bytes The bytes of it.
   * @param size How many bytes the shard has, if that is known.
   * @throws {StorageError} `corrupt` if a chunk would lie outside.
   */
  async decodeIndex(bytes: Uint8Array, size: number = Number.MAX_SAFE_INTEGER): Promise<ShardIndex> {
    const numbers = await this.#index.decode(bytes) as BigUint64Array;
    return Array.from({ length: numbers.length / 2 }, (_, chunk): ShardEntry | undefined => {
      const offset = numbers[2 * chunk]!;
      const length = numbers[2 * chunk + 1]!;
      if (offset === NOTHING && length === NOTHING) return undefined;
      if (offset + length <= BigInt(size)) return { offset: Number(offset), length: Number(length) };
      throw new StorageError(
        "corrupt",
        `the index of a shard points ${offset + length - BigInt(size)} bytes behind its end`,
      );
    });
  }

  /** The index in the bytes of a whole shard. */
  async indexOf(bytes: Uint8Array): Promise<ShardIndex> {
    if (bytes.length < this.indexSize) {
      throw new StorageError("corrupt", `a shard of ${bytes.length} bytes is too short for its index`);
    }
    const start = this.location === "start" ? 0 : bytes.length - this.indexSize;
    return await this.decodeIndex(bytes.subarray(start, start + this.indexSize), bytes.length);
  }

  /** Writes a shard of chunks that are encoded already, in C order; `undefined` where one is left out. */
  async join(chunks: readonly (Uint8Array | undefined)[]): Promise<Uint8Array> {
    const numbers = new BigUint64Array(chunks.length * 2).fill(NOTHING);
    const begin = this.location === "start" ? this.indexSize : 0;
    let offset = begin;
    for (const [index, chunk] of chunks.entries()) {
      if (chunk === undefined) continue;
      numbers[2 * index] = BigInt(offset);
      numbers[2 * index + 1] = BigInt(chunk.length);
      offset += chunk.length;
    }
    const index = await this.#index.encode(numbers);
    const bytes = new Uint8Array(offset - begin + index.length);
    bytes.set(index, this.location === "start" ? 0 : offset);
    let at = begin;
    for (const chunk of chunks) {
      if (chunk === undefined) continue;
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }

  /** See `SerialCodec.encode`. A chunk of nothing but the fill value is left out. */
  async encode(elements: Elements): Promise<Uint8Array> {
    const { shape, type, fill } = this.inner.chunk;
    const parts = partsOf(type);
    const chunks: (Uint8Array | undefined)[] = [];
    for (const origin of this.origins()) {
      const chunk = emptyElements(type, sizeOf(shape));
      const source = { data: elements, offset: origin, stride: stridesOf(this.chunk.shape) };
      copyBox(source, { data: chunk, offset: 0, stride: stridesOf(shape) }, shape, parts);
      chunks.push(isFilled(chunk, fill, type) ? undefined : await this.inner.encode(chunk));
    }
    return await this.join(chunks);
  }

  /** See `SerialCodec.decode`. */
  async decode(bytes: Uint8Array): Promise<Elements> {
    const index = await this.indexOf(bytes);
    const { shape, type } = this.inner.chunk;
    const elements = filled(this.chunk.fill, type, sizeOf(this.chunk.shape));
    const stride = stridesOf(this.chunk.shape);
    for (const [number, origin] of this.origins().entries()) {
      const entry = index[number];
      if (entry === undefined) continue;
      const chunk = await this.inner.decode(bytes.subarray(entry.offset, entry.offset + entry.length));
      const target = { data: elements, offset: origin, stride };
      copyBox({ data: chunk, offset: 0, stride: stridesOf(shape) }, target, shape, partsOf(type));
    }
    return elements;
  }

  /** The index of the first element of each chunk in the shard. */
  origins(): number[] {
    const { shape } = this.inner.chunk;
    const stride = stridesOf(this.chunk.shape);
    let origins = [0];
    for (const [axis, count] of this.grid.entries()) {
      const steps = Array.from({ length: count }, (_, step) => step * shape[axis]! * stride[axis]!);
      origins = origins.flatMap((origin) => steps.map((step) => origin + step));
    }
    return origins;
  }
}
