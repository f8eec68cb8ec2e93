import { type Fault, faulty, retry, StoreCounters } from "@polystore/polystore/layers";
import { isStorageError, layered, MemoryStore, StorageError, type Store } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { bytesOf, EVERY, leastStore, methodsOf, testLayers, testVariant } from "./place.ts";

function down(retryAfter?: number): StorageError {
  return new StorageError("unavailable", "the place is down", { retryable: true, retryAfter });
}

function trouble(faults: Fault[], options: Parameters<typeof retry>[0] = {}): { memory: MemoryStore; store: Store } {
  const memory = new MemoryStore();
  return { memory, store: layered(memory, faulty(faults), retry({ delay: 1, ...options })) };
}

// Every method fails now and then, and nobody notices.
const OFTEN: Fault[] = EVERY.filter((method) => method !== "move").flatMap((method) =>
  [1, 3, 4, 8].map((call): Fault => ({
    method: method as Fault["method"],
    call,
    error: new StorageError("busy", "try again", { retryable: true }),
  }))
).filter(({ method }) => method !== "close" && method !== "writeMany");
await testLayers("retry", () => [retry()]);
await testVariant("retry of what fails often", () => [faulty(OFTEN), retry({ delay: 1 })]);

Deno.test("retry() offers what the store offers", () => {
  assert.deepEqual(methodsOf(layered(leastStore(), retry())), ["read", "stat"]);
  assert.deepEqual(methodsOf(layered(new MemoryStore(), retry())), EVERY);
});

Deno.test("retry() refuses options that make no sense", () => {
  for (const options of [{ tries: 0 }, { tries: 1.5 }, { delay: -1 }, { delay: 10, maxDelay: 5 }, { delay: NaN }]) {
    assert.throws(() => retry(options), RangeError);
  }
});

Deno.test("retry() gives up after so many tries, with an error that is not retryable", async () => {
  const counters = new StoreCounters();
  const { store } = trouble([{ method: "read", error: down() }], { tries: 3, counters });
  await assert.rejects(store.read("a"), (error) => {
    assert(isStorageError(error, "unavailable"));
    assert.equal(error.retryable, false);
    assert.match(error.message, /gave up after 3 tries/i);
    assert(isStorageError(error.cause, "unavailable"));
    return true;
  });
  assert.equal(counters.retries, 2);
});

Deno.test("retry() does not try again what is not retryable", async () => {
  const counters = new StoreCounters();
  const errors = [new StorageError("io", "broken"), new StorageError("unavailable", "gone for good"), new Error("bug")];
  for (const error of errors) {
    const { store } = trouble([{ method: "read", call: 1, error }], { counters });
    await assert.rejects(store.read("a"), (thrown) => thrown === error);
  }
  assert.equal(counters.retries, 0);
});

Deno.test("retry() waits longer each time, never all of it, and never too long", async () => {
  const waits: number[] = [];
  const original = globalThis.setTimeout;
  const { store } = trouble([{ method: "read", error: down() }], {
    tries: 6,
    delay: 100,
    maxDelay: 500,
    random: () => 0.5,
  });
  globalThis.setTimeout = ((work: () => void, milliseconds: number) => {
    waits.push(milliseconds);
    return original(work, 0);
  }) as typeof setTimeout;
  try {
    await assert.rejects(store.read("a"), { code: "unavailable" });
  } finally {
    globalThis.setTimeout = original;
  }
  assert.deepEqual(waits, [50, 100, 200, 250, 250]);
});

Deno.test("retry() waits as long as the place asks for, and not if that is too long", async () => {
  const patient = trouble([{ method: "stat", call: 1, error: down(60) }]);
  const before = performance.now();
  assert.equal(await patient.store.stat("a"), undefined);
  assert(performance.now() - before >= 55);
  const hopeless = trouble([{ method: "stat", error: down(60_000) }]);
  await assert.rejects(hopeless.store.stat("a"), { code: "unavailable", retryable: false, message: /60 s/ });
});

