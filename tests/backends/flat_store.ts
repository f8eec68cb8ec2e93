/**
 * A store with nothing but what a backend needs.
 *
 * @module
 */

import { StorageError } from "../../backends/errors.ts";
import { comparePaths, parentPath, sortPaths } from "../../backends/path.ts";
import type { Store } from "../../backends/stores/store.ts";

/** Files in a flat map: no real directories, no links, no accelerators. A directory is there while something is in it. */
export function flatStore(): Store {
  const files = new Map<string, { readonly bytes: Uint8Array; readonly etag: string }>();
  let version = 0;

  function isDirectory(path: string): boolean {
    return path === "" || [...files.keys()].some((other) => other.startsWith(`${path}/`));
  }
  function checkParents(path: string): void {
    for (let parent = parentPath(path); parent !== ""; parent = parentPath(parent)) {
      if (files.has(parent)) throw new StorageError("not-a-directory", "a parent of it is a file", { path });
    }
  }
  function checkMatch(path: string, ifMatch: string | undefined): void {
    if (ifMatch === undefined || files.get(path)?.etag === ifMatch) return;
    throw new StorageError("precondition-failed", "it has changed since", { path });
  }

  return {
    // deno-lint-ignore require-await -- what is thrown must become a rejection
    async read(path, options) {
      options?.signal?.throwIfAborted();
      const bytes = files.get(path)?.bytes;
      if (bytes === undefined || options?.range === undefined) return bytes?.slice();
      const { range } = options;
      const start = "suffix" in range ? Math.max(0, bytes.length - range.suffix) : range.offset;
      return bytes.slice(start, "suffix" in range ? undefined : start + (range.length ?? Infinity));
    },
    // deno-lint-ignore require-await
    async stat(path, options) {
      options?.signal?.throwIfAborted();
      const file = files.get(path);
      if (file !== undefined) return { kind: "file", size: file.bytes.length, etag: file.etag };
      return isDirectory(path) ? { kind: "directory" } : undefined;
    },
    async *list(prefix, options) {
      const start = prefix === "" ? "" : `${prefix}/`;
      const below = sortPaths([...files.keys()].filter((path) => path.startsWith(start)));
      const paths = options?.shallow
        ? sortPaths([...new Set(below.map((path) => start + path.slice(start.length).split("/")[0]))])
        : below;
      const later = paths.filter((path) => options?.after === undefined || comparePaths(path, options.after) > 0);
      for (const path of later.slice(0, options?.limit)) {
        options?.signal?.throwIfAborted();
        await Promise.resolve();
        const file = files.get(path);
        yield file === undefined ? { path, kind: "directory" } : { path, kind: "file", size: file.bytes.length };
      }
      options?.signal?.throwIfAborted();
    },
    // deno-lint-ignore require-await
    async write(path, bytes, options) {
      options?.signal?.throwIfAborted();
      checkParents(path);
      if (isDirectory(path)) throw new StorageError("is-a-directory", "it is a directory", { path });
      if (options?.ifAbsent && files.has(path)) throw new StorageError("already-exists", "it exists already", { path });
      checkMatch(path, options?.ifMatch);
      const etag = String(++version);
      files.set(path, { bytes: bytes.slice(), etag });
      return { etag };
    },
    // deno-lint-ignore require-await
    async delete(path, options) {
      options?.signal?.throwIfAborted();
      checkMatch(path, options?.ifMatch);
      if (isDirectory(path)) throw new StorageError("not-empty", "the directory is not empty", { path });
      files.delete(path);
    },
  };
}
