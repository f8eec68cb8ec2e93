/**
 * Saving, loading and listing in Deno KV, against commits filled by hand, and against unstorage.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createStorage } from "npm:unstorage@^1.17.6";
import kvDriver from "npm:unstorage@^1.17.6/drivers/deno-kv";
import { KvBackend } from "../backends/kv.ts";
import { curveTask } from "./curve.ts";
import { median, percentile } from "./measure.ts";
import { ours } from "./ours.ts";
import { type Job, jobName, type OpenPlaces, placeTask } from "./place.ts";
import { sizeText } from "./random.ts";
import { rawKv } from "./raw_kv.ts";
import { type Row, type RunOptions, type Task, times } from "./row.ts";
import { placeOf } from "./unstorage_library.ts";

/** What ours may take, of what the best that is written by hand takes. */
const GOAL = 1.25;
/** What ours may take, of what unstorage takes for a batch. */
const PEER_GOAL = 1 / 3;
/** The memory that reading may take, of the size of the file. */
const MEMORY_GOAL = 2.5;

const KIB = 1024;
const MIB = 1024 * KIB;

/** The tasks of this file. */
export function kvTasks(): Task[] {
  const tasks: Task[] = [];
  for (const operation of ["save", "load"] as const) {
    tasks.push(task({ operation, size: KIB, batch: 1000 }, true));
    tasks.push(task({ operation, size: KIB, batch: 1 }, false));
    for (const size of [64 * KIB, MIB, 16 * MIB]) tasks.push(task({ operation, size, batch: 1 }, true));
  }
  tasks.push(task({ operation: "save", size: KIB, batch: 1000, fresh: true }, true));
  for (const operation of ["save", "load"] as const) {
    const name = `kv ${operation} batch of 1000, 1 KiB, others`;
    tasks.push(placeTask({ name, operation, size: KIB, batch: 1000 }, openPeers));
  }
  tasks.push({ name: "kv load 16 MiB, peak memory", run: peakMemory });
  tasks.push(curveTask("kv", (path) => new KvBackend({ path })));
  return tasks;
}

function task(job: Omit<Job, "name">, asked: boolean): Task {
  const open: OpenPlaces = async ({ directory }) => {
    const own = await Deno.makeTempDir({ dir: directory });
    const raw = rawKv(await Deno.openKv(`${own}/raw.kv`), GOAL);
    return [ours(new KvBackend({ path: `${own}/ours.kv` })), asked ? raw : { ...raw, goal: undefined }];
  };
  return placeTask({ ...job, name: jobName("kv", job) }, open);
}

const openPeers: OpenPlaces = async ({ directory }) => {
  const own = await Deno.makeTempDir({ dir: directory });
  const storage = createStorage({ driver: kvDriver({ path: `${own}/unstorage.kv` }) });
  return [ours(new KvBackend({ path: `${own}/ours.kv` })), placeOf("unstorage, deno-kv", storage, PEER_GOAL)];
};

async function peakMemory({ directory, quick }: RunOptions): Promise<Row[]> {
  const own = await Deno.makeTempDir({ dir: directory });
  const size = 16 * MIB;
  const path = `${own}/ours.kv`;
  await using backend = new KvBackend({ path });
  await backend.save(new Uint8Array(size).fill(1), "small");
  await backend.save(new Uint8Array(16).fill(1), "tiny");
  const ratios: number[] = [];
  for (let round = 0; round < (quick ? 3 : 7); round++) {
    ratios.push((await peakOf(path, "small", size) - await peakOf(path, "tiny", 16)) / size);
  }
  const ratio = median(ratios);
  return [{
    work: "kv load 16 MiB, peak memory",
    ours: sizeText(Math.round(ratio * 16) * MIB),
    peer: "the content",
    theirs: sizeText(size),
    ratio: times(ratio),
    goal: `< ${times(MEMORY_GOAL)}`,
    spread: `${percentile(ratios, 0.1).toFixed(2)}–${percentile(ratios, 0.9).toFixed(2)}`,
    reached: ratio < MEMORY_GOAL,
  }];
}

/** The most memory a fresh process holds that loads one file. */
async function peakOf(...args: (string | number)[]): Promise<number> {
  const program = new URL("peak_kv.ts", import.meta.url).pathname;
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--unstable-kv", "--no-lock", program, ...args.map(String)],
    stderr: "inherit",
  }).output();
  assert(success, "the program that measures memory ends well");
  return Number(new TextDecoder().decode(stdout));
}
