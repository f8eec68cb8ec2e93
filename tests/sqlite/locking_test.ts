/** Several connections to one file, some of which hold it locked. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { type SqlDatabase, SqliteBackend } from "../../backends/sqlite.ts";
import { migrate } from "../../backends/stores/sqlite/schema.ts";
import { refuses, withBox } from "../disk/setup.ts";

const MIB = 1024 * 1024;

Deno.test("sqlite: a lock of another process is waited for, and others get their turn meanwhile", () =>
  withBox(async ({ root }) => {
    const path = `${root}/a.db`;
    await using backend = new SqliteBackend({ path });
    await backend.save("old", "note.txt");
    using holder = new DatabaseSync(path);
    holder.exec("BEGIN IMMEDIATE");
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const pending = Promise.all([
      backend.save("new", "note.txt"),
      backend.saveBatch(["x", "y"], ["x.txt", "y.txt"]),
      backend.delete("nothing", { force: true }),
    ]);
    assert.equal(await backend.load("note.txt"), "old", "reading waits for nobody");
    await new Promise((resolve) => setTimeout(resolve, 300));
    clearInterval(timer);
    holder.exec("COMMIT");
    await pending;
    assert(ticks > 3, `only ${ticks} turns while it waited`);
    assert.equal(await backend.load("note.txt"), "new");
  }));

Deno.test("sqlite: after busyTimeout a lock is told as busy, retryable, and an abort stops the waiting", () =>
  withBox(async ({ root }) => {
    const path = `${root}/a.db`;
    await using backend = new SqliteBackend({ path, busyTimeout: 60 });
    await backend.save("old", "note.txt");
    using holder = new DatabaseSync(path);
    holder.exec("BEGIN EXCLUSIVE");
    await assert.rejects(backend.save("new", "note.txt"), { code: "busy", retryable: true });
    await using patient = new SqliteBackend({ path });
    const reason = new Error("stop");
    const controller = new AbortController();
    const pending = patient.save("new", "note.txt", { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 30);
    await assert.rejects(pending, (error) => error === reason);
    holder.exec("ROLLBACK");
    assert.equal(await backend.load("note.txt"), "old");
    await patient.save("new", "note.txt");
  }));

Deno.test("sqlite: many connections that open a new file at once all succeed", () =>
  withBox(async ({ root }) => {
    const path = `${root}/a.db`;
    const backends = Array.from({ length: 6 }, () => new SqliteBackend({ path }));
    await Promise.all(backends.map((backend, i) => backend.save({ i }, `${i}.json`)));
    for (const backend of backends) assert.equal((await backend.listFiles("")).length, 6);
    await Promise.all(backends.map((backend) => backend.close()));
    await using last = new SqliteBackend({ path });
    assert.deepEqual(await last.check(), []);
  }));

Deno.test("sqlite: tables that another process makes while a new file is looked at are not taken for those of another program", () =>
  withBox(async ({ root }) => {
    const path = `${root}/a.db`;
    using mine = new DatabaseSync(path, { timeout: 0 });
    using theirs = new DatabaseSync(path, { timeout: 0 });
    let made = 0;
    const between: SqlDatabase = {
      exec: (sql) => mine.exec(sql),
      prepare(sql) {
        if (made === 0 && /sqlite_schema/.test(sql)) {
          made = 1;
          try {
            theirs.exec("BEGIN");
            migrate(theirs);
            theirs.exec("COMMIT");
            made = 2;
          } catch {
            // They are kept waiting.
            theirs.exec("ROLLBACK");
          }
        }
        return mine.prepare(sql);
      },
      close: () => mine.close(),
    };
    const backend = new SqliteBackend({ database: between });
    await backend.save("text", "note.txt");
    assert(made > 0);
    assert.equal(await backend.load("note.txt"), "text");
    await backend.close();
  }));

Deno.test("sqlite: a stream whose content another process replaces fails with busy, and never mixes two contents", () =>
  withBox(async ({ root }) => {
    const path = `${root}/a.db`;
    await using one = new SqliteBackend({ path });
    await using other = new SqliteBackend({ path });
    await one.save(new Uint8Array(4 * MIB).fill(1), "large.bin");
    const reader = (await one.openRead("large.bin")).getReader();
    assert.equal((await reader.read()).value?.[0], 1);
    await other.save(new Uint8Array(4 * MIB).fill(2), "large.bin");
    await assert.rejects(
      async () => {
        while (!(await reader.read()).done);
      },
      { code: "busy", retryable: true },
    );
    assert.deepEqual(await one.load("large.bin"), new Uint8Array(4 * MIB).fill(2));
    assert.deepEqual(await one.check(), []);
  }));

Deno.test("sqlite: content that is streamed and replaced meanwhile is removed when the last stream has ended", () =>
  withBox(async ({ root }) => {
    const path = `${root}/a.db`;
    await using backend = new SqliteBackend({ path });
    await backend.save(new Uint8Array(4 * MIB).fill(1), "large.bin");
    const streams = [await backend.openRead("large.bin"), await backend.openRead("large.bin")];
    await backend.save(new Uint8Array(4 * MIB).fill(2), "large.bin");
    await backend.deleteAll("");
    assert.equal(await backend.sweep({ olderThan: 0 }), 0, "what is still read was swept");
    for (const stream of streams) {
      const bytes = await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).bytes();
      assert.deepEqual(bytes, new Uint8Array(4 * MIB).fill(1));
    }
    assert.deepEqual(await backend.check(), []);
    assert.equal(await backend.sweep({ olderThan: 0 }), 0, "something was left");
    await backend.close();
    using database = new DatabaseSync(path);
    assert.deepEqual({ ...database.prepare("SELECT count(*) AS n FROM chunk").get() }, { n: 0 });
  }));

Deno.test("sqlite: a draft is swept when it is old, not while it is written; a stream that was swept is told busy", () =>
  withBox(async ({ root }) => {
    const path = `${root}/a.db`;
    await using one = new SqliteBackend({ path });
    await using other = new SqliteBackend({ path });
    const writer = (await one.openWrite("large.bin")).getWriter();
    writer.closed.catch(() => {/* told by close */});
    await writer.write(new Uint8Array(9 * MIB));
    assert.equal(await other.sweep(), 0);
    assert.equal(await one.sweep({ olderThan: 0 }), 0, "a draft that is held here was swept");
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(await other.sweep({ olderThan: 0 }), 1);
    await assert.rejects(writer.close(), { code: "busy", retryable: true });
    assert.equal(await one.exists("large.bin"), false);
    assert.deepEqual(await one.check(), []);
  }));

