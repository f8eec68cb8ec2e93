/** Planes that are removed: they are gone from their paths, and take along what only they needed. */

import assert from "node:assert/strict";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { Plate } from "../../backends/zarr/ngff/plate.ts";
import { removePlanes } from "../../backends/zarr/ngff/plate_remover.ts";
import { attributesOf, filesIn, overStores } from "./images.ts";
import { holds, planesOf, together, watched, write } from "./plates.ts";
import { schemasOf } from "./schemas.ts";

for (const format of [3, 2] as const) {
  Deno.test(`planes, images, wells and the plate go, format ${format}`, async (t) => {
    const schemas = await schemasOf(t, format === 3 ? "0.5" : "0.4");
    await overStores(t, async (store) => {
      const a = planesOf("A1", { sites: [1, 2, 3], channels: ["w1", "w2"] });
      const b = planesOf("B2", { sites: [1] });
      await write(store, a, { well: "A1", format });
      await write(store, b, { well: "B2" });
      const held = together(a, b);
      const plate = await Plate.open(store, "p.zarr");
      async function remove(pattern: RegExp): Promise<void> {
        const paths = [...held.keys()].filter((path) => pattern.test(path));
        assert(paths.length > 0);
        await removePlanes(store, "p.zarr", paths);
        for (const path of paths) held.delete(path);
        await holds(store, held);
        await assert.rejects(plate.load(paths.slice(0, 1)), { code: "not-found" });
        const attributes = await attributesOf(store, "p.zarr", format);
        assert.deepEqual(schemas?.problems("strict_plate", attributes) ?? [], []);
      }
      await remove(/A1_s2_w1/);
      await remove(/A1_s[23]_/);
      assert.deepEqual((await filesIn(store, "p.zarr/A/1")).filter((path) => /A\/1\/[12]\//.test(path)), []);
      assert.deepEqual((await Plate.open(store, "p.zarr")).acquisitions, [{ id: 0, name: "0", maximumfieldcount: 1 }]);
      await remove(/A1/);
      assert.deepEqual((await Plate.open(store, "p.zarr")).wells, ["B/2"]);
      const again = planesOf("A1", { sites: [2], channels: ["w1"], seed: 3 });
      assert.deepEqual(await write(store, again, { well: "A1" }), { well: "A/1", images: ["3"] });
      for (const [path, value] of together(again)) held.set(path, value);
      await holds(store, held);
      await remove(/A1/);
      await removePlanes(store, "p.zarr", b.paths);
      await assert.rejects(Plate.open(store, "p.zarr"), { code: "not-found" });
      await write(store, b, { well: "B2" });
      await holds(store, together(b));
    });
  });
}

Deno.test("what is not there, or not ours, is refused before anything is changed", async () => {
  const store = new MemoryStore();
  const a = planesOf("A1");
  await write(store, a, { well: "A1" });
  await assert.rejects(removePlanes(store, "p.zarr", [...a.paths, "p.zarr/none.tif"]), { code: "not-found" });
  await holds(store, together(a));
  await assert.rejects(removePlanes(store, "q.zarr", a.paths), { code: "not-found" });
  const text = new TextDecoder().decode(await store.read("p.zarr/A/1/zarr.json"));
  const { polystore: _, ...attributes } = JSON.parse(text).attributes;
  const theirs = { ...JSON.parse(text), attributes };
  await store.write("p.zarr/A/1/zarr.json", new TextEncoder().encode(JSON.stringify(theirs)));
  const plate = await Plate.open(store, "p.zarr");
  const [plane] = await plate.planes();
  assert.equal(plane?.path, "p.zarr/A/1/0/channel0_z0");
  assert.deepEqual(await plate.load([plane.path]), a.data);
  await assert.rejects(removePlanes(store, "p.zarr", [plane.path]), {
    code: "unsupported",
    message: /delete its image/,
  });
});

Deno.test("a plane that is removed can be written again, to the place it had", async () => {
  const store = new MemoryStore();
  const a = planesOf("A1", { channels: ["w1", "w2", "w3"] });
  await write(store, a, { well: "A1", multiscale: { minimumSize: 3 } });
  await removePlanes(store, "p.zarr", a.paths.slice(1, 2));
  const again = planesOf("A1", { channels: ["w2"], seed: 8 });
  await write(store, { ...again, paths: ["p.zarr/another name.tif"] }, { well: "A1" });
  await holds(
    store,
    together({
      data: [a.data[0]!, a.data[2]!, again.data[0]!],
      paths: [a.paths[0]!, a.paths[2]!, "p.zarr/another name.tif"],
    }),
  );
  const plate = await Plate.open(store, "p.zarr");
  assert.deepEqual((await plate.find("p.zarr/another name.tif"))?.index, [1, 0]);
});

Deno.test("removing while others write: nobody's planes go but those that were to", async () => {
  for (let round = 1; round <= 30; round++) {
    const inner = new MemoryStore();
    let state = round;
    const unsteady = () =>
      watched(inner, async () => {
        state = (state * 1103515245 + 12345) % 2147483648;
        for (let turn = (state >> 8) % 30; turn > 0; turn--) await null;
      });
    const a = planesOf("A1", { sites: [1] });
    const b = planesOf("B1", { sites: [1] });
    const added = planesOf("A1", { sites: [1], channels: ["w2"] });
    const other = planesOf("A1", { sites: [2] });
    await write(inner, a, { well: "A1" });
    if (round % 2 === 0) await write(inner, b, { well: "B1" });
    await Promise.all([
      removePlanes(unsteady(), "p.zarr", a.paths),
      write(unsteady(), added, { well: "A1" }),
      write(unsteady(), other, { well: "A1" }),
      write(unsteady(), b, { well: "B1" }),
    ]);
    await holds(inner, together(b, added, other));
  }
});
