/**
 * Saving and loading bytes on disk, against hand-written programs that do the same.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DiskBackend, FileManager } from "../mod.ts";
import type { Contender, MeasureOptions } from "./measure.ts";
import { randomBuffers, sizeText } from "./random.ts";
import { loadMixed, loadSync, saveAsync, saveMixed, saveSync } from "./raw_disk.ts";
import { type Rival, rival, type Row, type RunOptions, type Task } from "./row.ts";

/** The sizes asked for. */
export const SIZES: readonly number[] = [1024, 64 * 1024, 1024 * 1024, 16 * 1024 * 1024];

/** What ours may take, of what the program takes. */
const GOAL = 1.15;

/** Ours works at once up to here, and so does the program it is held against. */
const AT_ONCE = 1024 * 1024;

/** Files that are saved and loaded in turn; few of the large ones. */
export function filesOf(size: number): number {
  return size > AT_ONCE ? 2 : 16;
}

/** How long to measure something on disk. */
export function diskBudget({ quick }: RunOptions): MeasureOptions {
  return { budget: quick ? 300 : 2500, maxCount: 512, minRounds: quick ? 3 : 9 };
}

/** The tasks of this file. */
export function diskTasks(): Task[] {
  const tasks: Task[] = [];
  for (const durability of ["full", "fast"] as const) {
    for (const size of SIZES) tasks.push(saveTask(size, durability, false));
    if (durability === "fast") tasks.push(saveTask(1024, durability, true));
  }
  tasks.push(confinedTask());
  for (const size of SIZES) tasks.push(loadTask(size));
  return tasks;
}

/** Replaces the same files again and again, or makes ever new ones. */
function saveTask(size: number, durability: "full" | "fast", fresh: boolean): Task {
  const name = `disk save ${durability} ${sizeText(size)}${fresh ? ", new files" : ""}`;
  return {
    name,
    async run(options: RunOptions): Promise<Row[]> {
      const buffers = randomBuffers(filesOf(size), size);
      const fm = new FileManager({ disk: new DiskBackend({ durability }) });
      const durable = durability === "full";
      const ours = saver("ours", options, buffers, fresh, (path, bytes) => fm.save(bytes, path, "disk"));
      const rivals: Rival[] = [
        saver("raw, sync", options, buffers, fresh, (path, bytes) => saveSync(path, [bytes], durable)),
        saver("raw, async", options, buffers, fresh, (path, bytes) => saveAsync(path, [bytes], durable)),
        saver("raw, mixed", options, buffers, fresh, (path, bytes) => saveMixed(path, [bytes], durable)),
      ];
      // The fair one: the fastest form in which a server goes on serving.
      const fair = durable || size > AT_ONCE ? 2 : 0;
      rivals[fair] = { ...rivals[fair]!, goal: GOAL };
      if (!durable && size <= AT_ONCE) rivals.pop();
      return await rival(name, ours, rivals, diskBudget(options));
    },
  };
}

/** A contender that saves each buffer in turn, in a directory of its own. */
function saver(
  name: string,
  { directory }: RunOptions,
  buffers: readonly Uint8Array[],
  fresh: boolean,
  save: (path: string, bytes: Uint8Array) => unknown,
): Contender {
  const own = Deno.makeTempDirSync({ dir: directory });
  let next = 0;
  function path(): string {
    return `${own}/${fresh ? next : next % buffers.length}`;
  }
  function check(): void {
    const last = next === 0 ? undefined : --next;
    if (last !== undefined) assert.deepEqual(Deno.readFileSync(path()), buffers[last % buffers.length]);
    if (last !== undefined) next++;
  }
  return {
    name,
    before: check,
    work: name.endsWith("sync") && !name.endsWith("async")
      ? (count) => {
        for (; count > 0; count--) {
          save(path(), buffers[next % buffers.length]!);
          next++;
        }
      }
      : async (count) => {
        for (; count > 0; count--) {
          await save(path(), buffers[next % buffers.length]!);
          next++;
        }
      },
  };
}

/** What staying in a root costs: no program that is written by hand has one. */
function confinedTask(): Task {
  const name = "disk save fast 1 KiB, in a root";
  return {
    name,
    async run(options: RunOptions): Promise<Row[]> {
      const buffers = randomBuffers(filesOf(1024), 1024);
      const root = Deno.makeTempDirSync({ dir: options.directory });
      const fm = new FileManager({ disk: new DiskBackend({ durability: "fast", root }) });
      let next = 0;
      const ours: Contender = {
        name: "ours",
        async work(count): Promise<void> {
          for (; count > 0; count--, next++) {
            await fm.save(buffers[next % buffers.length], `${next % buffers.length}`, "disk");
          }
        },
      };
      const raw = saver("raw, sync", options, buffers, false, (path, bytes) => saveSync(path, [bytes], false));
      return await rival(name, ours, [raw], diskBudget(options));
    },
  };
}

function loadTask(size: number): Task {
  const name = `disk load ${sizeText(size)}`;
  return {
    name,
    async run(options: RunOptions): Promise<Row[]> {
      const buffers = randomBuffers(filesOf(size), size);
      const own = Deno.makeTempDirSync({ dir: options.directory });
      const paths = buffers.map((bytes, index) => {
        Deno.writeFileSync(`${own}/${index}`, bytes);
        return `${own}/${index}`;
      });
      const fm = new FileManager({ disk: new DiskBackend() });
      assert.deepEqual(await Promise.all(paths.map((path) => fm.load(path, "disk"))), buffers);
      assert.deepEqual(paths.map(loadSync), buffers);
      assert.deepEqual(await Promise.all(paths.map(loadMixed)), buffers);
      const ours = loader("ours", paths, (path) => fm.load(path, "disk"));
      const rivals: Rival[] = [
        {
          name: "raw, sync",
          work: (count) => {
            for (; count > 0; count--) loadSync(paths[count % paths.length]!);
          },
        },
        loader("Deno.readFile", paths, (path) => Deno.readFile(path)),
        loader("raw, mixed", paths, loadMixed),
      ];
      const fair = size > AT_ONCE ? 2 : 0;
      rivals[fair] = { ...rivals[fair]!, goal: GOAL };
      if (size <= AT_ONCE) rivals.pop();
      return await rival(name, ours, rivals, diskBudget(options));
    },
  };
}

function loader(name: string, paths: readonly string[], load: (path: string) => Promise<unknown>): Contender {
  return {
    name,
    async work(count): Promise<void> {
      for (; count > 0; count--) await load(paths[count % paths.length]!);
    },
  };
}
