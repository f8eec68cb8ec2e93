import { compressed, type CompressionMethod, observed, StoreCounters } from "@polystore/polystore/layers";
import { layered, MemoryStore, type Store, StoreBackend } from "@polystore/polystore";
import assert from "node:assert/strict";
import { crc32, gunzipSync } from "node:zlib";
import { bytesOf, EVERY, leastStore, methodsOf, testLayers, testVariant } from "./place.ts";

await testLayers("compressed", () => [compressed()]);
await testVariant(
  "compressed in small blocks, with gzip",
  () => [compressed({ method: "gzip", blockBytes: 1024, level: 1 })],
);

const METHODS: readonly CompressionMethod[] = ["gzip", "zstd"];

/** Something that shrinks, and nowhere is the same. */
function lines(count: number): Uint8Array {
  return bytesOf(Array.from({ length: count }, (_, i) => `line ${i}: ${(i * i) % 1009}`).join("\n"));
}

function setUp(
  options?: Parameters<typeof compressed>[0],
): { memory: MemoryStore; store: Store; behind: StoreCounters } {
  const memory = new MemoryStore();
  const behind = new StoreCounters();
  return { memory, behind, store: layered(memory, observed({ counters: behind }), compressed(options)) };
}

Deno.test("compressed() offers what the store offers", () => {
  assert.deepEqual(methodsOf(layered(leastStore(), compressed())), ["read", "stat"]);
  assert.deepEqual(methodsOf(layered(new MemoryStore(), compressed())), EVERY);
});

Deno.test("compressed() refuses options that make no sense", () => {
  const wrong = [
    { level: 0 },
    { level: 23 },
    { level: 1.5 },
    { method: "gzip", level: 10 },
    { blockBytes: 1000 },
    {
      blockBytes: 512,
    },
    { blockBytes: 2 ** 25 },
    { maxBytes: 0 },
  ] as const;
  for (const options of wrong) assert.throws(() => compressed(options), RangeError);
});

Deno.test("compressed() takes less room, and tells the size of the content", async () => {
  for (const method of METHODS) {
    const { memory, store } = setUp({ method });
    const content = lines(50_000);
    await store.write!("a.txt", content);
    assert((await memory.stat("a.txt"))!.size! < content.length / 2, method);
    assert.equal((await store.stat("a.txt"))!.size, content.length);
    const [entry] = await Array.fromAsync(store.list!("", { details: true }));
    assert.equal(entry!.size, content.length);
    const [plain] = await Array.fromAsync(store.list!(""));
    assert.equal(plain!.size, undefined);
  }
});

Deno.test("compressed() reads of a range only what it needs", async () => {
  const { store, behind } = setUp({ blockBytes: 4096 });
  const content = lines(100_000);
  await store.write!("a.txt", content);
  const range = { offset: 1_000_000, length: 100 };
  assert.deepEqual(await store.read("a.txt", { range }), content.slice(1_000_000, 1_000_100));
  assert(behind.bytesRead < 15_000, `${behind.bytesRead} bytes were read`);
  const before = behind.bytesRead;
  assert.deepEqual(await store.read("a.txt", { range: { suffix: 10 } }), content.slice(-10));
  assert(behind.bytesRead - before < 4200, "the index was read again");
});

Deno.test("compressed() keeps what does not shrink as it is, with little around it", async () => {
  const { memory, store } = setUp();
  const content = crypto.getRandomValues(new Uint8Array(60_000));
  await store.write!("a.bin", content);
  assert((await memory.stat("a.bin"))!.size! <= content.length + 100);
  assert.deepEqual(await store.read("a.bin"), content);
});

Deno.test("compressed() tries only the suffixes it was told, and never those that are compressed", async () => {
  const zeros = new Uint8Array(10_000);
  const some = setUp({ suffixes: [".json"] });
  const all = setUp();
  for (const { store } of [some, all]) for (const path of ["a.json", "a.txt", "a.PNG"]) await store.write!(path, zeros);
  const sizes = async ({ memory }: { memory: MemoryStore }): Promise<boolean[]> =>
    await Promise.all(["a.json", "a.txt", "a.PNG"].map(async (path) => (await memory.stat(path))!.size! < 1000));
  assert.deepEqual(await sizes(some), [true, false, false]);
  assert.deepEqual(await sizes(all), [true, true, false]);
  assert.deepEqual(await some.store.read("a.PNG"), zeros);
});

Deno.test("compressed() finds every way in which its bytes can be cut or changed", async () => {
  for (const method of METHODS) {
    for (const streamed of [false, true]) {
      const { memory, store } = setUp({ method, blockBytes: 1024 });
      const content = lines(300);
      if (streamed) await new Blob([content as Uint8Array<ArrayBuffer>]).stream().pipeTo(await store.openWrite!("a"));
      else await store.write!("a", content);
      const stored = (await memory.read("a"))!;
      for (let length = 0; length < stored.length; length += 7) {
        await memory.write("a", stored.subarray(0, length));
        await assert.rejects(store.read("a"), { code: "corrupt", path: "a" }, `${method}, cut at ${length}`);
      }
      for (let at = 0; at < stored.length; at += 5) {
        const damaged = stored.slice();
        damaged[at]! ^= 1 << (at % 8);
        await memory.write("a", damaged);
        const bytes = await store.read("a").catch((error) => assert.equal(error.code, "corrupt"));
        // What nobody looks at may be damaged: the lengths that stand before the blocks, too, are checked; the end mark is not.
        if (bytes) assert.deepEqual(bytes, content, `${method}, damaged at ${at}`);
      }
    }
  }
});

