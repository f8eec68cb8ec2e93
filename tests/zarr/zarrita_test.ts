import assert from "node:assert/strict";
import * as zarrita from "zarrita";
import { ndarray } from "../../backends/formats/ndarray.ts";
import { prefixed } from "../../backends/layers/mod.ts";
import { DiskStore } from "../../backends/stores/disk_store.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import type { Store } from "../../backends/stores/store.ts";
import { asZarrita, fromZarrita, slice, ZarrBackend } from "../../backends/zarr.ts";
import { flatStore } from "../backends/flat_store.ts";
import { SqliteBackend } from "../../backends/sqlite.ts";

const IMAGE = ndarray(Float32Array.from({ length: 60 }, (_, i) => i / 4), [3, 4, 5]);

async function onEachStore(use: (store: Store) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "polystore-" });
  await using sqlite = new SqliteBackend({ path: ":memory:" });
  try {
    const stores = [new MemoryStore(), new DiskStore({ root }), flatStore(), sqlite.store];
    for (const store of stores) await use(store);
    await use(prefixed("deep/inside")(stores[0]!));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("zarrita reads what the backend saves, on every store, by part too", () =>
  onEachStore(async (store) => {
    const zarr = new ZarrBackend({ store });
    const layouts = [
      { chunks: [2, 2, 2], attributes: { a: 1 } },
      { chunks: [1, 2, 5], shards: [2, 4, 5] },
      { chunks: [2, 3, 5], format: 2 as const, compressor: "gzip" },
      { chunks: [3, 4, 5], compressor: null },
    ];
    for (const [i, layout] of layouts.entries()) {
      const path = `group ${i}/äö/a`;
      await zarr.save(IMAGE, path, layout);
      const location = new zarrita.Location(asZarrita(store), `/${path}`);
      const array = await zarrita.open(location, { kind: "array" });
      assert(array.is("float32"));
      assert.deepEqual((await zarrita.get(array)).data, IMAGE.data);
      const part = await zarrita.get(array, [1, zarrita.slice(1, 3), null]);
      assert.deepEqual({ ...part, dtype: "float32" }, await zarr.load(path, { selection: [1, slice(1, 3)] }));
      assert.deepEqual(array.attrs, layout.attributes ?? {});
    }
    const group = await zarrita.open(new zarrita.Location(asZarrita(store), "/group 0/äö"), { kind: "group" });
    assert.deepEqual(group.attrs, {});
  }));

Deno.test("the backend reads what zarrita writes to a store of ours, on every store", () =>
  onEachStore(async (store) => {
    const location = zarrita.root(asZarrita(store)).resolve("theirs/a");
    const array = await zarrita.create(location, {
      shape: [3, 4, 5],
      chunkShape: [2, 2, 5],
      dtype: "float32",
      codecs: [{ name: "bytes", configuration: { endian: "little" } }],
      fillValue: 0,
      attributes: { by: "zarrita" },
    });
    await zarrita.set(array, null, { data: IMAGE.data, shape: IMAGE.shape, stride: IMAGE.stride });
    const zarr = new ZarrBackend({ store });
    assert.deepEqual(await zarr.load("theirs/a"), IMAGE);
    assert.deepEqual(await zarr.attributes("theirs/a"), { by: "zarrita" });
    assert.deepEqual(await zarr.listFiles("", { recursive: true }), ["theirs/a"]);
    await zarr.write("theirs/a", [0, 0, 0], 7);
    assert.equal(await zarrita.get(array, [0, 0, 0]), 7);
  }));

Deno.test("a store of zarrita is a store to read from, whole and by range", async () => {
  const memory = new MemoryStore();
  const zarr = new ZarrBackend({ store: memory });
  await zarr.save(IMAGE, "g/a", { chunks: [1, 2, 5], shards: [3, 4, 5] });
  await zarr.save(IMAGE, "g/b", { format: 2 });
  await zarr.save("text", "g/notes.txt");
  const map = new Map<`/${string}`, Uint8Array>();
  for await (const { path, kind } of memory.list("")) {
    if (kind === "file") map.set(`/${path}`, (await memory.read(path))!);
  }
  const ranges: unknown[] = [];
  const ranged = {
    get: (key: `/${string}`) => Promise.resolve(map.get(key)),
    getRange(key: `/${string}`, range: { offset: number; length: number } | { suffixLength: number }) {
      ranges.push(range);
      const bytes = map.get(key);
      return Promise.resolve(
        "offset" in range
          ? bytes?.subarray(range.offset, range.offset + range.length)
          : bytes?.subarray(-range.suffixLength),
      );
    },
  };
  for (const source of [map, ranged]) {
    const theirs = new ZarrBackend({ store: fromZarrita(source) });
    assert.deepEqual(await theirs.load("g/a"), IMAGE);
    assert.deepEqual(await theirs.load("g/b"), IMAGE);
    assert.deepEqual(await theirs.load("g/a", { selection: [2, 3] }), await zarr.load("g/a", { selection: [2, 3] }));
    assert.equal(await theirs.load("g/notes.txt"), "text");
    assert.equal(await theirs.isFile("g/a"), true);
    assert.equal(await theirs.isDir("g"), true);
    await assert.rejects(theirs.load("g/c"), { code: "not-found" });
    await assert.rejects(theirs.load("g"), { code: "is-a-directory" });
    await assert.rejects(theirs.save(IMAGE, "g/c"), { code: "unsupported" });
    await assert.rejects(theirs.listFiles("g"), { code: "unsupported" });
    await assert.rejects(theirs.write("g/a", [0], 1), { code: "unsupported" });
  }
  assert(ranges.some((range) => Object.hasOwn(range as object, "suffixLength")), "the index was not read by itself");
});

Deno.test("a store of zarrita that fails is told with its reason; what is a directory there is nothing", async () => {
  const failing = (error: unknown) => fromZarrita({ get: () => Promise.reject(error) });
  await assert.rejects(failing(new Error("HTTP 503")).read("a"), { code: "io", message: /HTTP 503/ });
  for (const code of ["ENOENT", "EISDIR", "ENOTDIR"]) {
    assert.equal(await failing(Object.assign(new Error(code), { code })).read("a"), undefined);
  }
  const controller = new AbortController();
  controller.abort(new Error("stop"));
  await assert.rejects(failing(new Error("x")).read("a", { signal: controller.signal }), /stop/);
});

Deno.test("zarrita cannot write to a store that only reads", async () => {
  const store = asZarrita({ read: () => Promise.resolve(undefined), stat: () => Promise.resolve(undefined) });
  await assert.rejects(store.set("/a", new Uint8Array()), { code: "unsupported" });
  await assert.rejects(store.get("/../a"), { code: "invalid-path" });
});
