/** Batches of planes that no two are alike, and what a plate must hold when they are written. */

import assert from "node:assert/strict";
import type { DataType, NdArray } from "../../backends/formats/ndarray.ts";
import type { MemoryStore } from "../../backends/stores/memory_store.ts";
import type { Store } from "../../backends/stores/store.ts";
import type { AxisValue, ZarrBatchLayout } from "../../backends/zarr/ngff/batch_layout.ts";
import { ngffProblemsIn } from "../../backends/zarr/ngff/inspection.ts";
import { Plate } from "../../backends/zarr/ngff/plate.ts";
import { writePlate, type WritePlateOptions, type WrittenWell } from "../../backends/zarr/ngff/plate_writer.ts";
import { combinations } from "../../backends/zarr/selection.ts";
import { plane } from "./images.ts";

/** The planes of a batch. */
export interface Planes {
  /** Their pixels. */
  readonly data: NdArray[];
  /** Their paths. */
  readonly paths: string[];
  /** How they lie. */
  readonly layout: ZarrBatchLayout;
}

/** Options of {@linkcode planesOf}. */
export interface PlanesOfOptions {
  readonly sites?: readonly AxisValue[];
  readonly channels?: readonly AxisValue[];
  readonly z?: readonly AxisValue[];
  readonly root?: string;
  readonly shape?: readonly [number, number];
  readonly dtype?: DataType;
  /** Makes the pixels others. */
  readonly seed?: number;
}

/** The planes of a well for every site, channel and depth, the axes in no particular order. */
export function planesOf(well: string, options: PlanesOfOptions = {}): Planes {
  const { sites = [1], channels = ["w1"], z = [1], root = "p.zarr", shape, dtype, seed = 0 } = options;
  const coordinates = combinations([z, sites, channels].map((values) => values.map((_, index) => index)));
  const named = coordinates.map(([k, s, c]) => `${well}_s${sites[s!]}_${channels[c!]}_z${z[k!]}.tif`);
  return {
    data: named.map((name) => plane(hash(name) + seed, shape, dtype)),
    paths: named.map((name) => `${root}/${name}`),
    layout: {
      axes: [
        { name: "z", values: z, unit: "micrometer", scale: 2 },
        { name: "site", values: sites, role: "image" },
        { name: "channel", values: channels },
      ],
      coordinates,
      pixelSize: { y: 0.5, x: 0.5, unit: "micrometer" },
    },
  };
}

function hash(text: string): number {
  return [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9973, 7);
}

/** Writes planes. */
export async function write(
  store: Store,
  { data, paths, layout }: Planes,
  options: WritePlateOptions,
  root = "p.zarr",
): Promise<WrittenWell> {
  return await writePlate(store, root, data, paths, layout, options);
}

/** Several batches as one, the later ones winning. */
export function together(...batches: readonly Pick<Planes, "data" | "paths">[]): Map<string, NdArray> {
  return new Map(
    batches.flatMap(({ data, paths }) => paths.map((path, index): [string, NdArray] => [path, data[index]!])),
  );
}

/** The plate holds exactly these planes, is found whole, and nothing lies around that belongs to nobody. */
export async function holds(store: Store, expected: ReadonlyMap<string, NdArray>, root = "p.zarr"): Promise<void> {
  const plate = await Plate.open(store, root);
  const planes = await plate.planes();
  assert.deepEqual(planes.map(({ path }) => path).sort(), [...expected.keys()].sort());
  const paths = [...expected.keys()].reverse();
  assert.deepEqual(await plate.load(paths), paths.map((path) => expected.get(path)));
  assert.deepEqual(await ngffProblemsIn(store, root), []);
  const images = new Set(planes.map(({ image }) => image));
  const depth = root === "" ? 3 : root.split("/").length + 3;
  for await (const { path, kind } of store.list!(root)) {
    const image = path.split("/").slice(0, depth).join("/");
    if (kind === "file" && path.split("/").length > depth) assert(images.has(image), `${path} belongs to nobody`);
  }
}

/** A store that tells what is asked of it; several over one store share no lock, as processes do not. */
export function watched(
  inner: MemoryStore,
  after: (method: "read" | "stat" | "write" | "delete" | "list", path: string) => void | Promise<void> = () => {},
): Store {
  return {
    async read(path, options) {
      const bytes = await inner.read(path, options);
      await after("read", path);
      return bytes;
    },
    async stat(path, options) {
      const stat = await inner.stat(path, options);
      await after("stat", path);
      return stat;
    },
    async *list(path, options) {
      await after("list", path);
      yield* inner.list(path, options);
    },
    async write(path, bytes, options) {
      const result = await inner.write(path, bytes, options);
      await after("write", path);
      return result;
    },
    async delete(path, options) {
      await inner.delete(path, options);
      await after("delete", path);
    },
  };
}
