import { encrypted, type NamedKey, observed, StoreCounters } from "@polystore/polystore/layers";
import { layered, MemoryStore, type Store, StoreBackend } from "@polystore/polystore";
import assert from "node:assert/strict";
import { bytesOf, leastStore, methodsOf, testLayers } from "./place.ts";

const ONE: NamedKey = { id: "one", key: new Uint8Array(32).fill(1) };
const TWO: NamedKey = { id: "two", key: new Uint8Array(32).fill(2) };
const NAMES = new Uint8Array(32).fill(3);
const BLOCK = 256 * 1024;

await testLayers("encrypted", () => [encrypted([ONE])], { numRuns: 15 });
await testLayers("encrypted, names too", () => [encrypted([ONE], { names: NAMES })], {
  names: true,
  numRuns: 8,
  refusesName: (name) => bytesOf(name).length > 170 ? "it is too long when it is encrypted" : undefined,
});

function setUp(...keys: NamedKey[]): { memory: MemoryStore; store: Store; behind: StoreCounters } {
  const memory = new MemoryStore();
  const behind = new StoreCounters();
  return { memory, behind, store: layered(memory, observed({ counters: behind }), encrypted(keys)) };
}

function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 65536) crypto.getRandomValues(bytes.subarray(i, i + 65536));
  return bytes;
}

Deno.test("encrypted() offers what does not bypass it", () => {
  assert.deepEqual(methodsOf(layered(leastStore(), encrypted([ONE]))), ["read", "stat"]);
  assert.deepEqual(methodsOf(layered(new MemoryStore(), encrypted([ONE]))), [
    "close",
    "delete",
    "deleteTree",
    "list",
    "makeDirectory",
    "openRead",
    "openWrite",
    "read",
    "readMany",
    "stat",
    "watch",
    "write",
    "writeExpiring",
    "writeMany",
    "writeParts",
  ]);
});

Deno.test("encrypted() refuses what is no key", async () => {
  assert.throws(() => encrypted([]), TypeError);
  assert.throws(() => encrypted([ONE, { ...TWO, id: "one" }]), TypeError);
  for (const length of [0, 16, 31, 33]) {
    assert.throws(() => encrypted([{ id: "x", key: new Uint8Array(length) }]), TypeError);
    assert.throws(() => encrypted([ONE], { names: new Uint8Array(length) }), TypeError);
  }
  const aes = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  assert.throws(() => encrypted([{ id: "x", key: aes }]), TypeError);
});

Deno.test("encrypted() takes a CryptoKey that nobody can read", async () => {
  const key = await crypto.subtle.importKey("raw", new Uint8Array(32).fill(1), "HKDF", false, ["deriveKey"]);
  const { memory, store } = setUp({ id: "one", key });
  await store.write!("a", bytesOf("content"));
  assert.deepEqual(await layered(memory, encrypted([ONE])).read("a"), bytesOf("content"));
});

Deno.test("encrypted() tells the size of the content at every boundary", async () => {
  const { store } = setUp(ONE);
  for (const size of [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 5]) {
    const content = noise(size);
    await store.write!("a", content);
    assert.equal((await store.stat("a"))!.size, size);
    const [entry] = await Array.fromAsync(store.list!(""));
    assert.equal(entry!.size, size);
    assert.deepEqual(await store.read("a"), content);
    for (const offset of [0, BLOCK - 1, BLOCK, 2 * BLOCK, size]) {
      for (const length of [0, 1, BLOCK, BLOCK + 1]) {
        const range = { offset, length };
        assert.deepEqual(
          await store.read("a", { range }),
          content.slice(offset, offset + length),
          `${size} ${offset} ${length}`,
        );
        const stream = await new Response(await store.openRead!("a", { range })).bytes();
        assert.deepEqual(stream, content.slice(offset, offset + length), `${size} ${offset} ${length}, as a stream`);
      }
    }
  }
});

Deno.test("encrypted() reads of a range only its blocks", async () => {
  const { store, behind } = setUp(ONE);
  const content = noise(20 * BLOCK);
  await store.write!("a", content);
  assert.deepEqual(
    await store.read("a", { range: { offset: 7 * BLOCK + 5, length: 10 } }),
    content.slice(7 * BLOCK + 5, 7 * BLOCK + 15),
  );
  assert(behind.bytesRead < BLOCK + 100, `${behind.bytesRead} bytes were read`);
});

