import assert from "node:assert/strict";
import { type BackendBase, DiskBackend, FileManager, isStorageError, MemoryBackend, ndarray } from "../mod.ts";
import { BAD, type Loose } from "./disk/bad_inputs.ts";
import { type Snapshot, snapshotOf } from "./disk/contents.ts";
import { snapshot, withBox } from "./disk/setup.ts";

function managerOf(root: string): Loose {
  const backends: [string, BackendBase][] = [["memory", new MemoryBackend()], ["disk", new DiskBackend({ root })]];
  return new FileManager(new Map(backends));
}

async function furnish(fm: Loose, backend: string): Promise<void> {
  await fm.save({ old: true }, "file.json", backend);
  await fm.save(ndarray(new Uint8Array([1]), [1]), "dir.json/array.npy", backend);
  if (backend === "disk") await fm.save(new TextEncoder().encode("{"), "corrupt.json", backend, { format: "bytes" });
}

for (const backend of ["memory", "disk"]) {
  for (const { name, call, code, says, only } of BAD) {
    if (only !== undefined && only !== backend) continue;
    Deno.test(`bad input, ${backend}: ${name} is ${code}, and nothing is written`, () =>
      withBox(async ({ outer, root }) => {
        const fm: Loose = managerOf(root);
        await furnish(fm, backend);
        const before: Snapshot = [snapshot(outer), await snapshotOf(fm, backend)];
        const error = await call(fm, backend).then((value) => ({ value }), (error: unknown) => error);
        assert(isStorageError(error), `it is no StorageError: ${Deno.inspect(error)}`);
        assert.equal(error.code, code, error.message);
        assert.equal(error.backend, backend, error.message);
        for (const words of [/^Cannot /, ...says]) assert.match(error.message, words);
        assert.deepEqual([snapshot(outer), await snapshotOf(fm, backend)], before);
      }));
  }
}

Deno.test("bad input: an unknown backend is named, with those there are and the one that was meant", async () => {
  const fm: Loose = managerOf("/nonexistent");
  for (
    const call of [
      () => fm.save(1, "a.json", "dsik"),
      () => fm.load("a.json", "dsik"),
      () => fm.saveBatch([1], ["a.json"], "dsik"),
      () => fm.exists("a.json", "dsik"),
      () => fm.listFiles("", "dsik"),
      () => fm.delete("a.json", "dsik"),
      () => fm.copy("a.json", "b.json", "memory", { to: "dsik" }),
      () => fm.update("a.json", "dsik", () => 1),
    ]
  ) {
    const error = await Promise.resolve().then(call).then(() => undefined, (error: unknown) => error);
    assert(isStorageError(error, "unknown-backend"), Deno.inspect(error));
    for (const words of [/"dsik"/, /"memory"/, /"disk"/, /did you mean "disk"/]) assert.match(error.message, words);
  }
});
