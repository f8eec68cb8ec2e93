/**
 * Saving and loading by reference in memory.
 *
 * @module
 */

import assert from "node:assert/strict";
import { FileManager, MemoryBackend } from "../mod.ts";
import { type Contender, measure, percentile } from "./measure.ts";
import { randomBuffers } from "./random.ts";
import type { Row, RunOptions, Task } from "./row.ts";

/** Operations per second to be exceeded. */
const GOAL = 1_000_000;

const FILES = 1000;

/** The tasks of this file. */
export function memoryTasks(): Task[] {
  return [{ name: "memory save and load by reference", run: saveAndLoad }];
}

async function saveAndLoad({ quick }: RunOptions): Promise<Row[]> {
  const buffers = randomBuffers(FILES, 1024);
  const paths = buffers.map((_, index) => `plate/well${index % 10}/${index}.bin`);
  const fm = new FileManager({ memory: new MemoryBackend({ policy: "reference" }) });
  const view = fm.on("memory");
  const contenders: Contender[] = [
    {
      name: "memory save by reference",
      async work(count): Promise<void> {
        for (; count > 0; count--) await fm.save(buffers[count % FILES], paths[count % FILES]!, "memory");
      },
    },
    {
      name: "memory load by reference",
      async work(count): Promise<void> {
        for (; count > 0; count--) await fm.load(paths[count % FILES]!, "memory");
      },
    },
    {
      name: "memory save by reference, fm.on()",
      async work(count): Promise<void> {
        for (; count > 0; count--) await view.save(buffers[count % FILES], paths[count % FILES]!);
      },
    },
    {
      name: "memory load by reference, fm.on()",
      async work(count): Promise<void> {
        for (; count > 0; count--) await view.load(paths[count % FILES]!);
      },
    },
  ];
  await fm.saveBatch(buffers, paths, "memory");
  const samples = await measure(contenders, { budget: quick ? 500 : 4000 });
  for (const [index, path] of paths.entries()) assert.equal(await fm.load(path, "memory"), buffers[index]);
  return contenders.map(({ name }, index): Row => {
    const rates = samples[index]!.map((nanoseconds) => 1e9 / nanoseconds);
    return {
      work: name,
      ours: perSecond(percentile(rates, 0.5)),
      peer: "",
      theirs: "",
      ratio: "",
      goal: `> ${perSecond(GOAL)}`,
      spread: `${perSecond(percentile(rates, 0.1))}–${perSecond(percentile(rates, 0.9))}`,
      reached: percentile(rates, 0.5) > GOAL,
    };
  });
}

function perSecond(rate: number): string {
  return `${(rate / 1e6).toPrecision(3)} M/s`;
}
