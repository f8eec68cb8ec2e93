/** Plates of others, plates of old, and plates that are broken. */

import assert from "node:assert/strict";
import { DiskStore } from "../../backends/stores/disk_store.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { formatJson, type Json, parseObject } from "../../backends/zarr/json.ts";
import { ngffProblemsIn } from "../../backends/zarr/ngff/inspection.ts";
import { Plate } from "../../backends/zarr/ngff/plate.ts";
import { ngffProblems } from "../../backends/zarr/ngff/validate.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";
import { attributesOf, filesIn, plane } from "./images.ts";
import { holds, planesOf, together, write } from "./plates.ts";

const PLATES = new URL("../../../shared/data/plates", import.meta.url).pathname;

/** The plate of bioformats2raw; a skipped step says if it is not here. */
async function bioformats(t: Deno.TestContext, work: (store: DiskStore) => Promise<void>): Promise<void> {
  const here = await Deno.stat(`${PLATES}/hcs.zarr`).then(() => true, () => false);
  await t.step({
    name: here ? "read as it is" : "../shared/data/plates is not here: skipped",
    ignore: !here,
    fn: () => work(new DiskStore({ root: PLATES })),
  });
}

Deno.test("a plate of bioformats2raw: every plane is where it says", async (t) => {
  await bioformats(t, async (store) => {
    const before = await filesIn(store, "hcs.zarr");
    const plate = await Plate.open(store, "hcs.zarr");
    assert.deepEqual([plate.format, plate.name], [2, "Plate Name 0"]);
    assert.deepEqual(plate.wells, ["A/1", "A/2", "B/1", "B/2"]);
    const planes = await plate.planes();
    assert.equal(planes.length, 4 * 2 * 3);
    assert.equal(planes[4]!.path, "hcs.zarr/A/1/1/t0_c1_z0");
    const { series } = await attributesOf(store, "hcs.zarr/OME", 2);
    const pixels = await plate.load(planes.map(({ path }) => path));
    for (const [index, { image, coordinates }] of planes.entries()) {
      // Bio-Formats writes into each of its made-up planes which one it is, in boxes of ten pixels.
      const { data, shape } = pixels[index]!;
      assert.deepEqual(shape, [64, 64]);
      const told = [0, 10, 20, 30, 40].map((start) => [...data as Uint8Array].slice(start, start + 10));
      const number = (series as string[]).indexOf(image.slice("hcs.zarr/".length));
      const { t, c, z } = coordinates;
      assert.deepEqual(told, [number, c, z, c, t].map((value) => new Array(10).fill(value)), image);
    }
    assert.deepEqual(await ngffProblemsIn(store, "hcs.zarr"), []);
    await assert.rejects(plate.load(["hcs.zarr/A/1/0/t0_c3_z0"]), { code: "not-found" });
    assert.deepEqual(await filesIn(store, "hcs.zarr"), before);
  });
});

Deno.test("a plate of bioformats2raw takes another well, and more images in one that is there", async (t) => {
  await bioformats(t, async (disk) => {
    const store = new MemoryStore();
    for (const path of await filesIn(disk, "hcs.zarr")) await store.write(path, (await disk.read(path))!);
    const theirs = await (await Plate.open(disk, "hcs.zarr")).planes();
    const pixels = await (await Plate.open(disk, "hcs.zarr")).load(theirs.map(({ path }) => path));
    const third = planesOf("C03", { sites: [1, 2, 3], root: "hcs.zarr" });
    const more = planesOf("A01", { channels: ["w1", "w2"], root: "hcs.zarr" });
    assert.equal((await write(store, third, { well: "C03" }, "hcs.zarr")).well, "C/03");
    assert.deepEqual(await write(store, more, { well: "A01" }, "hcs.zarr"), { well: "A/1", images: ["0", "1", "2"] });
    const expected = together(third, more, { data: pixels, paths: theirs.map(({ path }) => path) });
    const plate = await Plate.open(store, "hcs.zarr");
    for (const [path, value] of expected) assert.deepEqual(await plate.load([path]), [value]);
    assert.equal((await plate.planes()).length, expected.size);
    assert.deepEqual(await ngffProblemsIn(store, "hcs.zarr"), []);
    const attributes = await attributesOf(store, "hcs.zarr", 2);
    assert.equal(attributes["bioformats2raw.layout"], 3);
    assert.equal((attributes.plate as { readonly [key: string]: Json }).field_count, 3);
    assert.deepEqual(plate.acquisitions, [{ id: 0, maximumfieldcount: 3 }]);
  });
});

async function edit(store: MemoryStore, path: string, change: (document: Record<string, Json>) => Json): Promise<void> {
  const bytes = await store.read(path);
  const document = bytes === undefined ? {} : { ...parseObject(bytes, path) };
  await store.write(path, formatJson(change(document)));
}

