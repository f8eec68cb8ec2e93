import assert from "node:assert/strict";
import { DiskBackend, isStorageError } from "../../mod.ts";
import { leftovers, LONG, namesBelow, seeded, withBox } from "./setup.ts";

for (const durability of ["full", "fast"] as const) {
  Deno.test(`parallel: 32 saves into one new directory and 32 into new directories (${durability})`, () =>
    withBox(async ({ root }) => {
      const disk = new DiskBackend({ root, durability });
      const paths = Array.from({ length: 64 }, (_, i) => i < 32 ? `one/${i}.json` : `deep/${i % 4}/${i}/a/b/${i}.json`);
      const results = await Promise.all(paths.map((path, i) => disk.save({ i }, path)));
      assert.equal(new Set(results.map(({ etag }) => etag)).size, 64);
      for (const [i, path] of paths.entries()) assert.deepEqual(await disk.load(path), { i });
      assert.deepEqual(namesBelow(root).filter((name) => !name.endsWith("/")).sort(), [...paths].sort());
    }));

  Deno.test(`parallel: saves, streams, batches and copies while their directory is deleted (${durability})`, () =>
    withBox(async ({ root }) => {
      const { random } = seeded("parallel");
      const disk = new DiskBackend({ root, durability });
      const other = new DiskBackend({ root, durability });
      await disk.save("source", "source.txt");
      for (let round = 0; round < (LONG ? 300 : 20); round++) {
        const calls = Array.from({ length: 24 }, (_, i): Promise<unknown> => {
          const path = `parent/${i % 3}/${i}.txt`;
          const choice = Math.floor(random() * 8);
          if (choice < 3) return disk.save(`${round} ${i}`, path);
          if (choice === 3) return disk.saveBatch(["a", "b"], [path, `parent/${i % 3}/batch ${i}.txt`]);
          if (choice === 4) return disk.openWrite(path).then((stream) => stream.close());
          if (choice === 5) return disk.copy("source.txt", path, { overwrite: true });
          return (choice === 6 ? disk : other).deleteAll(choice === 6 ? "parent" : `parent/${i % 3}`);
        });
        for (const outcome of await Promise.allSettled(calls)) {
          if (outcome.status === "fulfilled") continue;
          assert(isStorageError(outcome.reason), `round ${round}: ${Deno.inspect(outcome.reason)}`);
          assert.notEqual(outcome.reason.code, "io", outcome.reason.message);
        }
        assert.deepEqual(leftovers(root), [], `round ${round} left temporary files`);
        await disk.save("afterwards", "parent/0/afterwards.txt");
        assert.equal(await disk.load("parent/0/afterwards.txt"), "afterwards");
      }
    }));

  Deno.test(`parallel: a save that has resolved is not undone by deleting a directory that is not empty (${durability})`, () =>
    withBox(async ({ root }) => {
      const disk = new DiskBackend({ root, durability });
      for (let round = 0; round < 50; round++) {
        const [saved, deleted] = await Promise.allSettled([disk.save("kept", `dir/${round}.txt`), disk.delete("dir")]);
        assert.equal(saved.status, "fulfilled", Deno.inspect(saved));
        if (deleted.status === "rejected") assert(isStorageError(deleted.reason), Deno.inspect(deleted));
        const there = await disk.exists(`dir/${round}.txt`);
        assert(there, `round ${round}: the file was deleted with its directory, without { recursive: true }`);
      }
    }));
}

Deno.test("parallel: two backends that delete one tree at once both succeed, and nothing is left", () =>
  withBox(async ({ root }) => {
    const backends = [1, 2, 3].map(() => new DiskBackend({ root, durability: "fast" }));
    for (let round = 0; round < 5; round++) {
      const paths = Array.from({ length: 200 }, (_, i) => `tree/${i % 7}/${i % 11}/${i}.txt`);
      await backends[0]!.saveBatch(paths, paths);
      const outcomes = await Promise.allSettled(
        backends.map((disk) => disk.delete("tree", { recursive: true, force: true })),
      );
      for (const outcome of outcomes) assert.equal(outcome.status, "fulfilled", Deno.inspect(outcome));
      assert.deepEqual(namesBelow(root), []);
    }
  }));
