/** A second batch for a well: added, put in the place of the first, or refused; and nothing half-done is ever seen. */

import assert from "node:assert/strict";
import type { NdArray } from "../../backends/formats/ndarray.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { downsample } from "../../backends/zarr/ngff/downsample.ts";
import { readImage } from "../../backends/zarr/ngff/image.ts";
import { ngffProblemsIn } from "../../backends/zarr/ngff/inspection.ts";
import { Plate } from "../../backends/zarr/ngff/plate.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";
import { attributesOf, filesIn, overStores } from "./images.ts";
import { holds, type Planes, planesOf, together, watched, write } from "./plates.ts";

for (const format of [3, 2] as const) {
  Deno.test(`merging, format ${format}: channels, depths and sites are added where they belong`, async (t) => {
    await overStores(t, async (store) => {
      const first = planesOf("A1", { sites: [1, 2], channels: ["w1", "w2"], z: [1, 2] });
      const other = planesOf("B1");
      await write(store, first, { well: "A1", format });
      await write(store, other, { well: "B1" });
      const before = await filesIn(store, "p.zarr/A/1/0/0");
      const bytes = await Promise.all(before.map((path) => store.read(path)));

      const channel = planesOf("A1", { sites: [1], channels: ["w3"], z: [2] });
      await write(store, channel, { well: "A1", onExisting: "merge" });
      await holds(store, together(first, other, channel));
      const site = planesOf("A1", { sites: [3], channels: ["w1"], z: [5] });
      const deeper = planesOf("A1", { sites: [2], channels: ["w2", "w1"], z: [3, 1] });
      const again: Planes = {
        ...deeper,
        data: planesOf("A1", { sites: [2], channels: ["w2", "w1"], z: [3, 1], seed: 9 }).data,
      };
      await write(store, site, { well: "A1" });
      await write(store, again, { well: "A1" });
      await holds(store, together(first, other, channel, site, again));

      // What was there stays where it was.
      const chunks = before.map((path, index) => [path, bytes[index]] as const).filter(([path]) =>
        !path.endsWith("json") && !path.includes("/.z")
      );
      for (const [path, content] of chunks) assert.deepEqual(await store.read(path), content, path);
      const shapes = await Promise.all(
        [0, 1, 2].map(async (n) => (await StoredArray.open(store, `p.zarr/A/1/${n}/0`)).shape),
      );
      assert.deepEqual(shapes, [[3, 2, 6, 5], [2, 3, 6, 5], [1, 1, 6, 5]]);
      const plate = await Plate.open(store, "p.zarr");
      assert.deepEqual((await plate.find("p.zarr/A1_s2_w1_z3.tif"))?.coordinates, { site: 2, channel: "w1", z: 3 });
      assert.deepEqual(plate.acquisitions, [{ id: 0, name: "0", maximumfieldcount: 3 }]);
    });
  });

  Deno.test(`replacing and refusing, format ${format}`, async (t) => {
    await overStores(t, async (store) => {
      const first = planesOf("A1", { sites: [1, 2], channels: ["w1", "w2"] });
      const other = planesOf("A2", { sites: [1, 2, 3] });
      await write(store, first, { well: "A1", format });
      await write(store, other, { well: "A2" });
      const second = planesOf("A1", { sites: [7], dtype: "float32", shape: [3, 9], seed: 1 });
      const refused = { code: "already-exists", message: /"merge" adds.*"replace" puts/ };
      await assert.rejects(write(store, second, { well: "A01", onExisting: "error" }), refused);
      await holds(store, together(first, other));
      const plate = await Plate.open(store, "p.zarr");
      await plate.load(first.paths);
      assert.deepEqual(await write(store, second, { well: "A1", onExisting: "replace" }), {
        well: "A/1",
        images: ["2"],
      });
      await holds(store, together(second, other));
      await assert.rejects(plate.load(first.paths), { code: "not-found" });
      assert.deepEqual(await plate.load(second.paths), second.data);
      await write(store, first, { well: "A1", onExisting: "replace" });
      await holds(store, together(first, other));
      assert.deepEqual((await filesIn(store, "p.zarr/A/1")).filter((path) => /A\/1\/[0-2]\//.test(path)), []);
      const fresh = planesOf("A3");
      await write(store, fresh, { well: "A3", onExisting: "error" });
      await holds(store, together(first, other, fresh));
    });
  });
}

Deno.test("acquisitions of one well do not touch each other", async () => {
  const store = new MemoryStore();
  const first = planesOf("A1", { sites: [1, 2] });
  const second = { ...planesOf("A1", { sites: [1] }), paths: ["p.zarr/second/A1.tif"] };
  const acquisition = { id: 1, name: "after the drug", starttime: 1_700_000_000 };
  await write(store, first, { well: "A1", name: "Screen 7" });
  await write(store, second, { well: "A1", acquisition, onExisting: "error" });
  await holds(store, together(first, second));
  const plate = await Plate.open(store, "p.zarr");
  assert.equal(plate.name, "Screen 7");
  assert.deepEqual(plate.acquisitions, [
    { id: 0, name: "0", maximumfieldcount: 2 },
    { ...acquisition, maximumfieldcount: 1 },
  ]);
  assert.equal((await attributesOf(store, "p.zarr", 3)).ome instanceof Object, true);
  const third = { ...planesOf("A1", { sites: [5] }), paths: ["p.zarr/third/A1.tif"] };
  await write(store, third, { well: "A1", acquisition, onExisting: "replace" });
  await holds(store, together(first, third));
  await assert.rejects(write(store, planesOf("A1", { sites: [9] }), { well: "A1", acquisition: { id: -1 } }), {
    code: "invalid-argument",
  });
});

Deno.test("merging does not lose a plane to another, and does not mix what does not fit", async () => {
  const store = new MemoryStore();
  const first = planesOf("A1", { sites: [1, 2], channels: ["w1", "w2"] });
  const elsewhere = planesOf("B1", { sites: [1] });
  await write(store, first, { well: "A1", multiscale: { minimumSize: 2 } });
  await write(store, elsewhere, { well: "B1" });
  const files = await filesIn(store, "");
  const one = planesOf("A1", { sites: [1], channels: ["w1"] });
  const renamed = { ...one, paths: ["p.zarr/renamed.tif"] };
  const taken = { ...planesOf("A1", { sites: [1], channels: ["w9"] }), paths: one.paths };
  const moved = { ...planesOf("A1", { sites: [2], channels: ["w9"] }), paths: one.paths };
  const foreign = { ...planesOf("A1", { sites: [4] }), paths: elsewhere.paths };
  const flat: Planes = { ...one, layout: { axes: [{ name: "site", values: [1], role: "image" }], coordinates: [[0]] } };
  const cases: [Planes, string, RegExp][] = [
    [renamed, "already-exists", /the place of "renamed.tif" is that of "A1_s1_w1_z1.tif"/],
    [taken, "already-exists", /another plane of the well already/],
    [moved, "already-exists", /another plane of the well already/],
    [foreign, "already-exists", /a plane of the well B\/1 already/],
    [planesOf("A1", { sites: [1], channels: ["w3"], dtype: "uint8" }), "invalid-value", /uint16.*uint8.*"replace"/],
    [planesOf("A1", { sites: [1], channels: ["w3"], shape: [9, 9] }), "invalid-value", /\[6,5\].*\[9,9\]/],
    [flat, "invalid-argument", /\[channel,z,y,x\].*\[y,x\]/],
    [planesOf("A1", { sites: [1, 8], channels: ["w3"], z: [2], dtype: "int32" }), "invalid-value", /int32/],
  ];
  for (const [batch, code, message] of cases) {
    await assert.rejects(write(store, batch, { well: "A1" }), { code, message });
    assert.deepEqual(await filesIn(store, ""), files);
    await holds(store, together(first, elsewhere));
  }
});

Deno.test("pyramids follow what is merged", async () => {
  for (const strategy of ["file", "well"] as const) {
    const store = new MemoryStore();
    const shape = [21, 34] as const;
    const first = planesOf("A1", { channels: ["w1"], z: [1, 2, 3], shape });
    await write(store, first, { well: "A1", strategy, multiscale: { minimumSize: 6, axes: ["z", "y", "x"] } });
    const second = planesOf("A1", { channels: ["w1", "w2"], z: [3, 4, 5, 6], shape, seed: 3 });
    await write(store, second, { well: "A1" });
    const expected = together(first, second);
    await holds(store, expected);
    const { datasets } = await readImage(store, "p.zarr/A/1/0");
    assert.deepEqual(datasets.map(({ scale }) => scale.slice(1)), [[2, 0.5, 0.5], [4, 1, 1], [8, 2, 2], [8, 4, 4]]);
    let before: NdArray | undefined;
    for (const { path } of datasets) {
      const value = await (await StoredArray.open(store, `p.zarr/A/1/0/${path}`)).get() as NdArray;
      if (before !== undefined) {
        const step = before.shape.map((length, axis) => Math.ceil(length / value.shape[axis]!));
        assert.deepEqual(value, downsample(before, step, "mean"), `${strategy} level ${path}`);
      } else assert.deepEqual(value.shape, [2, 6, 21, 34]);
      before = value;
    }
    assert.deepEqual(before!.shape, [2, 2, 3, 5]);
  }
});

Deno.test("whatever is seen while a well is written is whole", async () => {
  const inner = new MemoryStore();
  const first = planesOf("A1", { sites: [1, 2], channels: ["w1"] });
  const second = planesOf("A1", { sites: [2, 3], channels: ["w1", "w2"] });
  const third = planesOf("A1", { sites: [1], seed: 5 });
  const options = { multiscale: { minimumSize: 3 } };
  const states = [[], [first], [first, second], [third]].map((batches) => together(...batches));
  const seen = new Set<number>();
  let step = 0;
  const store = watched(inner, async (method) => {
    if (method !== "write" && method !== "delete") return;
    const names = (await filesIn(inner, "")).includes("p.zarr/zarr.json");
    const planes = names ? await (await Plate.open(inner, "p.zarr")).planes() : [];
    const state = [step, step + 1].find((each) => {
      return [...states[each]!.keys()].sort().join() === planes.map(({ path }) => path).sort().join();
    });
    assert(state !== undefined, planes.map(({ path }) => path).join());
    seen.add(state);
    if (names) {
      assert.deepEqual(await ngffProblemsIn(inner, "p.zarr"), []);
      const loaded = await (await Plate.open(inner, "p.zarr")).load(planes.map(({ path }) => path));
      for (const [index, { path }] of planes.entries()) {
        const choices = [states[step], states[step + 1]].map((planes) => planes?.get(path)).filter((each) => each);
        assert(choices.some((each) => String(each!.data) === String(loaded[index]!.data)), path);
      }
    }
  });
  await write(store, first, { well: "A1", ...options });
  step = 1;
  await write(store, second, { well: "A1" });
  step = 2;
  await write(store, third, { well: "A1", onExisting: "replace" });
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3]);
  await holds(inner, states[3]!);
});