/** A plate as the Python library of this name writes it: versions mixed, what it knows in the array, paths absolute. */
async function pythonPlate(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const well = { rowIndex: 0, columnIndex: 0, path: "A/01" };
  const plate = { version: "0.4", rows: [{ name: "A" }], columns: [{ name: "01" }], wells: [well], "field_count": 1 };
  await edit(store, "py.zarr/.zattrs", () => ({ ome: { version: "0.4" }, plate }));
  const images = { images: [{ path: "0", acquisition: 0 }], version: "0.5" };
  await edit(store, "py.zarr/A/01/.zattrs", () => ({ ome: { version: "0.5", well: images }, well: images }));
  const axes = [{ name: "wavelength", type: "channel" }, ...["y", "x"].map((name) => ({ name, type: "space" }))];
  const datasets = [{ path: "0", coordinateTransformations: [{ type: "scale", scale: [1, 1, 1] }] }];
  await edit(store, "py.zarr/A/01/0/.zattrs", () => ({ multiscales: [{ axes, datasets, version: "0.4" }] }));
  for (const path of ["", "/A", "/A/01", "/A/01/0"]) {
    await edit(store, `py.zarr${path}/.zgroup`, () => ({ zarr_format: 2 }));
  }
  const array = await StoredArray.create(store, "py.zarr/A/01/0/0", "uint16", [2, 6, 5], {
    format: 2,
    chunks: [2, 6, 5],
    attributes: {
      polystore_filename_map: { "A01_w1.tif": [0], "A01_w2.tif": [1] },
      polystore_output_paths: ["/data/run/py.zarr/A01_w1.tif", "/data/run/py.zarr/A01_w2.tif"],
      polystore_dimensions: { wavelength: { size: 2, values: ["DAPI", "GFP"], role: "array" } },
    },
  });
  for (const n of [0, 1]) await array.set([n], plane(n));
  return store;
}

Deno.test("a plate of the Python library loads by its names, wherever it lies", async () => {
  const store = await pythonPlate();
  const plate = await Plate.open(store, "py.zarr");
  assert.deepEqual(await plate.load(["py.zarr/A01_w2.tif", "py.zarr/A01_w1.tif"]), [plane(1), plane(0)]);
  assert.deepEqual((await plate.find("py.zarr/A01_w2.tif"))?.coordinates, { wavelength: "GFP" });
  assert.match((await ngffProblemsIn(store, "py.zarr")).join(), /belongs to NGFF 0.5/);
});

Deno.test("metadata only in `ome`, or of the other version, is read; what is written there is of one version", async () => {
  const store = await pythonPlate();
  await edit(store, "py.zarr/.zattrs", ({ plate }) => ({ ome: { version: "0.4", plate: plate! } }));
  const more = planesOf("A2", { root: "py.zarr" });
  await write(store, more, { well: "A2" }, "py.zarr");
  const plate = await Plate.open(store, "py.zarr");
  assert.deepEqual(await plate.load([more.paths[0]!, "py.zarr/A01_w1.tif"]), [more.data[0], plane(0)]);
  const attributes = await attributesOf(store, "py.zarr", 2);
  assert.deepEqual(ngffProblems(attributes, "plate", { format: 2 }), []);
  assert.equal(attributes.ome, undefined);
});

Deno.test("a well without metadata has an image 0", async () => {
  const store = await pythonPlate();
  for (const lost of ["py.zarr/A/01/.zattrs", "py.zarr/A/01/.zgroup"]) {
    await store.delete(lost);
    const plate = await Plate.open(store, "py.zarr");
    assert.deepEqual(await plate.load(["py.zarr/A01_w1.tif"]), [plane(0)]);
  }
  await store.deleteTree("py.zarr/A/01/0");
  const missing = { code: "corrupt", message: /the plate declares the well "A\/01", which is missing/ };
  await assert.rejects((await Plate.open(store, "py.zarr")).planes(), missing);
  await edit(store, "py.zarr/A/01/.zgroup", () => ({ zarr_format: 2 }));
  await assert.rejects((await Plate.open(store, "py.zarr")).planes(), /has neither metadata nor an image "0"/);
});

Deno.test("groups of rows may be missing in what others have written, and are missed", async () => {
  const store = new MemoryStore();
  const batch = planesOf("A1");
  await write(store, batch, { well: "A1" });
  await store.delete("p.zarr/A/zarr.json");
  assert.deepEqual(await (await Plate.open(store, "p.zarr")).load(batch.paths), batch.data);
  assert.deepEqual(await ngffProblemsIn(store, "p.zarr"), ['"p.zarr/A": the group of the row is missing']);
});

