/**
 * The child of the test of torn reads: replaces files by blocks of 1 to 4 MiB until it is told to stop.
 *
 * Arguments: root, seed, paths.
 */

import { DiskBackend } from "../../mod.ts";
import { randomFrom } from "../disk/setup.ts";
import { makeBlock } from "./block.ts";

const MIB = 1024 * 1024;
const [root = "", seed = "0", ...paths] = Deno.args;
const random = randomFrom(Number(seed));
const disk = new DiskBackend({ root, durability: "fast" });
// Made before: making them takes longer than saving them.
const blocks = Array.from({ length: 12 }, (_, i) => makeBlock(i, MIB + Math.floor(random() * 3 * MIB)));

async function replace(path: string): Promise<void> {
  for (let i = 0; !stopped; i++) {
    await disk.save(blocks[i % blocks.length], path);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

let stopped = false;
for (const path of paths) await disk.save(blocks[0], path);
Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
const told = Deno.stdin.read(new Uint8Array(8)).finally(() => stopped = true);
await Promise.all(paths.map(replace));
await told;
