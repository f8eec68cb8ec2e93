/** Changes that come together share a transaction: each still succeeds or fails for itself. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { SqliteStore } from "../../backends/stores/sqlite_store.ts";
import { bytesOf } from "../conformance/assertions.ts";

/** A store on a handle that counts its commits. */
async function withStore(
  run: (store: SqliteStore, commits: () => number, database: DatabaseSync) => Promise<void>,
): Promise<void> {
  using database = new DatabaseSync(":memory:");
  let commits = 0;
  const prepare = database.prepare.bind(database);
  database.prepare = (sql) => {
    const statement = prepare(sql);
    if (sql !== "COMMIT") return statement;
    const commit = statement.run.bind(statement);
    statement.run = () => {
      commits++;
      return commit();
    };
    return statement;
  };
  const store = new SqliteStore({ database, groupCommit: true });
  await store.write("first", bytesOf("made the tables"));
  commits = 0;
  await run(store, () => commits, database);
  assert.deepEqual(await store.check(), []);
  await store.close();
}

const outcome = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

Deno.test("sqlite, group commit: what comes together is committed together, whatever it is", () =>
  withStore(async (store, commits) => {
    await store.write("old", bytesOf("x"));
    await store.write("away", bytesOf("x"));
    const { etag } = await store.write("change", bytesOf("x"));
    const before = commits();
    const results = await Promise.all([
      ...Array.from({ length: 100 }, (_, index) => store.write(`a/${index}`, bytesOf(String(index)))),
      store.delete("old"),
      store.move("away", "there"),
      store.write("change", bytesOf("y"), { ifMatch: etag }),
      store.writeMany([{ path: "m/1", bytes: bytesOf("1") }, { path: "m/2", bytes: bytesOf("2") }]),
    ]);
    assert.equal(commits() - before, 1);
    for (let index = 0; index < 100; index++) {
      const { etag } = results[index] as { etag: string };
      assert.equal((await store.stat(`a/${index}`))!.etag, etag);
      assert.deepEqual(await store.read(`a/${index}`), bytesOf(String(index)));
    }
    assert.deepEqual([await store.stat("old"), await store.stat("away")], [undefined, undefined]);
    assert.deepEqual(await store.read("there"), bytesOf("x"));
    assert.deepEqual(await store.read("change"), bytesOf("y"));
    assert.deepEqual(await store.readMany(["m/1", "m/2"]), [bytesOf("1"), bytesOf("2")]);
  }));

Deno.test("sqlite, group commit: each fails for itself, and a batch as a whole", () =>
  withStore(async (store, commits) => {
    await store.write("there", bytesOf("old"));
    const before = commits();
    const codes = await Promise.all([
      store.write("new", bytesOf("1"), { ifAbsent: true }),
      store.write("there", bytesOf("2"), { ifAbsent: true }),
      store.writeMany([{ path: "x", bytes: bytesOf("3") }, { path: "there", bytes: bytesOf("3") }], { ifAbsent: true }),
      store.writeMany([{ path: "y", bytes: bytesOf("3") }, { path: "there/below", bytes: bytesOf("3") }]),
      store.write("there/below", bytesOf("4")),
      store.delete("nothing"),
      store.delete("there", { ifMatch: "another" }),
      store.write("plain", bytesOf("5")),
    ].map(outcome));
    assert.deepEqual(codes, [
      "",
      "already-exists",
      "already-exists",
      "not-a-directory",
      "not-a-directory",
      await outcome(store.delete("nothing")),
      "precondition-failed",
      "",
    ]);
    assert.equal(commits() - before, 2);
    assert.deepEqual([await store.stat("x"), await store.stat("y")], [undefined, undefined]);
    assert.deepEqual(await store.read("there"), bytesOf("old"));
    assert.deepEqual(await store.readMany(["new", "plain"]), [bytesOf("1"), bytesOf("5")]);
  }));

Deno.test("sqlite, group commit: one path, many writers: one creates it, and the last write is there", () =>
  withStore(async (store) => {
    const creating = Array.from({ length: 20 }, (_, n) => store.write("a", bytesOf(String(n)), { ifAbsent: true }));
    const created = (await Promise.allSettled(creating)).filter(({ status }) => status === "fulfilled");
    assert.equal(created.length, 1);
    const etags = await Promise.all(Array.from({ length: 20 }, (_, n) => store.write("b", bytesOf(String(n)))));
    assert.equal((await store.stat("b"))!.etag, etags.at(-1)!.etag);
    assert.equal(new Set(etags.map(({ etag }) => etag)).size, 20);
  }));

Deno.test("sqlite, group commit: who is aborted before the commit has changed nothing; the others go on", () =>
  withStore(async (store) => {
    const controller = new AbortController();
    const reason = new Error("no more");
    const first = store.write("a", bytesOf("1"), { signal: controller.signal });
    const [second, third] = [store.write("b", bytesOf("2")), store.write("c", bytesOf("3"))];
    controller.abort(reason);
    await assert.rejects(first, (error) => error === reason);
    await Promise.all([second, third]);
    assert.equal(await store.stat("a"), undefined);
    assert.deepEqual(await store.readMany(["b", "c"]), [bytesOf("2"), bytesOf("3")]);
  }));