Deno.test("images that are declared and missing are named", async () => {
  const store = await pythonPlate();
  const well = "py.zarr/A/01/.zattrs";
  await edit(store, well, () => ({ well: { images: [{ path: "0" }, { path: "7" }, { path: "8" }] } }));
  const plate = await Plate.open(store, "py.zarr");
  const missing = {
    code: "corrupt",
    message: /"py.zarr\/A\/01".*the well declares the images "7", "8", which are missing/,
  };
  await assert.rejects(plate.planes(), missing);
  await assert.rejects(plate.load(["py.zarr/A01_w1.tif"]), missing);
  assert.deepEqual((await ngffProblemsIn(store, "py.zarr")).filter((problem) => /missing/.test(problem)), [
    '"py.zarr/A/01/7": the image, which its well declares, is missing',
    '"py.zarr/A/01/8": the image, which its well declares, is missing',
  ]);
  const own = new MemoryStore();
  const batch = planesOf("A1", { sites: [1, 2] });
  await write(own, batch, { well: "A1" });
  await own.deleteTree("p.zarr/A/1/1");
  const ours = await Plate.open(own, "p.zarr");
  assert.deepEqual(await ours.load(batch.paths.slice(0, 1)), batch.data.slice(0, 1));
  await assert.rejects(ours.load(batch.paths), {
    code: "corrupt",
    message: /declares the image "1", which is missing/,
  });
  const again = planesOf("A1", { sites: [2], channels: ["w2"] });
  await assert.rejects(write(own, again, { well: "A1" }), { code: "corrupt", message: /missing.*"replace"/ });
  await write(own, batch, { well: "A1", onExisting: "replace" });
  await holds(own, together(batch));
});

Deno.test("a name that two wells claim is no answer", async () => {
  const store = new MemoryStore();
  await write(store, planesOf("A1"), { well: "A1" });
  await write(store, planesOf("B1"), { well: "B1" });
  for (const path of ["p.zarr/B/1/zarr.json", "p.zarr/zarr.json"]) {
    const text = new TextDecoder().decode(await store.read(path));
    await store.write(path, new TextEncoder().encode(text.replaceAll("B1_s1", "A1_s1")));
  }
  const plate = await Plate.open(store, "p.zarr");
  await assert.rejects(plate.load(["p.zarr/A1_s1_w1_z1.tif"]), {
    code: "corrupt",
    message: /two planes are called so/,
  });
  assert.match(
    (await ngffProblemsIn(store, "p.zarr")).join(),
    /its plane "A1_s1_w1_z1.tif" is one of "p.zarr\/A\/1\/0", too/,
  );
});

/** Changes of one document, each of which makes it useless: where, what is put in, and what is said. */
const BROKEN: readonly (readonly [path: string, from: RegExp, to: string, message: RegExp])[] = [
  ["", /^[^]*$/, "{", /it is not JSON/],
  ["", /^[^]*$/, "[]", /it is not a JSON object/],
  ["", /"plate": \{/, '"plate": 7, "was": {', /its plate is not an object/],
  ["", /"rows": \[/, '"rows": 7, "was": [', /no list of rows/],
  ["", /"columns": \[/, '"columns": {}, "was": [', /no list of columns/],
  ["", /"wells": \[/, '"wells": null, "was": [', /no list of wells/],
  ["", /"path": "A\/1"/, '"path": "../../etc"', /well 0 has no path of a row and a column/],
  ["", /"path": "A\/1"/, '"path": "A/9"', /declares the well "A\/9", which is missing/],
  ["", /"acquisitions": \[/, '"acquisitions": 1, "was": [', /no list of acquisitions/],
  ["A/1/", /"images": \[/, '"images": 3, "was": [', /no list of images/],
  ["A/1/", /"path": "0"/, '"path": "../0"', /image 0 has no path that is a name/],
  ["A/1/", /"planes": \{/, '"planes": 4, "was": {', /the planes of image "0" is not whole/],
  ["A/1/", /"w1"/, "[1]", /an axis of image "0" has no values/],
  ["A/1/", /"A1_s1_w1_z1.tif": \[\s*0,/, '"A1_s1_w1_z1.tif": [5,', /has no place on its axes/],
  ["A/1/0/", /"multiscales": \[/, '"multiscales": 1, "was": [', /no multiscales/],
  ["A/1/0/", /"datasets": \[/, '"datasets": [], "was": [', /no datasets/],
  ["A/1/0/", /"path": "0"/, '"path": "../../../../secret"', /is not in it/],
  ["A/1/0/", /"path": "0"/, '"path": "5"', /is missing|not found/],
  ["A/1/0/", /"axes": \[/, '"axes": 0, "was": [', /no axes/],
  ["A/1/0/0/", /"shape": \[\s*1,\s*1,/, '"shape": [1, 0,', /does not have the plane/],
];

Deno.test("documents that are broken are told by name, and never change what is read", async () => {
  for (const [path, from, to, message] of BROKEN) {
    const store = new MemoryStore();
    const batch = planesOf("A1");
    await write(store, batch, { well: "A1" });
    const file = `p.zarr/${path}zarr.json`;
    const text = new TextDecoder().decode(await store.read(file));
    assert.match(text, from, file);
    await store.write(file, new TextEncoder().encode(text.replace(from, to)));
    const load = Plate.open(store, "p.zarr").then((plate) => plate.load(batch.paths));
    const error = await load.then(() => assert.fail(`${file} ${to}`), (error) => error);
    assert(["corrupt", "not-found"].includes(error.code), String(error));
    assert.match(error.message, message);
    assert.notDeepEqual(await ngffProblemsIn(store, "p.zarr").catch((error) => [error.message]), [], `${file} ${to}`);
  }
});
