/**
 * What the errors of Deno KV mean here. It throws nearly everything as a `TypeError`, so the message has to tell.
 *
 * @module
 */

import { type ErrorCode, isStorageError, StorageError } from "../../errors.ts";

const BY_MESSAGE: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [/database is locked|database table is locked|SQLITE_BUSY/i, "busy", "other processes kept the database locked"],
  [/disk is full|no space left/i, "no-space", "the disk is full: free some space, then try again"],
  [/readonly database|read-only/i, "read-only", "the database cannot be written"],
  [/not a database|malformed/i, "corrupt", "the file is damaged, or no Deno KV database"],
  [/unable to open database file/i, "io", "the file of the database cannot be opened: is its directory there?"],
  [
    /status(?: code)? 40[13]|Missing DENO_KV_ACCESS_TOKEN|unauthori[sz]ed/i,
    "permission-denied",
    "the KV Connect server refuses access: set DENO_KV_ACCESS_TOKEN to a token that it takes",
  ],
  [
    /failed to connect|connect error|connection|error sending request|timed out|status(?: code)? (?:429|5\d\d)|HTTP/i,
    "unavailable",
    "the KV Connect server cannot be reached now",
  ],
  [/closed|bad resource/i, "closed", "the database was closed"],
];

const RETRYABLE: ReadonlySet<ErrorCode> = new Set(["busy", "unavailable"]);

/**
 * Turns what Deno KV threw into a {@linkcode StorageError}.
 *
 * @param error What was thrown.
 * @returns What to throw.
 */
export function kvError(error: unknown): unknown {
  if (!(error instanceof Error) || isStorageError(error)) return error;
  if (error instanceof Deno.errors.NotCapable) {
    return new StorageError("permission-denied", error.message, { cause: error });
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new StorageError("permission-denied", "the system refuses access to the file of the database", {
      cause: error,
    });
  }
  const known = BY_MESSAGE.find(([pattern]) => pattern.test(`${error.name} ${error.message}`));
  if (known === undefined) return new StorageError("io", `Deno KV failed: ${error.message}`, { cause: error });
  return new StorageError(known[1], known[2], { cause: error, retryable: RETRYABLE.has(known[1]) });
}

/** Whether another process is writing to the file right now. */
export function isLocked(error: unknown): boolean {
  return error instanceof Error && BY_MESSAGE[0]![0].test(error.message);
}

/** Whether a server takes fewer checks at once than it was given. */
export function isTooManyChecks(error: unknown): boolean {
  return error instanceof StorageError && error.cause instanceof Error && /TooManyChecks/.test(error.cause.message);
}

/** The error for a program that may not use Deno KV. */
export function noKv(): StorageError {
  const detail = 'Deno KV is switched off: run with --unstable-kv, or put "unstable": ["kv"] in deno.json';
  return new StorageError("unsupported", detail);
}

/** The error for what was closed. */
export function closedError(): StorageError {
  return new StorageError("closed", "the store was closed");
}
