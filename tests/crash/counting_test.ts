import assert from "node:assert/strict";
import { DiskBackend } from "../../mod.ts";
import { leftovers, LONG, withBox } from "../disk/setup.ts";
import { Child } from "./child.ts";

const PROCESSES = LONG ? 8 : 4;
const TIMES = LONG ? 50 : 25;
const ROUNDS = LONG ? 200 : 25;
const RACERS = 8;

/** Runs with children, none of which survives. */
async function withChildren(children: readonly Child[], run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } finally {
    for (const child of children) await child.kill();
  }
}

Deno.test(`update: ${PROCESSES} processes that add ${TIMES} each lose nothing, others saving beside them`, () =>
  withBox(async ({ root }) => {
    const noise = ["full", "fast"].map((d) => new Child("counter.ts", [root, "noise", `dir/noise-${d}.json`, 0, d]));
    const counters = Array.from(
      { length: PROCESSES },
      (_, i) => new Child("counter.ts", [root, "count", "dir/count.json", TIMES, i % 2 === 0 ? "full" : "fast"]),
    );
    await withChildren([...noise, ...counters], async () => {
      await Promise.all(counters.map((child) => child.ended()));
      for (const child of noise) await child.tell("stop");
      for (const child of noise) await child.ended();
    });
    const disk = new DiskBackend({ root });
    assert.deepEqual(await disk.load("dir/count.json"), { count: PROCESSES * TIMES });
    for (const d of ["full", "fast"]) assert((await disk.load(`dir/noise-${d}.json`) as { i: number }).i > 0);
    assert.deepEqual(leftovers(root), []);
  }));

Deno.test(`ifAbsent: of ${RACERS} processes that create a file exactly one wins, ${ROUNDS} times`, () =>
  withBox(async ({ root }) => {
    const racers = Array.from(
      { length: RACERS },
      (_, i) => new Child("racer.ts", [root, `racer ${i}`, i % 2 === 0 ? "full" : "fast"]),
    );
    await withChildren(racers, async () => {
      for (const racer of racers) assert.equal(await racer.line(), "ready");
      const disk = new DiskBackend({ root });
      for (let round = 0; round < ROUNDS; round++) {
        const path = `${round % 2 === 0 ? "" : `new ${round}/`}${round}.txt`;
        await Promise.all(racers.map((racer) => racer.tell(path)));
        const answers = await Promise.all(racers.map((racer) => racer.line()));
        const winners = answers.flatMap((answer, i) => answer === "won" ? [i] : []);
        assert.equal(winners.length, 1, `round ${round}: ${answers}`);
        assert.equal(answers.filter((answer) => answer === "lost").length, RACERS - 1, `round ${round}: ${answers}`);
        assert.equal(await disk.load(path), `racer ${winners[0]}`);
      }
      await Promise.all(racers.map((racer) => racer.ended()));
    });
    assert.deepEqual(leftovers(root), []);
  }));
