/**
 * Listing one directory of a hundred files among more and more others.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { StorageBackend } from "../mod.ts";
import { type Contender, measure, median, percentile } from "./measure.ts";
import { duration, type Row, type RunOptions, type Task, times } from "./row.ts";

const FILES = 100;
const TOTALS: readonly number[] = [1000, 10_000, 100_000];
/** What a hundred times as many files may cost: nothing, but for a deeper tree and noise. */
const GOAL = 1.5;

/** The curve of one backend: a row for each total, against the smallest. */
export function curveTask(engine: string, open: (path: string) => StorageBackend): Task {
  const name = `${engine} list ${FILES} files among others`;
  return {
    name,
    async run(options: RunOptions): Promise<Row[]> {
      const totals = options.quick ? TOTALS.slice(0, 2) : TOTALS;
      const backends: StorageBackend[] = [];
      try {
        for (const total of totals) backends.push(await filled(open, options, total));
        const contenders = backends.map((backend, index): Contender => ({
          name: `${totals[index]}`,
          async work(count): Promise<void> {
            for (; count > 0; count--) await backend.listDir(`dir${count % (totals[index]! / FILES)}`);
          },
        }));
        const [first, ...others] = await measure(contenders, { budget: options.quick ? 400 : 3000, minRounds: 9 });
        return others.map((samples, index) => {
          const pairs = samples.map((sample, round) => sample / first![round]!);
          const ratio = median(samples) / median(first!);
          return {
            work: `${name}: ${totals[index + 1]}`,
            ours: duration(median(samples)),
            peer: `among ${totals[0]}`,
            theirs: duration(median(first!)),
            ratio: times(ratio),
            goal: `≤ ${times(GOAL)}`,
            spread: `${percentile(pairs, 0.1).toFixed(2)}–${percentile(pairs, 0.9).toFixed(2)}`,
            reached: ratio <= GOAL,
          };
        });
      } finally {
        for (const backend of backends) await backend.close();
      }
    },
  };
}

async function filled(
  open: (path: string) => StorageBackend,
  { directory }: RunOptions,
  total: number,
): Promise<StorageBackend> {
  const own = await Deno.makeTempDir({ dir: directory });
  const backend = open(`${own}/files.db`);
  const bytes = new Uint8Array(100);
  for (let done = 0; done < total; done += 10_000) {
    const paths = Array.from({ length: Math.min(10_000, total - done) }, (_, index) => {
      return `dir${Math.floor((done + index) / FILES)}/img${index % FILES}.tif`;
    });
    await backend.saveBatch(paths.map(() => bytes), paths);
  }
  assert.equal((await backend.listDir("dir3")).length, FILES);
  return backend;
}
