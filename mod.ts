/**
 * One file manager over many storage backends. A value — an object, a table, an n-dimensional array — is saved under a path
 * in a named backend and comes back exactly as it was, whichever backend it is.
 *
 * @example
 * ```ts
 * import { FileManager, registry } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * const fm = new FileManager(registry);
 * await fm.save({ name: "A01", wells: [1, 2] }, "plate/meta.json", "memory");
 * assert.deepEqual(await fm.load("plate/meta.json", "memory"), { name: "A01", wells: [1, 2] });
 * assert.deepEqual(await fm.listFiles("plate", "memory"), ["plate/meta.json"]);
 * ```
 *
 * @module
 */

export * from "./backends/mod.ts";
export * from "./backends/disk.ts";
export * from "./backends/errors.ts";
export * from "./backends/kv.ts";
export * from "./backends/memory.ts";
export * from "./backends/sqlite.ts";
export * from "./backends/zarr.ts";
export type { Format } from "./backends/formats/format.ts";
export { builtinFormats, FormatRegistry } from "./backends/formats/format_registry.ts";
export { isNdArray, type NdArray, ndarray } from "./backends/formats/ndarray.ts";
export { DiskStore } from "./backends/stores/disk_store.ts";
export { MemoryStore } from "./backends/stores/memory_store.ts";
export { type Layer, layered } from "./backends/stores/layer.ts";
export {
  type AbortOptions,
  type ByteRange,
  type Entry,
  type EntryKind,
  type ListOptions,
  type ReadOptions,
  type Store,
  type WriteOptions,
} from "./backends/stores/store.ts";
export * from "./filemanager/mod.ts";
export * from "./registry/mod.ts";
