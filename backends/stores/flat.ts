/**
 * Places that keep files by their whole path and know no directories: a table, an archive, a bucket. Their directories are there
 * while something is in them.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { comparePaths, isInside, parentPath } from "../path.ts";
import { isAfter } from "./order.ts";
import type { Entry, ListOptions } from "./store.ts";

/** A file of a place without directories. */
export interface FlatFile {
  /** Its path. */
  readonly path: string;
  /** Its size in bytes, where it is known. */
  readonly size?: number | undefined;
  /** When it last changed, where it is known. */
  readonly modified?: Date | undefined;
}

/**
 * The listing of a place without directories: its files, and the directories they are in.
 *
 * @param files The files, in any order; those that are not below the prefix do not matter.
 * @param prefix The directory that is listed, a normal path.
 * @param options As of `list`.
 * @returns The entries, each once, in path order.
 *
 * @example
 * ```ts
 * import { flatEntries } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const files = [{ path: "a/b/c", size: 3 }, { path: "a-b" }, { path: "a/d" }];
 * assert.deepEqual([...flatEntries(files, "a", { shallow: true })].map(({ path }) => path), ["a/b", "a/d"]);
 * assert.deepEqual([...flatEntries(files, "")].map(({ path }) => path), ["a", "a-b", "a/b", "a/b/c", "a/d"]);
 * ```
 */
export function* flatEntries(files: Iterable<FlatFile>, prefix: string, options: ListOptions = {}): Generator<Entry> {
  const { shallow = false, after, limit = Infinity, signal } = options;
  signal?.throwIfAborted();
  const start = prefix === "" ? 0 : prefix.length + 1;
  const found = new Map<string, Entry>();
  for (const { path, size, modified } of files) {
    if (path === prefix || !isInside(path, prefix)) continue;
    for (let end = path.indexOf("/", start); end > 0; end = shallow ? -1 : path.indexOf("/", end + 1)) {
      const directory = path.slice(0, end);
      if (!found.has(directory)) found.set(directory, { path: directory, kind: "directory" });
    }
    if (!shallow || !path.includes("/", start)) found.set(path, { path, kind: "file", size, modified });
  }
  const entries = [...found.values()].filter(({ path }) => isAfter(path, after));
  for (const entry of entries.sort((a, b) => comparePaths(a.path, b.path)).slice(0, limit)) {
    signal?.throwIfAborted();
    yield entry;
  }
}

/**
 * Refuses to put a file at a path of a place without directories where none may be.
 *
 * @param path The path, a normal one.
 * @param kind What is at a path: files are below a directory; the root is one.
 * @throws {StorageError} `is-a-directory`, `not-a-directory` where a parent is a file.
 *
 * @example
 * ```ts
 * import { checkFlat } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const kind = (path: string) => path === "a/b" ? "file" : path === "" || path === "a" ? "directory" : undefined;
 * assert.throws(() => checkFlat("a", kind), { code: "is-a-directory" });
 * assert.throws(() => checkFlat("a/b/c", kind), { code: "not-a-directory" });
 * checkFlat("a/c", kind);
 * ```
 */
export function checkFlat(path: string, kind: (path: string) => "file" | "directory" | undefined): void {
  if (kind(path) === "directory") {
    throw new StorageError("is-a-directory", "it is a directory, not a file", { path });
  }
  for (let parent = parentPath(path); parent !== ""; parent = parentPath(parent)) {
    if (kind(parent) !== "file") continue;
    throw new StorageError("not-a-directory", `its parent ${JSON.stringify(parent)} is a file`, { path });
  }
}
