import {
  cached,
  compressed,
  encrypted,
  faulty,
  type Layer,
  limit,
  observed,
  overlay,
  prefixed,
  readOnly,
  retry,
  StoreCounters,
  timeout,
} from "@polystore/polystore/layers";
import { FileManager, layered, MemoryStore, StorageError, StoreBackend } from "@polystore/polystore";
import { testStore } from "@polystore/polystore/testing";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { bytesOf, methodsOf, nothing, onDisk, onMemory, pause, testLayers } from "./place.ts";

const KEYS = [{ id: "one", key: new Uint8Array(32).fill(1) }];

/** Every layer that can be written through, in the documented order. */
function writable(maxAge = 1000): Layer[] {
  return [
    faulty([]),
    timeout(60_000),
    limit(8),
    retry(),
    prefixed("lab/7"),
    encrypted(KEYS),
    compressed(),
    cached({ maxAge }),
    observed(),
  ];
}

/** All of them. */
function whole(): Layer[] {
  return [...writable(0).slice(0, -1), readOnly(), observed()];
}

await testLayers("the whole stack", writable, { numRuns: 8 });
await testStore("the whole stack, read only", () => onMemory(whole, writable));
await testStore("the whole stack, read only, on disk", () => onDisk(whole, writable));
await testStore("the whole stack with an overlay", () => {
  const under = (): Layer[] => [retry(), prefixed("p"), encrypted(KEYS), compressed()];
  return layered(layered(new MemoryStore(), ...under()), overlay(upper(under())), cached(), observed());
}, { numRuns: 5 });

function upper(layers: Layer[]): Parameters<typeof overlay>[0] {
  const store = layered(new MemoryStore(), ...layers);
  const { list, write, delete: remove } = store;
  assert(list && write && remove);
  return { ...store, list, write, delete: remove };
}

Deno.test("the whole stack, read only, offers nothing that writes", () => {
  assert.deepEqual(methodsOf(layered(new MemoryStore(), ...whole())), [
    "close",
    "list",
    "openRead",
    "read",
    "readMany",
    "stat",
    "watch",
  ]);
});

Deno.test("the whole stack counts, retries, hits its cache, and hides what it keeps", async () => {
  const counters = new StoreCounters();
  const memory = new MemoryStore();
  const down = new StorageError("unavailable", "down", { retryable: true });
  const store = layered(
    memory,
    faulty([{ method: "writeParts", call: 1, error: down }, { method: "stat", call: 1, error: down }]),
    timeout(10_000),
    limit(4),
    retry({ delay: 1, counters }),
    prefixed("lab"),
    encrypted(KEYS),
    compressed(),
    cached({ counters }),
    observed({ counters }),
  );
  const text = bytesOf("secret ".repeat(10_000));
  await store.write!("a/b.txt", text);
  assert.deepEqual(await store.read("a/b.txt"), text);
  assert.equal((await store.stat("a/b.txt"))!.size, text.length);
  assert.deepEqual([counters.retries, counters.cacheHits], [2, 1]);
  const stored = (await memory.read("lab/a/b.txt"))!;
  assert(stored.length < 1000);
  assert(!new TextDecoder().decode(stored).includes("secret"));
});

Deno.test("the whole stack never mixes two contents in a range, while one is replaced by the other", async () => {
  const memory = new MemoryStore();
  const writer = layered(memory, encrypted(KEYS), compressed());
  const readers = [
    layered(memory, encrypted(KEYS), compressed()),
    layered(memory, encrypted(KEYS), compressed(), cached({ maxAge: 0, maxEntryBytes: 300_000, blockBytes: 4096 })),
  ];
  const contents = [1, 2].map((seed) =>
    Uint8Array.from({ length: 500_000 + seed }, (_, i) => (i * i * seed) >> (i % 7))
  );
  await writer.write!("f", contents[0]!);
  let writing = true;
  let reads = 0;
  const reading = readers.flatMap((store) =>
    [0, 1].map(async () => {
      for (let i = 0; writing; i++) {
        const offset = (i * 12_345) % 400_000;
        const bytes = (await store.read("f", { range: { offset, length: 50_000 } }))!;
        const expected = contents.map((content) => content.subarray(offset, offset + 50_000));
        assert(expected.some((content) => Buffer.compare(content, bytes) === 0), `a mixture at ${offset}`);
        reads++;
        await pause(0);
      }
    })
  );
  for (let i = 1; i <= 40; i++) {
    await writer.write!("f", contents[i % 2]!);
    await pause(2);
  }
  writing = false;
  await Promise.all(reading);
  assert(reads > 10, `${reads} reads`);
});

Deno.test("the whole stack stands under a file manager: updates are never lost", async () => {
  const fm = new FileManager({ safe: new StoreBackend(layered(new MemoryStore(), ...writable())) });
  await fm.save({ count: 0 }, "counter.json", "safe");
  await Promise.all(Array.from({ length: 10 }, async () => {
    for (let i = 0; i < 5; i++) {
      await fm.update("counter.json", "safe", (value) => ({ count: (value as { count: number }).count + 1 }));
    }
  }));
  assert.deepEqual(await fm.load("counter.json", "safe"), { count: 50 });
});

Deno.test("a layer may pass on the members of a store as they are", async () => {
  const store = layered(new MemoryStore(), nothing, nothing);
  await store.writeMany!([{ path: "a/b", bytes: bytesOf("b") }]);
  assert.deepEqual(await store.read("a/b"), bytesOf("b"));
  assert.deepEqual((await Array.fromAsync(store.list!(""))).map(({ path }) => path), ["a", "a/b"]);
});

Deno.test("a layer that forgets a member does not compile", () => {
  // @ts-expect-error -- `close` is missing
  const forgetful: Layer = (inner) => {
    const { close: _forgotten, ...rest } = nothing(inner);
    return rest;
  };
  assert.equal(forgetful(new MemoryStore()).close, undefined);
});
