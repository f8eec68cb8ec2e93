/**
 * {@linkcode backendAsStore}: a backend as a store, so that promises about stores can be tried on it.
 *
 * @module
 */

import type { StorageBackend } from "../../backends/backend.ts";
import { isStorageError } from "../../backends/errors.ts";
import type { Listable, Readable, WriteResult } from "../../backends/stores/store.ts";

/** What of a store a backend can be. */
export interface BackendStore extends Readable, Listable {
  /** Saves bytes as they are. */
  write(path: string, bytes: Uint8Array): Promise<WriteResult>;
  /** Deletes a file if it is there. */
  delete(path: string): Promise<void>;
}

/** Answers `undefined` where a backend says that nothing is there. */
async function orUndefined<T>(pending: Promise<T>): Promise<T | undefined> {
  try {
    return await pending;
  } catch (error) {
    if (isStorageError(error, "not-found", "is-a-directory", "not-a-directory")) return undefined;
    throw error;
  }
}

/** Bytes in a backend, which is used with the format `bytes`. */
export function backendAsStore(backend: StorageBackend): BackendStore {
  return {
    read: async (path) => await orUndefined(backend.load(path, { format: "bytes" })) as Uint8Array | undefined,
    async stat(path) {
      const info = await orUndefined(backend.stat(path));
      const kind = info?.kind === "symlink" ? info.targetKind : info?.kind;
      return kind && { kind, size: info?.size, etag: info?.etag };
    },
    list: (prefix, options) => backend.entries(prefix, { recursive: !options?.shallow }),
    write: async (path, bytes) => ({ etag: String((await backend.save(bytes, path, { format: "bytes" })).etag) }),
    delete: (path) => backend.delete(path, { force: true }),
  };
}
