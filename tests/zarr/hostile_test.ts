/** Chunks, shards and metadata that are damaged: told by their name, and never numbers that are wrong where the format can tell. */

import assert from "node:assert/strict";
import { isStorageError } from "../../backends/errors.ts";
import { ndarray } from "../../backends/formats/ndarray.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import type { ZarrLayoutOptions } from "../../backends/zarr/array_plan.ts";
import { formatJson, type Json, type JsonObject, parseObject } from "../../backends/zarr/json.ts";
import { slice } from "../../backends/zarr/selection.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";
import { LONG, type Random, refuses, seeded } from "../disk/setup.ts";

const ROUNDS = LONG ? 3000 : 150;
const VALUE = ndarray(Int32Array.from({ length: 400 }, (_, i) => i * i % 977), [20, 20]);

/** What each layout can tell: whether a changed bit cannot go unseen. */
const LAYOUTS: Readonly<Record<string, readonly [options: ZarrLayoutOptions, tells: boolean]>> = {
  none: [{ compressor: null }, false],
  gzip: [{ compressor: "gzip" }, true],
  zlib: [{ compressor: "zlib" }, true],
  zstd: [{ compressor: "zstd" }, false],
  "zstd with a checksum": [{ compressor: { name: "zstd", checksum: true } }, true],
  lz4: [{ compressor: "lz4" }, false],
  ...Object.fromEntries(
    ["lz4", "lz4hc", "zstd", "zlib", "blosclz"].map((cname) =>
      [`blosc ${cname}`, [{ compressor: { name: "blosc", cname } }, false]] as const
    ),
  ),
  "zlib, format 2": [{ compressor: "zlib", format: 2, order: "F" }, true],
  shards: [{ compressor: "gzip", shards: [20, 20] }, true],
  "shards of what is not compressed": [{ compressor: null, shards: [20, 20] }, false],
};

/** One change of bytes: cut, stretched, a bit turned, a part overwritten. */
function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  const at = Math.floor(random() * bytes.length);
  const copy = bytes.slice();
  switch (Math.floor(random() * 5)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return new Uint8Array([...bytes, ...bytes.subarray(0, 1 + at % 50)]);
    case 2:
      return copy.fill(random() < 0.5 ? 0 : 255, at, at + 8);
    default:
      copy[at]! ^= 1 << Math.floor(random() * 8);
      return copy;
  }
}

for (const [name, [options, tells]] of Object.entries(LAYOUTS)) {
  Deno.test(`hostile chunks: ${name}`, async () => {
    const { random } = seeded(`hostile chunks: ${name}`);
    const store = new MemoryStore();
    const array = await StoredArray.create(store, "a", "int32", [20, 20], {
      chunks: [10, 10],
      separator: ".",
      ...options,
    });
    await array.set(undefined, VALUE);
    const path = options.format === 2 ? "a/0.0" : "a/c.0.0";
    const whole = (await store.read(path))!;
    let told = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = damaged(whole, random);
      await store.write(path, bytes);
      const what = `${bytes.toHex()} of ${whole.toHex()}`;
      const selection = round % 2 === 0 ? undefined : [slice(3, 8), slice(12)];
      try {
        const { data, shape } = await array.get(selection);
        assert.equal(data.length, shape[0]! * shape[1]!);
        // What is as long as it should be cannot be told apart without a checksum.
        if (tells || bytes.length !== whole.length && options.compressor === null && options.shards === undefined) {
          const right = selection === undefined ? VALUE.data : Int32Array.from({ length: 60 }, (_, i) => {
            return VALUE.data[(3 + Math.floor(i / 12)) * 20 + i % 12] as number;
          });
          assert.deepEqual(data, right, what);
        }
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        assert(isStorageError(error, "corrupt"), `${Deno.inspect(error)}: ${what}`);
        assert.match(error.message, /a\/(c\.)?0\.0/);
        told++;
      }
    }
    assert(told > ROUNDS / 10, `only ${told} of ${ROUNDS} were told`);
    await store.write(path, whole);
    assert.deepEqual(await array.get(), VALUE);
  });
}

