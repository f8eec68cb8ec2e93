/** Writers of parts of one chunk, at the same time, lose nothing: reference/zarr.md §2.1, repeated on ours. */

import assert from "node:assert/strict";
import { ndarray } from "../../backends/formats/ndarray.ts";
import type { ZarrLayoutOptions } from "../../backends/zarr/array_plan.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";
import { leftovers, LONG, seeded, withBox } from "../disk/setup.ts";
import { Child } from "./child.ts";
import { openStore, PLACES } from "./zarr_place.ts";

const ROUNDS = LONG ? 500 : 50;
const WRITERS = 16;
const PROCESSES = LONG ? 8 : 3;
const COLUMNS = LONG ? 60 : 12;

const LAYOUTS: Readonly<Record<string, ZarrLayoutOptions>> = {
  chunk: { chunks: [-1, -1], compressor: "gzip" },
  shard: { chunks: [1, 4], shards: [16, 16], compressor: "zstd" },
};

for (const place of PLACES) {
  for (const [layout, options] of Object.entries(LAYOUTS)) {
    Deno.test(`zarr on ${place}: ${WRITERS} writers to one ${layout} in one process lose nothing, ${ROUNDS} times`, () =>
      withBox(async ({ root }) => {
        const { random } = seeded(`zarr on ${place}, writers to one ${layout}`);
        const store = openStore(place, root);
        const array = await StoredArray.create(store, "a", "int32", [16, 16], options);
        // Another handle, and another store on the same place, know nothing of each other.
        const other = await StoredArray.open(store, "a");
        const distant = openStore(place, root);
        const third = await StoredArray.open(distant, "a");
        const handles = [array, other, third];
        let lost = 0;
        for (let round = 1; round <= ROUNDS; round++) {
          const values = Array.from({ length: WRITERS }, () => Math.floor(random() * 2 ** 31));
          await Promise.all(values.map(async (value, row) => {
            const handle = handles[Math.floor(random() * handles.length)]!;
            await handle.set([row], ndarray(new Int32Array(16).fill(value), [16]));
          }));
          const { data } = await array.get();
          values.forEach((value, row) => {
            if (!(data as Int32Array).subarray(row * 16, row * 16 + 16).every((found) => found === value)) lost++;
          });
        }
        assert.equal(lost, 0, `${lost} of ${ROUNDS * WRITERS} updates are lost`);
        await distant.close();
        await store.close();
      }));

    Deno.test(`zarr on ${place}: ${PROCESSES} processes that write parts of one ${layout} lose nothing`, () =>
      withBox(async ({ root }) => {
        const store = openStore(place, root);
        const array = await StoredArray.create(store, "a", "int32", [PROCESSES, COLUMNS], {
          ...options,
          ...options.shards ? { chunks: [1, 2], shards: [PROCESSES, COLUMNS] } : {},
        });
        const children = Array.from(
          { length: PROCESSES },
          (_, row) => new Child("zarr_writer.ts", [place, root, "a", "part", row]),
        );
        try {
          await Promise.all(children.map((child) => child.lines()));
          await Promise.all(children.map((child) => child.ended()));
        } finally {
          for (const child of children) await child.kill();
        }
        const { data } = await array.get();
        assert.deepEqual(data, Int32Array.from({ length: PROCESSES * COLUMNS }, (_, index) => index + 1));
        await store.close();
        assert.deepEqual(leftovers(root), []);
      }));
  }
}
