import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { registeredBackend } from "../../backends/catalogue.ts";
import { SqliteBackend, type SqliteBackendOptions } from "../../backends/sqlite.ts";
import { BackendRegistry, unknownBackend } from "../../registry/mod.ts";
import { backendPromises, type OpenedBackend, testBackend } from "../conformance/mod.ts";
import { refuses, withBox } from "../disk/setup.ts";

async function openFile(options: SqliteBackendOptions): Promise<OpenedBackend> {
  const directory = await Deno.makeTempDir({ prefix: "polystore-" });
  let backend = new SqliteBackend({ ...options, path: `${directory}/store.db` });
  return {
    backend,
    async reopen() {
      await backend.close();
      return backend = new SqliteBackend({ ...options, path: `${directory}/store.db` });
    },
    dispose: () => Deno.remove(directory, { recursive: true }),
  };
}

// Names are kept the same way by all of them; thousands of files take their time.
const unnamed = backendPromises.map(({ id }) => id).filter((id) => !id.includes("/names"));
await testBackend("sqlite, memory", () => new SqliteBackend({ path: ":memory:" }), { numRuns: 50 });
await testBackend("sqlite, full", () => openFile({ durability: "full" }), { numRuns: 10, only: unnamed });
await testBackend("sqlite, normal", () => openFile({ durability: "normal" }), { numRuns: 20, only: unnamed });

Deno.test('sqlite: registers itself as "sqlite", and loads no engine before its first use', async () => {
  assert.equal(registeredBackend("sqlite"), SqliteBackend);
  assert.match(unknownBackend("sqlite", []).message, /@polystore\/polystore\/sqlite/);
  const program = `
    import { SqliteBackend } from ${JSON.stringify(new URL("../../backends/sqlite.ts", import.meta.url).href)};
    const backend = new SqliteBackend();
    await backend.close();`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", program],
    env: { DENO_NO_PROMPT: "1" },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
});

Deno.test("sqlite: the default path is polystore.db in the working directory", () =>
  withBox(async ({ root }) => {
    const before = Deno.cwd();
    Deno.chdir(root);
    try {
      await using registry = new BackendRegistry();
      const sqlite = registry.get("sqlite");
      assert.equal(await sqlite.exists("note.txt"), false);
      assert.deepEqual([...Deno.readDirSync(root)], [], "looking has made a file");
      await sqlite.save("text", "note.txt");
      assert((await Deno.stat(`${root}/polystore.db`)).isFile);
    } finally {
      Deno.chdir(before);
    }
  }));

Deno.test("sqlite: looking at a file that is missing makes none; it is seen as soon as another process makes it", () =>
  withBox(async ({ root }) => {
    const path = `${root}/late.db`;
    await using early = new SqliteBackend({ path });
    assert.deepEqual(await early.listDir(""), []);
    await refuses(() => early.load("note.txt"), "not-found");
    assert.equal(await early.sweep(), 0);
    assert.deepEqual([...Deno.readDirSync(root)], []);
    await using late = new SqliteBackend({ path });
    await late.save("text", "note.txt");
    assert.equal(await early.load("note.txt"), "text");
  }));

Deno.test("sqlite: connectionParams() is what makes the same backend elsewhere", () =>
  withBox(async ({ root }) => {
    const path = `${root}/a.db`;
    await using backend = new SqliteBackend({ path, durability: "normal", busyTimeout: 1000, groupCommit: true });
    await backend.save("text", "note.txt");
    const params = JSON.parse(JSON.stringify(backend.connectionParams()));
    assert.deepEqual(params, { path, durability: "normal", busyTimeout: 1000, groupCommit: true });
    await using again = SqliteBackend.fromConnectionParams(params);
    assert.equal(await again.load("note.txt"), "text");
    assert.throws(() => new SqliteBackend({ path: ":memory:" }).connectionParams(), { code: "unsupported" });
  }));

Deno.test("sqlite: many first operations at once open the database once; a failed opening is tried again", () =>
  withBox(async ({ root }) => {
    const path = `${root}/deep/a.db`;
    await using backend = new SqliteBackend({ path });
    await refuses(() => backend.save("text", "note.txt"), ["permission-denied", "not-found"]);
    await Deno.mkdir(`${root}/deep`);
    await Promise.all(Array.from({ length: 20 }, (_, i) => backend.save({ i }, `${i}.json`)));
    assert.equal((await backend.listFiles("")).length, 20);
  }));

Deno.test("sqlite: after close everything is refused with closed, and a given handle stays open", async () => {
  const backend = new SqliteBackend({ path: ":memory:" });
  await backend.save("text", "note.txt");
  await backend.close();
  await refuses(() => backend.load("note.txt"), "closed");
  await refuses(() => backend.save("text", "note.txt"), "closed");
  using database = new DatabaseSync(":memory:");
  const given = new SqliteBackend({ database });
  await given.save("text", "note.txt");
  await given.close();
  assert.equal(database.isOpen, true);
  assert.equal(await new SqliteBackend({ database }).load("note.txt"), "text");
});

Deno.test("sqlite: backup() copies what is there while it is in use, and refuses to replace a file", () =>
  withBox(async ({ root }) => {
    await using backend = new SqliteBackend({ path: `${root}/a.db` });
    await backend.save(new Uint8Array(3_000_000).fill(3), "large.bin");
    await backend.save("text", "dir/note.txt");
    await backend.backup(`${root}/b.db`);
    await backend.save("newer", "dir/note.txt");
    await refuses(() => backend.backup(`${root}/b.db`), "already-exists");
    await refuses(() => backend.backup(`${root}/no/where.db`), "not-found");
    await using copy = new SqliteBackend({ path: `${root}/b.db` });
    assert.equal(await copy.load("dir/note.txt"), "text");
    assert.deepEqual(await copy.load("large.bin"), new Uint8Array(3_000_000).fill(3));
    assert.deepEqual(await copy.check(), []);
    assert.deepEqual([...Deno.readDirSync(root)].map(({ name }) => name).filter((name) => name.includes("no")), []);
  }));

Deno.test("sqlite: a range of a large file is read without the rest, at any boundary", async () => {
  await using backend = new SqliteBackend({ path: ":memory:" });
  const content = new Uint8Array(5 * 1024 * 1024 + 17).map((_, i) => i * 31 + (i >> 8));
  await backend.save(content, "large.bin");
  for (const offset of [0, 1, 262143, 262144, 262145, 1048575, 1048576, content.length - 1]) {
    for (const length of [1, 2, 262144, 600_000]) {
      const stream = await backend.openRead("large.bin", { range: { offset, length } });
      const bytes = await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).bytes();
      assert.deepEqual(bytes, content.slice(offset, offset + length), `${length} at ${offset}`);
    }
  }
});
