/** Threads that encode and decode: what is written and read is the same, and so are the errors. */

import assert from "node:assert/strict";
import { ndarray } from "../../backends/formats/ndarray.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import type { Compressor } from "../../backends/zarr/array_plan.ts";
import { slice } from "../../backends/zarr/selection.ts";
import { ZarrBackend } from "../../backends/zarr.ts";
import { ZarrWorkers } from "../../backends/zarr/workers.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";
import { denoArgs, refuses, REPOSITORY, runCommand, withBox } from "../disk/setup.ts";

const SHAPE = [60, 70];
const COMPRESSORS: readonly (Compressor | null)[] = [
  null,
  { name: "gzip", level: 5 },
  { name: "zstd", level: 3, checksum: true },
  { name: "blosc", cname: "zstd", shuffle: "bitshuffle" },
  { name: "blosc", cname: "lz4" },
  { name: "lz4" },
];

function ramp(): ReturnType<typeof ndarray> {
  return ndarray(Float32Array.from({ length: 60 * 70 }, (_, i) => Math.sin(i / 50)), SHAPE);
}

/** Everything in a store. */
async function contents(store: MemoryStore): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { path, kind } of store.list("")) {
    if (kind === "file") found.set(path, (await store.read(path))!.toHex());
  }
  return found;
}

for (const compressor of COMPRESSORS) {
  for (const shards of [undefined, [32, 64]]) {
    const name = `${compressor === null ? "no codec" : Object.values(compressor).join(" ")}${
      shards ? ", in shards" : ""
    }`;
    Deno.test(`workers: ${name}: the bytes and the elements are those of one thread`, async () => {
      const options = { chunks: [16, 32], shards, compressor, order: "F" } as const;
      const [alone, many] = [new MemoryStore(), new MemoryStore()];
      const one = await StoredArray.create(alone, "a", "float32", SHAPE, options);
      await using two = await StoredArray.create(many, "a", "float32", SHAPE, { ...options, workers: 2 });
      for (const array of [one, two]) {
        await array.set(undefined, ramp());
        await array.set([slice(5, 41), slice(null, null, 3)], 7);
        await array.set([slice(0, 32), slice(32, 64)], 0);
      }
      assert.deepEqual(await contents(many), await contents(alone));
      assert.deepEqual(await two.get(), await one.get());
      assert.deepEqual(await two.get([slice(3, 50, 2), 9]), await one.get([slice(3, 50, 2), 9]));
      assert(((await two.get()).data as Float32Array).buffer instanceof ArrayBuffer, "what is read is not shared");
    });
  }
}

Deno.test("workers: the backend saves and loads with them, too", async () => {
  const stores = [new MemoryStore(), new MemoryStore()];
  await using workers = new ZarrWorkers(2);
  for (const [i, store] of stores.entries()) {
    const zarr = new ZarrBackend({ store });
    const options = i === 0 ? {} : { workers };
    await zarr.save(ramp(), "a", { chunks: [16, 32], compressor: "gzip", ...options });
    assert.deepEqual(await zarr.load("a", options), ramp());
    assert.deepEqual(await zarr.load("a", { selection: [3], ...options }), await zarr.load("a", { selection: [3] }));
  }
  const chunks = await Promise.all(stores.map(async (store) => {
    return [...await contents(store)].filter(([path]) => path.includes("/c/"));
  }));
  assert.deepEqual(chunks[1], chunks[0]);
});

Deno.test("workers: what is corrupt is told by its name, and the others go on", async () => {
  const store = new MemoryStore();
  await using workers = new ZarrWorkers(2);
  const array = await StoredArray.create(store, "a", "float32", SHAPE, { chunks: [16, 32], compressor: "gzip" });
  await array.set(undefined, ramp(), { workers });
  const before = await array.get();
  const whole = (await store.read("a/c/1/1"))!;
  await store.write("a/c/1/1", whole.slice(0, -5));
  await refuses(() => array.get(undefined, { workers }), "corrupt", "a/c/1/1", "gzip");
  await store.write("a/c/1/1", whole);
  assert.deepEqual(await array.get(undefined, { workers }), before);
});

Deno.test("workers: an abort stops, and the workers go on for others", async () => {
  const store = new MemoryStore();
  await using workers = new ZarrWorkers(1);
  const array = await StoredArray.create(store, "a", "float32", [400, 400], { chunks: [40, 40], compressor: "gzip" });
  const value = ndarray(Float32Array.from({ length: 160_000 }, (_, i) => i), [400, 400]);
  const controller = new AbortController();
  const writing = array.set(undefined, value, { workers, signal: controller.signal });
  setTimeout(() => controller.abort(new Error("enough")), 1);
  await assert.rejects(writing, /^Error: enough$/);
  assert((await Array.fromAsync(store.list("a/c"))).length < 100, "nothing was left to stop");
  await array.set(undefined, value, { workers });
  assert.deepEqual(await array.get(undefined, { workers }), value);
});

Deno.test("workers: closed while at work, they say so; afterwards the caller's thread does the work", async () => {
  const store = new MemoryStore();
  const workers = new ZarrWorkers(1);
  const array = await StoredArray.create(store, "a", "float32", SHAPE, { chunks: [8, 8], compressor: "gzip" });
  const writing = array.set(undefined, ramp(), { workers });
  const refused = refuses(() => writing, "closed");
  await new Promise((resolve) => setTimeout(resolve, 0));
  await workers.close();
  await refused;
  await workers.close();
  await array.set(undefined, ramp(), { workers });
  assert.deepEqual(await array.get(undefined, { workers }), ramp());
  assert.throws(() => new ZarrWorkers(0), { code: "invalid-argument" });
});

for (const allowed of [true, false]) {
  Deno.test(`workers: ${allowed ? "start with" : "are done without, where there is no"} permission to read their program`, () =>
    withBox(async ({ root }) => {
      const permissions = [`--allow-read=${root}${allowed ? `,${REPOSITORY}` : ""}`, `--allow-write=${root}`];
      const { code, stdout, stderr } = await runCommand(
        Deno.execPath(),
        denoArgs(`${REPOSITORY}tests/zarr/workers_child.ts`, permissions, [root]),
      );
      assert.equal(stderr, "");
      assert.equal(stdout, `${allowed ? 2 : 0} workers, the same\n`);
      assert.equal(code, 0);
    }));
}
