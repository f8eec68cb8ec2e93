/** Arrays to write, stores to write them to, and documents to look at. */

import { type DataType, dataTypes, type NdArray } from "../../backends/formats/ndarray.ts";
import { sizeOf, stridesOf } from "../../backends/formats/shape.ts";
import { DiskStore } from "../../backends/stores/disk_store.ts";
import { KvStore } from "../../backends/stores/kv_store.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { SqliteStore } from "../../backends/stores/sqlite_store.ts";
import type { Store } from "../../backends/stores/store.ts";
import type { JsonObject } from "../../backends/zarr/json.ts";

/** An array whose elements are made of their index. */
export function made<D extends DataType>(
  dtype: D,
  shape: readonly number[],
  element: (index: number) => number | bigint,
): NdArray<D> {
  const { array: Class, itemSize, parts } = dataTypes[dtype];
  const data = new Class(new ArrayBuffer(sizeOf(shape) * itemSize));
  for (let i = 0; i < sizeOf(shape) * parts; i++) (data as { [index: number]: unknown })[i] = element(i);
  return { dtype, data, shape: [...shape], stride: stridesOf(shape) } as unknown as NdArray<D>;
}

/** A plane that no other is like. */
export function plane(seed: number, shape: readonly [number, number] = [6, 5], dtype: DataType = "uint16"): NdArray {
  return made(dtype, shape, (index) => (seed * 1000 + index * 7) % 60_000);
}

/** Runs a test over a store of each kind. */
export async function overStores(
  t: Deno.TestContext,
  work: (store: Store, t: Deno.TestContext) => Promise<void>,
  kinds: readonly ("memory" | "disk" | "sqlite" | "kv")[] = ["memory", "disk", "sqlite", "kv"],
): Promise<void> {
  for (const kind of kinds) {
    await t.step(kind, async (t) => {
      const root = kind === "disk" ? await Deno.makeTempDir() : "";
      const store: Store = {
        memory: () => new MemoryStore(),
        disk: () => new DiskStore({ root }),
        sqlite: () => new SqliteStore({ path: ":memory:" }),
        kv: () => new KvStore({ path: ":memory:" }),
      }[kind]();
      try {
        await work(store, t);
      } finally {
        await store.close?.();
        if (root !== "") await Deno.remove(root, { recursive: true });
      }
    });
  }
}

/** The attributes of a group, read as anybody would. */
export async function attributesOf(store: Store, path: string, format: 2 | 3): Promise<JsonObject> {
  const bytes = await store.read(`${path}/${format === 3 ? "zarr.json" : ".zattrs"}`);
  const document = JSON.parse(new TextDecoder().decode(bytes));
  return format === 3 ? document.attributes : document;
}

/** All files below a path. */
export async function filesIn(store: Store, path: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of store.list!(path)) if (entry.kind === "file") files.push(entry.path);
  return files;
}
