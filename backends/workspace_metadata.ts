/**
 * {@linkcode readWorkspace}: where the files of a virtual workspace come from, as its metadata tell.
 *
 * @module
 */

import { isStorageError, StorageError } from "./errors.ts";
import { normalizePath } from "./path.ts";
import { fromMapping, type SourcePixelRef } from "./source_pixel_ref.ts";
import { Tree } from "./stores/tree.ts";

/** The file of a plate in which its metadata are. */
export const METADATA_FILENAME = "polystore_metadata.json";

/** The key of its directories. */
const SUBDIRECTORIES = "subdirectories";
/** The key of the references, in each directory. */
const WORKSPACE_MAPPING = "workspace_mapping";

/**
 * Reads the references out of metadata: those of all directories together.
 *
 * @param metadata The document.
 * @returns The files, by path.
 * @throws {StorageError} `corrupt` if there is no mapping, a reference is none, a path leads out, or is there twice.
 */
export function readWorkspace(metadata: unknown): Tree<SourcePixelRef> {
  const tree = new Tree<SourcePixelRef>();
  const directories = recordOf(metadata, "the metadata")[SUBDIRECTORIES] ?? {};
  let mappings = 0;
  for (const [name, directory] of Object.entries(recordOf(directories, SUBDIRECTORIES))) {
    const mapping = recordOf(directory, `${SUBDIRECTORIES}.${name}`)[WORKSPACE_MAPPING];
    if (mapping === undefined) continue;
    mappings++;
    for (const [path, ref] of Object.entries(recordOf(mapping, `${SUBDIRECTORIES}.${name}.${WORKSPACE_MAPPING}`))) {
      place(tree, path, ref);
    }
  }
  if (mappings === 0) throw new StorageError("corrupt", `no ${WORKSPACE_MAPPING} is in the metadata`);
  return tree;
}

function place(tree: Tree<SourcePixelRef>, path: string, ref: unknown): void {
  try {
    tree.set(normalizePath(path), fromMapping(ref), { ifAbsent: true });
  } catch (error) {
    if (!isStorageError(error)) throw error;
    throw new StorageError("corrupt", `${WORKSPACE_MAPPING}: ${JSON.stringify(path)}: ${error.detail}`, {
      cause: error,
    });
  }
}

function recordOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new StorageError("corrupt", `${name} is no object`);
}
