/**
 * Why chunks are read and written by our own code, where zarrita could have done it: each test shows what zarrita 0.7 makes of something
 * and what it is here. A test that fails because zarrita is right by now says that it can carry that part.
 */

import assert from "node:assert/strict";
import * as zarrita from "zarrita";
import { type NdArray, ndarray } from "../../backends/formats/ndarray.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import type { ZarrLayoutOptions } from "../../backends/zarr/array_plan.ts";
import type { ZarrDataTypeName } from "../../backends/zarr/data_type.ts";
import { formatJson, type JsonObject, parseObject } from "../../backends/zarr/json.ts";
import { slice } from "../../backends/zarr/selection.ts";
import type { ZarrValue } from "../../backends/zarr/value.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";
import { refuses } from "../disk/setup.ts";

const SHAPE = [8, 8];
const RAMP = ndarray(Int32Array.from({ length: 64 }, (_, i) => i + 1), SHAPE);

/** Makes an array here. */
async function made(
  options: ZarrLayoutOptions,
  dtype: ZarrDataTypeName = "int32",
  value: ZarrValue = RAMP,
): Promise<MemoryStore> {
  const store = new MemoryStore();
  const array = await StoredArray.create(store, "a", dtype, value.shape, {
    chunks: [4, 4],
    compressor: null,
    ...options,
  });
  await array.set(undefined, value);
  return store;
}

/** Changes the metadata of an array by hand. */
async function edit(store: MemoryStore, change: (document: JsonObject) => JsonObject): Promise<void> {
  const document = parseObject((await store.read("a/zarr.json"))!, "a/zarr.json");
  await store.write("a/zarr.json", formatJson(change(document)));
}

/** The same store, as zarrita takes it. */
function theirs(store: MemoryStore): zarrita.Readable & { set(key: string, value: Uint8Array): Promise<void> } {
  return {
    get: (key) => store.read(key.slice(1)),
    getRange: (key, range) =>
      store.read(key.slice(1), {
        range: "suffixLength" in range ? { suffix: range.suffixLength } : range,
      }),
    set: async (key, value) => void await store.write(key.slice(1), value),
  };
}

async function readByZarrita(store: MemoryStore): Promise<unknown[]> {
  const array = await zarrita.open.v3(zarrita.root(theirs(store)).resolve("a"), { kind: "array" });
  const { data } = await zarrita.get(array) as { data: Iterable<unknown> };
  return [...data];
}

async function readHere(store: MemoryStore): Promise<unknown[]> {
  return Array.from((await (await StoredArray.open(store, "a")).get()).data as Iterable<unknown>);
}

/** zarrita must not read what is right: it throws, or reads something else. */
async function misreads(store: MemoryStore, right: unknown[]): Promise<void> {
  const found = await readByZarrita(store).catch((error: unknown) => error);
  assert.notDeepEqual(found, right, "zarrita reads it by now");
}

Deno.test("an index at the start of a shard: zarrita looks for it at the end", async () => {
  const store = await made({ chunks: [2, 2], shards: [4, 4] });
  await edit(store, (document) => {
    const [{ configuration, ...codec }] = document.codecs as [JsonObject];
    return {
      ...document,
      codecs: [{ ...codec, configuration: { ...configuration as JsonObject, index_location: "start" } }],
    };
  });
  for await (const { path, kind } of store.list("a/c")) if (kind === "file") await store.delete(path);
  await (await StoredArray.open(store, "a")).set(undefined, RAMP);
  await misreads(store, [...RAMP.data as Int32Array]);
  assert.deepEqual(await readHere(store), [...RAMP.data as Int32Array]);
});

Deno.test("codecs around a shard: zarrita does not see them", async () => {
  const store = await made({ chunks: [2, 2], shards: [4, 4] });
  await edit(store, (document) => ({
    ...document,
    codecs: [{ name: "transpose", configuration: { order: [1, 0] } }, ...document.codecs as JsonObject[]],
  }));
  await (await StoredArray.open(store, "a")).set(undefined, RAMP);
  await misreads(store, [...RAMP.data as Int32Array]);
  assert.deepEqual(await readHere(store), [...RAMP.data as Int32Array]);
});

