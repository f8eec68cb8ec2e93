/** Any order of batches, replacements and removals, against a plain map of paths to planes. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { NdArray } from "../../backends/formats/ndarray.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { downsample } from "../../backends/zarr/ngff/downsample.ts";
import { readImage } from "../../backends/zarr/ngff/image.ts";
import { Plate } from "../../backends/zarr/ngff/plate.ts";
import { removePlanes } from "../../backends/zarr/ngff/plate_remover.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";
import { holds, planesOf, together, write } from "./plates.ts";

const WELLS = ["A1", "B1", "AA12"] as const;

const some = (values: readonly number[]) =>
  fc.subarray([...values], { minLength: 1 }).chain((list) => fc.shuffledSubarray(list, { minLength: list.length }));

const BATCH = fc.record({
  kind: fc.constantFrom("merge", "merge", "replace"),
  well: fc.constantFrom(...WELLS),
  sites: some([1, 2, 3]),
  channels: some([1, 2, 3]),
  z: some([1, 2]),
  seed: fc.nat(50),
});

const REMOVAL = fc.record({
  kind: fc.constant("remove" as const),
  well: fc.constantFrom(...WELLS),
  every: fc.integer({ min: 1, max: 4 }),
});

const SETUP = fc.record({
  format: fc.constantFrom(2, 3) as fc.Arbitrary<2 | 3>,
  strategy: fc.constantFrom("file", "well") as fc.Arbitrary<"file" | "well">,
  axes: fc.constantFrom(undefined, ["y", "x"], ["z", "y", "x"]),
});

Deno.test("a plate is a map of paths to planes, whatever is done in whatever order", async () => {
  await fc.assert(
    fc.asyncProperty(
      SETUP,
      fc.array(fc.oneof({ weight: 4, arbitrary: BATCH }, { weight: 1, arbitrary: REMOVAL }), { maxLength: 9 }),
      async ({ format, strategy, axes }, steps) => {
        const store = new MemoryStore();
        const multiscale = axes === undefined ? undefined : { minimumSize: 2, axes };
        let model = new Map<string, NdArray>();
        for (const step of steps) {
          const own = (path: string): boolean => path.startsWith(`p.zarr/${step.well}_`);
          if (step.kind === "remove") {
            const paths = [...model.keys()].filter(own).filter((_, index) => index % step.every === 0);
            if (paths.length === 0) continue;
            await removePlanes(store, "p.zarr", paths);
            for (const path of paths) model.delete(path);
          } else {
            const batch = planesOf(step.well, step);
            const { kind: onExisting, well } = step as { kind: "merge" | "replace"; well: string };
            await write(store, batch, { well, format, strategy, multiscale, onExisting });
            const kept = onExisting === "replace" ? [...model].filter(([path]) => !own(path)) : [...model];
            model = new Map([...kept, ...together(batch)]);
          }
          if (model.size > 0) await holds(store, model);
        }
        if (model.size > 0) await levels(store);
      },
    ),
    { numRuns: 60 },
  );
});

/** Every level is half of the one before, also where images have grown. */
async function levels(store: MemoryStore): Promise<void> {
  const planes = await (await Plate.open(store, "p.zarr")).planes();
  for (const image of new Set(planes.map((plane) => plane.image))) {
    const { datasets } = await readImage(store, image);
    let before: NdArray | undefined;
    for (const { path, scale } of datasets) {
      const value = await (await StoredArray.open(store, `${image}/${path}`)).get() as NdArray;
      if (before !== undefined) {
        const last = datasets[datasets.findIndex((dataset) => dataset.path === path) - 1]!;
        const step = scale.map((size, axis) => Math.round(size / last.scale[axis]!));
        assert.deepEqual(value, downsample(before, step, "mean"), `${image}/${path}`);
      }
      before = value;
    }
  }
}
