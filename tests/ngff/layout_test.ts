/** What a batch must be like, and the names of wells. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { ndarray } from "../../backends/formats/ndarray.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import type { ZarrBatchAxis, ZarrBatchLayout } from "../../backends/zarr/ngff/batch_layout.ts";
import { Plate } from "../../backends/zarr/ngff/plate.ts";
import { writePlate, type WritePlateOptions } from "../../backends/zarr/ngff/plate_writer.ts";
import { columnIndex, formatWell, parseWell, rowIndex, rowName } from "../../backends/zarr/ngff/well_name.ts";
import { attributesOf, filesIn, plane } from "./images.ts";

const CHANNELS: ZarrBatchAxis = { name: "channel", values: ["w1", "w2"] };
const SITES: ZarrBatchAxis = { name: "site", values: [1, 2], role: "image" };

function planes(count: number): [ReturnType<typeof plane>[], string[]] {
  const numbers = Array.from({ length: count }, (_, n) => n);
  return [numbers.map((n) => plane(n)), numbers.map((n) => `p.zarr/${n}.tif`)];
}

/** Layouts that are refused, for as many planes as they have coordinates, and what is said. */
const REFUSED: readonly (readonly [ZarrBatchLayout, RegExp, number?])[] = [
  [undefined as never, /a list of axes and a list of coordinates/, 1],
  [{ axes: [CHANNELS], coordinates: [[0]] }, /1 coordinates for 2 planes/, 2],
  [{ axes: [CHANNELS], coordinates: [] }, /has no planes/, 0],
  [{ axes: [CHANNELS, CHANNELS], coordinates: [[0, 0]] }, /two axes are called "channel"/],
  [{ axes: [{ name: "x", values: [1] }], coordinates: [[0]] }, /"x" is one of the planes themselves/],
  [{ axes: [{ name: "y", values: [1] }], coordinates: [[0]] }, /"y" is one of the planes themselves/],
  [{ axes: [{ name: "", values: [1] }], coordinates: [[0]] }, /needs a name/],
  [{ axes: [{ name: "c", values: [] }], coordinates: [[0]] }, /"c" has no values/],
  [{ axes: [{ name: "c", values: [1, 1] }], coordinates: [[0]] }, /a value twice: \[1,1\]/],
  [{ axes: [{ name: "c", values: [NaN] }], coordinates: [[0]] }, /texts or numbers/],
  [{ axes: [{ name: "c", values: [1], scale: 0 }], coordinates: [[0]] }, /scale of the axis "c" must be/],
  [{ axes: [{ name: "c", values: [1], role: "hcs" as "image" }], coordinates: [[0]] }, /"array" or "image"/],
  [{ axes: [SITES, { ...CHANNELS, role: "image" }], coordinates: [[0, 0]] }, /only one axis.*\[site,channel\]/],
  [{ axes: [CHANNELS], coordinates: [[0], [0]] }, /planes 0 and 1 have the same coordinate \[0\]/],
  [{ axes: [CHANNELS], coordinates: [[2]] }, /0 to 1: it is 2/],
  [{ axes: [CHANNELS], coordinates: [[-1]] }, /0 to 1: it is -1/],
  [{ axes: [CHANNELS], coordinates: [[0.5]] }, /0 to 1: it is 0.5/],
  [{ axes: [CHANNELS], coordinates: [[0, 0]] }, /one index for each of the 1 axes/],
  [{ axes: [CHANNELS], coordinates: [[]] }, /one index for each of the 1 axes/],
  [{ axes: [CHANNELS], coordinates: [[0]] }, /every combination.*none for channel=w2/],
  [{ axes: [SITES, CHANNELS], coordinates: [[0, 0], [0, 1], [1, 1]] }, /none for site=2, channel=w1/],
  [
    { axes: [CHANNELS, { name: "angle", values: [1] }], coordinates: [[0, 0], [1, 0]] },
    /one axis of channels or of anything else.*\[channel,angle\]/,
  ],
  [
    { axes: [{ name: "t", values: [1] }, { name: "time", values: [1] }], coordinates: [[0, 0]] },
    /at most one axis of time.*\[t,time\]/,
  ],
  [
    { axes: [{ name: "z", values: [1] }, { name: "depth", values: [1] }], coordinates: [[0, 0]] },
    /at most one axis of space/,
  ],
  [{ axes: [], coordinates: [[]], pixelSize: { y: 0, x: 1 } }, /pixelSize/],
];