Deno.test("encrypted() cannot be read with another key, nor without the id", async () => {
  const { memory, store } = setUp(ONE);
  await store.write!("a", bytesOf("content"));
  const wrong = layered(memory, encrypted([{ ...TWO, id: "one" }]));
  const other = layered(memory, encrypted([TWO]));
  for (const range of [undefined, { offset: 2 }, { suffix: 2 }]) {
    await assert.rejects(wrong.read("a", { range }), { code: "corrupt", path: "a" });
    await assert.rejects(other.read("a", { range }), { code: "permission-denied", path: "a" });
  }
  await assert.rejects(wrong.openRead!("a"), { code: "corrupt", path: "a" });
  await assert.rejects(other.openRead!("a"), { code: "permission-denied", path: "a" });
});

Deno.test("encrypted() goes from one key to the next", async () => {
  const { memory, store } = setUp(ONE);
  await store.write!("old", bytesOf("old"));
  const both = layered(memory, encrypted([TWO, ONE]));
  await both.write!("new", bytesOf("new"));
  assert.deepEqual(await both.read("old"), bytesOf("old"));
  await both.write!("old", (await both.read("old"))!);
  const next = layered(memory, encrypted([TWO]));
  assert.deepEqual(await next.readMany!(["old", "new"]), [bytesOf("old"), bytesOf("new")]);
  await assert.rejects(store.read("new"), { code: "permission-denied" });
});

Deno.test("encrypted() finds every changed bit and every cut", async () => {
  const { memory, store } = setUp(ONE);
  await store.write!("a", bytesOf("some content"));
  const stored = (await memory.read("a"))!;
  for (let bit = 0; bit < stored.length * 8; bit++) {
    const changed = stored.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    await memory.write("a", changed);
    await assert.rejects(
      store.read("a"),
      (error: { code: string }) => ["corrupt", "permission-denied"].includes(error.code),
      `${bit}`,
    );
  }
  for (let length = 0; length < stored.length; length++) {
    await memory.write("a", stored.subarray(0, length));
    await assert.rejects(store.read("a"), { code: "corrupt" }, `cut at ${length}`);
  }
  await memory.write("a", new Uint8Array([...stored, 0]));
  await assert.rejects(store.read("a"), { code: "corrupt" }, "longer");
});

Deno.test("encrypted() finds a content that is cut between two blocks, in ranges and streams too", async () => {
  const { memory, store } = setUp(ONE);
  await store.write!("a", noise(3 * BLOCK));
  const stored = (await memory.read("a"))!;
  await memory.write("a", stored.subarray(0, 40 + 2 * (BLOCK + 16)));
  await assert.rejects(store.read("a"), { code: "corrupt" });
  for (const range of [{ offset: BLOCK, length: BLOCK }, { offset: 2 * BLOCK }, { offset: 9 * BLOCK }, { suffix: 5 }]) {
    await assert.rejects(store.read("a", { range }), { code: "corrupt" }, JSON.stringify(range));
    const streaming = async (): Promise<unknown> => await new Response(await store.openRead!("a", { range })).bytes();
    await assert.rejects(streaming, { code: "corrupt" }, `${JSON.stringify(range)}, as a stream`);
  }
  // What was not cut away can still be read.
  assert.equal((await store.read("a", { range: { offset: 0, length: BLOCK } }))!.length, BLOCK);
});

Deno.test("encrypted() finds two contents that were exchanged, and blocks of one put into another", async () => {
  const { memory, store } = setUp(ONE);
  await store.write!("a", noise(2 * BLOCK + 10));
  await store.write!("b", noise(2 * BLOCK + 10));
  const [a, b] = await memory.readMany(["a", "b"]) as [Uint8Array, Uint8Array];
  await memory.write("a", b);
  await memory.write("b", a);
  for (const path of ["a", "b"]) await assert.rejects(store.read(path), { code: "corrupt", path });
  const start = 40 + BLOCK + 16;
  const mixed = new Uint8Array([...a.subarray(0, start), ...b.subarray(start)]);
  await memory.write("a", mixed);
  await assert.rejects(store.read("a"), { code: "corrupt" });
  const reordered = new Uint8Array([
    ...a.subarray(0, 40),
    ...a.subarray(start, start + BLOCK + 16),
    ...a.subarray(40, start),
    ...a.subarray(start + BLOCK + 16),
  ]);
  await memory.write("a", reordered);
  await assert.rejects(store.read("a", { range: { offset: 5, length: 5 } }), { code: "corrupt" });
});