Deno.test("retry() ends with the reason of its signal while it waits", async () => {
  const { store } = trouble([{ method: "read", error: down() }], { delay: 60_000, maxDelay: 60_000 });
  const controller = new AbortController();
  const reason = new Error("enough");
  const pending = store.read("a", { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 20);
  await assert.rejects(pending, (error) => error === reason);
});

Deno.test("retry() repeats unconditional and conditional writes", async () => {
  const { memory, store } = trouble([{ method: "write", call: 1, error: down() }, {
    method: "write",
    call: 3,
    error: down(),
  }]);
  await store.write!("a", bytesOf("1"));
  await store.write!("b", bytesOf("2"), { ifAbsent: true });
  assert.deepEqual(await memory.read("b"), bytesOf("2"));
});

Deno.test("retry() says that the outcome is not known when an earlier try may have broken the condition", async () => {
  const lost: Fault = { method: "write", call: 1, error: down(), after: true };
  const created = trouble([lost]);
  const unknown = { code: "unavailable", retryable: false, message: /outcome is not known/ };
  await assert.rejects(created.store.write!("a", bytesOf("1"), { ifAbsent: true }), unknown);
  assert.deepEqual(await created.memory.read("a"), bytesOf("1"));
  const replaced = trouble([lost]);
  const { etag } = await replaced.memory.write("a", bytesOf("0"));
  await assert.rejects(replaced.store.write!("a", bytesOf("1"), { ifMatch: etag }), unknown);
  const linked = trouble([{ method: "createSymlink", call: 1, error: down(), after: true }]);
  await assert.rejects(linked.store.createSymlink!("a", "link"), unknown);
  // Who was only busy has changed nothing: the conflict is one.
  const busy = new StorageError("busy", "others write", { retryable: true });
  const other = trouble([{ method: "write", call: 1, error: busy }]);
  await other.memory.write("a", bytesOf("0"));
  await assert.rejects(other.store.write!("a", bytesOf("1"), { ifAbsent: true }), { code: "already-exists" });
});

Deno.test("retry() never moves twice, nor repeats a batch whose source is gone", async () => {
  const { memory, store } = trouble([{ method: "move", error: down() }, { method: "writeMany", error: down() }]);
  await memory.write("a", bytesOf("1"));
  await assert.rejects(store.move!("a", "b"), { code: "unavailable", retryable: true });
  let asked = 0;
  const source = function* () {
    asked++;
    yield { path: "c", bytes: bytesOf("1") };
  };
  await assert.rejects(store.writeMany!(source()), { code: "unavailable" });
  assert.equal(asked, 0);
});

Deno.test("retry() repeats a batch that is a list", async () => {
  const { memory, store } = trouble([{ method: "writeMany", call: 1, error: down() }]);
  await store.writeMany!([{ path: "c", bytes: bytesOf("1") }]);
  assert.deepEqual(await memory.read("c"), bytesOf("1"));
});

Deno.test("retry() goes on with a listing where it failed", async () => {
  const memory = new MemoryStore();
  for (let i = 0; i < 10; i++) await memory.write(`${i}`, bytesOf("x"));
  let calls = 0;
  const broken: Store = {
    read: (path) => memory.read(path),
    stat: (path) => memory.stat(path),
    async *list(prefix, options) {
      calls++;
      let left = 3;
      for await (const entry of memory.list(prefix, options)) {
        if (left-- === 0) throw down();
        yield entry;
      }
    },
  };
  const store = layered(broken, retry({ delay: 1, tries: 2 }));
  const paths = await Array.fromAsync(store.list!("", { limit: 8 }), ({ path }) => path);
  assert.deepEqual(paths, ["0", "1", "2", "3", "4", "5", "6", "7"]);
  assert.equal(calls, 3);
});

Deno.test("retry() goes on watching, without news that are none", async () => {
  const memory = new MemoryStore();
  const wakes: (() => void)[] = [];
  const broken: Store = {
    read: (path) => memory.read(path),
    stat: (path) => memory.stat(path),
    async *watch(path) {
      yield await memory.stat(path);
      await new Promise<void>((resolve) => wakes.push(resolve));
      throw down();
    },
  };
  const news = layered(broken, retry({ delay: 1 })).watch!("a")[Symbol.asyncIterator]();
  assert.equal((await news.next()).value, undefined);
  const next = news.next();
  while (wakes.length < 1) await new Promise((resolve) => setTimeout(resolve, 1));
  wakes[0]!(); // it fails, and nothing has changed
  while (wakes.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  const { etag } = await memory.write("a", bytesOf("x"));
  wakes[1]!();
  assert.equal((await next).value?.etag, etag);
  const end = news.return?.(undefined);
  wakes.at(-1)!();
  await end;
});