Deno.test("sqlite: what a process has left is removed by the first change of another an hour later", () =>
  withBox(async ({ root }) => {
    const path = `${root}/a.db`;
    {
      await using backend = new SqliteBackend({ path });
      await backend.save("text", "note.txt");
    }
    {
      using database = new DatabaseSync(path);
      const insert = database.prepare("INSERT INTO draft VALUES (?, ?)");
      for (const [version, age] of [[900, 2 * 3_600_000], [901, 1_800_000]] as const) {
        insert.run(version, Date.now() - age);
        database.exec(`INSERT INTO chunk VALUES ((${version} << 20) + 0, x'00'), ((${version} << 20) + 1, x'00')`);
      }
    }
    await using backend = new SqliteBackend({ path });
    assert.equal(await backend.load("note.txt"), "text");
    await backend.save("new", "note.txt");
    using database = new DatabaseSync(path, { readOnly: true });
    const left = database.prepare("SELECT DISTINCT id >> 20 AS version FROM chunk").all();
    assert.deepEqual(left.map((row) => ({ ...row })), [{ version: 901 }]);
  }));

Deno.test("sqlite: watch tells what another process has changed", () =>
  withBox(async ({ root }) => {
    const path = `${root}/a.db`;
    await using one = new SqliteBackend({ path });
    await using other = new SqliteBackend({ path });
    const news = one.watch("note.txt");
    assert.equal((await news.next()).value, undefined);
    await other.save("text", "note.txt");
    assert.equal((await news.next()).value?.size, 4);
    await other.delete("note.txt");
    assert.equal((await news.next()).value, undefined);
    await news.return(undefined);
    await refuses(() => other.load("note.txt"), "not-found");
  }));
