/**
 * The same work with unstorage: its fs driver against ours without syncs, its memory driver against ours by reference.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { SIZES } from "./disk.ts";
import type { Contender, MeasureOptions } from "./measure.ts";
import { randomBuffers, sizeText } from "./random.ts";
import { rival, type Row, type RunOptions, type Task } from "./row.ts";
import { inMemory, type Library, onDisk } from "./unstorage_library.ts";

/** Faster, or equal. */
const GOAL = 1;

/** In the rows about directories and batches. */
const FILES = 1000;

/** What both libraries keep. */
interface Files {
  readonly paths: readonly string[];
  readonly buffers: readonly Uint8Array[];
  readonly texts: readonly string[];
}

/** One sample of some work of a library. */
type Operation = (library: Library, files: Files) => Omit<Contender, "name">;

/** At each size. */
const BY_SIZE: Readonly<Record<string, Operation>> = {
  save: (library, { paths, buffers }) => ({
    work: (count) => each(count, (index) => library.save(paths[index % paths.length]!, buffers[index % paths.length]!)),
  }),
  load: (library, { paths }) => ({
    work: (count) => each(count, (index) => library.load(paths[index % paths.length]!)),
  }),
  delete: (library, { buffers }) => ({
    before: (count) => each(count, (index) => library.save(`gone/${index}`, buffers[index % buffers.length]!)),
    work: (count) => each(count, (index) => library.remove(`gone/${index}`)),
  }),
};

/** Of many small files. */
const OF_MANY: Readonly<Record<string, Operation>> = {
  exists: (library, { paths }) => ({
    work: (count) => each(count, (index) => library.exists(paths[index % paths.length]!)),
  }),
  "exists, missing": (library, { paths }) => ({
    work: (count) => each(count, (index) => library.exists(`${paths[index % paths.length]}_not`)),
  }),
  "list 10 of 1000 files": (library) => ({
    work: (count) => each(count, (index) => library.list(`dir${index % 100}`)),
  }),
  "list 1000 files, sorted": (library) => ({
    work: (count) => each(count, async () => sorted(library, await library.list(""))),
  }),
  "save batch of 1000 texts": (library, { paths, texts }) => ({
    work: (count) => each(count, () => library.saveAll(paths.map((path) => `${path}.txt`), texts)),
  }),
  "load batch of 1000 texts": (library, { paths }) => ({
    work: (count) => each(count, () => library.loadAll(paths.map((path) => `${path}.txt`))),
  }),
};

/** The natural order of ours, which whoever lists with unstorage must bring about. */
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function sorted(library: Library, paths: string[]): string[] {
  return library.name === "ours" ? paths : paths.sort(collator.compare);
}

/** The tasks of this file. */
export function unstorageTasks(): Task[] {
  const tasks: Task[] = [];
  for (const [place, open] of [["disk", onDisk], ["memory", inMemory]] as const) {
    for (const [name, operation] of Object.entries(BY_SIZE)) {
      for (const size of SIZES) {
        tasks.push(
          task(`unstorage ${place} ${name} ${sizeText(size)}`, open, operation, size > 1024 * 1024 ? 2 : 16, size),
        );
      }
    }
    for (const [name, operation] of Object.entries(OF_MANY)) {
      tasks.push(task(`unstorage ${place} ${name}`, open, operation, FILES, 1024));
    }
  }
  return tasks;
}

function task(
  name: string,
  open: (directory: string) => Library[],
  operation: Operation,
  count: number,
  size: number,
): Task {
  return {
    name,
    async run(options: RunOptions): Promise<Row[]> {
      const files = filesOf(count, size);
      const libraries = open(options.directory);
      for (const library of libraries) await fill(library, files, name.includes("batch"));
      const [ours, theirs] = libraries.map((library) => ({ name: library.name, ...operation(library, files) }));
      const rows = await rival(name, ours!, [{ ...theirs!, goal: GOAL }], budget(options, name, size));
      for (const library of libraries) await check(library, files);
      return rows;
    },
  };
}

function budget({ quick }: RunOptions, name: string, size: number): MeasureOptions {
  const maxCount = !name.includes("delete") ? 100_000 : size > 1024 * 1024 ? 2 : 128;
  return { budget: quick ? 200 : name.includes("disk") ? 2000 : 800, maxCount, minRounds: quick ? 3 : 9 };
}

function filesOf(count: number, size: number): Files {
  const buffers = randomBuffers(count, size);
  return {
    paths: buffers.map((_, index) => `dir${Math.floor(index / 10)}/file${index % 10}`),
    buffers,
    texts: buffers.map((bytes) => `text ${bytes.subarray(0, 512).toHex()}`),
  };
}

async function fill(library: Library, { paths, buffers, texts }: Files, batch: boolean): Promise<void> {
  for (const [index, path] of paths.entries()) await library.save(path, buffers[index]!);
  if (!batch) return;
  const textPaths = paths.map((path) => `${path}.txt`);
  await library.saveAll(textPaths, texts);
  assert.deepEqual(await library.loadAll(textPaths), texts);
}

/** Once, outside of what is timed: everything is there and as it was saved. */
async function check(library: Library, { paths, buffers }: Files): Promise<void> {
  for (const [index, path] of paths.entries()) {
    const loaded = await library.load(path);
    assert(loaded instanceof Uint8Array && Buffer.compare(loaded, buffers[index]!) === 0, path);
    assert(await library.exists(path));
  }
  assert.equal(
    (await library.list("dir0")).filter((path) => !path.endsWith(".txt")).length,
    Math.min(10, paths.length),
  );
  assert.equal(await library.exists("gone/0"), false);
}

async function each(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  for (let index = 0; index < count; index++) await work(index);
}