Deno.test("a layout that is wrong is refused before anything is written, saying what to do", async () => {
  for (const [layout, message, count = layout.coordinates.length] of REFUSED) {
    const store = new MemoryStore();
    const [data, paths] = planes(count);
    await assert.rejects(
      writePlate(store, "p.zarr", data, paths, layout, { well: "A1" }),
      { code: "invalid-argument", message },
      String(message),
    );
    assert.deepEqual(await filesIn(store, ""), []);
  }
});

Deno.test("planes, paths and options that are wrong are refused before anything is written", async () => {
  const layout: ZarrBatchLayout = { axes: [CHANNELS], coordinates: [[0], [1]] };
  const [data, paths] = planes(2);
  type Case = readonly [
    data: unknown[],
    paths: string[],
    options: Partial<WritePlateOptions>,
    code: string,
    message: RegExp,
  ];
  const cases: Case[] = [
    [[data[0], "text"], paths, {}, "invalid-value", /must be an array of numbers/],
    [[data[0], ndarray(new Uint16Array(60), [2, 6, 5])], paths, {}, "invalid-value", /two axes, y and x.*\[2,6,5\]/],
    [[data[0], ndarray(new Uint16Array(0), [0, 5])], paths, {}, "invalid-value", /empty/],
    [[data[0], plane(1, [5, 6])], paths, {}, "invalid-value", /uint16 \[5,6\].*uint16 \[6,5\]/],
    [[data[0], plane(1, [6, 5], "float32")], paths, {}, "invalid-value", /float32.*uint16/],
    [data, paths.slice(0, 1), {}, "invalid-argument", /2 values and 1 paths/],
    [data, [paths[0]!, paths[0]!], {}, "invalid-argument", /twice/],
    [data, [paths[0]!, "q.zarr/1.tif"], {}, "invalid-argument", /below its plate "p.zarr"/],
    [data, [paths[0]!, "p.zarr"], {}, "invalid-argument", /below its plate/],
    [data, [paths[0]!, "p.zarr/A"], {}, "invalid-argument", /the plate itself keeps something/],
    [data, [paths[0]!, "p.zarr/A/1"], {}, "invalid-argument", /the plate itself/],
    [data, [paths[0]!, "p.zarr/A/1/0/x.tif"], {}, "invalid-argument", /the plate itself/],
    [data, [paths[0]!, "p.zarr/BB/07/3"], {}, "invalid-argument", /the plate itself/],
    [data, [paths[0]!, "p.zarr/b/zarr.json"], {}, "invalid-argument", /the plate itself/],
    [data, [paths[0]!, "../p.zarr/1.tif"], {}, "invalid-argument", /below its plate/],
    [data, [paths[0]!, "p.zarr/../../1.tif"], {}, "invalid-path", /root/],
    [data, paths, { onExisting: "append" as "merge" }, "invalid-argument", /"merge" or "replace" or "error"/],
    [data, paths, { strategy: "plane" as "file" }, "invalid-argument", /"file" or "well"/],
    [data, paths, { format: 4 as 3 }, "invalid-argument", /format must be 2 or 3/],
    [data, paths, { multiscale: { method: "median" as "mean" } }, "invalid-argument", /"mean" or "nearest"/],
    [data, paths, { well: undefined as never }, "invalid-argument", /a well is called/],
    [data, paths, { well: "A" }, "invalid-argument", /"A01" or "AA7"/],
    [data, paths, { well: { row: "A", column: "1/2" } }, "invalid-argument", /plate.columns\[0\].name/],
    [data, paths, { chunks: [1, 6] }, "invalid-argument", /3 axes and chunks 2/],
    [data, paths, { shards: [1, 4, 5], chunks: [1, 3, 5] }, "invalid-argument", /cannot be divided/],
    [data, paths, { acquisition: { id: 1.5 } }, "invalid-argument", /plate.acquisitions\[0\].id/],
    [data, paths, { multiscale: { axes: ["channel"] } }, "invalid-argument", /only axes of space/],
    [data, paths, { omero: { channels: 3 } }, "invalid-argument", /omero.channels/],
  ];
  for (const [data, paths, options, code, message] of cases) {
    const store = new MemoryStore();
    const written = writePlate(store, "p.zarr", data, paths, layout, { well: "A1", ...options });
    await assert.rejects(written, { code, message }, String(message));
    assert.deepEqual(await filesIn(store, ""), [], String(message));
  }
});