Deno.test("a batch that fails at any write leaves the plate as it was, and the next one tidies up", async () => {
  const first = planesOf("A1", { sites: [1, 2], channels: ["w1"] });
  const added = planesOf("A1", { sites: [3, 4], channels: ["w1", "w2"], seed: 2 });
  const grown = planesOf("A1", { sites: [1, 2], channels: ["w2"], z: [1, 2], seed: 2 });
  for (const [onExisting, second] of [["merge", added], ["merge", grown], ["replace", added]] as const) {
    let failures = 0;
    for (let at = 1;; at++) {
      const inner = new MemoryStore();
      await write(inner, first, { well: "A1", multiscale: { minimumSize: 3 } });
      let writes = 0;
      const store = watched(inner);
      const failing = {
        ...store,
        write: (path: string, bytes: Uint8Array, options?: object) => {
          return ++writes === at ? Promise.reject(new Error("the disk is gone")) : store.write!(path, bytes, options);
        },
      };
      const error = await write(failing, second, { well: "A1", onExisting }).then(() => undefined, (error) => error);
      if (error === undefined) break;
      failures++;
      assert.match(String(error.cause ?? error), /the disk is gone/);
      assert.deepEqual(await ngffProblemsIn(inner, "p.zarr"), []);
      const planes = await (await Plate.open(inner, "p.zarr")).planes();
      const expected = onExisting === "merge" ? together(first, second) : together(second);
      const states = [together(first), expected].map((state) => [...state.keys()].sort().join());
      assert(states.includes(planes.map(({ path }) => path).sort().join()));
      await write(inner, second, { well: "A1", onExisting });
      await holds(inner, expected);
    }
    assert(failures > 8, `${failures} writes`);
  }
});

