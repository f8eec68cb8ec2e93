/**
 * The child of the fault tests: makes one call, and says `resolved` or what it was refused with, as JSON.
 *
 * Arguments: root, the call.
 */

import { DiskBackend, isStorageError } from "../../mod.ts";

const [root, call = ""] = Deno.args;
const disk = new DiskBackend({ root });
const big = new Uint8Array(3_000_000).fill(1);

const CALLS: Readonly<Record<string, () => Promise<unknown>>> = {
  save: () => disk.save("new", "file.txt"),
  big: () => disk.save(big, "big.bin"),
  create: () => disk.save("new", "created.txt", { overwrite: false }),
  batch: () => disk.saveBatch(["new", "new", "new"], ["file.txt", "two.txt", "three.txt"]),
  read: () => disk.load("big.bin"),
  stream: async () => {
    for await (const chunk of await disk.openRead("big.bin")) if (chunk.length === 0) break;
  },
  write: async () => await new Response(big).body!.pipeTo(await disk.openWrite("big.bin")),
};

function tell(outcome: Record<string, unknown>): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(outcome)));
}

try {
  await CALLS[call]!();
  tell({ resolved: true });
} catch (error) {
  if (isStorageError(error)) tell({ code: error.code, message: error.message });
  else tell({ foreign: String(error) });
}
