/** Several who write to one plate at the same time: nobody's planes are lost, whatever order they come in. */

import assert from "node:assert/strict";
import { DiskStore } from "../../backends/stores/disk_store.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import type { Store } from "../../backends/stores/store.ts";
import { ngffProblemsIn } from "../../backends/zarr/ngff/inspection.ts";
import { Plate } from "../../backends/zarr/ngff/plate.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";
import { filesIn, overStores } from "./images.ts";
import { holds, planesOf, together, watched, write } from "./plates.ts";

/** A store that is slow in ways that differ from call to call, so that steps of several come in any order. */
function unsteady(inner: MemoryStore, seed: number): Store {
  let state = seed;
  return watched(inner, async () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    const turns = (state >> 8) % 40;
    for (let turn = 0; turn < turns; turn++) await null;
  });
}

for (const format of [3, 2] as const) {
  Deno.test(`many wells at once, format ${format}`, async () => {
    const inner = new MemoryStore();
    const wells = Array.from({ length: 24 }, (_, n) => `${"ABCD"[n % 4]}${1 + (n >> 2)}`);
    const batches = wells.map((well) => planesOf(well, { sites: [1, 2] }));
    await Promise.all(wells.map((well, n) => write(unsteady(inner, n + 1), batches[n]!, { well, format })));
    await holds(inner, together(...batches));
    const plate = await Plate.open(inner, "p.zarr");
    assert.deepEqual([plate.rows, plate.columns], [["A", "B", "C", "D"], ["1", "2", "3", "4", "5", "6"]]);
    assert.deepEqual(plate.acquisitions, [{ id: 0, name: "0", maximumfieldcount: 2 }]);
  });

  Deno.test(`one well: new sites, the same site, and more of a site that is there, format ${format}`, async () => {
    for (let round = 1; round <= 6; round++) {
      const inner = new MemoryStore();
      const first = planesOf("A1", { sites: ["old"], channels: ["w0"] });
      if (round % 2 === 0) await write(inner, first, { well: "A1", format, multiscale: { minimumSize: 3 } });
      const batches = [
        planesOf("A1", { sites: ["a"] }),
        planesOf("A1", { sites: ["b", "c"] }),
        planesOf("A1", { sites: ["same"], channels: ["w1"] }),
        planesOf("A1", { sites: ["same"], channels: ["w2"] }),
        planesOf("A1", { sites: ["same"], channels: ["w2"], z: [2] }),
        planesOf("A1", { sites: ["old"], channels: ["w1"] }),
        planesOf("A1", { sites: ["old"], channels: ["w2"] }),
      ];
      const options = { well: "A1", format, strategy: round > 3 ? "well" as const : "file" as const };
      await Promise.all(batches.map((batch, n) => write(unsteady(inner, round * 100 + n), batch, options)));
      const all = round % 2 === 0 ? [first, ...batches] : batches;
      await holds(inner, together(...all));
      const images = new Set((await (await Plate.open(inner, "p.zarr")).planes()).map(({ image }) => image));
      assert.equal(images.size, 5);
    }
  });
}

/** A store in which something happens just before it is first asked to read or write a path. */
function interrupted(
  inner: MemoryStore,
  method: "read" | "write",
  pattern: RegExp,
  work: () => Promise<unknown>,
): Store {
  let due = true;
  async function before(asked: "read" | "write", path: string): Promise<void> {
    if (!due || asked !== method || !pattern.test(path)) return;
    due = false;
    await work();
  }
  return {
    ...watched(inner),
    async read(path, options) {
      await before("read", path);
      return await inner.read(path, options);
    },
    async write(path, bytes, options) {
      await before("write", path);
      return await inner.write(path, bytes, options);
    },
  };
}

Deno.test("a well that is replaced just before its pixels are read: the new ones, and never none", async () => {
  for (const format of [3, 2] as const) {
    const inner = new MemoryStore();
    const [first, second] = [planesOf("A1"), planesOf("A1", { seed: 6 })];
    await write(inner, first, { well: "A1", format });
    const replace = () => write(inner, second, { well: "A1", onExisting: "replace" });
    const store = interrupted(inner, "read", /A\/1\/0\/0\/(c\/)?0\/0\/0\/0$/, replace);
    assert.deepEqual(await (await Plate.open(store, "p.zarr")).load(first.paths), second.data);
  }
});

