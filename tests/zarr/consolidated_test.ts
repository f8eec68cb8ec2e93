/** Metadata of everything below a group, in one document: written, read, and kept true. */

import assert from "node:assert/strict";
import * as zarrita from "zarrita";
import { ndarray } from "../../backends/formats/ndarray.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import type { Store } from "../../backends/stores/store.ts";
import { asZarrita, ZarrBackend, type ZarrFormat } from "../../backends/zarr.ts";

const GRID = ndarray(Int16Array.from({ length: 6 }, (_, i) => i), [2, 3]);

async function json(store: Store, path: string): Promise<Record<string, unknown> | undefined> {
  const bytes = await store.read(path);
  return bytes && JSON.parse(new TextDecoder().decode(bytes));
}

/** What the consolidated metadata of a group should be, read one by one. */
async function truth(store: Store, group: string, format: ZarrFormat): Promise<Record<string, unknown>> {
  const documents: Record<string, unknown> = {};
  for await (const { path, kind } of store.list!(group)) {
    const key = path.slice(group.length + 1);
    if (kind !== "file" || path.includes(".polystore")) continue;
    if (format === 2 && /(^|\/)\.z(array|group|attrs)$/.test(key)) documents[key] = await json(store, path);
    if (format === 3 && key.endsWith("/zarr.json")) {
      const { consolidated_metadata: _, ...document } = (await json(store, path))!;
      documents[key.slice(0, -"/zarr.json".length)] = document;
    }
  }
  return documents;
}

async function assertTrue(zarr: ZarrBackend, group: string, format: ZarrFormat): Promise<void> {
  const { store } = zarr;
  const told = Object.fromEntries((await zarr.consolidated(group))!);
  assert.deepEqual(told, await truth(store, group, format));
  assert(Object.keys(told).length > 0);
}

for (const format of [3, 2] as const) {
  Deno.test(`zarr: consolidated metadata of v${format} is written, and kept true by every change`, async () => {
    const zarr = new ZarrBackend({ store: new MemoryStore() });
    await zarr.save(GRID, "p.zarr/g/a", { format, attributes: { n: 1 } });
    await zarr.save(GRID, "p.zarr/b", { format });
    await zarr.save("text", "p.zarr/g/note.txt");
    assert.equal(await zarr.consolidated("p.zarr"), undefined);
    await zarr.consolidate("p.zarr");
    await assertTrue(zarr, "p.zarr", format);
    const changes: (() => Promise<unknown>)[] = [
      () => zarr.save(GRID, "p.zarr/new/deep/c"),
      () => zarr.save(ndarray(new Uint8Array(2), [2]), "p.zarr/b"),
      () => zarr.updateAttributes("p.zarr/g/a", () => ({ n: 2 })),
      () => zarr.updateAttributes("p.zarr/g", () => ({ group: true })),
      () => zarr.updateAttributes("p.zarr", () => ({ root: true })),
      () => zarr.resize("p.zarr/g/a", [1, 1]),
      () => zarr.append("p.zarr/b", ndarray(new Uint8Array(2), [2])),
      () => zarr.copy("p.zarr/g", "p.zarr/copied"),
      () => zarr.move("p.zarr/copied/a", "p.zarr/g/moved"),
      () => zarr.saveBatch([GRID, GRID], ["p.zarr/x", "p.zarr/g/y"]),
      () => zarr.createArray("p.zarr/g/z", "bool", [3]),
      async () => await (await zarr.openArray("p.zarr/g/z")).resize([5]),
      () => zarr.save("a file now", "p.zarr/x", { format: "text" }),
      () => zarr.delete("p.zarr/g/a"),
      () => zarr.delete("p.zarr/new", { recursive: true }),
      () => zarr.move("p.zarr/g", "elsewhere"),
    ];
    for (const [i, change] of changes.entries()) {
      await change();
      await assertTrue(zarr, "p.zarr", format).catch((error) => {
        throw new Error(`after change ${i}: ${change}`, { cause: error });
      });
    }
    assert.equal(await zarr.consolidated("elsewhere"), undefined);
    await zarr.move("p.zarr", "q.zarr");
    await assertTrue(zarr, "q.zarr", format);
  });

  Deno.test(`zarr: two who change arrays of one group keep its consolidated metadata of v${format} true`, async () => {
    const store = new MemoryStore();
    const backends = [new ZarrBackend({ store }), new ZarrBackend({ store })];
    await backends[0]!.save(GRID, "p.zarr/a", { format });
    await backends[0]!.consolidate("p.zarr");
    await Promise.all(Array.from({ length: 12 }, async (_, i) => {
      const zarr = backends[i % 2]!;
      await zarr.save(GRID, `p.zarr/g${i % 3}/${i}`);
      if (i % 4 === 0) await zarr.delete(`p.zarr/g${i % 3}/${i}`);
      else await zarr.updateAttributes("p.zarr/a", (before) => ({ ...before, [`n${i}`]: i }));
    }));
    await assertTrue(backends[0]!, "p.zarr", format);
  });

  Deno.test(`zarr: zarrita reads the consolidated metadata of v${format}`, async () => {
    const store = new MemoryStore();
    const zarr = new ZarrBackend({ store });
    await zarr.save(GRID, "p.zarr/g/a", { format });
    await zarr.consolidate("p.zarr");
    const root = asZarrita(store);
    const below = {
      ...root,
      get: (key: `/${string}`) => root.get(`/p.zarr${key}`),
      getRange: (key: `/${string}`, range: Parameters<typeof root.getRange>[1]) =>
        root.getRange(`/p.zarr${key}`, range),
    };
    const consolidated = await zarrita.withConsolidatedMetadata(below, { format: format === 2 ? "v2" : "v3" });
    const contents = consolidated.contents().map(({ path, kind }) => `${kind} ${path}`).sort();
    assert.deepEqual(contents, ["array /g/a", "group /", "group /g"]);
  });
}

Deno.test("zarr: consolidated metadata that others have written is read, and kept true", async () => {
  const store = new MemoryStore();
  const zarr = new ZarrBackend({ store });
  await zarr.save(GRID, "p.zarr/a");
  const group = (await json(store, "p.zarr/zarr.json"))!;
  const array = (await json(store, "p.zarr/a/zarr.json"))!;
  const theirs = { kind: "inline", "must_understand": false, metadata: { a: { ...array, attributes: { stale: 1 } } } };
  const document = JSON.stringify({ ...group, "consolidated_metadata": theirs });
  await store.write("p.zarr/zarr.json", new TextEncoder().encode(document));
  assert.deepEqual([...(await zarr.consolidated("p.zarr"))!.keys()], ["a"]);
  await zarr.save(GRID, "p.zarr/b");
  assert.deepEqual([...(await zarr.consolidated("p.zarr"))!.keys()], ["a", "b"]);
  await zarr.updateAttributes("p.zarr/a", (before) => before);
  await assertTrue(zarr, "p.zarr", 3);
});
