/**
 * A part of a shard: read by its index, and written into what is there.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { sizeOf, stridesOf } from "../formats/shape.ts";
import type { AbortOptions, Store } from "../stores/store.ts";
import { copyBox, fillBox, type Layout, partsOf } from "./box.ts";
import type { ChunkRegion } from "./chunked.ts";
import { coderOf, type CoderOptions } from "./coder.ts";
import type { ShardEntry, ShardIndex, ShardingCodec } from "./codecs/sharding.ts";
import type { Elements } from "./data_type.ts";
import { filled } from "./fill_value.ts";
import { combinations, piecesOf } from "./selection.ts";

/** Chunks that lie no further apart than this are read together: a second request costs more. */
const GAP = 4096;

/** How often a shard is read that others keep changing. */
const MAX_TRIES = 100;

/** The part of the bytes that are wanted which may be read beside them. */
const WASTE = 1 / 8;

/** What a region takes of one chunk of a shard. */
interface Piece {
  /** The number of the chunk. */
  readonly chunk: number;
  /** Index of the first element of the piece in the chunk. */
  readonly from: number;
  /** Index of the first element in what is selected, along each axis. */
  readonly to: readonly number[];
  /** Length of each axis. */
  readonly shape: readonly number[];
  /** Whether it is all of the chunk. */
  readonly full: boolean;
}

/**
 * Reads what a region needs of a shard. The index and the chunks are read one after the other, so if someone has replaced the shard
 * meanwhile, both are read again.
 */
export async function readShard(
  store: Store,
  shards: ShardingCodec,
  region: ChunkRegion,
  target: Layout,
  options: CoderOptions,
): Promise<void> {
  const { signal } = options;
  for (let tries = 1;; tries++) {
    const etag = (await store.stat(region.path, { signal }))?.etag;
    let failure: unknown;
    try {
      await readOnce(store, shards, region, target, options);
    } catch (error) {
      failure = error;
    }
    if ((await store.stat(region.path, { signal }))?.etag === etag) {
      if (failure !== undefined) throw failure;
      return;
    }
    if (tries === MAX_TRIES) {
      throw new StorageError("busy", "others kept changing it: try again", { path: region.path, retryable: true });
    }
  }
}

async function readOnce(
  store: Store,
  shards: ShardingCodec,
  region: ChunkRegion,
  target: Layout,
  options: CoderOptions,
): Promise<void> {
  const { type, fill } = shards.inner.chunk;
  const pieces = piecesIn(shards, region);
  const steps = stepsIn(shards, region);
  const take = ({ from, to, shape }: Piece, chunk: Elements): void => {
    copyBox({ data: chunk, offset: from, stride: steps }, at(target, to), shape, partsOf(type));
  };
  const index = await readIndex(store, shards, region.path, options);
  const wanted = pieces.map(({ chunk }) => index[chunk]);
  const bytes = await readEntries(store, region.path, wanted, options);
  const coder = coderOf(shards.inner, options);
  await Promise.all(pieces.map(async (piece, number) => {
    const encoded = bytes[number];
    if (encoded === undefined) fillBox(at(target, piece.to), piece.shape, fill, type);
    else await coder.decode(encoded, (chunk) => take(piece, chunk));
  }));
}

async function readIndex(
  store: Store,
  shards: ShardingCodec,
  path: string,
  { signal }: AbortOptions,
): Promise<ShardIndex> {
  const { indexSize, location } = shards;
  const range = location === "start" ? { offset: 0, length: indexSize } : { suffix: indexSize };
  const bytes = await store.read(path, { range, signal });
  return bytes === undefined ? [] : await shards.decodeIndex(bytes);
}

