import { type Fault, faulty } from "@polystore/polystore/layers";
import { layered, MemoryStore, type Store } from "@polystore/polystore/stores";
import { faulty as exported } from "@polystore/polystore/testing";
import assert from "node:assert/strict";
import { bytesOf, EVERY, leastStore, methodsOf, testLayers } from "./place.ts";

await testLayers("faulty without faults", () => [faulty([])], { numRuns: 10 });

async function setUp(...faults: Fault[]): Promise<{ memory: MemoryStore; store: Store }> {
  const memory = new MemoryStore();
  await memory.write("a", bytesOf("0123456789"));
  return { memory, store: layered(memory, faulty(faults)) };
}

Deno.test("faulty() offers what the store offers, and comes with the kit", () => {
  assert.deepEqual(methodsOf(layered(leastStore(), faulty([]))), ["read", "stat"]);
  assert.deepEqual(methodsOf(layered(new MemoryStore(), faulty([]))), EVERY);
  assert.equal(exported, faulty);
});

Deno.test("faulty() fails the call it is told to fail, and no other", async () => {
  const error = new Error("planned");
  const { store } = await setUp({ method: "stat", call: 2, error }, { method: "read" });
  assert.equal((await store.stat("a"))?.kind, "file");
  await assert.rejects(store.stat("a"), (thrown) => thrown === error);
  assert.equal((await store.stat("a"))?.kind, "file");
  for (let i = 0; i < 3; i++) await assert.rejects(store.read("a"), { code: "io" });
});

Deno.test("faulty() counts for each store alone", async () => {
  const layer = faulty([{ method: "stat", call: 1 }]);
  for (let i = 0; i < 2; i++) {
    const store = layered(new MemoryStore(), layer);
    await assert.rejects(store.stat("a"), { code: "io" });
    await store.stat("a");
  }
});

Deno.test("faulty() cuts what is read", async () => {
  const { store } = await setUp({ method: "read", cut: 3 }, { method: "openRead", call: 1, cut: 4 }, {
    method: "openRead",
    call: 2,
    cut: 4,
    error: new Error("cut"),
  });
  assert.deepEqual(await store.read("a"), bytesOf("012"));
  assert.equal(await new Response(await store.openRead!("a")).text(), "0123");
  const reader = (await store.openRead!("a"))!.getReader();
  assert.deepEqual((await reader.read()).value, bytesOf("0123"));
  await assert.rejects(reader.read(), /cut/);
});

Deno.test("faulty() cuts what is written, as a store that tears", async () => {
  const { memory, store } = await setUp({ method: "write", call: 1, cut: 2, error: new Error("torn") });
  await assert.rejects(store.write!("b", bytesOf("new content")), /torn/);
  assert.deepEqual(await memory.read("b"), bytesOf("ne"));
});

Deno.test("faulty() loses the answer of what was done", async () => {
  const { memory, store } = await setUp({ method: "delete", call: 1, after: true }, { method: "list", after: true });
  await assert.rejects(store.delete!("a"), { code: "io" });
  assert.equal(await memory.stat("a"), undefined);
  await memory.write("b", bytesOf("x"));
  const seen: string[] = [];
  await assert.rejects(async () => {
    for await (const { path } of store.list!("")) seen.push(path);
  }, { code: "io" });
  assert.deepEqual(seen, ["b"]);
});

Deno.test("faulty() delays, and can be aborted meanwhile", async () => {
  const { store } = await setUp({ method: "read", call: 1, delay: 40 }, { method: "read", call: 2, delay: 60_000 });
  const before = performance.now();
  assert.deepEqual(await store.read("a"), bytesOf("0123456789"));
  assert(performance.now() - before >= 35);
  const reason = new Error("enough");
  const controller = new AbortController();
  const pending = store.read("a", { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 10);
  await assert.rejects(pending, (error) => error === reason);
});
