/**
 * What the errors of Deno and the system mean here.
 *
 * @module
 */

import { type ErrorCode, isStorageError, StorageError } from "../../errors.ts";

/** By the class Deno throws. */
const BY_NAME: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  NotFound: ["not-found", "not found"],
  AlreadyExists: ["already-exists", "it exists already"],
  IsADirectory: ["is-a-directory", "it is a directory, not a file"],
  NotADirectory: ["not-a-directory", "a parent of it is a file"],
  FilesystemLoop: ["too-many-links", "its symbolic links lead in a circle"],
  PermissionDenied: ["permission-denied", "the system refuses access: check the owner and the mode of the file"],
};

/** By the code of the system, where Deno has no class. */
const BY_CODE: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOTEMPTY: ["not-empty", "the directory is not empty; pass { recursive: true } to delete all of it"],
  ENOSPC: ["no-space", "the disk is full: free some space, then try again"],
  EDQUOT: ["no-space", "the disk quota is used up: free some space, then try again"],
  EFBIG: ["no-space", "the file is larger than this file system or process may write"],
  ENAMETOOLONG: ["name-too-long", "the path, or a name in it, is longer than the file system can keep"],
  EROFS: ["read-only", "the file system is mounted read-only"],
  ELOOP: ["too-many-links", "its symbolic links lead in a circle"],
  EXDEV: ["unsupported", "it would have to move to another file system"],
  EMFILE: ["unavailable", "too many files are open: close some, or raise the limit (ulimit -n)"],
  ENFILE: ["unavailable", "the system has too many files open"],
};

/**
 * Turns what Deno threw into a {@linkcode StorageError}. What is not an error of the system, such as the reason
 * of an aborted signal, is returned as it is.
 *
 * @param error What was thrown.
 * @param path The path the operation was about.
 * @returns What to throw.
 */
export function diskError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || isStorageError(error)) return error;
  const code = (error as { code?: unknown }).code;
  const known = BY_NAME[error.name] ?? (typeof code === "string" ? BY_CODE[code] : undefined);
  if (known) {
    return new StorageError(known[0], known[1], { path, cause: error, retryable: known[0] === "unavailable" });
  }
  if (error.name === "NotCapable") {
    // Deno says which flag is missing: "Requires write access to "x", run again with the --allow-write flag".
    const detail = error.message.charAt(0).toLowerCase() + error.message.slice(1);
    return new StorageError("permission-denied", detail, { path, cause: error });
  }
  if (typeof code === "string" || / \(os error \d+\)/.test(error.message)) {
    return new StorageError("io", error.message, { path, cause: error });
  }
  return error;
}

/** No file can have the name; it is a socket, not a file. */
const NOWHERE: ReadonlySet<string> = new Set(["ENAMETOOLONG", "ENXIO"]);

/**
 * Whether an error says that nothing is there, nor can be: the file or a parent is missing, a parent is a file, links lead in a
 * circle, or no file can have the name.
 *
 * @param error What was thrown.
 * @returns Whether it means absence.
 */
export function isAbsence(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.FilesystemLoop || NOWHERE.has(String((error as { code?: unknown } | null)?.code));
}