/** Metadata that is wrong, and what is said: the table of reference/zarr.md §2.2, and more. */
const WRONG: Readonly<Record<string, readonly [file: Json | string, word: RegExp]>> = {
  "no JSON": ["{", /JSON/],
  null: [null, /object|JSON/],
  "a number": [3, /object|JSON/],
  "an empty object": [{}, /zarr_format/],
  "format 4": [{ zarr_format: 4 }, /zarr_format/],
  "no format": [{ zarr_format: undefined as never }, /zarr_format/],
  "ranks that differ": [{ shape: [20] }, /chunk|rank|axes/],
  "no shape": [{ shape: undefined as never }, /shape/],
  "a shape of text": [{ shape: "20" }, /shape/],
  "a negative length": [{ shape: [-20, 20] }, /shape/],
  "a broken length": [{ shape: [20.5, 20] }, /shape/],
  "a type of objects": [{ data_type: { name: "wings" } }, /wings/],
  "no type": [{ data_type: 7 }, /data_type/],
  "an irregular grid": [{ chunk_grid: { name: "rectilinear", configuration: {} } }, /rectilinear/],
  "a chunk of nothing": [{ chunk_grid: { name: "regular", configuration: { chunk_shape: [0, 10] } } }, /chunk/],
  "storage transformers": [{ storage_transformers: [{ name: "wings" }] }, /storage transformer "wings"/],
  "an extension": [{ wings: { must_understand: true } }, /wings/],
  "a fill value too large": [{ fill_value: 2 ** 31 }, /fill value/],
  "a fill value of text": [{ fill_value: "wings" }, /fill value/],
  "no fill value": [{ fill_value: null }, /fill value/],
  "no codecs": [{ codecs: [] }, /codec/],
  "an unknown codec": [
    { codecs: [{ name: "bytes", configuration: { endian: "little" } }, { name: "wings" }] },
    /wings/,
  ],
  "a codec in the wrong place": [
    { codecs: [{ name: "gzip", configuration: { level: 1 } }, { name: "bytes" }] },
    /gzip/,
  ],
  "a level that is none": [
    {
      codecs: [{ name: "bytes", configuration: { endian: "little" } }, { name: "gzip", configuration: { level: 77 } }],
    },
    /level/,
  ],
  "an order that is none": [
    { codecs: [{ name: "transpose", configuration: { order: [0, 0] } }, { name: "bytes" }] },
    /order/,
  ],
  "an unknown key encoding": [{ chunk_key_encoding: { name: "wings" } }, /wings/],
};

for (const [name, [change, word]] of Object.entries(WRONG)) {
  Deno.test(`hostile metadata: ${name}`, async () => {
    const store = new MemoryStore();
    await StoredArray.create(store, "a", "int32", [20, 20], { chunks: [10, 10] });
    const before = parseObject((await store.read("a/zarr.json"))!, "a");
    const merged = typeof change === "object" && change !== null && Object.keys(change).length > 0
      ? JSON.stringify({ ...before, ...change as JsonObject })
      : typeof change === "string"
      ? change
      : JSON.stringify(change);
    await store.write("a/zarr.json", new TextEncoder().encode(merged));
    await refuses(() => StoredArray.open(store, "a"), ["corrupt", "unsupported"], '"a', word);
  });
}

Deno.test("hostile metadata: whatever stands in it, it is opened or refused by name", async () => {
  const { random } = seeded("hostile metadata");
  const values: readonly Json[] = [null, true, 0, -1, 0.5, 2 ** 53, 1e300, "", "x", [], [1], [1e15, 1e15], {}, {
    name: "bytes",
  }];
  for (const format of [2, 3] as const) {
    for (let round = 0; round < ROUNDS * 4; round++) {
      const store = new MemoryStore();
      const options = { chunks: [10, 10], format, ...(format === 3 && round % 2 ? { shards: [20, 20] } : {}) };
      await StoredArray.create(store, "a", "int32", [20, 20], options);
      const path = format === 3 ? "a/zarr.json" : "a/.zarray";
      const document = parseObject((await store.read(path))!, path);
      const changed = changedSomewhere(document, random, values[Math.floor(random() * values.length)]!);
      await store.write(path, formatJson(changed as JsonObject));
      try {
        const array = await StoredArray.open(store, "a");
        await array.get(array.shape.map((length) => length > 0 ? 0 : null));
      } catch (error) {
        const told = isStorageError(error, "corrupt", "unsupported", "invalid-argument", "not-found", "is-a-directory");
        assert(told, `${Deno.inspect(error)}: ${JSON.stringify(changed)}`);
      }
    }
  }
});

/** A copy in which one value, somewhere, is another or is gone. */
function changedSomewhere(value: Json, random: Random, other: Json): Json {
  if (typeof value !== "object" || value === null) return other;
  const keys = Object.keys(value);
  if (keys.length === 0 || random() < 0.1) return other;
  const key = keys[Math.floor(random() * keys.length)]!;
  const copy = structuredClone(value) as Record<string, Json>;
  if (random() < 0.15 && !Array.isArray(value)) delete copy[key];
  else copy[key] = random() < 0.4 ? other : changedSomewhere(copy[key]!, random, other);
  return copy;
}

Deno.test("an array larger than any memory is read in parts, and what was never written costs nothing", async () => {
  const store = new MemoryStore();
  const side = 2 ** 24;
  const array = await StoredArray.create(store, "a", "float64", [side, side], { chunks: [side, side], fillValue: 2.5 });
  await refuses(() => array.get(), "invalid-argument", "memory", "parts");
  const { data } = await array.get([slice(5, 8), slice(side - 2, null)]);
  assert.deepEqual(data, new Float64Array(6).fill(2.5));
});
