// The first steps: values in memory and on disk, through one file manager.
//
//   deno run --allow-read --allow-write examples/quickstart.ts

import { DiskBackend, FileManager, isStorageError, MemoryBackend, ndarray } from "@polystore/polystore";
import assert from "node:assert/strict";

const root = await Deno.makeTempDir();
const fm = new FileManager({ memory: new MemoryBackend(), disk: new DiskBackend({ root }) });

// A value comes back as it was, from every backend.
const image = ndarray(Float32Array.from({ length: 12 }, (_, i) => i / 3), [3, 4]);
for (const backend of ["memory", "disk"] as const) {
  await fm.save(image, "plate/A01.npy", backend);
  await fm.save({ well: "A01", ok: true }, "plate/A01.json", backend);
  assert.deepEqual(await fm.load("plate/A01.npy", backend), image);
  assert.deepEqual(await fm.listFiles("plate", backend, { extensions: [".npy"] }), ["plate/A01.npy"]);
}

// Batches are checked first; here one value cannot be kept, so none is written.
try {
  await fm.saveBatch([{ n: 1 }, { when: new Date() }], ["run/1.json", "run/2.json"], "disk");
  assert.fail("a Date would come back as a string");
} catch (error) {
  assert(isStorageError(error, "invalid-value"));
}
assert.equal(await fm.exists("run/1.json", "disk"), false);

// Content as a stream, and a part of it.
const stream = await fm.openRead("plate/A01.json", "disk", { range: { offset: 0, length: 7 } });
assert.equal(await new Response(stream).text(), '{"well"');

// A directory to another backend, compared when it has arrived.
await fm.save("from memory", "plate/note.txt", "memory");
const { copied, unchanged } = await fm.sync("plate", "plate", "memory", { to: "disk" });
assert.deepEqual([copied, unchanged], [["note.txt"], 2]);

await Deno.remove(root, { recursive: true });
