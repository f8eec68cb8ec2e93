/**
 * A large array as `.npy`: the time against its bare bytes, and the memory.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { DiskBackend, FileManager, type NdArray, ndarray } from "../mod.ts";
import { type Contender, median, percentile } from "./measure.ts";
import { randomBytes, sizeText } from "./random.ts";
import { loadMixed, loadSync, saveMixed } from "./raw_disk.ts";
import { rival, type Row, type RunOptions, type Task, times } from "./row.ts";

/** Of the time of the bare bytes. */
const TIME_GOAL = 1.3;
/** Of the size of the array. */
const MEMORY_GOAL = 1.2;

/** The tasks of this file. */
export function npyTasks(): Task[] {
  return [{ name: "npy load", run: loadLarge }, { name: "npy save", run: saveLarge }];
}

function sizeOf({ quick }: RunOptions): number {
  return (quick ? 64 : 256) * 1024 * 1024;
}

async function loadLarge(options: RunOptions): Promise<Row[]> {
  const size = sizeOf(options);
  const own = Deno.makeTempDirSync({ dir: options.directory });
  const fm = new FileManager({ disk: new DiskBackend({ durability: "fast" }) });
  const array = ndarray(new Float32Array(randomBytes(size).buffer), [size / 4096, 1024]);
  const path = `${own}/large.npy`;
  await fm.save(array, path, "disk");
  const loaded = await fm.load<NdArray>(path, "disk");
  assert.deepEqual({ ...loaded, data: 0 }, { ...array, data: 0 });
  assert(equal(loaded, array), "what is loaded equals what was saved");
  const rows = await rival(`npy load float32, ${sizeText(size)}`, loader(() => fm.load(path, "disk")), [
    { name: "raw, sync", work: (count) => repeat(count, () => loadSync(path)), goal: TIME_GOAL },
    { name: "raw, mixed", work: (count) => repeat(count, () => loadMixed(path)), goal: TIME_GOAL },
    { name: "Deno.readFile", work: (count) => repeat(count, () => Deno.readFile(path)) },
  ], { budget: options.quick ? 1000 : 8000, maxCount: 1, minRounds: 5 });
  return [...rows, await memoryRow(path, size, options)];
}

function loader(load: () => Promise<unknown>): Contender {
  return { name: "ours", work: (count) => repeat(count, load) };
}

async function repeat(count: number, work: () => unknown): Promise<void> {
  for (; count > 0; count--) await work();
}

/** By the bytes: `assert.deepEqual` would take minutes. */
function equal(a: NdArray, b: NdArray): boolean {
  const [x, y] = [a, b].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return Buffer.compare(x!, y!) === 0;
}

async function memoryRow(path: string, size: number, { quick }: RunOptions): Promise<Row> {
  const ratios: number[] = [];
  for (let round = 0; round < (quick ? 3 : 5); round++) {
    const [base, peak] = [await peakMemory(), await peakMemory(path, String(size / 4))];
    ratios.push((peak - base) / size);
  }
  const ratio = median(ratios);
  return {
    work: `npy load float32, ${sizeText(size)}: peak memory`,
    ours: sizeText(Math.round(ratio * size / 1024 / 1024) * 1024 * 1024),
    peer: "the array",
    theirs: sizeText(size),
    ratio: times(ratio),
    goal: `< ${times(MEMORY_GOAL)}`,
    spread: `${percentile(ratios, 0.1).toFixed(2)}–${percentile(ratios, 0.9).toFixed(2)}`,
    reached: ratio < MEMORY_GOAL,
  };
}

/** The most memory a fresh process holds that loads a file, or nothing. */
async function peakMemory(...args: string[]): Promise<number> {
  const program = new URL("peak_memory.ts", import.meta.url).pathname;
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", program, ...args],
    stderr: "inherit",
  }).output();
  assert(success, "the program that measures memory ends well");
  return Number(new TextDecoder().decode(stdout));
}

async function saveLarge(options: RunOptions): Promise<Row[]> {
  const size = sizeOf(options);
  const own = Deno.makeTempDirSync({ dir: options.directory });
  const fm = new FileManager({ disk: new DiskBackend({ durability: "fast" }) });
  const bytes = randomBytes(size);
  const array = ndarray(new Float32Array(bytes.buffer), [size / 4096, 1024]);
  const header = randomBytes(128);
  return await rival(`npy save fast float32, ${sizeText(size)}`, loader(() => fm.save(array, `${own}/a.npy`, "disk")), [
    { name: "raw, mixed", work: (count) => repeat(count, () => saveMixed(`${own}/raw`, [header, bytes], false)) },
  ], { budget: options.quick ? 1000 : 4000, maxCount: 1, minRounds: 5 });
}
