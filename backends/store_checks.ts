/**
 * What a backend checks and does itself, where its store does not.
 *
 * @module
 */

import { absence } from "./absence.ts";
import type { SaveOptions } from "./data_source.ts";
import { isStorageError, StorageError } from "./errors.ts";
import type { AbortOptions, Stat, Store } from "./stores/store.ts";

/** Why there is no file at a path of a store. */
export function absenceIn(store: Store, path: string, options?: AbortOptions): Promise<StorageError> {
  return absence(path, {
    kind: async (path) => (await store.stat(path, options))?.kind,
    target: (path) => store.readSymlink?.(path, options),
  });
}

/** What is at the end of a link: nothing, if it leads to where the store does not go. */
export async function endOf(store: Store, path: string, options?: AbortOptions): Promise<Stat | undefined> {
  try {
    return await store.stat(path, options);
  } catch (error) {
    if (isStorageError(error, "invalid-path")) return undefined;
    throw error;
  }
}

/** Finds what would stop a batch half-way, where the store has no batches of its own. */
export async function checkPlaces(store: Store, places: readonly string[], options: SaveOptions = {}): Promise<void> {
  const { overwrite = true, signal } = options;
  for (const path of places) {
    const kind = (await store.stat(path, { signal }))?.kind;
    if (kind === "directory") throw new StorageError("is-a-directory", "it is a directory, not a file", { path });
    if (kind === "file" && !overwrite) throw new StorageError("already-exists", "it exists already", { path });
    if (kind === undefined) await checkParents(store, path, { signal });
  }
}

/** What making a directory would check, in a store where directories come and go with what is in them. */
export async function checkDirectory(store: Store, path: string, options?: AbortOptions): Promise<void> {
  options?.signal?.throwIfAborted();
  const kind = (await store.stat(path, options))?.kind;
  if (kind === "file") throw new StorageError("already-exists", "a file is there already", { path });
  if (kind === undefined) await checkParents(store, path, options);
}

/** Deletes whatever is at a path, entry by entry if it must be; the root itself stays. */
export async function deleteTree(store: Store, path: string, options?: AbortOptions): Promise<void> {
  if (store.deleteTree) return await store.deleteTree(path, options);
  if (store.list) {
    const below = await Array.fromAsync(store.list(path, options), (entry) => entry.path);
    for (const entry of below.reverse()) await store.delete?.(entry, options);
  }
  if (path !== "") await store.delete?.(path, options);
}

async function checkParents(store: Store, path: string, options?: AbortOptions): Promise<void> {
  const reason = await absenceIn(store, path, options);
  if (reason.code === "not-a-directory") throw reason;
}
