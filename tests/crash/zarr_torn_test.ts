/** A reader beside a writer sees whole chunks: reference/zarr.md §2.1, repeated on ours. */

import assert from "node:assert/strict";
import type { ZarrLayoutOptions } from "../../backends/zarr/array_plan.ts";
import { slice } from "../../backends/zarr/selection.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";
import { LONG, seeded, withBox } from "../disk/setup.ts";
import { Child } from "./child.ts";
import { openStore, PLACES } from "./zarr_place.ts";

const READS = LONG ? 3000 : 150;
const [ROWS, COLUMNS] = [512, 1024];

const LAYOUTS: Readonly<Record<string, ZarrLayoutOptions>> = {
  chunk: { chunks: [-1, -1], compressor: null },
  // Its index and its chunks are read one after the other; every version is of another size.
  shard: { chunks: [32, 128], shards: [ROWS, COLUMNS], compressor: { name: "gzip", level: 1 } },
};

for (const place of PLACES) {
  for (const [layout, options] of Object.entries(LAYOUTS)) {
    Deno.test(`zarr on ${place}: ${READS} reads of a ${layout} that another process keeps writing are whole`, () =>
      withBox(async ({ root }) => {
        const { random } = seeded(`zarr on ${place}, torn reads of a ${layout}`);
        const store = openStore(place, root);
        const array = await StoredArray.create(store, "a", "int32", [ROWS, COLUMNS], options);
        await array.set(undefined, 1);
        const child = new Child("zarr_writer.ts", [place, root, "a", "fill", 2]);
        const seen = new Set<number>();
        let torn = 0;
        try {
          assert.equal(await child.line(), "ready");
          for (let read = 0; read < READS; read++) {
            const [row, column] = [Math.floor(random() * ROWS), Math.floor(random() * COLUMNS)];
            const selection = read % 2 === 0 ? undefined : [slice(row, row + 64), slice(column, column + 300)];
            const { data } = await array.get(selection);
            const [first] = data as Int32Array;
            if (!(data as Int32Array).every((value) => value === first)) torn++;
            seen.add(first!);
          }
          await child.tell("stop");
          await child.ended();
        } finally {
          await child.kill();
        }
        assert.equal(torn, 0, `${torn} of ${READS} reads are torn`);
        assert(seen.size > 1, "the array never changed: the test does not test");
        await store.close();
      }));
  }
}
