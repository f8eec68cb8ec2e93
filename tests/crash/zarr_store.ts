/**
 * Where the arrays of the kill test are, and what is in them.
 *
 * @module
 */

import { KvBackend } from "../../backends/kv.ts";
import { ndarray } from "../../backends/formats/ndarray.ts";
import { SqliteBackend } from "../../backends/sqlite.ts";
import { DiskStore } from "../../backends/stores/disk_store.ts";
import type { Store } from "../../backends/stores/store.ts";
import type { ZarrSaveOptions } from "../../backends/zarr.ts";

/** The places. */
export const PLACES = ["disk", "sqlite", "kv"] as const;

/** One of the places. */
export type Place = typeof PLACES[number];

/** Opens the store of a place in a directory. */
export function openStore(place: Place, directory: string): Store {
  if (place === "disk") return new DiskStore({ root: directory });
  const path = `${directory}/store.db`;
  return place === "sqlite" ? new SqliteBackend({ path }).store : new KvBackend({ path }).store;
}

/** An array that tells its number, in its shape and in every element, and how it is kept. */
export function arrayOf(number: number): { value: unknown; options: ZarrSaveOptions } {
  const shape = number % 3 === 0 ? [1 + number % 40] : [1 + number % 7, 1 + number % 11];
  const data = new Float64Array(shape.reduce((product, length) => product * length, 1)).fill(number);
  const chunks = shape.map((length) => 1 + number % length);
  return { value: ndarray(data, shape), options: { chunks, format: number % 4 === 0 ? 2 : 3, compressor: null } };
}
