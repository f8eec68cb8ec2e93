/**
 * Runs the benchmark: `deno task bench`, or only some rows: `deno task bench listing npy`.
 *
 * `--quick` measures for a tenth of the time; `--dir=<directory>` puts the files elsewhere than in the temp directory. The table
 * goes to the console, and, when everything is to run in full, after each task to `bench/RESULTS.md`.
 *
 * @module
 */

import { backendTasks } from "./backends.ts";
import { artifactTasks } from "./artifacts.ts";
import { diskTasks } from "./disk.ts";
import { httpTasks } from "./http.ts";
import { importTasks } from "./import.ts";
import { kvTasks } from "./kv.ts";
import { layerTasks } from "./layers.ts";
import { listingTasks } from "./listing.ts";
import { memoryTasks } from "./memory.ts";
import { npyTasks } from "./npy.ts";
import { remoteTasks } from "./remote.ts";
import { report, summary, table } from "./report.ts";
import type { Row, Task } from "./row.ts";
import { serverTasks } from "./server.ts";
import { sqliteTasks } from "./sqlite.ts";
import { streamingTasks } from "./streaming.ts";
import { unstorageTasks } from "./unstorage.ts";
import { zarrTasks } from "./zarr.ts";
import { zarrCostTasks } from "./zarr_costs.ts";

const ALL: readonly Task[] = [
  ...memoryTasks(),
  ...importTasks(),
  ...listingTasks(),
  ...diskTasks(),
  ...npyTasks(),
  ...sqliteTasks(),
  ...kvTasks(),
  ...zarrTasks(),
  ...zarrCostTasks(),
  ...layerTasks(),
  ...artifactTasks(),
  ...httpTasks(),
  ...streamingTasks(),
  ...backendTasks(),
  ...remoteTasks(),
  ...unstorageTasks(),
  ...serverTasks(),
];

const COMMAND = "deno task bench";

/** Runs what the arguments ask for. */
export async function main(args: readonly string[]): Promise<void> {
  const words = args.filter((arg) => !arg.startsWith("--"));
  const quick = args.includes("--quick");
  const dir = args.find((arg) => arg.startsWith("--dir="))?.slice("--dir=".length);
  const tasks = ALL
    .filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  const directory = await Deno.makeTempDir({ prefix: "polystore_bench_", ...(dir ? { dir } : {}) });
  const rows: Row[] = [];
  const start = performance.now();
  try {
    for (const [index, task] of tasks.entries()) {
      print(`${index + 1}/${tasks.length} ${task.name}`);
      const made = await task.run({ quick, directory });
      rows.push(...made);
      for (const { work, ours, peer, theirs, ratio } of made) {
        print(`  ${work}: ${[ours, theirs && `${theirs} (${peer})`, ratio].filter(Boolean).join(", ")}`);
      }
      const seconds = (performance.now() - start) / 1000;
      if (words.length === 0 && !quick) {
        const missing = tasks.slice(index + 1).map(({ name }) => name);
        await Deno.writeTextFile(
          new URL("RESULTS.md", import.meta.url),
          report(rows, { command: COMMAND, seconds, missing }),
        );
      }
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
  print("", `${table(rows)}\n\n${summary(rows)}\n`);
}

/** Progress goes to standard error, the table to standard output. */
function print(progress: string, output?: string): void {
  const stream = output === undefined ? Deno.stderr : Deno.stdout;
  stream.writeSync(new TextEncoder().encode(output ?? `${progress}\n`));
}

if (import.meta.main) await main(Deno.args);
