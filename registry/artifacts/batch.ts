/**
 * The rules for batches, the same wherever artifacts are kept.
 *
 * @module
 */

import { ArtifactError } from "./artifact_error.ts";
import type { BatchOperation } from "./artifact_storage.ts";
import { MAX_BATCH } from "./wire.ts";

/**
 * Checks a batch as a whole.
 *
 * @param operations The operations.
 * @param atomic Whether it is all or nothing.
 * @throws {StorageError} `invalid-argument` if it is too long or names a key twice; `unsupported` for an atomic batch that does anything
 * but creating, or anything but putting without a condition.
 */
export function checkBatch(operations: readonly BatchOperation<unknown>[], atomic: boolean): void {
  if (operations.length > MAX_BATCH) {
    throw new ArtifactError(
      "invalid-argument",
      `a batch has at most ${MAX_BATCH} operations, not ${operations.length}`,
    );
  }
  const keys = new Set<string>();
  for (const { key } of operations) {
    if (keys.has(key)) {
      throw new ArtifactError("invalid-argument", "a batch names each key at most once", {
        path: key,
        context: { key },
      });
    }
    keys.add(key);
  }
  if (!atomic) return;
  const writes = operations.filter(({ op }) => op !== "get");
  const same = writes.every((write) => write.op === "put" && write.ifMatch === undefined) &&
    new Set(writes.map((write) => write.op === "put" && (write.ifAbsent ?? false))).size <= 1;
  if (same) return;
  throw new ArtifactError(
    "unsupported",
    "an atomic batch holds puts that are all ifAbsent or all without a condition",
    { suggestions: ["split the batch", "or leave out atomic"] },
  );
}

/**
 * The error of an operation that was not done because another of an atomic batch failed.
 *
 * @param key The key of the operation.
 * @returns The error.
 */
export function notDone(key: string): ArtifactError {
  return new ArtifactError("precondition-failed", "nothing was written: another operation of the atomic batch failed", {
    path: key,
    context: { key },
  });
}