Deno.test("compressed() finds a cut in ranges and streams too", async () => {
  const { memory, store } = setUp({ blockBytes: 1024 });
  await store.write!("a", crypto.getRandomValues(new Uint8Array(10_000)));
  const stored = (await memory.read("a"))!;
  await memory.write("a", stored.subarray(0, 5000));
  await assert.rejects(store.read("a", { range: { suffix: 10 } }), { code: "corrupt", path: "a" });
  await assert.rejects(async () => await new Response(await store.openRead!("a")).bytes(), { code: "corrupt" });
  const { length } = (await store.read("a", { range: { offset: 0, length: 2000 } }))!;
  assert.equal(length, 2000);
});

Deno.test("compressed() refuses what it did not write", async () => {
  const { memory, store } = setUp();
  for (const content of ["", "plain text", "x".repeat(5000)]) {
    await memory.write("a", bytesOf(content));
    for (
      const reading of [
        store.read("a"),
        store.read("a", { range: { suffix: 1 } }),
        store.stat("a"),
        store.openRead!("a"),
      ]
    ) {
      await assert.rejects(reading, { code: "corrupt", message: /layer compressed/ });
    }
  }
});

Deno.test("compressed() is not blown up by a few bytes that pretend to be many", async () => {
  const { memory, store } = setUp({ maxBytes: 1_000_000, blockBytes: 65536 });
  // A size that no block stands for, with the right checksum.
  await store.write!("a", new Uint8Array(10));
  for (const size of [2n ** 52n, 999_999n, 1n << 60n]) {
    const forged = (await memory.read("a"))!;
    const view = new DataView(forged.buffer);
    view.setBigUint64(20, size, true);
    view.setUint32(28, crc32(forged.subarray(0, 28)), true);
    await memory.write("forged", forged);
    await assert.rejects(store.read("forged"), { code: "corrupt" });
    await assert.rejects(store.read("forged", { range: { suffix: 5 } }), { code: "corrupt" });
  }
  // 100 MiB of zeros, in a few KiB.
  const large = layered(memory, compressed());
  await large.write!("zeros", new Uint8Array(100 * 2 ** 20));
  assert((await memory.stat("zeros"))!.size! < 100_000);
  await assert.rejects(store.read("zeros"), { code: "invalid-argument", message: /maxBytes/ });
  await assert.rejects(store.write!("b", new Uint8Array(1_000_001)), { code: "invalid-argument" });
  assert.equal((await store.read("zeros", { range: { suffix: 1000 } }))!.length, 1000);
  let length = 0;
  for await (const chunk of (await store.openRead!("zeros"))!) length += chunk.length;
  assert.equal(length, 100 * 2 ** 20);
});

Deno.test("compressed() does not take a block that opens to more than it should", async () => {
  const { memory, store } = setUp({ method: "gzip", blockBytes: 1024 });
  await store.write!("a", new Uint8Array(1024));
  const bomb = (await memory.read("a"))!;
  const view = new DataView(bomb.buffer);
  // The content is said to be 10 bytes: the block still opens to 1024.
  view.setBigUint64(20, 10n, true);
  view.setUint32(28, crc32(bomb.subarray(0, 28)), true);
  await memory.write("a", bomb);
  await assert.rejects(store.read("a"), { code: "corrupt", message: /larger than it should be/ });
});

Deno.test("compressed() with gzip keeps blocks that gunzip opens", async () => {
  const { memory, store } = setUp({ method: "gzip" });
  await store.write!("a", lines(100));
  const stored = (await memory.read("a"))!;
  assert.deepEqual(new Uint8Array(gunzipSync(stored.subarray(32 + 8 + 8))), lines(100));
});

Deno.test("compressed() reads again what is replaced between the index and the blocks", async () => {
  const { memory, store } = setUp({ blockBytes: 1024 });
  const contents = [lines(500), lines(900)] as const;
  await store.write!("a", contents[0]);
  const other = layered(memory, compressed({ blockBytes: 1024 }));
  const read = memory.read.bind(memory);
  let reads = 0;
  memory.read = async (path, options) => {
    if (++reads === 2) await other.write!("a", contents[1]);
    return await read(path, options);
  };
  assert.deepEqual(await store.read("a", { range: { offset: 2000, length: 100 } }), contents[1].slice(2000, 2100));
});

Deno.test("compressed() tells the right size although the content is replaced meanwhile", async () => {
  const { memory } = setUp();
  const writer = layered(memory, compressed());
  await writer.write!("a", lines(10));
  const store = layered(memory, compressed());
  const read = memory.read.bind(memory);
  memory.read = async (path, options) => {
    memory.read = read;
    await writer.write!("a", lines(20));
    return await read(path, options);
  };
  const stat = (await store.stat("a"))!;
  assert.deepEqual([stat.size, stat.etag], [lines(20).length, (await memory.stat("a"))!.etag]);
});

Deno.test("compressed() stands under a backend", async () => {
  const backend = new StoreBackend(setUp().store);
  const value = { rows: Array.from({ length: 1000 }, (_, i) => ({ i, name: `row ${i}` })) };
  await backend.save(value, "a/b.json");
  await backend.move("a/b.json", "a/c.json");
  assert.deepEqual(await backend.load("a/c.json"), value);
});