Deno.test("who tells the plate last does not take back what the well said before", async () => {
  const inner = new MemoryStore();
  const batches = [2, 1, 3, 4].map((site) => planesOf("A1", { sites: [site] }));
  await write(inner, batches[0]!, { well: "A1" });
  const store = interrupted(inner, "write", /^p.zarr\/zarr.json$/, async () => {
    await write(inner, batches[2]!, { well: "A1" });
    await write(inner, batches[3]!, { well: "A1" });
  });
  await write(store, batches[1]!, { well: "A1" });
  await holds(inner, together(...batches));
  assert.deepEqual((await Plate.open(inner, "p.zarr")).acquisitions, [{ id: 0, name: "0", maximumfieldcount: 4 }]);
});

Deno.test("planes that come to share a chunk do not overwrite each other", async () => {
  const inner = new MemoryStore();
  const batches = [["a", "b"], ["c"], ["d"]].map((channels) => planesOf("A1", { channels }));
  await write(inner, batches[0]!, { well: "A1", strategy: "well" });
  const store = interrupted(inner, "write", /\/c\/1\/0\/0\/0$/, () => write(inner, batches[2]!, { well: "A1" }));
  await write(store, batches[1]!, { well: "A1" });
  await holds(inner, together(...batches));
  assert.deepEqual((await StoredArray.open(inner, "p.zarr/A/1/0/0")).shape, [4, 1, 6, 5]);
});

Deno.test("one lock in a process: nobody writes anything twice", async () => {
  const inner = new MemoryStore();
  const writes: string[] = [];
  const store = watched(inner, (method, path) => {
    if (method === "write" && path.includes("/c/")) writes.push(path);
  });
  const batches = ["w1", "w2", "w3", "w4"].map((channel) => planesOf("A1", { sites: [1], channels: [channel] }));
  await Promise.all(batches.map((batch) => write(store, batch, { well: "A1" })));
  await holds(inner, together(...batches));
  assert.equal(writes.length, 4);
  assert.deepEqual((await StoredArray.open(inner, "p.zarr/A/1/0/0")).shape, [4, 1, 6, 5]);
});

Deno.test("adding to a well while it is replaced: one after the other, in either order", async () => {
  const orders = new Set<string>();
  for (let round = 1; round <= 20; round++) {
    const inner = new MemoryStore();
    const first = planesOf("A1", { sites: [1], channels: ["w1"] });
    const added = planesOf("A1", { sites: [1], channels: ["w2"] });
    const replacing = planesOf("A1", { sites: [1], channels: ["w1"], seed: 4 });
    await write(inner, first, { well: "A1" });
    await Promise.all([
      write(unsteady(inner, round), added, { well: "A1" }),
      write(unsteady(inner, round * 7), replacing, { well: "A1", onExisting: "replace" }),
    ]);
    const planes = await (await Plate.open(inner, "p.zarr")).planes();
    orders.add(planes.length === 2 ? "replaced, then added" : "added, then replaced");
    await holds(inner, planes.length === 2 ? together(replacing, added) : together(replacing));
  }
  assert.equal(orders.size, 2, [...orders].join());
});

Deno.test("refusing what is there already: one of many gets in", async () => {
  const inner = new MemoryStore();
  const batches = [1, 2, 3, 4].map((site) => planesOf("A1", { sites: [site] }));
  const options = { well: "A1", onExisting: "error" as const };
  const results = await Promise.allSettled(batches.map((batch, n) => write(unsteady(inner, n + 3), batch, options)));
  const winner = results.findIndex(({ status }) => status === "fulfilled");
  for (const [n, result] of results.entries()) {
    if (n !== winner) assert(result.status === "rejected" && result.reason.code === "already-exists");
  }
  await holds(inner, together(batches[winner]!));
  assert.equal(new Set((await filesIn(inner, "p.zarr/A/1")).map((path) => path.split("/")[3])).size, 2);
});