Deno.test("encrypted() never uses a nonce twice", async () => {
  const memory = new MemoryStore();
  const seen = new Set<string>();
  for (let process = 0; process < 3; process++) {
    const store = layered(memory, encrypted([ONE]));
    await Promise.all(Array.from({ length: 50 }, (_, i) => store.write!(`${i}`, bytesOf("same"))));
    for (let i = 0; i < 50; i++) seen.add((await memory.read(`${i}`))!.subarray(16, 40).toHex());
  }
  assert.equal(seen.size, 150);
});

Deno.test("encrypted() reads again what is replaced between the header and the blocks", async () => {
  const { memory, store } = setUp(ONE);
  const contents = [noise(3 * BLOCK), noise(2 * BLOCK)] as const;
  await store.write!("a", contents[0]);
  const read = memory.read.bind(memory);
  // The first read is of the header; the blocks are read at the same time, still of the old content.
  const interfere = (): void => {
    memory.read = async (path, options) => {
      memory.read = read;
      await store.write!("a", contents[1]);
      return await read(path, options);
    };
  };
  interfere();
  const range = { offset: BLOCK + 7, length: 10 };
  assert.deepEqual(await store.read("a", { range }), contents[1].slice(BLOCK + 7, BLOCK + 17));
  await store.write!("a", contents[0]);
  interfere();
  assert.deepEqual(await store.read("a", { range: { suffix: 9 } }), contents[1].slice(-9));
});

Deno.test("encrypted() refuses what it did not write", async () => {
  const { memory, store } = setUp(ONE);
  for (const content of ["", "plain text", "x".repeat(5000)]) {
    await memory.write("a", bytesOf(content));
    await assert.rejects(store.read("a"), { code: "corrupt", message: /layer encrypted/ });
    await assert.rejects(store.read("a", { range: { suffix: 1 } }), { code: "corrupt" });
  }
});

Deno.test("encrypted() with names lists them in their order, and shows none of them", async () => {
  const memory = new MemoryStore();
  const store = layered(memory, encrypted([ONE], { names: NAMES }));
  const paths = ["dir-b/x", "dir/a", "dir/b", "zebra", "Äpfel", "\u{1f600}", "\ufffd"];
  for (const path of paths) await store.write!(path, bytesOf(path));
  const listed = await Array.fromAsync(store.list!(""), ({ path }) => path);
  assert.deepEqual(listed, ["dir", "dir-b", "dir-b/x", "dir/a", "dir/b", "zebra", "Äpfel", "\ufffd", "\u{1f600}"]);
  const page = await Array.fromAsync(store.list!("", { after: "dir-b", limit: 2 }), ({ path }) => path);
  assert.deepEqual(page, ["dir-b/x", "dir/a"]);
  for await (const { path } of memory.list("")) assert(!/dir|zebra/.test(path), path);
});

Deno.test("encrypted() with names does not show which names are equal in two directories", async () => {
  const memory = new MemoryStore();
  const store = layered(memory, encrypted([ONE], { names: NAMES }));
  await store.writeMany!(["a/same", "b/same"].map((path) => ({ path, bytes: bytesOf("x") })));
  const names = await Array.fromAsync(memory.list(""), ({ path }) => path.split("/").at(-1));
  assert.equal(new Set(names).size, 4);
});

Deno.test("encrypted() with names leaves out what others put there, and tells the path in errors", async () => {
  const memory = new MemoryStore();
  const store = layered(memory, encrypted([ONE], { names: NAMES }));
  await store.write!("dir/file", bytesOf("x"));
  await memory.write("README", bytesOf("foreign"));
  await memory.write("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", bytesOf("foreign"));
  assert.deepEqual(await Array.fromAsync(store.list!(""), ({ path }) => path), ["dir", "dir/file"]);
  await assert.rejects(store.write!("dir/file/below", bytesOf("x")), { code: "not-a-directory", path: /^dir\/file/ });
  await assert.rejects(store.delete!("dir"), { code: "not-empty", path: "dir" });
  const other = layered(memory, encrypted([ONE], { names: new Uint8Array(32).fill(9) }));
  assert.deepEqual(await Array.fromAsync(other.list!("")), []);
  assert.equal(await other.read("dir/file"), undefined);
});

Deno.test("encrypted() stands under a backend, which copies and moves by encrypting again", async () => {
  const backend = new StoreBackend(setUp(ONE).store);
  await backend.save({ secret: 1 }, "a/b.json");
  await backend.copy("a/b.json", "a/c.json");
  await backend.move("a", "d");
  assert.deepEqual(await backend.load("d/c.json"), { secret: 1 });
  assert.equal(await backend.exists("a"), false);
});
