/**
 * What `import "mod.ts"` costs a fresh process.
 *
 * @module
 */

import { compare, type Contender, measure, percentile } from "./measure.ts";
import { duration, type Row, type RunOptions, type Task } from "./row.ts";

/** Nanoseconds that it may take. */
const GOAL = 15e6;

/** What the whole is made of, for whoever wants to know where it goes. */
const PARTS = ["backends/memory.ts", "backends/disk.ts", "backends/formats/mod.ts"];

/** The tasks of this file. */
export function importTasks(): Task[] {
  return [{ name: "import of mod.ts", run: importing }];
}

async function importing({ quick, directory }: RunOptions): Promise<Row[]> {
  const own = await Deno.makeTempDir({ dir: directory });
  const parts = ["mod.ts", ...PARTS];
  const empty = await runner(own, "empty", "export {};\n");
  const contenders = [empty];
  for (const [index, part] of parts.entries()) {
    const url = new URL(`../${part}`, import.meta.url).href;
    contenders.push(await runner(own, `part${index}`, `import ${JSON.stringify(url)};\n`));
  }
  const [base, ...samples] = await measure(contenders, {
    budget: quick ? 1500 : 20_000,
    maxCount: 1,
    minRounds: quick ? 5 : 20,
  });
  return parts.map((part, index): Row => {
    const { ours, theirs, ratio } = compare(samples[index]!, base!);
    const extra = samples[index]!.map((sample, round) => sample - base![round]!);
    const whole = index === 0;
    return {
      work: whole ? "import of mod.ts" : `import of ${part}, a part of it`,
      ours: `+${duration(ours - theirs)}`,
      peer: "an empty module",
      theirs: duration(theirs),
      ratio: `${ratio.toFixed(2)}×`,
      goal: whole ? `≤ +${duration(GOAL)}` : "",
      spread: `+${duration(percentile(extra, 0.1))}–${duration(percentile(extra, 0.9))}`,
      reached: whole ? ours - theirs <= GOAL : undefined,
    };
  });
}

/** Runs a module in a fresh process: from start to exit. */
async function runner(directory: string, name: string, source: string): Promise<Contender> {
  const file = `${directory}/${name}.ts`;
  await Deno.writeTextFile(file, source);
  const config = new URL("../deno.json", import.meta.url).pathname;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", "--config", config, file],
    stdout: "null",
    stderr: "inherit",
  });
  return {
    name,
    async work(): Promise<void> {
      const { success } = await command.output();
      if (!success) throw new Error(`Cannot import in a fresh process: ${name} failed`);
    },
  };
}
