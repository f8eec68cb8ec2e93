/** The stores that the experiments with Zarr run on, in this process and in its children. */

import type { Store } from "../../backends/stores/store.ts";
import { DiskStore, type Durability } from "../../backends/stores/disk_store.ts";
import { KvStore } from "../../backends/stores/kv_store.ts";
import { SqliteStore } from "../../backends/stores/sqlite_store.ts";

/** The kinds of stores that last. */
export const PLACES = ["disk", "sqlite", "kv"] as const;

/** A kind of store that lasts. */
export type Place = typeof PLACES[number];

/** A store that is to be closed. */
export type OpenStore = Store & { close(): Promise<void> };

/** Opens a store below a directory. */
export function openStore(place: Place, root: string, durability: Durability = "fast"): OpenStore {
  switch (place) {
    case "disk":
      return new DiskStore({ root: `${root}/disk`, durability });
    case "sqlite":
      return new SqliteStore({ path: `${root}/sqlite.db` });
    case "kv":
      return new KvStore({ path: `${root}/kv.db` });
  }
}
