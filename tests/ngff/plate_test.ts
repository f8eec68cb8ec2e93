/** Plates: what is written is found again, by its path, and is what others expect of a plate. */

import assert from "node:assert/strict";
import { DiskStore } from "../../backends/stores/disk_store.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { writeImage } from "../../backends/zarr/ngff/image.ts";
import { Plate } from "../../backends/zarr/ngff/plate.ts";
import { ngffProblems } from "../../backends/zarr/ngff/validate.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";
import { attributesOf, filesIn, overStores, plane } from "./images.ts";
import { holds, planesOf, together, watched, write } from "./plates.ts";
import { schemasOf } from "./schemas.ts";

for (const format of [3, 2] as const) {
  const version = format === 3 ? "0.5" : "0.4";
  Deno.test(`a plate of NGFF ${version} comes back, and is valid`, async (t) => {
    const schemas = await schemasOf(t, version);
    await overStores(t, async (store) => {
      const a = planesOf("A01", { sites: [1, 2], channels: ["w1", "w2"], z: [1, 2, 3], root: "lab/p.zarr" });
      const b = planesOf("B03", { sites: ["left"], channels: ["w1"], root: "lab/p.zarr/TimePoint_1" });
      const options = { format, omero: { channels: [] } };
      assert.deepEqual(await write(store, a, { well: "A01", ...options }, "lab/p.zarr"), {
        well: "A/01",
        images: ["0", "1"],
      });
      await write(store, b, { well: { row: "B", column: "03" } }, "lab/p.zarr");
      await holds(store, together(a, b), "lab/p.zarr");

      const plate = await Plate.open(store, "lab/p.zarr");
      assert.deepEqual([plate.format, plate.name, plate.rows, plate.columns], [format, "p", ["A", "B"], ["01", "03"]]);
      assert.deepEqual(plate.wells, ["A/01", "B/03"]);
      assert.deepEqual(plate.acquisitions, [{ id: 0, name: "0", maximumfieldcount: 2 }]);
      assert.deepEqual(await plate.find("lab/p.zarr/A01_s2_w2_z3.tif"), {
        path: "lab/p.zarr/A01_s2_w2_z3.tif",
        well: "A/01",
        image: "lab/p.zarr/A/01/1",
        index: [1, 2],
        coordinates: { site: 2, channel: "w2", z: 3 },
        acquisition: 0,
        isOwn: true,
      });
      assert.equal((await plate.planes({ well: "B/03" })).length, 1);
      await assert.rejects(plate.planes({ well: "B/3" }), { code: "not-found" });
      assert.equal(await plate.find("elsewhere/A01_s2_w2_z3.tif"), undefined);
      assert.equal((await Plate.above(store, "lab/p.zarr/A/01/0/0"))?.path, "lab/p.zarr");
      assert.equal((await Plate.above(store, "lab/p.zarr/A01_s2_w2_z3.tif"))?.path, "lab/p.zarr");
      assert.equal(await Plate.above(store, "lab/other"), undefined);

      const documents = [["plate", "lab/p.zarr"], ["well", "lab/p.zarr/A/01"], ["image", "lab/p.zarr/A/01/1"]] as const;
      for (const [kind, path] of documents) {
        const attributes = await attributesOf(store, path, format);
        assert.deepEqual(schemas?.problems(kind, attributes) ?? [], []);
        if (kind !== "image") assert.deepEqual(schemas?.problems(`strict_${kind}`, attributes) ?? [], []);
        assert.deepEqual(ngffProblems(attributes, kind, { format, strict: kind !== "image" }), []);
        const text = JSON.stringify(attributes);
        assert(!text.includes(format === 3 ? '"0.4"' : '"0.5"'));
      }
      const array = await StoredArray.open(store, "lab/p.zarr/A/01/0/0");
      assert.equal(array.format, format);
      assert.deepEqual([array.shape, array.chunks], [[2, 3, 6, 5], [1, 1, 6, 5]]);
      assert.deepEqual(array.dimensionNames, ["channel", "z", "y", "x"]);
    });
  });
}