Deno.test("axes come in the order of NGFF, whatever their order in the layout", async () => {
  const store = new MemoryStore();
  const axes: ZarrBatchAxis[] = [
    { name: "z_index", values: [1], unit: "micrometer", scale: 2.5 },
    { name: "angle", values: [0, 90], type: "angle" },
    { name: "timepoint", values: [1], unit: "second", scale: 30 },
  ];
  const [data, paths] = planes(2);
  const layout = { axes, coordinates: [[0, 1, 0], [0, 0, 0]], pixelSize: { y: 2, x: 3, unit: "nanometer" } };
  await writePlate(store, "p.zarr", data, paths, layout, { well: "A1" });
  const [image] =
    ((await attributesOf(store, "p.zarr/A/1/0", 3)).ome as { multiscales: Record<string, unknown>[] }).multiscales;
  assert.deepEqual(image!.axes, [
    { name: "timepoint", type: "time", unit: "second" },
    { name: "angle", type: "angle" },
    { name: "z_index", type: "space", unit: "micrometer" },
    { name: "y", type: "space", unit: "nanometer" },
    { name: "x", type: "space", unit: "nanometer" },
  ]);
  assert.deepEqual(image!.datasets, [
    { path: "0", coordinateTransformations: [{ type: "scale", scale: [30, 1, 2.5, 2, 3] }] },
  ]);
  const plate = await Plate.open(store, "p.zarr");
  assert.deepEqual((await plate.find(paths[0]!))?.coordinates, { timepoint: 1, angle: 90, "z_index": 1 });
  assert.deepEqual(await plate.load(paths), data);
});

Deno.test("any names of planes, and of values, are kept", async () => {
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 })
    .filter((text) => !/[\0/]/.test(text) && text !== "." && text !== ".." && text.isWellFormed());
  const texts = fc.uniqueArray(name, { minLength: 2, maxLength: 2 });
  await fc.assert(
    fc.asyncProperty(texts, texts, async (names, values) => {
      const store = new MemoryStore();
      const [data] = planes(2);
      const paths = names.map((each) => `p.zarr/__proto__/${each}`);
      const layout: ZarrBatchLayout = { axes: [{ name: "__proto__", values }], coordinates: [[0], [1]] };
      await writePlate(store, "p.zarr", data, paths, layout, { well: "A1" });
      const plate = await Plate.open(store, "p.zarr");
      assert.deepEqual(await plate.load(paths), data);
      const found = await plate.find(paths[1]!);
      assert.deepEqual(Object.entries(found!.coordinates), [["__proto__", values[1]]]);
    }),
    { numRuns: 60 },
  );
});

Deno.test("the names of wells, there and back", () => {
  const known = [[0, "A"], [25, "Z"], [26, "AA"], [31, "AF"], [51, "AZ"], [52, "BA"], [701, "ZZ"], [
    702,
    "AAA",
  ]] as const;
  for (const [index, name] of known) {
    assert.equal(rowName(index), name);
    assert.equal(rowIndex(name), index);
    assert.equal(rowIndex(name.toLowerCase()), index);
  }
  fc.assert(fc.property(fc.nat(18_000), fc.nat(2000), fc.integer({ min: 1, max: 4 }), (row, column, digits) => {
    const position = { row, column };
    assert.deepEqual(parseWell(formatWell(position, { digits })), position);
    assert.deepEqual(parseWell(`${rowName(row)}/${column + 1}`), position);
  }));
  assert.deepEqual([columnIndex("1"), columnIndex("01"), columnIndex("0"), columnIndex("A")], [
    0,
    0,
    undefined,
    undefined,
  ]);
  for (const name of ["", "A", "1", "A0", "1A", "A-1", "A/B", "ABCDE1", "A1/2", " A1"]) {
    assert.throws(() => parseWell(name), { code: "invalid-argument" }, name);
  }
  assert.throws(() => rowName(-1), { code: "invalid-argument" });
  assert.throws(() => formatWell({ row: 0, column: 0.5 }), { code: "invalid-argument" });
});
