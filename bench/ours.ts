/**
 * Ours as a {@linkcode Place}.
 *
 * @module
 */

import { FileManager, type StorageBackend } from "../mod.ts";
import type { Place } from "./place.ts";

/** A backend behind a file manager, as people use it. */
export function ours(backend: StorageBackend): Place {
  const fm = new FileManager({ it: backend });
  return {
    name: "ours",
    save: (path, bytes) => fm.save(bytes, path, "it"),
    load: (path) => fm.load(path, "it"),
    saveAll: (paths, buffers) => fm.saveBatch(buffers, paths, "it"),
    loadAll: (paths) => fm.loadBatch(paths, "it"),
    close: () => backend.close(),
  };
}
