/**
 * Arrays in Zarr, against zarrita, zarr-python and the bare files.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { NdArray } from "../backends/formats/ndarray.ts";
import { DiskStore, type Durability } from "../backends/stores/disk_store.ts";
import { ZarrWorkers } from "../backends/zarr/workers.ts";
import { StoredArray } from "../backends/zarr/stored_array.ts";
import type { MeasureOptions } from "./measure.ts";
import { type Rival, rival, type Row, type RunOptions, type Task } from "./row.ts";
import {
  type CodecName,
  type Cut,
  largeChunks,
  LEVELS,
  measurements,
  smallChunks,
  tiles,
  turnedChunks,
} from "./zarr_data.ts";
import { emptied, hasPythonZarr, type Place, PythonPlace, rawPlace, zarritaPlace } from "./zarr_peers.ts";

/** A comparison: what is written and read, and the goals, by the name of the peer. */
interface Contest {
  /** How the array is cut. */
  readonly cut: (options: RunOptions) => Cut;
  /** The codec. */
  readonly codec: CodecName;
  /** Of the time of a peer, by its name. */
  readonly write?: Readonly<Record<string, number>>;
  /** Of the time of a peer, by its name. */
  readonly read?: Readonly<Record<string, number>>;
}

const CONTESTS: readonly Contest[] = [
  { cut: largeChunks, codec: "none", write: { "Deno.writeFile": 1.25 }, read: { "Deno.readFile": 1.25 } },
  { cut: largeChunks, codec: "gzip", write: { zarrita: 0.4 }, read: { zarrita: 0.67 } },
  { cut: largeChunks, codec: "zstd", write: { zarrita: 0.71 }, read: { zarrita: 0.67 } },
  { cut: smallChunks, codec: "none", write: { zarrita: 0.4 }, read: { zarrita: 0.67 } },
  { cut: tiles, codec: "none" },
  { cut: turnedChunks, codec: "none" },
];

/** How many threads encode and decode in the rows with workers. */
const WORKERS = 2;
/** Of the time of one thread. */
const WORKERS_GOAL = 0.59;

/** The tasks of this file. */
export function zarrTasks(): Task[] {
  return CONTESTS.map(contestTask);
}

/** How long to measure. */
function zarrBudget({ quick }: RunOptions): MeasureOptions {
  return { budget: quick ? 500 : 6000, maxCount: 1, minRounds: quick ? 3 : 5, maxRounds: 25 };
}

function contestTask({ cut, codec, write, read }: Contest): Task {
  const name = `zarr ${cut({ quick: false, directory: "" }).name}, ${codec === "none" ? "no codec" : codec}`;
  return {
    name,
    async run(options: RunOptions): Promise<Row[]> {
      const asked = cut(options);
      const work = `${asked.name}, ${codec === "none" ? "no codec" : codec}`;
      const array = measurements(asked.shape);
      await using ends = new AsyncDisposableStack();
      // Thousands of files a round: on a disk, most of the time would be its own.
      const shared = (cut === smallChunks || cut === tiles) && inMemory();
      if (shared) ends.defer(() => Deno.remove(shared, { recursive: true }));
      const own = (): string => Deno.makeTempDirSync({ dir: shared || options.directory });
      const mine = await ourPlace(array, asked, codec, own());
      const places: Place[] = [await zarritaPlace(array, asked, codec, own())];
      const raw = codec === "none" && cut !== turnedChunks;
      if (raw) places.unshift(rawPlace(array, asked, own(), "pieces"));
      if (hasPythonZarr()) {
        const file = `${own()}/raw`;
        await Deno.writeFile(file, new Uint8Array(array.data.buffer));
        places.push(ends.use(new PythonPlace(file, asked, codec, own())));
      }
      // Thousands of fsyncs a round would take longer than everything else.
      if (codec === "none" && cut !== smallChunks && cut !== tiles) {
        places.push(await ourPlace(array, asked, codec, own(), { durability: "full" }));
      }
      const judged = (contender: Place["write"], goals: Contest["write"]): Rival => {
        const goal = goals?.[contender.name];
        return { ...contender, ...(goal === undefined ? {} : { goal }) };
      };
      const rows = [
        ...await rival(
          `zarr write ${work}`,
          mine.write,
          places.map((place) => judged(place.write, write)),
          zarrBudget(options),
        ),
      ];
      for (const place of [mine, ...places]) {
        await place.write.before?.(1);
        await place.write.work(1);
        assertEqual(await place.loaded(), array, place.name);
      }
      const intoOne = rawPlace(array, asked, own(), "one");
      await intoOne.write.work(1);
      rows.push(
        ...await rival(
          `zarr read ${work}`,
          mine.read,
          [...places, ...raw ? [intoOne] : []].map((place) => judged(place.read, read)),
          zarrBudget(options),
        ),
      );
      if (codec !== "none") {
        const workers = await ourPlace(array, asked, codec, own(), { workers: ends.use(new ZarrWorkers(WORKERS)) });
        await workers.write.work(1);
        assertEqual(await workers.loaded(), array, workers.name);
        for (const kind of ["write", "read"] as const) {
          const alone: Rival = { ...mine[kind], name: "ours", ...(kind === "write" ? { goal: WORKERS_GOAL } : {}) };
          rows.push(
            ...await rival(`zarr ${kind} ${work}, ${WORKERS} workers`, workers[kind], [alone], zarrBudget(options)),
          );
        }
      }
      return rows;
    },
  };
}

/** A directory in memory, where the system has such. */
function inMemory(): string | undefined {
  try {
    return Deno.makeTempDirSync({ dir: "/dev/shm", prefix: "polystore_bench_" });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Options of {@linkcode ourPlace}. */
interface OurOptions {
  /**
   * How safe each chunk is when it is written.
   *
   * @default {"fast"}
   */
  readonly durability?: Durability;
  /**
   * Who encodes and decodes.
   *
   * @default {undefined} the thread of the caller
   */
  readonly workers?: ZarrWorkers;
}

/** Ours. */
export async function ourPlace(
  array: NdArray,
  cut: Cut,
  codec: CodecName,
  directory: string,
  { durability = "fast", workers }: OurOptions = {},
): Promise<Place> {
  const create = (): Promise<StoredArray> =>
    StoredArray.create(new DiskStore({ root: directory, durability }), "a", "float32", cut.shape, {
      chunks: cut.chunks,
      order: cut.order,
      compressor: codec === "none" ? null : { name: codec, level: LEVELS[codec] },
      workers,
    });
  const name = workers ? `ours, ${WORKERS} workers` : durability === "full" ? "ours, synced" : "ours";
  let target = await create();
  return {
    name,
    write: {
      name,
      before: async () => {
        emptied(directory);
        target = await create();
      },
      work: () => target.set(undefined, array),
    },
    read: { name, work: async () => void await target.get() },
    loaded: async () => (await target.get()).data as Float32Array,
  };
}

/** By the bytes: `assert.deepEqual` would take minutes. */
function assertEqual(loaded: Float32Array | undefined, { data }: NdArray, name: string): void {
  if (loaded === undefined) return;
  const [found, expected] = [loaded, data as Float32Array].map((numbers) => {
    return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  });
  assert.equal(Buffer.compare(found!, expected!), 0, `${name} reads something else than was written`);
}
