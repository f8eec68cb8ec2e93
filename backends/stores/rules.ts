/**
 * What may be done to what is at a place: the same in every store that keeps its own directories.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { WriteOptions } from "./store.ts";
import type { Place, WalkNode } from "./walk.ts";

/**
 * Whether the content of a file may be set here.
 *
 * @param path The path.
 * @param node What is there.
 * @param etag The etag of the content there; looked at only for `ifMatch`.
 * @param options The conditions.
 * @throws {StorageError} `is-a-directory`, `already-exists`, `precondition-failed`.
 */
export function checkWrite(
  path: string,
  node: WalkNode | undefined,
  etag: string | undefined,
  { ifAbsent = false, ifMatch }: Pick<WriteOptions, "ifAbsent" | "ifMatch"> = {},
): void {
  if (node?.kind === "directory") throw new StorageError("is-a-directory", "it is a directory, not a file", { path });
  if (ifAbsent && node) throw new StorageError("already-exists", "it exists already", { path });
  if (ifMatch !== undefined) checkEtag(path, etag, ifMatch);
}

/**
 * Refuses a change whose conditions do not hold.
 *
 * @param path The path.
 * @param etag The etag of the file that is there; `undefined` if there is none.
 * @param options The conditions.
 * @throws {StorageError} `already-exists`, `precondition-failed`.
 *
 * @example
 * ```ts
 * import { checkConditions } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * assert.throws(() => checkConditions("a", "1", { ifAbsent: true }), { code: "already-exists" });
 * assert.throws(() => checkConditions("a", "1", { ifMatch: "2" }), { code: "precondition-failed" });
 * checkConditions("a", undefined, { ifAbsent: true });
 * ```
 */
export function checkConditions(
  path: string,
  etag: string | undefined,
  { ifAbsent = false, ifMatch }: Pick<WriteOptions, "ifAbsent" | "ifMatch">,
): void {
  if (ifAbsent && etag !== undefined) throw new StorageError("already-exists", "it exists already", { path });
  if (ifMatch !== undefined) checkEtag(path, etag, ifMatch);
}

/**
 * Whether the content is the one that `ifMatch` names.
 *
 * @throws {StorageError} `precondition-failed`.
 */
export function checkEtag(path: string, etag: string | undefined, ifMatch: string): void {
  if (etag === ifMatch) return;
  throw new StorageError("precondition-failed", "it has changed since: load it again and retry", { path });
}

/**
 * When content that is written now is gone again.
 *
 * @param expireIn How long it stays, in milliseconds.
 * @returns The time, in milliseconds since the epoch.
 * @throws {StorageError} `invalid-argument`.
 */
export function expiryOf(expireIn: number, path: string): number {
  if (Number.isFinite(expireIn) && expireIn > 0) return Date.now() + expireIn;
  const detail = `expireIn must be a number of milliseconds above 0: received ${expireIn}`;
  throw new StorageError("invalid-argument", detail, { path });
}

/** Whether a directory may be made here; `false` if it is there. Throws `already-exists` for a file. */
export function checkDirectory(path: string, node: WalkNode | undefined): boolean {
  if (node?.kind === "directory") return false;
  if (node) throw new StorageError("already-exists", "a file is there already", { path });
  return true;
}

/**
 * Whether a link may be made here.
 *
 * @throws {StorageError} `already-exists`.
 */
export function checkLink(path: string, node: WalkNode | undefined): void {
  if (node) throw new StorageError("already-exists", "it exists already", { path });
}

/** The error for a directory that still holds something. */
export function notEmpty(path: string): StorageError {
  const detail = "the directory is not empty; pass { recursive: true } to delete all of it";
  return new StorageError("not-empty", detail, { path });
}

/** The error for deleting or moving the root. */
export function notTheRoot(): StorageError {
  return new StorageError("invalid-argument", "the root cannot be deleted, moved or replaced", { path: "" });
}

/**
 * What is to be moved.
 *
 * @param from Where from.
 * @param to Where to.
 * @param source What is at `from`, a link not followed.
 * @throws {StorageError} `not-found`, `invalid-argument` for the root.
 */
export function checkSource<D, N>(from: string, to: string, source: Place<D, N> | undefined): N {
  if (from === "" || to === "") throw notTheRoot();
  if (source?.node === undefined) throw new StorageError("not-found", "not found", { path: from });
  return source.node;
}

/** A move of `from` to `to`. */
export interface Move<D, N> {
  /** Where from. */
  readonly from: string;
  /** Where to. */
  readonly to: string;
  /** What is to be moved. */
  readonly node: N;
  /** What is at `to`, a link not followed. */
  readonly goal: Place<D, N>;
  /** Whether anything at `to` is refused. */
  readonly ifAbsent: boolean;
}

/**
 * Whether something may be moved there.
 *
 * @param move The move.
 * @param same Whether two nodes, which were looked up apart, are one.
 * @throws {StorageError} `invalid-argument`, `already-exists`, `not-a-directory`.
 */
export function checkMove<D extends WalkNode, N extends WalkNode>(
  { from, to, node, goal, ifAbsent }: Move<D, N>,
  same: (a: D | N, b: D | N) => boolean,
): void {
  const onto = goal.node !== undefined && same(node, goal.node);
  if (onto || (node.kind === "directory" && goal.trail.some((directory) => same(node, directory)))) {
    throw new StorageError("invalid-argument", `it cannot be moved onto or into itself: ${JSON.stringify(to)}`, {
      path: from,
    });
  }
  if (goal.node && (ifAbsent || goal.node.kind === "directory")) {
    throw new StorageError("already-exists", "the destination exists already", { path: to });
  }
  if (goal.node && node.kind === "directory") {
    throw new StorageError("not-a-directory", "a directory cannot replace a file", { path: to });
  }
}
