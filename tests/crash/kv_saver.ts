/**
 * The child of the kill test on Deno KV: waits for a line, then saves blocks in every way there is until it is killed. After each
 * change that has resolved it says which path holds at least which number, or of which directory everything up to a number is gone.
 *
 * Arguments: the file of the database, seed, the number to begin with.
 */

import { KvBackend } from "../../backends/kv.ts";
import { randomFrom } from "../disk/setup.ts";
import { anySize, makeBlock } from "./block.ts";

const [path = "", seed = "0", first = "0"] = Deno.args;
const random = randomFrom(Number(seed));
const kv = new KvBackend({ path });
const encoder = new TextEncoder();
let sequence = Number(first);

function block(): Uint8Array {
  return makeBlock(sequence, anySize(random));
}

function tell(...lines: readonly string[]): void {
  Deno.stdout.writeSync(encoder.encode(lines.map((line) => `${line}\n`).join("")));
}

function acknowledge(at: number, ...paths: readonly string[]): void {
  tell(...paths.map((path) => `${path} ${at}`));
}

async function save(path: string): Promise<void> {
  const at = ++sequence;
  await kv.save(block(), path);
  acknowledge(at, path);
}

/** Content of one part that does not fit its entry: it is overwritten in place. */
async function savePart(path: string): Promise<void> {
  const at = ++sequence;
  await kv.save(makeBlock(at, 65_505 + Math.floor(random() * 16)), path);
  acknowledge(at, path);
}

async function saveBatch(directory: string, count: number): Promise<void> {
  const at = ++sequence;
  const paths = Array.from({ length: count }, (_, i) => `${directory}/${i % 3}/${i}.bin`);
  await kv.saveBatch(paths.map((_, i) => makeBlock(at, i % 7 === 0 ? anySize(random) / 8 : 500)), paths);
  acknowledge(at, ...paths);
}

async function stream(path: string): Promise<void> {
  const at = ++sequence;
  const content = block();
  const writer = (await kv.openWrite(path)).getWriter();
  for (let offset = 0; offset < content.length; offset += 100_000) {
    await writer.write(content.subarray(offset, offset + 100_000));
  }
  await writer.close();
  acknowledge(at, path);
}

async function moveFile(from: string, to: string): Promise<void> {
  const at = ++sequence;
  await kv.save(block(), from);
  await kv.move(from, to, { overwrite: true });
  acknowledge(at, to);
}

async function moveTree(from: string, to: string): Promise<void> {
  const at = ++sequence;
  await kv.saveBatch([block(), block()], [`${from}/1.bin`, `${from}/deep/2.bin`]);
  await kv.deleteAll(to).catch(() => {/* nothing is there yet */});
  await kv.move(from, to);
  acknowledge(at, `${to}/1.bin`, `${to}/deep/2.bin`);
}

async function deleteTree(directory: string): Promise<void> {
  const at = ++sequence;
  const paths = Array.from({ length: 20 }, (_, i) => `${directory}/${i % 4}/${i}.bin`);
  await kv.saveBatch(paths.map((_, i) => makeBlock(at, i < 3 ? anySize(random) : 100)), paths);
  await kv.deleteAll(directory);
  tell(`gone:${directory} ${at}`);
}

const LOOPS: readonly (() => Promise<void>)[] = [
  () => save("one.bin"),
  () => save("sub/dir/two.bin"),
  () => savePart("part.bin"),
  () => saveBatch("batch", 12),
  () => saveBatch("many", 150),
  () => stream("stream.bin"),
  () => moveFile("move/from.bin", "move/to/there.bin"),
  () => moveTree("tree", "moved/tree"),
  () => deleteTree("deleted"),
];

async function forever(change: () => Promise<void>): Promise<never> {
  for (;;) await change();
}

acknowledge(0, "ready");
await Deno.stdin.read(new Uint8Array(8));
await Promise.all(LOOPS.map(forever));
