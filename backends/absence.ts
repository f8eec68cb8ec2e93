/**
 * {@linkcode absence}: why there is no file at a path.
 *
 * @module
 */

import { StorageError } from "./errors.ts";
import { parentPath } from "./path.ts";

/** What it takes to find out. */
export interface Surroundings {
  /** What is at a path, through links. */
  kind(path: string): "file" | "directory" | undefined | Promise<"file" | "directory" | undefined>;
  /** Where the link at a path leads; not there where there are no links. */
  target?(path: string): string | undefined | Promise<string | undefined>;
}

/**
 * Tells why there is no file at a path: a directory is there, a link that leads nowhere, a parent is a file, or nothing.
 *
 * @param path A normal path.
 * @param surroundings How to look around.
 * @returns The error to throw: `is-a-directory`, `not-a-directory` or `not-found`.
 *
 * @example
 * ```ts
 * import { absence } from "@polystore/polystore/backend";
 * import assert from "node:assert/strict";
 *
 * const error = await absence("a/b", { kind: (path) => path === "a" ? "file" : undefined });
 * assert.equal(error.code, "not-a-directory");
 * ```
 */
export async function absence(path: string, surroundings: Surroundings): Promise<StorageError> {
  if (await surroundings.kind(path) === "directory") {
    return new StorageError("is-a-directory", "it is a directory, not a file", { path });
  }
  const target = await surroundings.target?.(path);
  if (target !== undefined) {
    const detail = `it is a symbolic link, and nothing is at ${JSON.stringify(target)}`;
    return new StorageError("not-found", detail, { path });
  }
  for (let parent = parentPath(path); parent !== "" && parent !== "/"; parent = parentPath(parent)) {
    const kind = await surroundings.kind(parent);
    if (kind === "directory") break;
    if (kind === "file") {
      return new StorageError("not-a-directory", `its parent ${JSON.stringify(parent)} is a file`, { path });
    }
  }
  return new StorageError("not-found", "not found", { path });
}
