import { cached, type Fault, faulty, observed, StoreCounters } from "@polystore/polystore/layers";
import { layered, MemoryStore, type Store } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { bytesOf, EVERY, leastStore, methodsOf, pause, testLayers, testVariant } from "./place.ts";

await testLayers("cached", () => [cached({ maxAge: Infinity })]);
await testVariant(
  "cached, little of it",
  () => [cached({ maxBytes: 300_000, maxEntryBytes: 200_000, blockBytes: 1000 })],
);
await testVariant("cached, never believed", () => [cached({ maxAge: 0 })]);

/** A cache, what stands behind it, and what goes through. */
interface Setup {
  readonly memory: MemoryStore;
  readonly store: Store;
  /** What reached the store behind. */
  readonly behind: StoreCounters;
  readonly counters: StoreCounters;
}

function setUp(options: Parameters<typeof cached>[0] = {}, faults: Fault[] = []): Setup {
  const memory = new MemoryStore();
  const behind = new StoreCounters();
  const counters = new StoreCounters();
  const layers = [faulty(faults), observed({ counters: behind }), cached({ maxAge: Infinity, counters, ...options })];
  return { memory, store: layered(memory, ...layers), behind, counters };
}

Deno.test("cached() offers what the store offers", () => {
  assert.deepEqual(methodsOf(layered(leastStore(), cached())), ["read", "stat"]);
  assert.deepEqual(methodsOf(layered(new MemoryStore(), cached())), EVERY);
});

Deno.test("cached() refuses options that make no sense", () => {
  const wrong = [{ maxBytes: 0 }, { maxBytes: 1.5 }, { maxBytes: 10, maxEntryBytes: 11 }, { maxAge: -1 }, {
    blockBytes: 0,
  }];
  for (const options of wrong) assert.throws(() => cached(options), RangeError);
});

Deno.test("cached() keeps what was read, and gives each reader bytes of its own", async () => {
  const { memory, store, behind, counters } = setUp();
  await memory.write("a", bytesOf("content"));
  const first = await store.read("a");
  first!.fill(0);
  const second = await store.read("a");
  second!.fill(0);
  assert.deepEqual(await store.read("a"), bytesOf("content"));
  assert.deepEqual(await store.read("a", { range: { suffix: 4 } }), bytesOf("tent"));
  assert.equal(behind.calls.read, 1);
  assert.deepEqual([counters.cacheHits, counters.cacheMisses], [3, 1]);
});

Deno.test("cached() keeps what was written, a copy of it", async () => {
  const { store, behind } = setUp();
  const bytes = bytesOf("content");
  await store.write!("a", bytes);
  bytes.fill(0);
  assert.deepEqual(await store.read("a"), bytesOf("content"));
  assert.equal(behind.calls.read, undefined);
});

Deno.test("cached() makes one read for many who want the same", async () => {
  const { memory, store, behind } = setUp({}, [{ method: "read", delay: 20 }]);
  await memory.write("a", bytesOf("content"));
  const all = await Promise.all(Array.from({ length: 50 }, () => store.read("a")));
  assert.equal(behind.calls.read, 1);
  all[0]!.fill(0);
  for (const bytes of all.slice(1)) assert.deepEqual(bytes, bytesOf("content"));
});

Deno.test("cached() makes one read for many who want a content that is too large to keep, and shares no bytes", async () => {
  const { memory, store, behind } = setUp({ maxEntryBytes: 10 }, [{ method: "read", delay: 20 }]);
  await memory.write("a", new Uint8Array(1000).fill(5));
  const all = await Promise.all(Array.from({ length: 5 }, () => store.read("a")));
  assert.equal(behind.calls.read, 1);
  for (const bytes of all) assert.equal(bytes!.fill(0).length, 1000);
  assert.equal((await store.read("a"))![999], 5);
  assert.equal(behind.calls.read, 2);
});

Deno.test("cached() is not poisoned by a reader who gives up", async () => {
  const { memory, store, behind } = setUp({}, [{ method: "read", delay: 30 }]);
  await memory.write("a", bytesOf("content"));
  const controller = new AbortController();
  const reason = new Error("enough");
  const impatient = store.read("a", { signal: controller.signal });
  const patient = store.read("a");
  await pause(5);
  controller.abort(reason);
  await assert.rejects(impatient, (error) => error === reason);
  assert.deepEqual(await patient, bytesOf("content"));
  assert.equal(behind.calls.read, 1);
});

