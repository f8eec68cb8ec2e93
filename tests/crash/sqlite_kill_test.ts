import assert from "node:assert/strict";
import { SqliteBackend } from "../../backends/sqlite.ts";
import { LONG, type Random, seeded, withBox } from "../disk/setup.ts";
import { readBlock } from "./block.ts";
import { Child } from "./child.ts";
import { kills } from "./kills.ts";

const KILLS = LONG ? 200 : 20;
const BATCH = ["batch/a.bin", "batch/b.bin", "batch/sub/c.bin"];
const TREE = ["1.bin", "2.bin", "deep/3.bin"];

/** What was acknowledged last. */
interface Acknowledged {
  readonly saved: Map<string, number>;
  tree: readonly [state: string, number: number];
}

async function ready(path: string, random: Random, first: number, acknowledged: Acknowledged): Promise<Child> {
  const child = new Child("sqlite_saver.ts", [path, Math.floor(random() * 2 ** 32), first]);
  try {
    for (let line = await child.line(); line !== "ready"; line = await child.line()) note(line, acknowledged);
    return child;
  } catch (error) {
    await child.kill();
    throw error;
  }
}

function note(line: string | undefined, acknowledged: Acknowledged): void {
  assert(line !== undefined, "the child ended before it was ready");
  const [what, which = "", number] = line.split(" ");
  if (what === "saved") acknowledged.saved.set(which, Number(number));
  else if (what === "tree") acknowledged.tree = [which, Number(number)];
  else assert.fail(line);
}

async function interrupt(child: Child, milliseconds: number, acknowledged: Acknowledged): Promise<void> {
  const lines = child.lines();
  await child.tell("go");
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  await child.kill().finally(() => lines.catch(() => {/* the kill has told */}));
  for (const line of await lines) note(line, acknowledged);
}

/** Checks what is left; answers how much was swept. */
async function verify(path: string, { saved, tree }: Acknowledged, when: string): Promise<number> {
  await using sqlite = new SqliteBackend({ path });
  assert.deepEqual(await sqlite.check(), [], when);
  const numbers = new Map<string, number>();
  for (const file of await sqlite.listFiles("", { recursive: true })) {
    const content = await sqlite.load(file) as Uint8Array;
    assert.equal((await sqlite.stat(file)).size, content.length, `${when}: ${file}`);
    numbers.set(file, readBlock(content, `${when}: ${file}`));
  }
  for (const [file, least] of saved) {
    const number = numbers.get(file) ?? -1;
    assert(number >= least, `${when}: ${file} was acknowledged as ${least}, and is ${number}`);
  }
  const oneNumber = (files: readonly string[], what: string): number | undefined => {
    const found = new Set(files.map((file) => numbers.get(file)));
    assert.equal(found.size, 1, `${when}: half of ${what} is there: ${[...found]}`);
    return [...found][0];
  };
  oneNumber(BATCH, "a batch");
  const here = oneNumber(TREE.map((name) => `tree/${name}`), "a tree");
  const there = oneNumber(TREE.map((name) => `moved/tree/${name}`), "a moved tree");
  assert(here === undefined || there === undefined, `${when}: the tree is in two places`);
  const [state, number] = tree;
  const expected = state === "saved" ? [number] : state === "moved" ? [number, undefined] : [undefined];
  const found = here ?? there;
  const next = state === "deleted" && there === undefined && found !== undefined && found > number;
  assert(next || expected.includes(found), `${when}: the tree was ${state} as ${number}, and is ${found}`);
  assert(!(state === "moved" && here !== undefined), `${when}: the tree was moved, and is back`);
  await sqlite.load("one.bin").catch(() => {/* the next line counts */});
  const swept = await sqlite.sweep({ olderThan: 0 });
  assert.deepEqual(await sqlite.check(), [], `${when}, swept`);
  assert.equal(await sqlite.sweep({ olderThan: 0 }), 0, `${when}: the sweep has left something`);
  return swept;
}

Deno.test(`sqlite, kill -9: every acknowledged change is there, whole and in its place, ${KILLS} times`, () =>
  withBox(async ({ root }) => {
    const path = `${root}/a.db`;
    const { random } = seeded("sqlite, kill -9");
    const acknowledged: Acknowledged = { saved: new Map(), tree: ["deleted", 0] };
    let swept = 0;
    const shown = (): boolean => acknowledged.saved.size >= 7 && swept > 0;
    for (const kill of kills(KILLS, shown)) {
      const child = await ready(path, random, kill * 1_000_000, acknowledged);
      const wait = 5 + random() * 195;
      await interrupt(child, wait, acknowledged);
      swept += await verify(path, acknowledged, `after kill ${kill}, ${wait.toFixed(1)} ms in`);
    }
    assert(acknowledged.saved.size >= 7, `only ${[...acknowledged.saved.keys()]} were ever acknowledged`);
    assert(swept > 0, "no kill ever left a draft: the test does not test");
  }));
