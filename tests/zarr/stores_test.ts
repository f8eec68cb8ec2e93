/** Random arrays with random codecs and random selections, against a plain model, on every store. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { sizeOf, stridesOf } from "../../backends/formats/shape.ts";
import { prefixed } from "../../backends/layers/prefixed.ts";
import { DiskStore } from "../../backends/stores/disk_store.ts";
import { KvStore } from "../../backends/stores/kv_store.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { SqliteStore } from "../../backends/stores/sqlite_store.ts";
import type { Store } from "../../backends/stores/store.ts";
import type { Compressor, ZarrLayoutOptions } from "../../backends/zarr/array_plan.ts";
import { type Selection, slice } from "../../backends/zarr/selection.ts";
import type { ZarrValue } from "../../backends/zarr/value.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";
import { LONG, withBox } from "../disk/setup.ts";

const RUNS = LONG ? 400 : 25;

const STORES: Readonly<Record<string, (root: string) => Store>> = {
  memory: () => new MemoryStore(),
  disk: (root) => new DiskStore({ root, durability: "fast" }),
  sqlite: () => new SqliteStore({ path: ":memory:" }),
  kv: () => new KvStore({ path: ":memory:" }),
  "a prefix of another": () => prefixed("deep/inside")(new MemoryStore()),
};

const COMPRESSORS: readonly (Compressor | null)[] = [
  null,
  { name: "gzip", level: 1 },
  { name: "zstd", level: 1, checksum: true },
  { name: "zlib", level: 1 },
  { name: "lz4" },
  ...["lz4", "lz4hc", "zstd", "zlib", "blosclz"].map((cname, i) => ({
    name: "blosc",
    cname,
    shuffle: ["noshuffle", "shuffle", "bitshuffle"][i % 3]!,
  })),
];

/** How an element of each type is made of a number. */
const TYPES: Readonly<Record<string, (n: number) => unknown>> = {
  bool: (n) => n % 2,
  int8: (n) => n % 256 - 128,
  uint16: (n) => n % 65_536,
  float32: (n) => n % 3 === 0 ? NaN : n / 4,
  float64: (n) => n / 3,
  int64: (n) => -BigInt(n) * 2n ** 40n,
  string: (n) => `${n}é`.slice(n % 2),
  "datetime64[ms]": (n) => BigInt(n),
};

const CASE = fc.record({
  dtype: fc.constantFrom(...Object.keys(TYPES)),
  axes: fc.array(
    fc.record({ length: fc.nat(9), chunk: fc.integer({ min: 1, max: 4 }), times: fc.integer({ min: 1, max: 3 }) }),
    { maxLength: 3 },
  ),
  compressor: fc.constantFrom(...COMPRESSORS),
  format: fc.constantFrom(2, 3),
  order: fc.constantFrom("C", "F"),
  endian: fc.constantFrom("little", "big"),
  separator: fc.constantFrom("/", "."),
  sharded: fc.boolean(),
  writes: fc.array(
    fc.array(fc.oneof(
      fc.constant(null),
      fc.nat(8),
      fc.record({
        from: fc.integer({ min: -9, max: 9 }),
        to: fc.integer({ min: -9, max: 9 }),
        step: fc.integer({ min: 1, max: 3 }),
      }),
    )),
    { maxLength: 4 },
  ),
});

/** A selection, and the index in the model of each element that it selects. */
interface Asked {
  readonly selection: Selection;
  readonly shape: number[];
  readonly at: number[];
}

function askedOf(
  parts: readonly (null | number | { from: number; to: number; step: number })[],
  shape: readonly number[],
): Asked {
  const selection: (null | number | ReturnType<typeof slice>)[] = [];
  const kept: number[] = [];
  let at = [0];
  for (const [axis, length] of shape.entries()) {
    const part = parts[axis] ?? null;
    const stride = stridesOf(shape)[axis]!;
    let indices = Array.from({ length }, (_, index) => index);
    if (typeof part === "number" && length > 0) {
      selection.push(part % length);
      indices = [part % length];
    } else {
      if (part !== null && typeof part === "object") {
        selection.push(slice(part.from, part.to, part.step));
        const ends = [part.from, part.to].map((end) => Math.min(length, Math.max(0, end < 0 ? end + length : end)));
        indices = indices.slice(ends[0], ends[1]).filter((_, index) => index % part.step === 0);
      } else selection.push(null);
      kept.push(indices.length);
    }
    at = at.flatMap((base) => indices.map((index) => base + index * stride));
  }
  return { selection, shape: kept, at };
}

for (const [name, open] of Object.entries(STORES)) {
  Deno.test(`zarr on ${name}: arrays agree with a plain model, whatever is written to them`, () =>
    withBox(async ({ root }) => {
      const store = open(root);
      let count = 0;
      try {
        await fc.assert(
          fc.asyncProperty(CASE, async ({ dtype, axes, sharded, writes, ...rest }) => {
            const shape = axes.map(({ length }) => length);
            const options: ZarrLayoutOptions = {
              ...rest as Pick<ZarrLayoutOptions, "compressor" | "format" | "order" | "endian" | "separator">,
              chunks: axes.map(({ chunk }) => chunk),
              ...(sharded && rest.format === 3 ? { shards: axes.map(({ chunk, times }) => chunk * times) } : {}),
            };
            const path = `arrays/${++count}`;
            const array = await StoredArray.create(store, path, dtype as StoredArray["dtype"], shape, options);
            const first = await array.get();
            const model = first.data as unknown[];
            let next = 0;
            for (const parts of writes) {
              const { selection, shape: kept, at } = askedOf(parts, shape);
              const value = { ...first, data: first.data.slice(0, 0), shape: kept, stride: stridesOf(kept) };
              const elements = at.map(() => TYPES[dtype]!(next++));
              const data = Array.isArray(model)
                ? elements
                : ((first.data as unknown as Int8Array).constructor as typeof Int8Array).from(elements as number[]);
              await array.set(selection, { ...value, data } as ZarrValue);
              at.forEach((index, n) => model[index] = (data as unknown[])[n]);
              assert.deepEqual((await array.get(selection)).data, data);
            }
            const again = await StoredArray.open(store, path);
            assert.deepEqual(await again.get(), { ...first, data: model });
            assert.equal(sizeOf(shape), model.length);
          }),
          { numRuns: RUNS },
        );
      } finally {
        await store.close?.();
      }
    }));
}
