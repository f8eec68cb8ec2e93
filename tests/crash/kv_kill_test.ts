import assert from "node:assert/strict";
import { KvBackend } from "../../backends/kv.ts";
import { LONG, type Random, seeded, withBox } from "../disk/setup.ts";
import { assertClean, inspect } from "../kv/inspect.ts";
import { readBlock } from "./block.ts";
import { Child } from "./child.ts";
import { kills } from "./kills.ts";

const KILLS = LONG ? 200 : 20;

/** What the children have acknowledged: the least number of a path, and up to which number everything of a directory is gone. */
interface Acknowledged {
  readonly least: Map<string, number>;
  readonly gone: Map<string, number>;
}

/** Starts a child that is ready to go. */
async function ready(path: string, random: Random, first: number): Promise<Child> {
  const child = new Child("kv_saver.ts", [path, Math.floor(random() * 2 ** 32), first]);
  try {
    assert.equal(await child.line(), "ready 0");
    return child;
  } catch (error) {
    await child.kill();
    throw error;
  }
}

/** Lets a child save for a moment, kills it, and takes down what it has acknowledged. */
async function interrupt(child: Child, milliseconds: number, { least, gone }: Acknowledged): Promise<void> {
  const lines = child.lines();
  await child.tell("go");
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  await child.kill().finally(() => lines.catch(() => {/* the kill has told */}));
  for (const line of await lines) {
    const [what = "", number] = line.split(" ");
    const into = what.startsWith("gone:") ? gone : least;
    const path = what.replace("gone:", "");
    into.set(path, Math.max(into.get(path) ?? 0, Number(number)));
  }
}

/** Checks what is left; answers how many things had to be cleaned up. */
async function verify(path: string, { least, gone }: Acknowledged, when: string): Promise<number> {
  const kv = await Deno.openKv(path);
  const backend = new KvBackend({ kv });
  try {
    const { paths, markers } = await inspect(kv);
    const files = paths.filter((name) => !name.endsWith("/"));
    // The listing agrees with the raw keys, and every file that it tells of can be read whole.
    assert.deepEqual([...await backend.listFiles("", { recursive: true })].sort(), [...files].sort(), when);
    const numbers = new Map<string, number>();
    for (const file of files) numbers.set(file, readBlock(await backend.load(file) as Uint8Array, `${when}: ${file}`));
    for (const [file, at] of least) {
      const number = numbers.get(file);
      // The tree is deleted before another is moved there.
      if (number === undefined && file.startsWith("moved/")) continue;
      assert(number !== undefined && number >= at, `${when}: ${file} was acknowledged as ${at}, and is ${number}`);
    }
    for (const [directory, at] of gone) {
      for (const [file, number] of numbers) {
        assert(!file.startsWith(`${directory}/`) || number > at, `${when}: ${file} of ${number} was deleted at ${at}`);
      }
    }
    const swept = await backend.sweep({ olderThan: 0 });
    // To clean up a directory can bring more to light, which is cleaned up at once.
    assert(swept >= markers, `${when}: ${swept} of ${markers} markers were swept`);
    await assertClean(kv);
    assert.deepEqual([...await backend.listFiles("", { recursive: true })].sort(), [...files].sort(), when);
    return swept;
  } finally {
    await backend.close();
    kv.close();
  }
}

Deno.test(`kill -9: what is in Deno KV is whole, and nothing is left over, ${KILLS} times`, () =>
  withBox(async ({ root }) => {
    const { random } = seeded("kill -9 on Deno KV");
    const path = `${root}/kv.db`;
    const acknowledged: Acknowledged = { least: new Map(), gone: new Map() };
    let swept = 0;
    const shown = (): boolean => acknowledged.least.size >= 20 && swept > 0;
    for (const kill of kills(KILLS, shown)) {
      const child = await ready(path, random, kill * 1_000_000);
      const wait = 30 + random() * 300;
      await interrupt(child, wait, acknowledged);
      swept += await verify(path, acknowledged, `after kill ${kill}, ${wait.toFixed(1)} ms in`);
    }
    assert(acknowledged.least.size >= 20, `only ${[...acknowledged.least.keys()]} were ever acknowledged`);
    assert(swept > 0, "no kill ever left anything to clean up: the test does not test");
  }));
