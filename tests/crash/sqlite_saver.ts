/**
 * The child of the kill test on SQLite: waits for a line, then saves, streams, moves and deletes until it is killed. After each change
 * that has resolved it says what holds now.
 *
 * Arguments: file, seed, the number to begin with.
 */

import { SqliteBackend } from "../../backends/sqlite.ts";
import { randomFrom } from "../disk/setup.ts";
import { anySize, makeBlock } from "./block.ts";

const [path = "", seed = "0", first = "0"] = Deno.args;
const random = randomFrom(Number(seed));
// One time its changes share commits, another time each has its own.
const sqlite = new SqliteBackend({ path, groupCommit: Number(seed) % 2 === 1 });
const encoder = new TextEncoder();
let sequence = Number(first);

const BATCH = ["batch/a.bin", "batch/b.bin", "batch/sub/c.bin"];
const TREE = ["1.bin", "2.bin", "deep/3.bin"];

function acknowledge(...words: readonly (string | number)[]): void {
  Deno.stdout.writeSync(encoder.encode(`${words.join(" ")}\n`));
}

async function save(file: string): Promise<void> {
  const at = ++sequence;
  await sqlite.save(makeBlock(at, anySize(random)), file);
  acknowledge("saved", file, at);
}

async function saveBatch(): Promise<void> {
  const at = ++sequence;
  await sqlite.saveBatch(BATCH.map(() => makeBlock(at, anySize(random))), BATCH);
  for (const file of BATCH) acknowledge("saved", file, at);
}

async function stream(file: string): Promise<void> {
  const at = ++sequence;
  const content = makeBlock(at, Math.floor(random() * 12 * 1024 * 1024));
  const writer = (await sqlite.openWrite(file)).getWriter();
  for (let offset = 0; offset < content.length; offset += 262_144) {
    await writer.write(content.subarray(offset, offset + 262_144));
  }
  await writer.close();
  acknowledge("saved", file, at);
}

async function move(): Promise<void> {
  const at = ++sequence;
  await sqlite.save(makeBlock(at, anySize(random)), "move/from.bin");
  await sqlite.move("move/from.bin", "move/to/there.bin", { overwrite: true });
  acknowledge("saved", "move/to/there.bin", at);
}

async function tree(): Promise<void> {
  const at = ++sequence;
  await sqlite.saveBatch(TREE.map(() => makeBlock(at, anySize(random))), TREE.map((name) => `tree/${name}`));
  acknowledge("tree", "saved", at);
  await sqlite.move("tree", "moved/tree");
  acknowledge("tree", "moved", at);
  await sqlite.delete("moved", { recursive: true });
  acknowledge("tree", "deleted", at);
}

async function forever(change: () => Promise<void>): Promise<never> {
  for (;;) {
    await change();
    // The engine never leaves the thread: the others have their turn now.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

// What was killed half-way may have left any state of the tree.
await sqlite.delete("tree", { recursive: true, force: true });
await sqlite.delete("moved", { recursive: true, force: true });
acknowledge("tree", "deleted", sequence);
acknowledge("ready");
await Deno.stdin.read(new Uint8Array(8));
await Promise.all(
  [() => save("one.bin"), () => save("sub/dir/two.bin"), saveBatch, () => stream("stream.bin"), move, tree].map(
    forever,
  ),
);
