import { grouped } from "@polystore/polystore/layers";
import { layered, MemoryStore, SqliteStore, type Store } from "@polystore/polystore/stores";
import { testStore } from "@polystore/polystore/testing";
import assert from "node:assert/strict";
import { bytesOf, EVERY, leastStore, methodsOf, testVariant } from "./place.ts";

await testVariant("grouped", () => [grouped()]);
await testStore("grouped on sqlite", async () => {
  const directory = await Deno.makeTempDir({ prefix: "polystore-" });
  const open = (): Store => layered(new SqliteStore({ path: `${directory}/a.db` }), grouped());
  let store = open();
  return {
    store,
    async reopen(): Promise<Store> {
      await store.close!();
      return store = open();
    },
    async dispose(): Promise<void> {
      await store.close!();
      await Deno.remove(directory, { recursive: true });
    },
  };
}, { numRuns: 8 });

/** A store that counts its commits. */
function counting(): { store: Store; commits: () => number } {
  const memory = new MemoryStore();
  const writeMany = memory.writeMany.bind(memory);
  let commits = 0;
  memory.writeMany = (writes, options) => {
    commits++;
    return writeMany(writes, options);
  };
  return { store: layered(memory, grouped()), commits: () => commits };
}

Deno.test("grouped() offers what the store offers", () => {
  assert.deepEqual(methodsOf(layered(leastStore(), grouped())), ["read", "stat"]);
  assert.deepEqual(methodsOf(layered(new MemoryStore(), grouped())), EVERY);
});

Deno.test("grouped() commits together what comes together", async () => {
  const { store, commits } = counting();
  const writes = Array.from({ length: 100 }, (_, index) => store.write!(`a/${index}`, bytesOf(String(index))));
  const results = await Promise.all(writes);
  assert.equal(commits(), 1);
  for (const [index, { etag }] of results.entries()) {
    assert.equal((await store.stat(`a/${index}`))!.etag, etag);
    assert.deepEqual(await store.read(`a/${index}`), bytesOf(String(index)));
  }
});

Deno.test("grouped(): each fails for itself, and a batch as a whole", async () => {
  const { store } = counting();
  await store.write!("there", bytesOf("old"));
  const outcomes = await Promise.allSettled([
    store.write!("new", bytesOf("1"), { ifAbsent: true }),
    store.write!("there", bytesOf("2"), { ifAbsent: true }),
    store.writeMany!([{ path: "x", bytes: bytesOf("3") }, { path: "there", bytes: bytesOf("3") }], { ifAbsent: true }),
    store.write!("there/below", bytesOf("4")),
    store.write!("plain", bytesOf("5")),
  ]);
  assert.deepEqual(outcomes.map(({ status }) => status), [
    "fulfilled",
    "rejected",
    "rejected",
    "rejected",
    "fulfilled",
  ]);
  const codes = outcomes.map((outcome) => outcome.status === "rejected" ? outcome.reason.code : "");
  assert.deepEqual(codes, ["", "already-exists", "already-exists", "not-a-directory", ""]);
  assert.equal(await store.stat("x"), undefined);
  assert.deepEqual(await store.read("there"), bytesOf("old"));
});

Deno.test("grouped(): one path, many writers: one creates it, and the last write is there", async () => {
  const { store } = counting();
  const creating = Array.from({ length: 20 }, (_, n) => store.write!("a", bytesOf(String(n)), { ifAbsent: true }));
  const created = (await Promise.allSettled(creating)).filter(({ status }) => status === "fulfilled");
  assert.equal(created.length, 1);
  const etags = await Promise.all(Array.from({ length: 20 }, (_, n) => store.write!("b", bytesOf(String(n)))));
  assert.equal((await store.stat("b"))!.etag, etags.at(-1)!.etag);
  assert.equal(new Set(etags.map(({ etag }) => etag)).size, 20);
});

Deno.test("grouped(): who is aborted before the commit has changed nothing; the others go on", async () => {
  const { store } = counting();
  const controller = new AbortController();
  const reason = new Error("no more");
  const first = store.write!("a", bytesOf("1"), { signal: controller.signal });
  const second = store.write!("b", bytesOf("2"));
  controller.abort(reason);
  await assert.rejects(first, (error) => error === reason);
  await second;
  assert.equal(await store.stat("a"), undefined);
  assert.deepEqual(await store.read("b"), bytesOf("2"));
});