Deno.test("loading while wells are replaced gives old pixels or new ones", async () => {
  const inner = new MemoryStore();
  const states = [0, 5].map((seed) => planesOf("A1", { sites: [1, 2], channels: ["w1", "w2"], seed }));
  await write(inner, states[0]!, { well: "A1" });
  let done = false;
  async function replace(): Promise<void> {
    for (let round = 1; round <= 15; round++) {
      await write(unsteady(inner, round), states[round % 2]!, { well: "A1", onExisting: "replace" });
    }
    done = true;
  }
  async function load(seed: number): Promise<number> {
    const plate = await Plate.open(unsteady(inner, seed), "p.zarr");
    let loads = 0;
    for (; !done; loads++) {
      for (const path of states[0]!.paths) {
        const [loaded] = await plate.load([path]).catch((error) => {
          // Twice in a row somebody may replace what was just found.
          assert(error.code === "not-found" || error.code === "corrupt", error);
          return [undefined];
        });
        const at = states[0]!.paths.indexOf(path);
        if (loaded === undefined) continue;
        assert(states.some(({ data }) => String(data[at]!.data) === String(loaded.data)), path);
      }
    }
    return loads;
  }
  const [, ...loads] = await Promise.all([replace(), load(1), load(2)]);
  assert(loads.every((count) => count! > 3), String(loads));
});

Deno.test("stores of each kind, one object for all", async (t) => {
  await overStores(t, async (store) => {
    const wells = ["A1", "B2", "C3", "A2"];
    const batches = wells.flatMap((well) => [planesOf(well), planesOf(well, { channels: ["w2"] })]);
    await Promise.all(batches.map((batch, n) => write(store, batch, { well: wells[n >> 1]! })));
    await holds(store, together(...batches));
  });
});

Deno.test("processes that write to one plate on disk", async () => {
  const root = await Deno.makeTempDir();
  try {
    const child = new URL("child.ts", import.meta.url).pathname;
    const outputs = await Promise.all(
      [0, 1, 2].map((n) =>
        new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--quiet", child, root, String(n)] }).output()
      ),
    );
    for (const { success, stderr } of outputs) assert(success, new TextDecoder().decode(stderr));
    const batches = [0, 1, 2].flatMap((n) => [
      planesOf(`B${n + 1}`, { sites: [1, 2] }),
      planesOf("A1", { sites: [`own${n}`] }),
      planesOf("A1", { sites: ["shared"], channels: [`w${n}`] }),
    ]);
    await holds(new DiskStore({ root }), together(...batches));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("a process that is killed leaves a plate that is whole, and that the next one goes on with", async () => {
  const root = await Deno.makeTempDir();
  try {
    const store = new DiskStore({ root });
    const endless = new URL("endless.ts", import.meta.url).pathname;
    // Whatever is written comes to show in the files, or in the plate.
    const state = async () => [...await filesIn(store, "p.zarr"), (await store.stat("p.zarr/zarr.json"))?.etag].join();
    for (const pause of [0, 40, 90, 150, 230]) {
      const child = new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--quiet", endless, root] }).spawn();
      const before = await state();
      for (let waits = 0; await state() === before; waits++) {
        assert(waits < 4000, "nothing new is written");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
      child.kill("SIGKILL");
      await child.status;
      const plate = await Plate.open(store, "p.zarr").catch((error) => {
        assert.equal(error.code, "not-found");
      });
      if (plate !== undefined) {
        const problems = await ngffProblemsIn(store, "p.zarr");
        assert.deepEqual(problems, []);
        const planes = await plate.planes();
        const pixels = await plate.load(planes.map(({ path }) => path));
        for (const [index, { path, well, coordinates }] of planes.entries()) {
          const name = well.replace("/", "");
          const options = { sites: [coordinates.site!], channels: [coordinates.channel!] };
          const states = [0, 1].map((seed) => planesOf(name, { ...options, seed }).data[0]!);
          assert(states.some(({ data }) => String(data) === String(pixels[index]!.data)), path);
        }
      }
    }
    const last = planesOf("H12", { sites: [1] });
    await write(store, last, { well: "H12" });
    assert.deepEqual(await (await Plate.open(store, "p.zarr")).load(last.paths), last.data);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