Deno.test("writing a shard: zarrita does not", async () => {
  const store = await made({ chunks: [2, 2], shards: [4, 4] });
  const array = await zarrita.open.v3(zarrita.root(theirs(store)).resolve("a"), { kind: "array" });
  await assert.rejects(zarrita.set(array as never, null, 7 as never), /shard/i);
  await (await StoredArray.open(store, "a")).set([3, slice(1, 7)], 7);
  assert.equal((await readHere(store)).filter((value) => value === 7).length, 7);
});

Deno.test("a wrong checksum: zarrita takes it off without a look", async () => {
  const store = await made({});
  await edit(store, (document) => ({ ...document, codecs: [...document.codecs as JsonObject[], { name: "crc32c" }] }));
  await (await StoredArray.open(store, "a")).set(undefined, RAMP);
  const chunk = (await store.read("a/c/0/0"))!;
  chunk[0]! ^= 64;
  await store.write("a/c/0/0", chunk);
  assert.equal((await readByZarrita(store))[0], 65);
  await refuses(() => readHere(store), "corrupt", "a/c/0/0", "checksum");
});

Deno.test("a chunk that is too short, too long or empty: zarrita reads numbers", async () => {
  const store = await made({});
  const whole = (await store.read("a/c/0/0"))!;
  for (const bytes of [whole.slice(0, 60), whole.slice(0, 0), new Uint8Array([...whole, ...whole])]) {
    await store.write("a/c/0/0", bytes);
    assert.equal((await readByZarrita(store)).length, 64);
    await refuses(() => readHere(store), "corrupt", "a/c/0/0", `${bytes.length} bytes instead of 64`);
  }
});

Deno.test("blosc that is cut off or empty: zarrita reads numbers", async () => {
  const noise = ndarray(Int32Array.from({ length: 64 }, (_, i) => i % 8), SHAPE);
  const store = await made({ compressor: { name: "blosc", cname: "zstd" }, chunks: [8, 8] }, "int32", noise);
  const whole = (await store.read("a/c/0/0"))!;
  for (const bytes of [whole.slice(0, -8), whole.slice(0, 0)]) {
    await store.write("a/c/0/0", bytes);
    assert.equal((await readByZarrita(store)).length, 64);
    await refuses(() => readHere(store), "corrupt", "a/c/0/0");
  }
});

Deno.test("blosc as zarrita writes it: not shuffled, whatever the metadata says", async () => {
  const value = Float64Array.from({ length: 4096 }, (_, i) => i);
  const configuration = { cname: "lz4", clevel: 5, shuffle: "shuffle", typesize: 8, blocksize: 0 };
  const store = new MemoryStore();
  const array = await zarrita.create(zarrita.root(theirs(store)).resolve("a"), {
    dtype: "float64",
    shape: [4096],
    chunkShape: [4096],
    codecs: [{ name: "bytes", configuration: { endian: "little" } }, { name: "blosc", configuration }],
    fillValue: 0,
  });
  await zarrita.set(array, null, { data: value, shape: [4096], stride: [1] });
  const theirChunk = (await store.read("a/c/0"))!;
  assert.deepEqual([theirChunk[3], theirChunk[2]! & 1], [4, 0]);
  await (await StoredArray.open(store, "a")).set(undefined, ndarray(value, [4096]));
  const ourChunk = (await store.read("a/c/0"))!;
  assert.deepEqual([ourChunk[3], ourChunk[2]! & 1], [8, 1]);
  assert(ourChunk.length < theirChunk.length / 2, `${ourChunk.length} bytes instead of ${theirChunk.length}`);
  assert.deepEqual(await readByZarrita(store), [...value]);
});

Deno.test("fill values of 64 bits: zarrita rounds them", async () => {
  for (const [dtype, fill] of [["int64", -(2n ** 53n) - 1n], ["uint64", 2n ** 64n - 1n]] as const) {
    const store = new MemoryStore();
    await StoredArray.create(store, "a", dtype, [3], { fillValue: fill });
    await misreads(store, [fill, fill, fill]);
    assert.deepEqual(await readHere(store), [fill, fill, fill]);
  }
});

Deno.test("a fill value told by its bits: zarrita takes the bits for a number", async () => {
  const store = new MemoryStore();
  await StoredArray.create(store, "a", "float32", [2], { fillValue: 1 });
  await edit(store, (document) => ({ ...document, fill_value: "0xc2280000" }));
  await misreads(store, [-42, -42]);
  assert.deepEqual(await readHere(store), [-42, -42]);
});