Deno.test("what a dead writer has left is deleted in the end, and not before", async () => {
  const hour = 60 * 60 * 1000;
  const since = (age: number) => new Date(Date.now() - age).toISOString();
  for (const format of [3, 2] as const) {
    const store = new MemoryStore();
    const first = planesOf("A1", { sites: [1, 2] });
    await write(store, first, { well: "A1", format });
    // Two writers who died when all but the well was written: long ago, and just now.
    for (const [number, age] of [[2, 25 * hour], [3, hour]] as const) {
      for (const path of await filesIn(store, "p.zarr/A/1/0")) {
        const copy = path.replace("A/1/0", `A/1/${number}`);
        await store.write(copy, (await store.read(path))!);
      }
      await redate(store, `p.zarr/A/1/${number}`, since(age));
    }
    await redate(store, "p.zarr/A/1/0", since(100 * hour));
    const more = planesOf("A1", { sites: [3] });
    assert.deepEqual(await write(store, more, { well: "A1" }), { well: "A/1", images: ["0", "1", "2"] });
    const plate = await Plate.open(store, "p.zarr");
    const paths = [...first.paths, ...more.paths];
    assert.deepEqual(await plate.load(paths), [...first.data, ...more.data]);
    const images = new Set((await filesIn(store, "p.zarr/A/1")).map((path) => path.split("/")[3]));
    assert.deepEqual([...images].filter((name) => /^\d$/.test(name!)).sort(), ["0", "1", "2", "3"]);
    await redate(store, "p.zarr/A/1/3", since(25 * hour));
    await write(store, planesOf("A1", { sites: [1], channels: ["w2"] }), { well: "A1" });
    assert.deepEqual(await filesIn(store, "p.zarr/A/1/3"), []);
  }
});