Deno.test("sqlite, group commit: what the engine cannot do fails alone, though it ends the transaction of all", () =>
  withStore(async (store, _commits, database) => {
    const { page_count: pages } = database.prepare("PRAGMA page_count").get() as { page_count: number };
    database.exec(`PRAGMA max_page_count = ${pages + 20}`); // as if the disk were full
    const codes = await Promise.all([
      store.write("a", bytesOf("1")),
      store.write("large", new Uint8Array(2_000_000)),
      store.write("b", bytesOf("2")),
      store.delete("first"),
    ].map(outcome));
    assert.deepEqual(codes, ["", "no-space", "", ""]);
    assert.deepEqual(await store.readMany(["a", "b", "large", "first"]), [
      bytesOf("1"),
      bytesOf("2"),
      undefined,
      undefined,
    ]);
    database.exec("PRAGMA max_page_count = 1000000");
    // No number is given twice.
    const etags = await Promise.all(Array.from({ length: 300 }, (_, n) => store.write(`n/${n}`, bytesOf(String(n)))));
    assert.equal(new Set(etags.map(({ etag }) => etag)).size, 300);
  }));

Deno.test("sqlite, group commit: what comes while it closes is told so, all of it", async () => {
  const store = new SqliteStore({ path: ":memory:", groupCommit: true });
  const codes = Array.from({ length: 5 }, (_, n) => outcome(store.write(`${n}`, bytesOf(String(n)))));
  await store.close();
  for (const code of await Promise.all(codes)) assert(code === "closed" || code === "", code);
});

Deno.test("sqlite, group commit: closing waits for what was asked before", async () => {
  const path = await Deno.makeTempFile({ prefix: "polystore-", suffix: ".db" });
  try {
    const store = new SqliteStore({ path, groupCommit: true });
    await store.write("first", bytesOf("opened"));
    const writes = Array.from({ length: 10 }, (_, n) => store.write(`${n}`, bytesOf(String(n))));
    await store.close();
    await Promise.all(writes);
    const again = new SqliteStore({ path, readOnly: true });
    assert.deepEqual(await again.read("9"), bytesOf("9"));
    await again.close();
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("sqlite, group commit: bytes that change while they wait are kept as they were", () =>
  withStore(async (store) => {
    const bytes = bytesOf("before");
    const writing = Promise.all([store.write("a", bytes), store.write("b", bytes)]);
    bytes.fill(0);
    await writing;
    assert.deepEqual(await store.readMany(["a", "b"]), [bytesOf("before"), bytesOf("before")]);
  }));

Deno.test("sqlite, group commit: what is aborted while another process has the lock is not done later", async () => {
  const path = await Deno.makeTempFile({ prefix: "polystore-", suffix: ".db" });
  try {
    using other = new DatabaseSync(path);
    other.exec("PRAGMA journal_mode = WAL");
    other.exec("BEGIN IMMEDIATE");
    const store = new SqliteStore({ path, groupCommit: true });
    const controller = new AbortController();
    const write = store.write("a", bytesOf("1"), { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await assert.rejects(write, { name: "AbortError" });
    other.exec("ROLLBACK");
    await store.write("b", bytesOf("2"));
    assert.equal(await store.stat("a"), undefined);
    await store.close();
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("sqlite, group commit: what was rejected by an abort is not there, also when a group falls apart", () =>
  withStore(async (store, _commits, database) => {
    const { page_count: pages } = database.prepare("PRAGMA page_count").get() as { page_count: number };
    database.exec(`PRAGMA max_page_count = ${pages + 100}`);
    const controller = new AbortController();
    const { signal } = controller;
    // The first that is done aborts the others.
    const writes = Array.from({ length: 20 }, async (_, n) => {
      const code = await outcome(store.write(`f${n}`, n === 10 ? new Uint8Array(3_000_000) : bytesOf("x"), { signal }));
      if (code === "") controller.abort();
      return code;
    });
    const codes = await Promise.all(writes);
    assert(codes.includes(""));
    for (const [n, code] of codes.entries()) {
      assert.equal((await store.stat(`f${n}`)) !== undefined, code === "", `f${n}: ${code}`);
    }
  }));

Deno.test("sqlite, group commit: closing does not wait for those who write again and again", async () => {
  const store = new SqliteStore({ path: ":memory:", groupCommit: true });
  await store.write("first", bytesOf("x"));
  const writers = Array.from({ length: 1500 }, async (_, n) => {
    for (;;) await store.write(`${n}`, bytesOf("x"));
  });
  const ended = Promise.all(writers.map((writer) => assert.rejects(writer, { code: "closed" })));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await store.close();
  await ended;
});
