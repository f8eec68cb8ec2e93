/** The child that has no permission at all: it imports the package and works in memory. */

import assert from "node:assert/strict";
import { FileManager, MemoryBackend, ndarray, registry } from "../../mod.ts";

for (const fm of [new FileManager(new Map([["memory", new MemoryBackend()]])), new FileManager(registry)]) {
  await fm.save({ a: [1, 2] }, "a/b.json", "memory");
  await fm.save(ndarray(new Uint16Array([1, 2]), [2]), "a/c.npy", "memory");
  await fm.update<{ a: number[] }>("a/b.json", "memory", () => ({ a: [3] }));
  assert.deepEqual(await fm.load("a/b.json", "memory"), { a: [3] });
  await fm.copy("a", "copied", "memory");
  await fm.createSymlink("a", "link", "memory");
  assert.deepEqual(await fm.listFiles("copied", "memory"), ["copied/b.json", "copied/c.npy"]);
  assert.equal(
    (await new Response(await fm.openRead("a/c.npy", "memory") as ReadableStream<never>).bytes()).length,
    132,
  );
  await fm.deleteAll("a", "memory");
}