Deno.test("rows of two letters, columns of one digit, and wells under another spelling", async () => {
  const store = new MemoryStore();
  const wells = ["Z9", "AA10", "A1", "AF48", "B10"];
  const batches = wells.map((well) => planesOf(well));
  for (const [index, well] of wells.entries()) await write(store, batches[index]!, { well });
  await holds(store, together(...batches));
  const plate = await Plate.open(store, "p.zarr");
  assert.deepEqual(plate.rows, ["A", "B", "Z", "AA", "AF"]);
  assert.deepEqual(plate.columns, ["1", "9", "10", "48"]);
  assert.deepEqual(plate.wells, ["A/1", "B/10", "Z/9", "AA/10", "AF/48"]);
  const more = planesOf("A1", { channels: ["w2"] });
  assert.equal((await write(store, more, { well: "a01" })).well, "A/1");
  await holds(store, together(...batches, more));
  await assert.rejects(write(store, planesOf("x"), { well: "7A" }), { code: "invalid-argument", message: /"A01"/ });
  await assert.rejects(write(store, planesOf("x"), { well: { row: "A-1", column: "1" } }), {
    code: "invalid-argument",
  });
});

Deno.test("a plate stays in its format, and may be the whole store", async () => {
  const store = new MemoryStore();
  await write(store, planesOf("A1"), { well: "A1", format: 2 });
  const refused = { code: "invalid-argument", message: /Zarr 2/ };
  await assert.rejects(write(store, planesOf("A2"), { well: "A2", format: 3 }), refused);
  const more = planesOf("A2");
  await write(store, more, { well: "A2" });
  assert.equal((await filesIn(store, "p.zarr")).filter((path) => path.endsWith("zarr.json")).length, 0);
  const whole = new MemoryStore();
  const batch = planesOf("C4", { root: "" });
  const paths = batch.paths.map((path) => path.slice(1));
  await write(whole, { ...batch, paths }, { well: "C4" }, "");
  await holds(whole, together({ data: batch.data, paths }), "");
  await StoredArray.create(store, "array", "uint8", [3]);
  const inside = planesOf("A1", { root: "array/p.zarr" });
  await assert.rejects(write(store, inside, { well: "A1" }, "array/p.zarr"), { code: "not-a-directory" });
});

Deno.test("a plate that is moved holds what it held", async () => {
  const store = new MemoryStore();
  const batch = planesOf("A1", { sites: [1, 2] });
  await write(store, batch, { well: "A1" });
  await store.move("p.zarr", "archive/2026/q.zarr");
  const paths = batch.paths.map((path) => path.replace("p.zarr", "archive/2026/q.zarr"));
  await holds(store, together({ data: batch.data, paths }), "archive/2026/q.zarr");
});

