/**
 * The child of the kill test: waits for a line, then saves blocks in every way there is until it is killed. After each change
 * that has resolved it says which path holds at least which number.
 *
 * Arguments: root, seed, the number to begin with.
 */

import { DiskBackend, type DiskSaveOptions } from "../../mod.ts";
import { randomFrom } from "../disk/setup.ts";
import { anySize, makeBlock } from "./block.ts";

const [root = "", seed = "0", first = "0"] = Deno.args;
const random = randomFrom(Number(seed));
const disk = new DiskBackend({ root });
const encoder = new TextEncoder();
let sequence = Number(first);

function block(): Uint8Array {
  return makeBlock(sequence, anySize(random));
}

function acknowledge(at: number, ...paths: readonly string[]): void {
  Deno.stdout.writeSync(encoder.encode(paths.map((path) => `${path} ${at}\n`).join("")));
}

async function save(path: string, options: DiskSaveOptions): Promise<void> {
  const at = ++sequence;
  await disk.save(block(), path, options);
  acknowledge(at, path);
}

async function saveBatch(...paths: readonly string[]): Promise<void> {
  const at = ++sequence;
  const durability = random() < 0.5 ? "full" : "fast";
  await disk.saveBatch(paths.map(() => block()), paths, { durability });
  acknowledge(at, ...paths);
}

async function stream(path: string): Promise<void> {
  const at = ++sequence;
  const content = block();
  const writer = (await disk.openWrite(path)).getWriter();
  for (let offset = 0; offset < content.length; offset += 65536) {
    await writer.write(content.subarray(offset, offset + 65536));
  }
  await writer.close();
  acknowledge(at, path);
}

async function move(from: string, to: string): Promise<void> {
  const at = ++sequence;
  await disk.save(block(), from, { durability: "fast" });
  await disk.move(from, to, { overwrite: true });
  acknowledge(at, to);
}

async function copyTree(from: string, to: string): Promise<void> {
  const at = ++sequence;
  const paths = ["1.bin", "2.bin", "deep/3.bin"];
  await disk.saveBatch(paths.map(() => block()), paths.map((path) => `${from}/${path}`), { durability: "fast" });
  acknowledge(at, ...paths.map((path) => `${from}/${path}`));
  await disk.copy(from, to, { overwrite: true });
  acknowledge(at, ...paths.map((path) => `${to}/${path}`));
}

const LOOPS: readonly (() => Promise<void>)[] = [
  () => save("full.bin", { durability: "full" }),
  () => save("fast.bin", { durability: "fast" }),
  () => save("sub/dir/full.bin", { durability: "full" }),
  () => saveBatch("batch/a.bin", "batch/b.bin", "batch/sub/c.bin"),
  () => stream("stream.bin"),
  () => move("move/from.bin", "move/to/there.bin"),
  () => copyTree("tree", "copies/tree"),
];

async function forever(change: () => Promise<void>): Promise<never> {
  for (;;) await change();
}

acknowledge(0, "ready");
await Deno.stdin.read(new Uint8Array(8));
await Promise.all(LOOPS.map(forever));