Deno.test("cached() aborts a read when nobody waits for it any more, and keeps nothing of it", async () => {
  const { memory, store, behind } = setUp({}, [{ method: "read", call: 1, delay: 10_000 }]);
  await memory.write("a", bytesOf("content"));
  const controllers = [new AbortController(), new AbortController()];
  const pending = controllers.map(({ signal }) => store.read("a", { signal }));
  await pause(5);
  const failures = pending.map((read) => assert.rejects(read));
  for (const controller of controllers) controller.abort(new Error("enough"));
  await Promise.all(failures);
  // The delay of 10 s ended with them: the resource sanitizer sees its timer otherwise.
  assert.deepEqual(await store.read("a"), bytesOf("content"));
  assert.equal(behind.calls.read, 2);
});

Deno.test("cached() keeps neither failures nor absence", async () => {
  const { memory, store } = setUp({}, [{ method: "read", call: 1 }]);
  assert.equal(await store.read("b"), undefined);
  await memory.write("a", bytesOf("1"));
  await memory.write("b", bytesOf("2"));
  await assert.rejects(store.read("a"), { code: "io" });
  assert.deepEqual(await store.read("a"), bytesOf("1"));
  assert.deepEqual(await store.read("b"), bytesOf("2"));
});

Deno.test("cached() does not keep what was read while it changed", async () => {
  const { memory, store } = setUp({}, [{ method: "read", call: 1, delay: 20 }]);
  const old = await memory.write("a", bytesOf("old"));
  // The answer of the read is on its way when the content is replaced.
  memory.read = async (path, options) => {
    const bytes = await MemoryStore.prototype.read.call(memory, path, options);
    await pause(30);
    return bytes;
  };
  const reading = store.read("a");
  await pause(40);
  await store.write!("a", bytesOf("new"), { ifMatch: old.etag });
  await reading;
  assert.deepEqual(await store.read("a"), bytesOf("new"));
});

Deno.test("cached() asks for the etag when its time is over, and reads again only what is another content", async () => {
  const { memory, store, behind } = setUp({ maxAge: 0 });
  await memory.write("a", bytesOf("1"));
  await store.read("a");
  await store.read("a");
  assert.deepEqual([behind.calls.read, behind.calls.stat], [1, 2]);
  await memory.write("a", bytesOf("2"));
  assert.deepEqual(await store.read("a"), bytesOf("2"));
  assert.equal(behind.calls.read, 2);
  await memory.delete("a");
  assert.equal(await store.read("a"), undefined);
});

Deno.test("cached() believes a content for its time", async () => {
  const { memory, store } = setUp({ maxAge: 60 });
  await memory.write("a", bytesOf("1"));
  await store.read("a");
  await memory.write("a", bytesOf("2"));
  assert.deepEqual(await store.read("a"), bytesOf("1"));
  await pause(80);
  assert.deepEqual(await store.read("a"), bytesOf("2"));
});

Deno.test("cached() loses no update: whoever has looked reads no older content", async () => {
  const { memory, store } = setUp();
  await memory.write("a", bytesOf("1"));
  await store.read("a");
  const { etag } = await memory.write("a", bytesOf("2"));
  assert.equal((await store.stat("a"))?.etag, etag);
  assert.deepEqual(await store.read("a"), bytesOf("2"));
});

Deno.test("cached() lets two caches on one store count together", async () => {
  const memory = new MemoryStore();
  const stores = [layered(memory, cached()), layered(memory, cached())];
  await memory.write("n", bytesOf("0"));
  await Promise.all(stores.map(async (store) => {
    for (let added = 0; added < 50;) {
      const stat = await store.stat("n");
      const count = Number(new TextDecoder().decode(await store.read("n")));
      const done = await store.write!("n", bytesOf(`${count + 1}`), { ifMatch: stat!.etag }).catch(() => undefined);
      if (done) added++;
    }
  }));
  assert.deepEqual(await memory.read("n"), bytesOf("100"));
});

