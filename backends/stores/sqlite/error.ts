/**
 * What the errors of SQLite mean here.
 *
 * @module
 */

import { type ErrorCode, isStorageError, StorageError } from "../../errors.ts";

interface Meaning {
  /** The primary result code of SQLite. */
  readonly result: number;
  /** What the message says where the handle tells no code. */
  readonly message: RegExp;
  readonly code: ErrorCode;
  readonly detail: string;
}

const LOCKED = "others kept the database locked: try again, or wait longer with `busyTimeout`";
const DAMAGED =
  "the database file is damaged: restore it from a backup, or save what `sqlite3 FILE .recover` still finds";

/** @see https://www.sqlite.org/rescode.html */
const MEANINGS: readonly Meaning[] = [
  { result: 5, message: /database is locked/i, code: "busy", detail: LOCKED },
  { result: 6, message: /database table is locked/i, code: "busy", detail: LOCKED },
  { result: 7, message: /out of memory/i, code: "unavailable", detail: "the engine is out of memory" },
  {
    result: 8,
    message: /readonly database/i,
    code: "read-only",
    detail: "the database cannot be written: it is opened read-only, or the file or its directory is",
  },
  { result: 11, message: /malformed/i, code: "corrupt", detail: DAMAGED },
  {
    result: 13,
    message: /database or disk is full/i,
    code: "no-space",
    detail: "the disk is full: free some space, then try again",
  },
  {
    result: 14,
    message: /unable to open database/i,
    code: "permission-denied",
    detail: "the database file cannot be opened: check that its directory exists, and the owner and mode of both",
  },
  {
    result: 18,
    message: /string or blob too big/i,
    code: "name-too-long",
    detail: "the name is longer than the engine can keep",
  },
  {
    result: 26,
    message: /file is not a database/i,
    code: "corrupt",
    detail: "the file is not an SQLite database, or its beginning is damaged",
  },
];

/** What an error of the engine means; `undefined` if it is none that is known. */
function meaningOf(error: unknown): Meaning | undefined {
  if (!(error instanceof Error)) return undefined;
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  const result = typeof errcode === "number" ? errcode : typeof code === "number" ? code : undefined;
  if (result !== undefined) return MEANINGS.find((meaning) => meaning.result === (result & 0xff));
  return MEANINGS.find(({ message }) => message.test(error.message));
}

/** Whether an error says that others hold a lock: the same may succeed a moment later. */
export function isBusy(error: unknown): boolean {
  return !isStorageError(error) && meaningOf(error)?.code === "busy";
}

/**
 * Turns what the engine threw into a {@linkcode StorageError}. What only a mistake in a program throws is returned as it is.
 *
 * @param error What was thrown.
 * @param path The path the operation was about.
 * @returns What to throw.
 */
export function sqliteError(error: unknown, path?: string): unknown {
  if (!(error instanceof Error) || isStorageError(error)) return error;
  const meaning = meaningOf(error);
  if (meaning !== undefined) {
    const retryable = meaning.code === "busy" || meaning.code === "unavailable";
    return new StorageError(meaning.code, meaning.detail, { path, cause: error, retryable });
  }
  if (error.name === "NotCapable") {
    const detail = error.message.charAt(0).toLowerCase() + error.message.slice(1);
    return new StorageError("permission-denied", detail, { path, cause: error });
  }
  const { code } = error as { code?: unknown };
  if (code === "ERR_INVALID_STATE") return closedError(error);
  // Some handles throw nothing but plain errors.
  if (code === "ERR_SQLITE_ERROR" || /sqlite/i.test(error.name) || error.name === "Error") {
    return new StorageError("io", `the engine failed: ${error.message}`, { path, cause: error });
  }
  return error;
}

/** The error for what is done after `close`. */
export function closedError(cause?: unknown): StorageError {
  return new StorageError("closed", "the database is closed", { cause });
}
