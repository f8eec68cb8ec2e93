/**
 * Groups: the directories that other implementations look for above an array.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import { baseName, parentPath } from "../path.ts";
import type { AbortOptions, Store } from "../stores/store.ts";
import { lookAtHead, nodeKind } from "./head.ts";
import type { ZarrFormat } from "./metadata.ts";
import { makeGroup } from "./node.ts";

/** Where groups begin. */
export interface Hierarchy {
  /** The store. */
  readonly store: Store;
  /**
   * Whether the root of the store is the root of a hierarchy, where no directory on the path is called `….zarr`. It is not where paths
   * are those of the system.
   */
  readonly rooted: boolean;
}

/** The directories above a path, the nearest first; the root is the last one. */
function* directoriesAbove(path: string): Generator<string> {
  for (let directory = path; directory !== "" && directory !== "/";) yield directory = parentPath(directory);
}

/**
 * Makes groups of the directories above an array: of all from the first one called `….zarr`, or from the root of the store; without
 * such, of those that are new. Groups and arrays that are there stay as they are.
 *
 * @throws {StorageError} `not-a-directory` if one of them is a file or an array.
 */
export async function makeHierarchy({ store, rooted }: Hierarchy, path: string, format: ZarrFormat): Promise<void> {
  const above = [...directoriesAbove(path)];
  const top = above.findLastIndex((directory) => /\.zarr$/i.test(baseName(directory)));
  const within = top >= 0 ? above.slice(0, top + 1) : rooted ? above : undefined;
  const missing: string[] = [];
  for (const directory of above) {
    const kind = await nodeKind(store, directory);
    if (kind === "array") {
      throw new StorageError("not-a-directory", `its parent ${JSON.stringify(directory)} is an array`, { path });
    }
    // Above a group there are groups.
    if (kind !== undefined) break;
    const isMissing = within?.includes(directory) ?? await store.stat(directory) === undefined;
    if (!isMissing) break;
    missing.push(directory);
  }
  for (const directory of missing.reverse()) {
    try {
      await makeGroup(store, directory, format, {});
    } catch (error) {
      // Made by somebody else meanwhile.
      if (!isStorageError(error, "already-exists")) throw error;
    }
  }
}

/** The format of the nearest group above a path, which is that of an array without one of its own. */
export async function formatAbove(store: Store, path: string, options?: AbortOptions): Promise<ZarrFormat> {
  for (const directory of directoriesAbove(path)) {
    const head = await lookAtHead(store, directory, options);
    if (head?.node !== undefined) return head.node.format;
  }
  return 3;
}
