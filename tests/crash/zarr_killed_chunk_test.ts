/** Writers that are killed leave chunks that are whole and can be read: reference/zarr.md §2.1, repeated on ours. */

import assert from "node:assert/strict";
import type { ZarrLayoutOptions } from "../../backends/zarr/array_plan.ts";
import { DiskStore } from "../../backends/stores/disk_store.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";
import { leftovers, LONG, seeded, withBox } from "../disk/setup.ts";
import { Child } from "./child.ts";
import { openStore, PLACES } from "./zarr_place.ts";

const KILLS = LONG ? 100 : 6;
const [ROWS, COLUMNS] = [1024, 1024];

const LAYOUTS: Readonly<Record<string, ZarrLayoutOptions>> = {
  chunk: { chunks: [-1, -1], compressor: null },
  shard: { chunks: [256, 256], shards: [ROWS, COLUMNS], compressor: { name: "zstd", checksum: true } },
};

for (const place of PLACES) {
  for (const [layout, options] of Object.entries(LAYOUTS)) {
    Deno.test(`zarr on ${place}: a ${layout} whose writer is killed is whole, ${KILLS} times`, () =>
      withBox(async ({ root }) => {
        const { random } = seeded(`zarr on ${place}, killed writers of a ${layout}`);
        const store = openStore(place, root);
        const array = await StoredArray.create(store, "a", "int32", [ROWS, COLUMNS], options);
        await array.set(undefined, 1);
        await store.close();
        let written = 1;
        for (let kill = 1; kill <= KILLS; kill++) {
          const child = new Child("zarr_writer.ts", [place, root, "a", "until-killed", written + 1]);
          const wait = random() * 150;
          try {
            assert.equal(await child.line(), "ready");
            await child.tell("go");
            // However slow the machine is, something is written, and more is under way.
            const first = await child.line() ?? "";
            const lines = child.lines();
            await new Promise((resolve) => setTimeout(resolve, wait));
            await child.kill();
            written = await check(
              place,
              root,
              [first, ...await lines],
              written,
              `after kill ${kill}, ${wait.toFixed(1)} ms in`,
            );
          } finally {
            await child.kill();
          }
        }
        assert(written > KILLS, "hardly anything was ever written: the test does not test");
        if (place === "disk") {
          await new DiskStore({ root: `${root}/disk` }).sweep("", { olderThan: -60_000 });
          assert.deepEqual(leftovers(root), []);
        }
      }));
  }
}

/** Checks what is left; answers the number that the array has. */
async function check(
  place: typeof PLACES[number],
  root: string,
  lines: readonly string[],
  before: number,
  when: string,
): Promise<number> {
  const store = openStore(place, root);
  try {
    const { data } = await (await StoredArray.open(store, "a")).get();
    const numbers = data as Int32Array;
    const value = numbers[0]!;
    const part = numbers[COLUMNS + 3]!;
    // The part was written after the whole, or is still to be.
    assert(part === value || part === value - 1 || value === before, `${when}: ${part} in ${value}`);
    const torn = numbers.findIndex((found, index) => {
      return found !== (Math.floor(index / COLUMNS) === 1 && index % COLUMNS >= 3 ? part : value);
    });
    assert.equal(torn, -1, `${when}: element ${torn} is ${numbers[torn]}, others are ${value} and ${part}`);
    const acknowledged = Math.max(before, ...lines.map((line) => Number(line.split(" ")[1])));
    assert(value >= acknowledged, `${when}: ${acknowledged} was acknowledged, and it is ${value}`);
    return value;
  } finally {
    await store.close();
  }
}
