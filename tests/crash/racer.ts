/**
 * The child of the racing test: creates the file it is told of, if nobody has, and says who has won.
 *
 * Arguments: root, its own name, durability. A line is a path; an empty line ends it.
 */

import type { Durability } from "../../backends/stores/mod.ts";
import { DiskBackend, isStorageError } from "../../mod.ts";

const [root = "", name = "", durability = "full"] = Deno.args;
const disk = new DiskBackend({ root, durability: durability as Durability });
const encoder = new TextEncoder();

async function race(path: string): Promise<string> {
  try {
    await disk.save(name, path, { overwrite: false });
    return "won";
  } catch (error) {
    if (isStorageError(error, "already-exists")) return "lost";
    return `failed: ${error}`;
  }
}

Deno.stdout.writeSync(encoder.encode("ready\n"));
let pending = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (pending + text).split("\n");
  pending = lines.pop() ?? "";
  for (const path of lines) Deno.stdout.writeSync(encoder.encode(`${await race(path)}\n`));
}
