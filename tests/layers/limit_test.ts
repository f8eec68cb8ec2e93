import { limit } from "@polystore/polystore/layers";
import { layered, MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { bytesOf, EVERY, leastStore, methodsOf, testLayers, testVariant } from "./place.ts";

await testLayers("limit", () => [limit(4)]);
await testVariant("limit of 1", () => [limit(1)]);

Deno.test("limit() offers what the store offers", () => {
  assert.deepEqual(methodsOf(layered(leastStore(), limit(1))), ["read", "stat"]);
  assert.deepEqual(methodsOf(layered(new MemoryStore(), limit(1))), EVERY);
});

Deno.test("limit() refuses what is no number of calls", () => {
  for (const concurrency of [0, -1, 1.5, NaN, Infinity]) assert.throws(() => limit(concurrency), RangeError);
});

Deno.test("limit() keeps the order of those who wait, and lets go of one that is aborted", async () => {
  const memory = new MemoryStore();
  const gates: (() => void)[] = [];
  const begun: string[] = [];
  memory.stat = async (path) => {
    begun.push(path);
    await new Promise<void>((resolve) => gates.push(resolve));
    return undefined;
  };
  const store = layered(memory, limit(1));
  const controller = new AbortController();
  const first = store.stat("1");
  const second = store.stat("2", { signal: controller.signal });
  const third = store.stat("3");
  const reason = new Error("no more");
  controller.abort(reason);
  await assert.rejects(second, (error) => error === reason);
  assert.deepEqual(begun, ["1"]);
  gates[0]!();
  await first;
  await Promise.resolve();
  assert.deepEqual(begun, ["1", "3"]);
  gates[1]!();
  await third;
});

Deno.test("limit() of 1 copies from stream to stream, and batches what is read from the same store", async () => {
  const store = layered(new MemoryStore(), limit(1));
  await store.write!("a", new Uint8Array(600_000).fill(7));
  await (await store.openRead!("a"))!.pipeTo(await store.openWrite!("b"));
  await store.writeMany!(async function* () {
    yield { path: "c", bytes: (await store.read("b"))! };
    for await (const { path } of store.list!("")) if (path === "a") yield { path: "d", bytes: bytesOf("x") };
  }());
  assert.equal((await store.read("c"))?.length, 600_000);
  assert.equal((await store.stat("d"))?.size, 1);
});

Deno.test("limit() gives the turn back after a failure", async () => {
  const store = layered(new MemoryStore(), limit(1));
  await assert.rejects(store.write!("", bytesOf("x")), { code: "is-a-directory" });
  await assert.rejects(store.stat("a", { signal: AbortSignal.abort(new Error("no")) }));
  assert.equal(await store.stat("a"), undefined);
});