Deno.test("cached() reads blocks of a large content once", async () => {
  const { memory, store, behind, counters } = setUp({ blockBytes: 1000 });
  const content = Uint8Array.from({ length: 100_000 }, (_, i) => i * 7);
  await memory.write("a", content);
  const range = { offset: 2500, length: 3000 };
  assert.deepEqual(await store.read("a", { range }), content.slice(2500, 5500));
  assert.equal(behind.bytesRead, 4000);
  assert.deepEqual(await store.read("a", { range: { offset: 3100, length: 2000 } }), content.slice(3100, 5100));
  assert.equal(counters.cacheHits, 1);
  assert.deepEqual(await store.read("a", { range: { offset: 1500, length: 5000 } }), content.slice(1500, 6500));
  assert.equal(behind.bytesRead, 6000);
  assert.deepEqual(await store.read("a", { range: { suffix: 1 } }), content.slice(-1));
  assert.equal((await store.read("a", { range: { offset: 10, length: 0 } }))!.length, 0);
});

Deno.test("cached() never mixes blocks of two contents", async () => {
  const { memory, store } = setUp({ blockBytes: 1000, maxAge: 0 });
  await memory.write("a", new Uint8Array(10_000).fill(1));
  await store.read("a", { range: { offset: 0, length: 3000 } });
  const read = memory.read.bind(memory);
  memory.read = async (path, options) => {
    memory.read = read;
    await memory.write("a", new Uint8Array(10_000).fill(2));
    return await read(path, options);
  };
  // The first blocks are kept; the others are read after the content was replaced.
  const bytes = await store.read("a", { range: { offset: 0, length: 6000 } });
  assert.equal(new Set(bytes).size, 1);
});

Deno.test("cached() keeps no more than it may", async () => {
  const { memory, store, behind } = setUp({ maxBytes: 50_000, maxEntryBytes: 20_000 });
  for (let i = 0; i < 10; i++) await memory.write(`${i}`, new Uint8Array(10_000));
  for (let i = 0; i < 10; i++) await store.read(`${i}`);
  await store.read("9");
  assert.equal(behind.calls.read, 10);
  await store.read("0");
  assert.equal(behind.calls.read, 11);
});

Deno.test("cached() gives an expiring content no longer life", async () => {
  const { memory, store } = setUp();
  await memory.writeExpiring("a", bytesOf("1"), { expireIn: 60 });
  assert.deepEqual(await store.read("a"), bytesOf("1"));
  await pause(80);
  assert.equal(await store.read("a"), undefined);
});

Deno.test("cached() sees a change through another path of the same file", async () => {
  const { store } = setUp();
  await store.write!("dir/a", bytesOf("1"));
  await store.createSymlink!("dir", "link");
  assert.deepEqual(await store.read("link/a"), bytesOf("1"));
  await store.write!("dir/a", bytesOf("2"));
  assert.deepEqual(await store.read("link/a"), bytesOf("2"));
});

Deno.test("cached() answers a batch from what is kept, and keeps the rest", async () => {
  const { memory, store, behind } = setUp();
  for (const path of ["a", "b", "c"]) await memory.write(path, bytesOf(path));
  await store.read("b");
  assert.deepEqual(await store.readMany!(["a", "b", "none", "c"]), [
    bytesOf("a"),
    bytesOf("b"),
    undefined,
    bytesOf("c"),
  ]);
  assert.deepEqual(await store.readMany!(["c", "a"]), [bytesOf("c"), bytesOf("a")]);
  assert.equal(behind.calls.readMany, 1);
});

Deno.test("cached() on a store without links forgets only what changed", async () => {
  const memory = new MemoryStore();
  const behind = new StoreCounters();
  const plain = ({ createSymlink: _, readSymlink: __, ...rest }: Store): Store => rest;
  const store = layered(plain(observed({ counters: behind })(memory)), cached({ maxAge: Infinity }));
  for (const path of ["d/a", "d/b", "e"]) await store.write!(path, bytesOf(path));
  await store.move!("d", "f");
  assert.equal(await store.read("d/a"), undefined);
  assert.deepEqual(await store.read("f/a"), bytesOf("d/a"));
  const before = { ...behind.calls };
  assert.deepEqual(await store.read("e"), bytesOf("e"));
  assert.deepEqual(behind.calls, before);
});

Deno.test("cached() keeps neither of two writes that race", async () => {
  const memory = new MemoryStore();
  const write = memory.write.bind(memory);
  memory.write = async (path, bytes, options) => {
    const result = await write(path, bytes, options);
    await pause(bytes[0]!);
    return result;
  };
  const store = layered(memory, cached({ maxAge: Infinity }));
  // The first is published first and answers last.
  await Promise.all([store.write!("a", new Uint8Array([30])), store.write!("a", new Uint8Array([1]))]);
  assert.deepEqual(await store.read("a"), new Uint8Array([1]));
});
