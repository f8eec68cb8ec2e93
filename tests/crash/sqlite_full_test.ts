import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { SqliteBackend } from "../../backends/sqlite.ts";
import { refuses, withBox } from "../disk/setup.ts";
import { MOUNTS, withMount } from "./mounted.ts";

const KIB = 1024;
const ROOM = 8192 * KIB;

function bytes(size: number, fill: number): Uint8Array {
  return new Uint8Array(size).fill(fill);
}

/** What does not fit, written in every way. */
const CALLS: Readonly<Record<string, (backend: SqliteBackend) => Promise<unknown>>> = {
  save: (backend) => backend.save(bytes(ROOM, 1), "dir/old.bin"),
  "save in one transaction": async (backend) => {
    for (let i = 0; i < 3; i++) await backend.save(bytes(3500 * KIB, 1), i === 2 ? "dir/old.bin" : `${i}.bin`);
  },
  "save of a new file": (backend) => backend.save(bytes(ROOM, 1), "dir/new.bin", { overwrite: false }),
  "saveBatch of large values": (backend) =>
    backend.saveBatch([1, 2, 3, 4].map((n) => bytes(ROOM / 4, n)), ["dir/old.bin", "x.bin", "y.bin", "z.bin"]),
  "saveBatch of small values": (backend) =>
    backend.saveBatch(
      Array.from({ length: 200 }, () => bytes(60 * KIB, 1)),
      Array.from({ length: 200 }, (_, i) => i === 0 ? "dir/old.bin" : `${i}.bin`),
    ),
  openWrite: async (backend) => {
    const writer = (await backend.openWrite("dir/old.bin")).getWriter();
    writer.closed.catch(() => {/* told by the call that fails */});
    for (let left = 2 * ROOM; left > 0; left -= 512 * KIB) await writer.write(bytes(512 * KIB, 1));
    await writer.close();
  },
};

async function prepare(backend: SqliteBackend): Promise<void> {
  await backend.save(bytes(300 * KIB, 7), "dir/old.bin");
  await backend.save("text", "note.txt");
}

async function assertOld(backend: SqliteBackend): Promise<void> {
  assert.deepEqual(await backend.load("dir/old.bin"), bytes(300 * KIB, 7));
  assert.equal(await backend.load("note.txt"), "text");
  assert.equal(await backend.exists("dir/new.bin"), false);
  assert.equal(await backend.exists("x.bin"), false);
  assert.deepEqual(await backend.check(), []);
}

for (const [name, call] of Object.entries(CALLS)) {
  Deno.test({
    name: `sqlite, disk full: ${name} is refused with no-space, and the old content stays, for the next process too`,
    ignore: !MOUNTS,
    fn: () =>
      withMount("size=6m", async (root) => {
        const path = `${root}/a.db`;
        await using backend = new SqliteBackend({ path });
        await prepare(backend);
        await refuses(() => call(backend), "no-space", /full/);
        await assertOld(backend);
        await backend.close();
        await using next = new SqliteBackend({ path, durability: "normal" });
        await assertOld(next);
      }),
  });

  Deno.test(`sqlite, file full: ${name} is refused with no-space, and leaves nothing behind`, () =>
    withBox(async ({ root }) => {
      using database = new DatabaseSync(`${root}/a.db`);
      const backend = new SqliteBackend({ database });
      await prepare(backend);
      database.exec("PRAGMA max_page_count = 2000");
      await refuses(() => call(backend), "no-space", /full/);
      await assertOld(backend);
      await backend.sweep({ olderThan: 0 });
      await backend.save(bytes(100 * KIB, 2), "dir/old.bin");
      assert.deepEqual(await backend.load("dir/old.bin"), bytes(100 * KIB, 2));
      assert.deepEqual({ ...database.prepare("SELECT count(*) AS n FROM draft").get() }, { n: 0 });
    }));
}

Deno.test({
  name: "sqlite, disk full: once there is room again, everything works, and what was unfinished is swept",
  ignore: !MOUNTS,
  fn: () =>
    withMount("size=20m", async (root) => {
      await Deno.writeFile(`${root}/ballast`, bytes(13 * 1024 * KIB, 0));
      await using backend = new SqliteBackend({ path: `${root}/a.db` });
      await prepare(backend);
      await refuses(() => CALLS.openWrite!(backend), "no-space", /full/);
      await Deno.remove(`${root}/ballast`);
      await backend.sweep({ olderThan: 0 });
      await assertOld(backend);
      await backend.save(bytes(5000 * KIB, 2), "dir/old.bin");
      assert.deepEqual(await backend.load("dir/old.bin"), bytes(5000 * KIB, 2));
      assert.equal(await backend.sweep({ olderThan: 0 }), 0);
      assert.deepEqual(await backend.check(), []);
    }),
});
