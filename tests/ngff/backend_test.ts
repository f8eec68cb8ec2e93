/** Plates through the backend and the file manager: planes are files of their own to all that looks at them. */

import assert from "node:assert/strict";
import { isStorageError } from "../../backends/errors.ts";
import { ndarray } from "../../backends/formats/ndarray.ts";
import { MemoryBackend } from "../../backends/memory.ts";
import { DiskStore } from "../../backends/stores/disk_store.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { ZarrBackend } from "../../backends/zarr.ts";
import { FileManager } from "../../filemanager/file_manager.ts";

const PLATES = new URL("../../../shared/data/plates", import.meta.url).pathname;

const layout = { axes: [{ name: "channel", values: ["w1", "w2"] }], coordinates: [[0], [1]] };

function pixels(value: number): ReturnType<typeof ndarray> {
  return ndarray(new Uint16Array(12).fill(value), [3, 4]);
}

/** A manager of a plate with two wells of two planes. */
async function plateOfTwo(): Promise<
  { fm: FileManager<{ zarr: ZarrBackend; memory: MemoryBackend }>; zarr: ZarrBackend }
> {
  const zarr = new ZarrBackend({ store: new MemoryStore() });
  const fm = new FileManager({ zarr, memory: new MemoryBackend() });
  for (const [i, well] of ["A01", "B02"].entries()) {
    const paths = [1, 2].map((channel) => `lab/p.zarr/${well}_w${channel}.tif`);
    await fm.saveBatch([pixels(10 * i + 1), pixels(10 * i + 2)], paths, "zarr", { layout, well });
  }
  return { fm, zarr };
}

Deno.test("a batch with a layout becomes a well of a plate, whose planes are files", async () => {
  const { fm, zarr } = await plateOfTwo();
  assert.deepEqual(await fm.load("lab/p.zarr/B02_w1.tif", "zarr"), pixels(11));
  const loaded = await fm.loadBatch(["lab/p.zarr/B02_w2.tif", "lab/p.zarr/A01_w1.tif"], "zarr");
  assert.deepEqual(loaded, [pixels(12), pixels(1)]);
  assert.equal(await fm.isFile("lab/p.zarr/A01_w1.tif", "zarr"), true);
  assert.equal(await fm.exists("lab/p.zarr/A01_w3.tif", "zarr"), false);
  assert.equal(await fm.isDir("lab/p.zarr/A/01", "zarr"), true);
  const { kind, plane } = await zarr.stat("lab/p.zarr/A01_w2.tif");
  assert.deepEqual([kind, plane?.well, plane?.coordinates], ["file", "A/01", { channel: "w2" }]);
  assert.deepEqual((await zarr.planes("lab/p.zarr", { well: "B/02" })).map(({ path }) => path), [
    "lab/p.zarr/B02_w1.tif",
    "lab/p.zarr/B02_w2.tif",
  ]);
  // The arrays it is made of are there as well.
  assert.deepEqual(await zarr.load("lab/p.zarr/A/01/0/0", { selection: [1] }), pixels(2));
});

Deno.test("a plane goes to another backend as the array it is, and can be deleted", async () => {
  const { fm } = await plateOfTwo();
  await fm.copy("lab/p.zarr/A01_w2.tif", "image.npy", "zarr", { to: "memory" });
  assert.deepEqual(await fm.load("image.npy", "memory"), pixels(2));
  await fm.delete("lab/p.zarr/A01_w2.tif", "zarr");
  assert.equal(await fm.exists("lab/p.zarr/A01_w2.tif", "zarr"), false);
  assert.deepEqual(await fm.load("lab/p.zarr/A01_w1.tif", "zarr"), pixels(1));
  await assert.rejects(fm.delete("lab/p.zarr/A01_w2.tif", "zarr"), { code: "not-found" });
  await fm.delete("lab/p.zarr/A01_w2.tif", "zarr", { force: true });
});

