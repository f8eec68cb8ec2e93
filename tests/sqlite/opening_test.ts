import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { SqliteBackend } from "../../backends/sqlite.ts";
import { MOUNTS, remount, withMount } from "../crash/mounted.ts";
import { type Box, refuses, withBox } from "../disk/setup.ts";
import { NOTE_ETAG, schema1 } from "./schema1.ts";

/** Runs SQL in a file, as another program would. */
function tamper(path: string, sql: string): void {
  using database = new DatabaseSync(path);
  database.exec(sql);
}

/** Every operation on the file must be refused, and leave it as it is. */
async function refusesFile(path: string, code: Parameters<typeof refuses>[1], ...words: RegExp[]): Promise<void> {
  const before = await Deno.readFile(path);
  await using backend = new SqliteBackend({ path });
  const calls = [
    () => backend.load("note.txt"),
    () => backend.listDir(""),
    () => backend.save("text", "note.txt"),
    () => backend.saveBatch(["text"], ["note.txt"]),
    () => backend.openWrite("note.txt"),
    () => backend.sweep(),
  ];
  for (const call of calls) await refuses(call, code, ...words);
  await backend.close();
  assert.deepEqual(await Deno.readFile(path), before, "the file was changed");
}

/** A file with some content, closed. */
async function made({ root }: Box): Promise<string> {
  const path = `${root}/a.db`;
  await using backend = new SqliteBackend({ path });
  await backend.save("text", "note.txt");
  await backend.save(new Uint8Array(3_000_000).fill(1), "large.bin");
  return path;
}

