import { limit, timeout } from "@polystore/polystore/layers";
import { layered, MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { bytesOf, EVERY, leastStore, methodsOf, pause, testLayers } from "./place.ts";

await testLayers("timeout", () => [timeout(60_000)]);

Deno.test("timeout() offers what the store offers", () => {
  assert.deepEqual(methodsOf(layered(leastStore(), timeout(10))), ["read", "stat"]);
  assert.deepEqual(methodsOf(layered(new MemoryStore(), timeout(10))), EVERY);
});

Deno.test("timeout() refuses what is no time", () => {
  for (const milliseconds of [0, -1, NaN]) assert.throws(() => timeout(milliseconds), RangeError);
  assert.equal(typeof timeout(Infinity), "function");
});

Deno.test("timeout() fails a call that is never answered, tells its path, and aborts it", async () => {
  const memory = new MemoryStore();
  let signal: AbortSignal | undefined;
  memory.read = (_, options) => {
    signal = options?.signal;
    return new Promise(() => {});
  };
  const store = layered(memory, timeout(20));
  await assert.rejects(store.read("dir/a"), { code: "unavailable", retryable: true, path: "dir/a" });
  assert(signal?.aborted);
});

Deno.test("timeout() leaves the reason of the caller alone", async () => {
  const memory = new MemoryStore();
  memory.stat = (_, options) =>
    new Promise((_, reject) => options?.signal?.addEventListener("abort", () => reject(options.signal!.reason)));
  const reason = new Error("mine");
  const controller = new AbortController();
  const pending = layered(memory, timeout(60_000)).stat("a", { signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(pending, (error) => error === reason);
});

Deno.test("timeout() gives each step of a listing its own time, and stops one that hangs", async () => {
  const memory = new MemoryStore();
  memory.list = async function* () {
    for (let i = 0; i < 4; i++) {
      await pause(30);
      yield { path: `${i}`, kind: "file" };
    }
    await new Promise(() => {});
  };
  const seen: string[] = [];
  await assert.rejects(async () => {
    for await (const { path } of layered(memory, timeout(90)).list!("")) seen.push(path);
  }, { code: "unavailable" });
  assert.deepEqual(seen, ["0", "1", "2", "3"]);
});

Deno.test("timeout() stops a stream that hangs, not one whose reader takes its time", async () => {
  const memory = new MemoryStore();
  let cancelled: unknown;
  let chunks = 0;
  memory.openRead = () =>
    Promise.resolve(
      new ReadableStream({
        pull: (controller) => chunks++ < 2 ? controller.enqueue(bytesOf("x")) : new Promise(() => {}),
        cancel: (reason) => void (cancelled = reason),
      }, { highWaterMark: 0 }),
    );
  const reader = (await layered(memory, timeout(40)).openRead!("a"))!.getReader();
  await reader.read();
  await pause(100);
  await reader.read();
  await assert.rejects(reader.read(), { code: "unavailable" });
  assert.equal((cancelled as { code: string }).code, "unavailable");
});

Deno.test("timeout() stops the clock while a batch waits for its source", async () => {
  const store = layered(new MemoryStore(), timeout(50));
  const results = await store.writeMany!(async function* () {
    for (let i = 0; i < 3; i++) {
      await pause(70);
      yield { path: `${i}`, bytes: bytesOf("x") };
    }
  }());
  assert.equal(results.length, 3);
});

Deno.test("timeout() leaves no clock running when a batch fails while it waits for its source", async () => {
  const memory = new MemoryStore();
  memory.writeMany = async (writes) => {
    // It asks for the first write, and does not wait for it.
    const iterator = (writes as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    iterator.next().catch(() => undefined);
    await pause(5);
    throw new Error("no more");
  };
  const store = layered(memory, timeout(10_000));
  const source = async function* () {
    await pause(20);
    yield { path: "a", bytes: bytesOf("x") };
  };
  await assert.rejects(store.writeMany!(source()), /no more/);
  // The resource sanitizer sees a timer that is left.
  await pause(40);
});

Deno.test("timeout() closes a stream that was opened too late", async () => {
  const memory = new MemoryStore();
  const cancelled = Promise.withResolvers<void>();
  memory.openRead = async () => {
    await pause(60);
    return new ReadableStream({ cancel: () => cancelled.resolve() });
  };
  await assert.rejects(layered(memory, timeout(10)).openRead!("a"), { code: "unavailable" });
  await cancelled.promise;
});

Deno.test("timeout() inside limit() does not count the wait for a turn", async () => {
  const memory = new MemoryStore();
  memory.read = async () => {
    await pause(30);
    return bytesOf("x");
  };
  const store = layered(memory, timeout(100), limit(1));
  const all = await Promise.all(Array.from({ length: 6 }, () => store.read("a")));
  assert.equal(all.length, 6);
});