/** The chunks that a region touches, and what it takes of each. */
function piecesIn(shards: ShardingCodec, { from, shape, step }: ChunkRegion): Piece[] {
  const inner = shards.inner.chunk.shape;
  const [grid, stride] = [stridesOf(shards.grid), stridesOf(inner)];
  const pieces = from.map((start, axis) =>
    piecesOf({ start, length: shape[axis]!, step: step[axis]!, dropped: false }, inner[axis]!)
  );
  return combinations(pieces).map((some): Piece => ({
    chunk: some.reduce((sum, { chunk }, axis) => sum + chunk * grid[axis]!, 0),
    from: some.reduce((sum, { from }, axis) => sum + from * stride[axis]!, 0),
    to: some.map(({ to }) => to),
    shape: some.map(({ length }) => length),
    full: some.every(({ length }, axis) => length === inner[axis]),
  }));
}

/** From one selected element of a chunk to the next, along each axis. */
function stepsIn(shards: ShardingCodec, { step }: ChunkRegion): number[] {
  return stridesOf(shards.inner.chunk.shape).map((distance, axis) => distance * step[axis]!);
}

function at(layout: Layout, position: readonly number[]): Layout {
  return {
    ...layout,
    offset: position.reduce((sum, index, axis) => sum + index * layout.stride[axis]!, layout.offset),
  };
}

/** Reads entries of a shard, neighbours together. */
async function readEntries(
  store: Store,
  path: string,
  entries: readonly (ShardEntry | undefined)[],
  { signal }: AbortOptions,
): Promise<(Uint8Array | undefined)[]> {
  const sorted = entries.filter((entry) => entry !== undefined).sort((a, b) => a.offset - b.offset);
  let waste = sorted.reduce((sum, { length }) => sum + length, 0) * WASTE;
  const runs: { offset: number; end: number }[] = [];
  for (const { offset, length } of sorted) {
    const last = runs[runs.length - 1];
    const gap = last === undefined ? Infinity : Math.max(0, offset - last.end);
    if (last !== undefined && gap <= Math.min(GAP, waste)) {
      waste -= gap;
      last.end = Math.max(last.end, offset + length);
    } else runs.push({ offset, end: offset + length });
  }
  const read = await Promise.all(runs.map(async ({ offset, end }) => {
    return { offset, bytes: await store.read(path, { range: { offset, length: end - offset }, signal }) };
  }));
  return entries.map((entry) => {
    if (entry === undefined) return undefined;
    const run = read.findLast(({ offset }) => offset <= entry.offset);
    const start = entry.offset - run!.offset;
    return run!.bytes?.subarray(start, start + entry.length) ?? new Uint8Array();
  });
}

/** The bytes of a shard in which a region is changed; chunks that it does not touch stay as they are encoded. */
export async function writeShard(
  store: Store,
  shards: ShardingCodec,
  region: ChunkRegion,
  source: Layout,
  options: CoderOptions,
): Promise<Uint8Array> {
  const { type, fill, shape } = shards.inner.chunk;
  const bytes = await store.read(region.path, { signal: options.signal });
  const index: ShardIndex = bytes === undefined ? [] : await shards.indexOf(bytes);
  const chunks = Array.from({ length: sizeOf(shards.grid) }, (_, number) => {
    const entry = index[number];
    return entry === undefined ? undefined : bytes!.subarray(entry.offset, entry.offset + entry.length);
  });
  const steps = stepsIn(shards, region);
  const coder = coderOf(shards.inner, options);
  await Promise.all(
    piecesIn(shards, region).map(async (piece) => {
      const encoded = chunks[piece.chunk];
      const before = piece.full
        ? undefined
        : encoded === undefined
        ? filled(fill, type, sizeOf(shape))
        : await shards.inner.decode(encoded);
      chunks[piece.chunk] = await coder.encode(undefined, (chunk) => {
        if (before !== undefined) copyBox(whole(before, shape), whole(chunk, shape), shape, partsOf(type));
        copyBox(
          at(source, piece.to),
          { data: chunk, offset: piece.from, stride: steps },
          piece.shape,
          partsOf(type),
        );
      });
    }),
  );
  return await shards.join(chunks);
}

function whole(data: Elements, shape: readonly number[]): Layout {
  return { data, offset: 0, stride: stridesOf(shape) };
}