Deno.test("sqlite: a file written with schema 1 is brought to the schema of today, and loses nothing", () =>
  withBox(async ({ root }) => {
    const path = `${root}/old.db`;
    await Deno.writeFile(path, await schema1());
    await using reader = new SqliteBackend({ path, readOnly: true });
    await refuses(() => reader.load("note.txt"), "unsupported", /schema 1/, /readOnly/);
    assert.deepEqual(await Deno.readFile(path), await schema1());
    await using backend = new SqliteBackend({ path });
    assert.equal(await backend.load("note.txt"), "text");
    assert.equal((await backend.stat("note.txt")).etag, NOTE_ETAG);
    assert.deepEqual(await backend.load("link/value.json"), { written: "by schema 1" });
    assert.deepEqual(await backend.load("a/large.bin"), new Uint8Array(100_000).fill(7));
    assert.deepEqual(await backend.load("empty.bin"), new Uint8Array());
    assert.deepEqual(await backend.listDir("a"), ["b", "empty", "large.bin"]);
    await backend.save("newer", "note.txt", { ifMatch: NOTE_ETAG });
    await backend.save("soon gone", "a/soon.txt", { expireIn: 1 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(await backend.listDir("a"), ["b", "empty", "large.bin"]);
    assert.deepEqual(await backend.check(), []);
    await using again = new SqliteBackend({ path, readOnly: true });
    assert.equal(await again.load("note.txt"), "newer");
  }));

Deno.test("sqlite: a file with a newer schema is refused, and the message says what to do", () =>
  withBox(async (box) => {
    const path = await made(box);
    tamper(path, "PRAGMA user_version = 99");
    await refusesFile(path, "unsupported", /schema 99/, /update the package/);
  }));

Deno.test("sqlite: the database of another program is refused", () =>
  withBox(async ({ root }) => {
    tamper(`${root}/tables.db`, "CREATE TABLE entry (a); INSERT INTO entry VALUES (1)");
    tamper(`${root}/id.db`, "PRAGMA application_id = 7; PRAGMA user_version = 1");
    tamper(`${root}/wal.db`, "PRAGMA journal_mode = WAL; CREATE TABLE chunk (a)");
    for (const name of ["tables", "id", "wal"]) {
      await refusesFile(`${root}/${name}.db`, "unsupported", /another program/);
    }
  }));

Deno.test("sqlite: a file that is no database is refused", () =>
  withBox(async ({ root }) => {
    const path = `${root}/a.db`;
    await Deno.writeTextFile(path, "a,b,c\n".repeat(10_000));
    await refusesFile(path, "corrupt", /not an SQLite database/);
    await Deno.writeFile(path, (await schema1()).subarray(0, 50));
    await refusesFile(path, "corrupt", /damaged/);
  }));

Deno.test("sqlite: a directory, and a path below a file, are refused", () =>
  withBox(async ({ root }) => {
    await Deno.writeTextFile(`${root}/file`, "");
    for (const path of [root, `${root}/file/a.db`, `${root}/nowhere/a.db`]) {
      await using backend = new SqliteBackend({ path });
      await refuses(() => backend.save("text", "note.txt"), ["permission-denied", "not-found", "io"]);
    }
    assert.deepEqual([...Deno.readDirSync(root)].map(({ name }) => name), ["file"]);
  }));

Deno.test("sqlite: a damaged file is told as corrupt, and what is not damaged is still there", () =>
  withBox(async (box) => {
    const path = await made(box);
    const bytes = await Deno.readFile(path);
    bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 3 * 4096);
    await Deno.writeFile(path, bytes);
    await using backend = new SqliteBackend({ path });
    assert.equal(await backend.load("note.txt"), "text");
    assert((await backend.check()).length > 0, "check() finds nothing");
  }));

Deno.test("sqlite: a damaged tree of names is told as corrupt", () =>
  withBox(async (box) => {
    const path = await made(box);
    const bytes = await Deno.readFile(path);
    bytes.fill(0xff, 4096, 4 * 4096);
    await Deno.writeFile(path, bytes);
    await using backend = new SqliteBackend({ path });
    await refuses(() => backend.load("note.txt"), "corrupt", /backup/);
    await refuses(() => backend.save("x", "note.txt"), "corrupt", /backup/);
  }));

Deno.test("sqlite: content of which a part is missing is corrupt, never short", () =>
  withBox(async (box) => {
    const path = await made(box);
    tamper(path, "DELETE FROM chunk WHERE (id & 1048575) = 5; UPDATE entry SET bytes = x'00' WHERE name = 'note.txt'");
    await using backend = new SqliteBackend({ path });
    await refuses(() => backend.load("large.bin"), "corrupt", /missing/);
    await refuses(() => backend.load("note.txt"), "corrupt", /missing/);
    await refuses(() => backend.loadBatch(["note.txt", "large.bin"]), "corrupt", /missing/);
    assert.equal((await backend.check()).length, 2);
    const stream = await backend.openRead("large.bin");
    await assert.rejects(new Response(stream as ReadableStream<never>).bytes());
    await backend.save("whole", "note.txt");
    assert.equal(await backend.load("note.txt"), "whole");
  }));

Deno.test("sqlite: readOnly reads and refuses to write; a file that is missing is not-found", () =>
  withBox(async (box) => {
    const path = await made(box);
    const before = await Deno.readFile(path);
    await using backend = new SqliteBackend({ path, readOnly: true });
    assert.equal(await backend.load("note.txt"), "text");
    const calls = [
      () => backend.save("x", "note.txt"),
      () => backend.save("x", "new.txt", { overwrite: false }),
      () => backend.save(new Uint8Array(5_000_000), "large.bin"),
      () => backend.saveBatch(["x", "y"], ["a.txt", "b.txt"]),
      () => backend.delete("note.txt"),
      () => backend.deleteAll(""),
      () => backend.move("note.txt", "moved.txt"),
      () => backend.copy("note.txt", "copied.txt"),
      () => backend.ensureDirectory("dir"),
      () => backend.createSymlink("note.txt", "link"),
    ];
    for (const call of calls) await refuses(call, "read-only", /read-only/);
    await backend.close();
    assert.deepEqual(await Deno.readFile(path), before);
    await using nothing = new SqliteBackend({ path: `${box.root}/none.db`, readOnly: true });
    await refuses(() => nothing.load("note.txt"), "not-found", /no database/);
  }));

Deno.test({
  name: "sqlite: on a file system that is mounted read-only, writing is refused with a reason, and nothing is lost",
  ignore: !MOUNTS,
  fn: () =>
    withMount("size=8m", async (root) => {
      const path = await made({ root, outer: root });
      const before = await Deno.readFile(path);
      await remount(root, "ro");
      await using backend = new SqliteBackend({ path });
      await refuses(() => backend.save("x", "note.txt"), ["read-only", "permission-denied"]);
      await backend.close();
      assert.deepEqual(await Deno.readFile(path), before);
      await remount(root, "rw");
      await using again = new SqliteBackend({ path });
      assert.equal(await again.load("note.txt"), "text");
    }),
});
