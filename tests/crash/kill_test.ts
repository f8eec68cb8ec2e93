import assert from "node:assert/strict";
import { DiskBackend } from "../../mod.ts";
import { leftovers, LONG, namesBelow, type Random, seeded, snapshot, withBox } from "../disk/setup.ts";
import { readBlock } from "./block.ts";
import { Child } from "./child.ts";
import { kills } from "./kills.ts";

const KILLS = LONG ? 200 : 20;

/** Everything the child may leave behind; directories too. */
const TARGETS = new Set([
  ...["full.bin", "fast.bin", "stream.bin", "sub/", "sub/dir/", "sub/dir/full.bin"],
  ...["batch/", "batch/a.bin", "batch/b.bin", "batch/sub/", "batch/sub/c.bin"],
  ...["move/", "move/from.bin", "move/to/", "move/to/there.bin", "copies/"],
  ...["tree", "copies/tree"].flatMap((tree) => ["/", "/1.bin", "/2.bin", "/deep/", "/deep/3.bin"].map((n) => tree + n)),
]);

/** Starts a child that is ready to go. */
async function ready(root: string, random: Random, first: number): Promise<Child> {
  const child = new Child("saver.ts", [root, Math.floor(random() * 2 ** 32), first]);
  try {
    assert.equal(await child.line(), "ready 0");
    return child;
  } catch (error) {
    await child.kill();
    throw error;
  }
}

/** Lets a child save for a moment, kills it, and takes down what it has acknowledged. */
async function interrupt(child: Child, milliseconds: number, acknowledged: Map<string, number>): Promise<void> {
  const lines = child.lines();
  await child.tell("go");
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  await child.kill().finally(() => lines.catch(() => {/* the kill has told */}));
  for (const line of await lines) {
    const [path = "", sequence] = line.split(" ");
    acknowledged.set(path, Math.max(acknowledged.get(path) ?? 0, Number(sequence)));
  }
}

/** Checks what is left, and answers the highest number there is. */
async function verify(root: string, acknowledged: ReadonlyMap<string, number>, when: string): Promise<number> {
  const disk = new DiskBackend({ root });
  const listed = await disk.listFiles("", { recursive: true });
  const raw = namesBelow(root).filter((name) => !name.endsWith("/"));
  const hidden = leftovers(root);
  assert.deepEqual(listed.filter((path) => path.includes(".polystore-")), [], `${when}: a temporary file is listed`);
  assert.deepEqual([...listed].sort(), raw.filter((name) => !hidden.includes(name)).sort(), `${when}: the listing`);
  let highest = 0;
  const numbers = new Map<string, number>();
  for (const path of listed) {
    assert(TARGETS.has(path), `${when}: ${path} was never saved`);
    const number = readBlock(await disk.load(path) as Uint8Array, `${when}: ${path}`);
    numbers.set(path, number);
    highest = Math.max(highest, number);
  }
  for (const [path, least] of acknowledged) {
    const number = numbers.get(path);
    assert(number !== undefined && number >= least, `${when}: ${path} was acknowledged as ${least}, and is ${number}`);
  }
  await sweepAll(disk, root, hidden);
  return highest;
}

async function sweepAll(disk: DiskBackend, root: string, hidden: readonly string[]): Promise<void> {
  const before = snapshot(root);
  for (const name of hidden) before.delete(name);
  const times = hidden.map((name) => Deno.lstatSync(`${root}/${name}`).mtime?.getTime() ?? 0);
  // The time of quick successors is put after that of their predecessors, so it may lie a little ahead.
  const ahead = Math.max(0, ...times) - Date.now();
  if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead + 1));
  assert.equal(await disk.sweep("", { olderThan: 0 }), hidden.length);
  assert.deepEqual(snapshot(root), before, "the sweep did not remove exactly the leftovers");
  for (const name of namesBelow(root)) assert(TARGETS.has(name), `${name} is left`);
}

Deno.test(`kill -9: saves of a killed process are whole or absent, ${KILLS} times`, () =>
  withBox(async ({ root }) => {
    const { random } = seeded("kill -9");
    const acknowledged = new Map<string, number>();
    let seen = 0;
    let swept = 0;
    const shown = (): boolean => acknowledged.size >= 8 && seen > 0 && swept > 0;
    let next = ready(root, random, 0);
    try {
      for (const kill of kills(KILLS, shown)) {
        const wait = 5 + random() * 75;
        await interrupt(await next, wait, acknowledged);
        swept += leftovers(root).length;
        // The next one starts up meanwhile; its numbers are beyond any that this one has reached.
        next = ready(root, random, kill * 1_000_000);
        seen = Math.max(seen, await verify(root, acknowledged, `after kill ${kill}, ${wait.toFixed(1)} ms in`));
      }
    } finally {
      await (await next).kill();
    }
    assert(acknowledged.size >= 8, `only ${[...acknowledged.keys()]} were ever acknowledged`);
    assert(seen > 0);
    assert(swept > 0, "no kill ever left a temporary file: the test does not test");
  }));
