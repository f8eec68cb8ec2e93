/**
 * What Zarr costs beside time: the bytes that a region of a sharded array reads, and the memory that writing takes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { MemoryStore } from "../backends/stores/memory_store.ts";
import type { ReadOptions, Store } from "../backends/stores/store.ts";
import type { Compressor } from "../backends/zarr/array_plan.ts";
import { slice } from "../backends/zarr/selection.ts";
import { StoredArray } from "../backends/zarr/stored_array.ts";
import { median, percentile } from "./measure.ts";
import { sizeText } from "./random.ts";
import { type Row, type RunOptions, type Task, times } from "./row.ts";
import { measurements } from "./zarr_data.ts";

/** Of the bytes of the chunks that a region touches. */
const BYTES_GOAL = 1.2;
/** Chunks that writing may hold. */
const MEMORY_GOAL = 8;

const SIDE = 1024;
const SHARD = 256;
const INNER = 32;
const REGION = 64;
const CHUNK = 4 * 1024 * 1024;

/** The tasks of this file. */
export function zarrCostTasks(): Task[] {
  return [{ name: "zarr region of shards", run: regionRows }, { name: "zarr peak memory", run: memoryRows }];
}

/** A store that counts the bytes it is asked for. */
function counting(store: Store): { readonly counted: Store; readonly total: () => number } {
  let bytes = 0;
  async function read(path: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    const answer = await store.read(path, options);
    bytes += answer?.length ?? 0;
    return answer;
  }
  return { counted: { read, stat: (path, options) => store.stat(path, options) }, total: () => bytes };
}

/** A region of an array of 1024³; only the shards that it touches are there. */
async function regionRows(): Promise<Row[]> {
  const rows: Row[] = [];
  const compressors: readonly (Compressor | null)[] = [null, { name: "zstd", level: 3 }];
  for (const compressor of compressors) {
    for (const [from, where] of [[SHARD, "at a chunk's corner"], [SHARD - INNER / 2, "across 8 shards"]] as const) {
      rows.push(await regionRow(compressor, from, where));
    }
  }
  return rows;
}

async function regionRow(compressor: Compressor | null, from: number, where: string): Promise<Row> {
  const store = new MemoryStore();
  const array = await StoredArray.create(store, "a", "float32", [SIDE, SIDE, SIDE], {
    chunks: [INNER, INNER, INNER],
    shards: [SHARD, SHARD, SHARD],
    compressor,
  });
  // The chunks around the region are there too, so that what is read beside it would count.
  const [low, high] = [from - INNER * 2, from + REGION + INNER * 2];
  const around = slice(low, high);
  const written = measurements([high - low, high - low, high - low]);
  await array.set([around, around, around], written);
  const { counted, total } = counting(store);
  const reader = await StoredArray.open(counted, "a");
  const opened = total();
  const region = slice(from, from + REGION);
  const { data } = await reader.get([region, region, region]);
  const read = total() - opened;
  const plain = await (await StoredArray.open(store, "a")).get([around, around, around]);
  assert.equal(data.length, REGION ** 3);
  const side = high - low;
  assert.equal(data[0], plain.data[(from - low) * (side * side + side + 1)]);
  const wanted = await touchedBytes(store, compressor, from);
  const ratio = read / wanted;
  return {
    work: `zarr ${REGION}³ of ${SIDE}³ float32 in shards of ${SHARD}³, chunks of ${INNER}³, ${
      compressor?.name ?? "no codec"
    }, ${where}: bytes read`,
    ours: sizeText(Math.round(read / 1024) * 1024),
    peer: "the chunks touched",
    theirs: sizeText(Math.round(wanted / 1024) * 1024),
    ratio: times(ratio),
    goal: `≤ ${times(BYTES_GOAL)}`,
    spread: "",
    reached: Number(ratio.toFixed(2)) <= BYTES_GOAL,
  };
}

/** The bytes of the chunks that the region touches, as their shards' indices tell. */
async function touchedBytes(store: MemoryStore, compressor: Compressor | null, from: number): Promise<number> {
  const side = SHARD / INNER;
  const numbers = Array.from({ length: Math.ceil((from + REGION) / INNER) - Math.floor(from / INNER) }, (_, index) => {
    return Math.floor(from / INNER) + index;
  });
  if (compressor === null) return numbers.length ** 3 * INNER ** 3 * 4;
  let sum = 0;
  for (const z of numbers) {
    for (const y of numbers) {
      for (const x of numbers) {
        const shard = (await store.read(`a/c/${[z, y, x].map((n) => Math.floor(n / side)).join("/")}`))!;
        const at = shard.length - 4 - 16 * side ** 3 + 16 * ((z % side * side + y % side) * side + x % side);
        sum += Number(new DataView(shard.buffer, shard.byteOffset).getBigUint64(at + 8, true));
      }
    }
  }
  return sum;
}

/** Writing chunk by chunk, in a process of its own. */
async function memoryRows(options: RunOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [compressor, workers] of [["none", 0], ["zstd", 0], ["gzip", 2]] as const) {
    const chunks: number[] = [];
    for (let round = 0; round < (options.quick ? 1 : 3); round++) {
      const [base, peak] = [
        await peakOf(options, compressor, 0, workers),
        await peakOf(options, compressor, 64, workers),
      ];
      chunks.push((peak - base) / CHUNK);
    }
    const count = median(chunks);
    rows.push({
      work: `zarr write 64 × 4 MiB from a generator, ${compressor}${
        workers ? `, ${workers} workers` : ""
      }: peak memory`,
      ours: `${count.toFixed(1)} chunks`,
      peer: "the array",
      theirs: "64 chunks",
      ratio: times(count / 64),
      goal: workers ? "" : `≤ ${MEMORY_GOAL} chunks`,
      spread: `${percentile(chunks, 0.1).toFixed(1)}–${percentile(chunks, 0.9).toFixed(1)}`,
      reached: workers ? undefined : Number(count.toFixed(1)) <= MEMORY_GOAL,
    });
  }
  return rows;
}

async function peakOf({ directory }: RunOptions, ...args: readonly (string | number)[]): Promise<number> {
  const program = new URL("peak_zarr.ts", import.meta.url).pathname;
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", program, Deno.makeTempDirSync({ dir: directory }), ...args.map(String)],
    stderr: "inherit",
  }).output();
  assert(success, "the program that measures memory ends well");
  return Number(new TextDecoder().decode(stdout));
}
