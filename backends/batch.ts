/**
 * {@linkcode checkBatch}: what holds of every batch.
 *
 * @module
 */

import { StorageError } from "./errors.ts";
import { parentPath } from "./path.ts";

/**
 * Refuses a batch whose lengths differ, that has a path twice, or a path below another.
 *
 * @param data The values.
 * @param paths The paths.
 * @throws {StorageError} `invalid-argument`, `not-a-directory`.
 *
 * @example
 * ```ts
 * import { checkBatch } from "@polystore/polystore/backend";
 * import assert from "node:assert/strict";
 *
 * checkBatch([1, 2], ["a", "b"]);
 * assert.throws(() => checkBatch([1, 2], ["a"]), { code: "invalid-argument" });
 * assert.throws(() => checkBatch([1, 2], ["a", "a"]), { code: "invalid-argument" });
 * ```
 */
export function checkBatch(data: readonly unknown[], paths: readonly string[]): void {
  if (data.length !== paths.length) {
    throw new StorageError(
      "invalid-argument",
      `a batch needs one path for each value: received ${data.length} values and ${paths.length} paths`,
    );
  }
  const seen = new Set<string>();
  for (const path of paths) {
    if (seen.has(path)) throw new StorageError("invalid-argument", "the path is in the batch twice", { path });
    seen.add(path);
  }
  for (const path of paths) {
    for (let parent = parentPath(path); parent !== "" && parent !== "/"; parent = parentPath(parent)) {
      if (!seen.has(parent)) continue;
      throw new StorageError("not-a-directory", `its parent ${JSON.stringify(parent)} is a file of the same batch`, {
        path,
      });
    }
  }
}