Deno.test("what another backend object changes of a plate is seen, also that it is gone", async () => {
  const store = new MemoryStore();
  const [one, other] = [new ZarrBackend({ store }), new ZarrBackend({ store })];
  const paths = ["p.zarr/1.tif", "p.zarr/2.tif"];
  await one.saveBatch([pixels(1), pixels(2)], paths, { layout, well: "A1" });
  assert.deepEqual(await other.loadBatch(paths), [pixels(1), pixels(2)]);
  await one.saveBatch([pixels(3), pixels(4)], paths, { layout, well: "A1", onExisting: "replace" });
  assert.deepEqual(await other.loadBatch(paths), [pixels(3), pixels(4)]);
  await one.delete("p.zarr", { recursive: true });
  await assert.rejects(other.load("p.zarr/1.tif"), { code: "not-found" });
  assert.equal(await other.exists("p.zarr/1.tif"), false);
});

Deno.test("consolidated metadata of a plate is true again after each batch", async () => {
  const zarr = new ZarrBackend({ store: new MemoryStore() });
  await zarr.saveBatch([pixels(1), pixels(2)], ["p.zarr/1.tif", "p.zarr/2.tif"], { layout, well: "A1" });
  await zarr.consolidate("p.zarr");
  await zarr.saveBatch([pixels(1), pixels(2)], ["p.zarr/3.tif", "p.zarr/4.tif"], { layout, well: "A2" });
  const documents = await zarr.consolidated("p.zarr");
  assert(documents?.has("A/2/0/0"), `${[...documents?.keys() ?? []]}`);
  for (const path of ["p.zarr/3.tif", "p.zarr/4.tif"]) await zarr.delete(path);
  const left = await zarr.consolidated("p.zarr");
  assert(left?.has("A/1/0/0") && !left.has("A/2/0/0"), `${[...left?.keys() ?? []]}`);
  const wrong = zarr.saveBatch([pixels(1), pixels(2)], ["p.zarr/3.tif", "p.zarr/1.tif"], { layout, well: "A2" });
  await assert.rejects(wrong, { code: "already-exists" });
  assert.equal((await zarr.consolidated("p.zarr"))?.size, left?.size);
});

Deno.test("what cannot be a batch of a plate is refused before anything is written", async () => {
  const store = new MemoryStore();
  const zarr = new ZarrBackend({ store });
  const batch = [[pixels(1), pixels(2)], ["p.zarr/1.tif", "p.zarr/2.tif"]] as const;
  for (
    const [options, code] of [
      [{ layout }, "invalid-argument"],
      [{ well: "A1" }, "invalid-argument"],
      [{ layout, well: "1A" }, "invalid-argument"],
      [{ layout, well: "A1", format: "npy" }, "invalid-argument"],
      [{ layout, well: "A1", ifMatch: "1" }, "unsupported"],
      [{ layout, well: "A1", plate: "elsewhere.zarr" }, "invalid-argument"],
      [{ layout: { ...layout, coordinates: [[0], [0]] }, well: "A1" }, "invalid-argument"],
    ] as const
  ) {
    await assert.rejects(zarr.saveBatch(...batch, options), (error) => {
      assert(isStorageError(error, code), `${JSON.stringify(options)}: ${error}`);
      return true;
    });
  }
  assert.deepEqual(await Array.fromAsync(store.list("")), []);
  assert.deepEqual(await zarr.saveBatch([], [], { layout, well: "A1" }), []);
  await zarr.saveBatch(...batch, { layout, well: "A1" });
  const again = zarr.saveBatch(...batch, { layout, well: "A1", overwrite: false });
  await assert.rejects(again, { code: "already-exists" });
  await assert.rejects(zarr.load("p.zarr/1.tif", { selection: [0] }), { code: "unsupported" });
  await assert.rejects(zarr.planes("nowhere"), { code: "not-found" });
});

const here = await Deno.stat(`${PLATES}/hcs.zarr`).then(() => true, () => false);

Deno.test({
  name: `a plate of bioformats2raw is loaded through the same calls${
    here ? "" : ": ../shared/data/plates is not here"
  }`,
  ignore: !here,
  async fn() {
    const zarr = new ZarrBackend({ store: new DiskStore({ root: PLATES }) });
    const planes = await zarr.planes("hcs.zarr");
    const [plane] = planes;
    const image = await zarr.load(plane!.path) as ReturnType<typeof pixels>;
    const index = [...plane!.index, "..."] as const;
    assert.deepEqual(image, await zarr.load(`${plane!.image}/0`, { selection: index }));
    assert.equal((await zarr.stat(plane!.path)).plane?.isOwn, false);
    await assert.rejects(zarr.delete(plane!.path), { code: "unsupported" });
  },
});