/** Makes a draft older. */
async function redate(store: MemoryStore, path: string, draft: string): Promise<void> {
  for (const file of [`${path}/zarr.json`, `${path}/.zattrs`]) {
    const bytes = await store.read(file);
    if (bytes === undefined) continue;
    const text = new TextDecoder().decode(bytes);
    assert.match(text, /"draft": "/);
    await store.write(file, new TextEncoder().encode(text.replace(/"draft": "[^"]*"/, `"draft": "${draft}"`)));
  }
}

Deno.test("a well that was written after all, though the store said otherwise, keeps its images", async () => {
  const inner = new MemoryStore();
  const first = planesOf("A1", { sites: [1] });
  const second = planesOf("A1", { sites: [2] });
  await write(inner, first, { well: "A1" });
  const store = watched(inner, (method, path) => {
    if (method === "write" && path === "p.zarr/A/1/zarr.json") throw new Error("the line was cut");
  });
  await assert.rejects(write(store, second, { well: "A1" }), /the line was cut/);
  await holds(inner, together(first, second));
});

Deno.test("stopping leaves the plate as it was", async () => {
  const inner = new MemoryStore();
  const first = planesOf("A1");
  await write(inner, first, { well: "A1" });
  const files = await filesIn(inner, "");
  const controller = new AbortController();
  let writes = 0;
  const store = watched(inner, (method) => {
    if (method === "write" && ++writes === 4) controller.abort(new Error("enough"));
  });
  const { signal } = controller;
  await assert.rejects(write(store, planesOf("A1", { sites: [2, 3, 4] }), { well: "A1", signal }), /enough/);
  await holds(inner, together(first));
  assert.deepEqual(await filesIn(inner, ""), files);
});
