/**
 * {@linkcode readEach}: many small files of any store.
 *
 * @module
 */

import { pooled } from "../../backends/concurrency.ts";
import type { Store } from "../../backends/stores/store.ts";

/** How many reads are under way at once, where the store does not read many itself. */
const CONCURRENCY = 8;

/** The content of each file, in order; `undefined` where there is none. */
export async function readEach(
  store: Store,
  paths: readonly string[],
  signal: AbortSignal | undefined,
): Promise<(Uint8Array | undefined)[]> {
  if (paths.length === 0) return [];
  if (store.readMany) return await store.readMany(paths, { signal });
  return await pooled(paths, CONCURRENCY, (path) => store.read(path, { signal }), signal);
}