Deno.test("a selection of fewer axes: zarrita answers something", async () => {
  const store = await made({});
  const array = await zarrita.open.v3(zarrita.root(theirs(store)).resolve("a"), { kind: "array" });
  const answer: unknown = await zarrita.get(array, [1]).catch((error: unknown) => error);
  const row = Int32Array.from({ length: 8 }, (_, i) => i + 9);
  assert.notDeepEqual((answer as { data?: unknown }).data, row);
  assert.deepEqual((await (await StoredArray.open(store, "a")).get([1])).data, row);
});

Deno.test("values of another shape or type: zarrita writes what lies in memory", async () => {
  const store = await made({});
  const array = await zarrita.open.v3(zarrita.root(theirs(store)).resolve("a"), { kind: "array" }) as zarrita.Array<
    "int32",
    ReturnType<typeof theirs>
  >;
  const wrong = { data: new Float64Array(64).fill(0.5), shape: SHAPE, stride: [8, 1] };
  await zarrita.set(array, null, wrong as never);
  assert.notDeepEqual(await readHere(store), [...RAMP.data as Int32Array]);
  const ours = await StoredArray.open(store, "a");
  await refuses(() => ours.set(undefined, ndarray(new Float64Array(64), SHAPE)), "invalid-value", "float64", "int32");
  await refuses(() => ours.set(undefined, ndarray(new Int32Array(8), [8])), "invalid-value", "[8]");
});

Deno.test("two who write to one chunk: with zarrita one is lost", async () => {
  let [lostByZarrita, lostHere] = [0, 0];
  for (let round = 1; round <= 20; round++) {
    const store = await made({ chunks: [8, 8] });
    const array = await zarrita.open.v3(zarrita.root(theirs(store)).resolve("a"), { kind: "array" }) as never;
    const row = (index: number, value: number): Promise<void> =>
      zarrita.set(array, [index, null] as never, value as never);
    await Promise.all([row(0, 100), row(1, 200)]);
    const numbers = await readHere(store);
    if (numbers[0] !== 100 || numbers[8] !== 200) lostByZarrita++;
    const ours = await StoredArray.open(store, "a");
    await Promise.all([ours.set([2], 300), ours.set([3], 400)]);
    const { data } = await ours.get() as NdArray;
    if (data[16] !== 300 || data[24] !== 400) lostHere++;
  }
  assert(lostByZarrita > 0, "zarrita loses none by now");
  assert.equal(lostHere, 0);
});

Deno.test("metadata that cannot be, or asks for more than is known: zarrita opens it", async () => {
  const wrong: Readonly<Record<string, readonly [change: JsonObject, code: "corrupt" | "unsupported", word: RegExp]>> =
    {
      "another format": [{ zarr_format: 4 }, "corrupt", /zarr_format|format/],
      "another rank": [{ chunk_grid: { name: "regular", configuration: { chunk_shape: [4] } } }, "corrupt", /chunk/],
      "storage transformers": [{ storage_transformers: [{ name: "x" }] }, "unsupported", /storage transformer/],
      "an extension": [{ wings: { name: "w", must_understand: true } }, "unsupported", /wings/],
      "a fill value that does not fit": [{ fill_value: 2 ** 40 }, "corrupt", /fill value/],
    };
  for (const [name, [change, code, word]] of Object.entries(wrong)) {
    const store = await made({});
    await edit(store, (document) => ({ ...document, ...change }));
    const opened = await zarrita.open.v3(zarrita.root(theirs(store)).resolve("a"), { kind: "array" })
      .catch((error: unknown) => error);
    assert(opened instanceof zarrita.Array, `zarrita refuses ${name} by now`);
    await refuses(() => StoredArray.open(store, "a"), code, word);
  }
});

Deno.test("types that zarrita has not", async () => {
  const complex = ndarray(new Float32Array([1, 2, 3, 4]), [2], { dtype: "complex64" } as never);
  for (
    const value of [complex, { dtype: "datetime64[s]", data: new BigInt64Array([1n, 2n]), shape: [2], stride: [1] }]
  ) {
    const known = value as ZarrValue;
    const store = await made({ chunks: [2] }, known.dtype, known);
    await assert.rejects(readByZarrita(store));
    assert.deepEqual(await (await StoredArray.open(store, "a")).get(), known);
  }
});