Deno.test("paths of the system, absolute and up from where one is: nothing is written beside the plate", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const store = new DiskStore();
    const up = Deno.cwd().split("/").slice(1).map(() => "..").join("/") + directory;
    for (const [index, root] of [`${directory}/a/p.zarr`, `${up}/b/p.zarr`].entries()) {
      const batch = planesOf("A1", { sites: [1, 2], root });
      await write(store, batch, { well: "A1" }, root);
      await holds(store, together(batch), root);
      assert.equal((await Plate.above(store, batch.paths[0]!))?.path, root);
      await writeImage(store, `${root.slice(0, -"p.zarr".length)}image`, plane(index), { axes: ["y", "x"] });
      await writeImage(store, `${root}/extra/overview`, plane(index), { axes: ["y", "x"] });
    }
    const names = await Array.fromAsync(Deno.readDir(directory), ({ name }) => name);
    assert.deepEqual(names.sort(), ["a", "b"]);
    const beside = await Array.fromAsync(Deno.readDir(`${directory}/a`), ({ name }) => name);
    assert.deepEqual(beside.sort(), ["image", "p.zarr"]);
    await Deno.stat(`${directory}/b/p.zarr/extra/zarr.json`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("loading a plane reads one chunk, and as much of the rest for 40 wells as for 2", async () => {
  const reads: Record<number, string[]> = {};
  for (const wells of [2, 40]) {
    const inner = new MemoryStore();
    for (let column = 1; column <= wells; column++) {
      const well = `A${String(column).padStart(2, "0")}`;
      await write(inner, planesOf(well, { sites: [1, 2], channels: ["w1", "w2"], z: [1, 2] }), { well });
    }
    const touched: string[] = [];
    const plate = await Plate.open(watched(inner, (method, path) => void touched.push(`${method} ${path}`)), "p.zarr");
    touched.length = 0;
    const [loaded] = await plate.load(["p.zarr/A02_s2_w1_z2.tif"]);
    const { data } = planesOf("A02", { sites: [2], z: [2] });
    assert.deepEqual(loaded, data[0]);
    const chunks = touched.filter((line) => /\/c\//.test(line));
    assert.deepEqual(chunks, ["read p.zarr/A/02/1/0/c/0/1/0/0"]);
    reads[wells] = [...touched];
    touched.length = 0;
    await plate.load(["p.zarr/A02_s2_w2_z2.tif"]);
    assert(
      !touched.some((line) => line.startsWith("read p.zarr/zarr.json") || line.startsWith("read p.zarr/A/02/zarr")),
    );
  }
  assert.deepEqual(reads[40], reads[2]);
  assert(reads[40]!.length <= 10, `${reads[40]}`);
});

Deno.test("the well strategy keeps an image in one chunk, which is read once for many planes", async () => {
  const inner = new MemoryStore();
  const batch = planesOf("A1", { sites: [1, 2], channels: ["w1", "w2"], z: [1, 2, 3] });
  const touched: string[] = [];
  const store = watched(inner, (method, path) => void touched.push(`${method} ${path}`));
  await write(store, batch, { well: "A1", strategy: "well" });
  assert.equal(touched.filter((line) => /^write .*\/c\//.test(line)).length, 2);
  touched.length = 0;
  await holds(store, together(batch));
  assert.equal(touched.filter((line) => /^read .*\/c\//.test(line)).length, 2);
  const more = planesOf("A1", { sites: [1, 2], channels: ["w3"], z: [2] });
  await write(store, more, { well: "A1" });
  await holds(store, together(batch, more));
});

Deno.test("shards, chunks and codecs as they are asked for", async () => {
  const store = new MemoryStore();
  const batch = planesOf("A1", { channels: ["w1", "w2"], z: [1, 2] });
  await write(store, batch, {
    well: "A1",
    chunks: [1, 1, 3, 5],
    shards: [2, 2, 6, 5],
    compressor: { name: "gzip", level: 1 },
    fillValue: 7,
  });
  await holds(store, together(batch));
  const array = await StoredArray.open(store, "p.zarr/A/1/0/0");
  assert.deepEqual([array.chunks, array.shards, array.fillValue], [[1, 1, 3, 5], [2, 2, 6, 5], 7]);
  assert.deepEqual((await filesIn(store, "p.zarr/A/1/0/0/c")).length, 1);
  const more = planesOf("A1", { channels: ["w2", "w3"], z: [2, 3] });
  await write(store, more, { well: "A1" });
  await holds(store, together(batch, more));
  assert.deepEqual((await filesIn(store, "p.zarr/A/1/0/0/c")).length, 4);
});

Deno.test("planes of every type, and planes that lie otherwise in memory", async () => {
  const dtypes = ["bool", "int8", "uint16", "int64", "uint64", "float16", "float32", "complex64"] as const;
  for (const [index, dtype] of dtypes.entries()) {
    const store = new MemoryStore();
    const base = planesOf("A1", { channels: ["w1", "w2"] });
    const data = base.data.map((_, seed) => {
      const { data } = plane(0, [6, 5]);
      const numbers = Array.from(data as Uint16Array, (n) => (n + seed) % 2);
      return {
        uint16: () => ({ dtype, data: new Uint16Array(numbers), shape: [6, 5], stride: [1, 6] }),
        bool: () => ({ dtype, data: new Uint8Array(numbers), shape: [6, 5], stride: [5, 1] }),
        int8: () => ({ dtype, data: new Int8Array(numbers), shape: [6, 5], stride: [1, 6] }),
        float16: () => ({ dtype, data: new Float16Array(numbers), shape: [6, 5], stride: [5, 1] }),
        float32: () => ({ dtype, data: new Float32Array(numbers), shape: [6, 5], stride: [5, 1] }),
        complex64: () => ({ dtype, data: new Float32Array([...numbers, ...numbers]), shape: [6, 5], stride: [5, 1] }),
        int64: () => ({ dtype, data: new BigInt64Array(numbers.map(BigInt)), shape: [6, 5], stride: [5, 1] }),
        uint64: () => ({ dtype, data: new BigUint64Array(numbers.map(BigInt)), shape: [6, 5], stride: [5, 1] }),
      }[dtype]();
    });
    await write(store, { ...base, data: data as never }, { well: "A1", format: index % 2 === 0 ? 3 : 2 });
    const loaded = await (await Plate.open(store, "p.zarr")).load(base.paths);
    for (const [at, value] of loaded.entries()) {
      assert.equal(value.dtype, dtype);
      assert.deepEqual(elements(value), elements(data[at] as never));
    }
  }
});

/** The elements row by row. */
function elements({ data, stride }: ReturnType<typeof plane>): unknown[] {
  const parts = (data.length as number) / 30;
  return Array.from({ length: 30 * parts }, (_, i) => {
    const at = Math.floor(i / parts);
    const index = Math.floor(at / 5) * stride[0]! + (at % 5) * stride[1]!;
    return data[index * parts + i % parts];
  });
}
