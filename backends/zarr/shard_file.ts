/**
 * A part of a shard: read by its index, and written into what is there.
 *
 * @module
 */

import { sizeOf, stridesOf } from "../formats/shape.ts";
import type { Store } from "../stores/store.ts";
import { copyBox, emptyElements, isFilled, type Layout, partsOf } from "./box.ts";
import type { ChunkRegion } from "./chunked.ts";
import type { ShardEntry, ShardIndex, ShardingCodec } from "./codecs/sharding.ts";
import type { Elements } from "./data_type.ts";
import { filled } from "./fill_value.ts";
import { type AxisPiece, combinations, piecesOf } from "./selection.ts";

/** Chunks that lie no further apart than this are read together: a second request costs more. */
const GAP = 4096;

/** Reads what is needed of a shard; the elements of other chunks are not those of the array. */
export async function readShard(
  store: Store,
  shards: ShardingCodec,
  region: ChunkRegion,
  signal?: AbortSignal,
): Promise<Elements> {
  const { shape, type, fill } = shards.chunk;
  const range = shards.location === "start" ? { offset: 0, length: shards.indexSize } : { suffix: shards.indexSize };
  const head = await store.read(region.path, { range, signal });
  if (head === undefined) return filled(fill, type, sizeOf(shape));
  const index = await shards.decodeIndex(head);
  const touched = touchedBy(shards, region);
  const bytes = await readEntries(store, region.path, touched.map((number) => index[number]), signal);
  const elements = emptyElements(type, sizeOf(shape));
  const stride = stridesOf(shape);
  const inner = shards.inner.chunk.shape;
  const origins = shards.origins();
  for (const [position, number] of touched.entries()) {
    const encoded = bytes[position];
    const chunk = encoded === undefined ? filled(fill, type, sizeOf(inner)) : await shards.inner.decode(encoded);
    const target = { data: elements, offset: origins[number]!, stride };
    copyBox({ data: chunk, offset: 0, stride: stridesOf(inner) }, target, inner, partsOf(type));
  }
  return elements;
}

/** The numbers of the chunks that a region touches. */
function touchedBy(shards: ShardingCodec, { from, shape, step }: ChunkRegion): number[] {
  const stride = stridesOf(shards.grid);
  const pieces = from.map((start, axis) => {
    const range = { start, length: shape[axis]!, step: step[axis]!, dropped: false };
    return piecesOf(range, shards.inner.chunk.shape[axis]!);
  });
  return combinations(pieces).map((some: readonly AxisPiece[]) =>
    some.reduce((sum, { chunk }, axis) => sum + chunk * stride[axis]!, 0)
  );
}

/** Reads entries of a shard, neighbours together. */
async function readEntries(
  store: Store,
  path: string,
  entries: readonly (ShardEntry | undefined)[],
  signal?: AbortSignal,
): Promise<(Uint8Array | undefined)[]> {
  const sorted = entries.filter((entry) => entry !== undefined).sort((a, b) => a.offset - b.offset);
  const runs: { offset: number; end: number }[] = [];
  for (const { offset, length } of sorted) {
    const last = runs[runs.length - 1];
    if (last !== undefined && offset - last.end <= GAP) last.end = Math.max(last.end, offset + length);
    else runs.push({ offset, end: offset + length });
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
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const { shape, type, fill } = shards.chunk;
  const bytes = await store.read(region.path, { signal });
  const index: ShardIndex = bytes === undefined ? [] : await shards.indexOf(bytes);
  const count = sizeOf(shards.grid);
  const chunks = Array.from({ length: count }, (_, number) => {
    const entry = index[number];
    return entry === undefined ? undefined : bytes!.subarray(entry.offset, entry.offset + entry.length);
  });
  const inner = shards.inner.chunk.shape;
  const elements = emptyElements(type, sizeOf(shape));
  const stride = stridesOf(shape);
  const touched = touchedBy(shards, region);
  const origins = shards.origins();
  for (const number of touched) {
    const encoded = chunks[number];
    const chunk = encoded === undefined ? filled(fill, type, sizeOf(inner)) : await shards.inner.decode(encoded);
    const target = { data: elements, offset: origins[number]!, stride };
    copyBox({ data: chunk, offset: 0, stride: stridesOf(inner) }, target, inner, partsOf(type));
  }
  const offset = region.from.reduce((sum, from, axis) => sum + from * stride[axis]!, 0);
  const steps = stride.map((distance, axis) => distance * region.step[axis]!);
  copyBox(source, { data: elements, offset, stride: steps }, region.shape, partsOf(type));
  for (const number of touched) {
    const chunk = emptyElements(type, sizeOf(inner));
    const from = { data: elements, offset: origins[number]!, stride };
    copyBox(from, { data: chunk, offset: 0, stride: stridesOf(inner) }, inner, partsOf(type));
    chunks[number] = isFilled(chunk, fill, type) ? undefined : await shards.inner.encode(chunk);
  }
  return await shards.join(chunks);
}
