/**
 * Listing one small directory among a hundred thousand files.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DiskBackend, FileManager, MemoryBackend } from "../mod.ts";
import { type Contender, measure, median, percentile } from "./measure.ts";
import { duration, rival, type Row, type RunOptions, type Task } from "./row.ts";

const DIRECTORIES = 1000;
const FILES = 100;
/** Of the directory that is listed. */
const NAMES: readonly string[] = Array.from({ length: 10 }, (_, index) => `img${index + 1}.tif`);
/** Nanoseconds that it may take in memory. */
const MEMORY_GOAL = 100_000;
/** Of the time of `Deno.readDir`. */
const DISK_GOAL = 1.3;

/** The tasks of this file. */
export function listingTasks(): Task[] {
  return [{ name: "memory listing", run: listMemory }, { name: "disk listing", run: listDisk }];
}

async function listMemory({ quick }: RunOptions): Promise<Row[]> {
  const fm = new FileManager({ memory: new MemoryBackend({ policy: "reference" }) });
  const paths = NAMES.map((name) => `small/${name}`);
  for (let directory = 0; directory < DIRECTORIES; directory++) {
    for (let file = 0; file < FILES; file++) paths.push(`dir${directory}/${file}.tif`);
  }
  await fm.saveBatch(paths, paths, "memory");
  const contenders = listers(
    (directory) => fm.listDir(directory, "memory"),
    (directory) => fm.listFiles(directory, "memory"),
    "small",
  );
  const samples = await measure(contenders, { budget: quick ? 200 : 1000 });
  return contenders.map(({ name }, index): Row => ({
    work: `memory listing, ${name}`,
    ours: duration(median(samples[index]!)),
    peer: "",
    theirs: "",
    ratio: "",
    goal: `< ${duration(MEMORY_GOAL)}`,
    spread: `${duration(percentile(samples[index]!, 0.1))}–${duration(percentile(samples[index]!, 0.9))}`,
    reached: median(samples[index]!) < MEMORY_GOAL,
  }));
}

async function listDisk({ quick, directory }: RunOptions): Promise<Row[]> {
  const root = Deno.makeTempDirSync({ dir: directory });
  fill(`${root}/small`, NAMES);
  const others = Array.from({ length: FILES }, (_, index) => `${index}.tif`);
  for (let index = 0; index < (quick ? DIRECTORIES / 10 : DIRECTORIES); index++) fill(`${root}/dir${index}`, others);
  const fm = new FileManager({ disk: new DiskBackend() });
  const [listDir, listFiles] = listers(
    (directory) => fm.listDir(directory, "disk"),
    (directory) => fm.listFiles(directory, "disk"),
    `${root}/small`,
  );
  const raw = { name: "Deno.readDir", work: (count: number) => repeat(count, () => readDir(`${root}/small`)) };
  const rawSync: Contender = {
    name: "Deno.readDirSync",
    work: (count) => {
      for (; count > 0; count--) assert([...Deno.readDirSync(`${root}/small`)].length === NAMES.length);
    },
  };
  const options = { budget: quick ? 300 : 2500 };
  return [
    ...await rival("disk listing, listDir", listDir!, [{ ...raw, goal: DISK_GOAL }, rawSync], options),
    ...await rival("disk listing, listFiles", listFiles!, [{ ...raw, goal: DISK_GOAL }, rawSync], options),
  ];
}

function fill(directory: string, names: readonly string[]): void {
  Deno.mkdirSync(directory);
  for (const name of names) Deno.openSync(`${directory}/${name}`, { write: true, createNew: true }).close();
}

async function readDir(directory: string): Promise<void> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(directory)) names.push(name);
  assert(names.length === NAMES.length);
}

function listers(
  listDir: (directory: string) => Promise<string[]>,
  listFiles: (directory: string) => Promise<string[]>,
  directory: string,
): Contender[] {
  return [
    {
      name: "listDir",
      before: async () => assert.deepEqual(await listDir(directory), NAMES),
      work: (count) => repeat(count, () => listDir(directory)),
    },
    {
      name: "listFiles",
      before: async () => assert.deepEqual(await listFiles(directory), NAMES.map((name) => `${directory}/${name}`)),
      work: (count) => repeat(count, () => listFiles(directory)),
    },
  ];
}

async function repeat(count: number, work: () => Promise<unknown>): Promise<void> {
  for (; count > 0; count--) await work();
}
