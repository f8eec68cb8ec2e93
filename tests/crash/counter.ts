/**
 * The child of the counting tests: adds one to a number, again and again, or saves other files beside it until it is told to stop.
 *
 * Arguments: root, "count" or "noise", path, how often, durability.
 */

import type { Durability } from "../../backends/stores/mod.ts";
import { DiskBackend, FileManager } from "../../mod.ts";

const [root = "", task = "", path = "", times = "0", durability = "full"] = Deno.args;
const disk = new FileManager({ disk: new DiskBackend({ root, durability: durability as Durability }) }).on("disk");

async function count(): Promise<void> {
  for (let i = 0; i < Number(times); i++) {
    await disk.update<{ count: number }>(path, (old) => ({ count: (old?.count ?? 0) + 1 }));
  }
}

async function makeNoise(): Promise<void> {
  let stopped = false;
  const told = Deno.stdin.read(new Uint8Array(8)).finally(() => stopped = true);
  for (let i = 1; !stopped; i++) {
    await disk.save({ i }, path);
    // A fast save never leaves the thread, so nothing else would get a turn.
    if (i % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await told;
}

if (task === "count") await count();
else await makeNoise();
