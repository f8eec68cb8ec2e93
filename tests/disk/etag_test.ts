import assert from "node:assert/strict";
import { DiskBackend, ndarray } from "../../mod.ts";
import { bytesOf, refuses, withBox } from "./setup.ts";

/** Content of one size, different for every number. */
function numbered(n: number): Uint8Array {
  return bytesOf(String(n).padStart(8, "0"));
}

for (const durability of ["full", "fast"] as const) {
  Deno.test(`etags: 200 quick contents of one size have 200 etags (${durability})`, () =>
    withBox(async ({ root }) => {
      const disk = new DiskBackend({ root, durability });
      const etags = new Set<unknown>();
      for (let i = 0; i < 200; i++) {
        const { etag } = await disk.save(numbered(i), "file");
        assert.equal((await disk.stat("file")).etag, etag);
        etags.add(etag);
      }
      assert.equal(etags.size, 200);
    }));

  for (const perRound of [1, 5]) {
    Deno.test(`etags: none comes again after deletions, with ${perRound} saves between (${durability})`, () =>
      withBox(async ({ root }) => {
        const disk = new DiskBackend({ root, durability });
        const etags = new Set<unknown>();
        const rounds = 100;
        for (let i = 0; i < rounds * perRound; i++) {
          etags.add((await disk.save(numbered(i), "file")).etag);
          if (i % perRound === perRound - 1) await (i % 2 === 0 ? disk.delete("file") : disk.deleteAll("file"));
        }
        assert.equal(etags.size, rounds * perRound);
      }));
  }

  Deno.test(`etags: none comes again when files are moved away and new ones made (${durability})`, () =>
    withBox(async ({ root }) => {
      const disk = new DiskBackend({ root, durability });
      const etags = new Set<unknown>();
      for (let i = 0; i < 300; i++) {
        etags.add((await disk.save(numbered(i), "file")).etag);
        if (i % 3 === 2) {
          await disk.move("file", "away", { overwrite: true });
          await disk.delete("away");
        }
      }
      assert.equal(etags.size, 300);
    }));
}

Deno.test("etags: another program's change in place is another etag, and ifMatch notices it", () =>
  withBox(async ({ root }) => {
    const disk = new DiskBackend({ root });
    const { etag } = await disk.save("12345678", "file.txt");
    await new Promise((resolve) => setTimeout(resolve, 20));
    await Deno.writeTextFile(`${root}/file.txt`, "87654321");
    assert.notEqual((await disk.stat("file.txt")).etag, etag);
    for (
      const call of [
        () => disk.save("mine", "file.txt", { ifMatch: etag }),
        () => disk.delete("file.txt", { ifMatch: etag }),
        async () => await (await disk.openWrite("file.txt", { ifMatch: etag! })).close(),
      ]
    ) await refuses(call, "precondition-failed", "changed");
    assert.equal(await disk.load("file.txt"), "87654321");
  }));

Deno.test("etags: two saves at once each answer their own, also of values that are streamed", () =>
  withBox(async ({ root }) => {
    const disk = new DiskBackend({ root, durability: "fast" });
    const values = [1, 2, 3].map((n) => ndarray(new Float64Array(600_000).fill(n), [600_000]));
    const results = await Promise.all(values.map((value) => disk.save(value, "array.npy")));
    assert.equal(new Set(results.map(({ etag }) => etag)).size, values.length);
  }));

Deno.test("etags: a file whose time is put back by another program gets a new one with the next save", () =>
  withBox(async ({ root }) => {
    const disk = new DiskBackend({ root });
    const etags = new Set<unknown>();
    for (let i = 0; i < 50; i++) {
      etags.add((await disk.save(numbered(i), "file")).etag);
      const info = await Deno.stat(`${root}/file`);
      await Deno.utime(`${root}/file`, new Date(0), new Date(info.mtime!.getTime() + 60_000));
    }
    assert.equal(etags.size, 50);
  }));
