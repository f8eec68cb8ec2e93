/**
 * {@linkcode ErrorCode}: why an operation failed.
 *
 * @module
 */

/**
 * Why an operation failed. Programs act on the code; people read the message.
 *
 * - `not-found`: nothing is at the path.
 * - `already-exists`: something is at the path, and the call asked not to replace it.
 * - `is-a-directory`: a directory is where a file is meant.
 * - `not-a-directory`: a file is where a directory, or the parent of something, is meant.
 * - `not-empty`: the directory still holds something.
 * - `precondition-failed`: the content is not the one `ifMatch` names; load again and retry.
 * - `invalid-path`: the path breaks the rules for paths, or leads outside the root.
 * - `name-too-long`: the path or one of its names is longer than the store can keep.
 * - `too-many-links`: symbolic links lead in a circle.
 * - `invalid-argument`: the arguments contradict each other (unequal lengths, a move into itself).
 * - `invalid-value`: the format cannot keep this value exactly.
 * - `unknown-format`: no format is known for the suffix of the path.
 * - `unknown-backend`: no backend has this name.
 * - `unsupported`: this backend does not offer the operation.
 * - `permission-denied`: the runtime or the system refuses access.
 * - `read-only`: the place cannot be written.
 * - `no-space`: the disk or a quota is full.
 * - `corrupt`: the stored bytes are not what their format says.
 * - `busy`: others kept changing the same thing for too long.
 * - `unavailable`: the place cannot be reached now; a later try may succeed.
 * - `closed`: the backend was closed.
 * - `io`: any other failure of the system; see `cause`.
 */
export type ErrorCode =
  | "not-found"
  | "already-exists"
  | "is-a-directory"
  | "not-a-directory"
  | "not-empty"
  | "precondition-failed"
  | "invalid-path"
  | "name-too-long"
  | "too-many-links"
  | "invalid-argument"
  | "invalid-value"
  | "unknown-format"
  | "unknown-backend"
  | "unsupported"
  | "permission-denied"
  | "read-only"
  | "no-space"
  | "corrupt"
  | "busy"
  | "unavailable"
  | "closed"
  | "io";

const CODES: Readonly<Record<ErrorCode, true>> = {
  "not-found": true,
  "already-exists": true,
  "is-a-directory": true,
  "not-a-directory": true,
  "not-empty": true,
  "precondition-failed": true,
  "invalid-path": true,
  "name-too-long": true,
  "too-many-links": true,
  "invalid-argument": true,
  "invalid-value": true,
  "unknown-format": true,
  "unknown-backend": true,
  "unsupported": true,
  "permission-denied": true,
  "read-only": true,
  "no-space": true,
  "corrupt": true,
  "busy": true,
  "unavailable": true,
  "closed": true,
  "io": true,
};

/**
 * Whether a text, of another program perhaps, is the code of an error.
 *
 * @param text Anything.
 *
 * @example
 * ```ts
 * import { isErrorCode } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * assert(isErrorCode("not-found"));
 * assert(!isErrorCode("toString"));
 * ```
 */
export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === "string" && Object.hasOwn(CODES, text);
}
