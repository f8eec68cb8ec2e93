/** The child that deletes a directory, if it is empty, again and again until it is told to stop. Arguments: root, directory. */

import { DiskBackend, isStorageError } from "../../mod.ts";

const [root, directory = ""] = Deno.args;
const disk = new DiskBackend({ root, durability: "fast" });
let stopped = false;
Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
const told = Deno.stdin.read(new Uint8Array(8)).finally(() => stopped = true);
while (!stopped) {
  for (let i = 0; i < 100; i++) {
    await disk.delete(directory).catch((error) => {
      if (!isStorageError(error)) throw error;
    });
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
}
await told;
