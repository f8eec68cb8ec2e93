/**
 * The engine: what is asked of an open SQLite database, and how one is opened and set up.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";

/** What is bound to a `?`. */
export type SqlValue = string | number | bigint | null | Uint8Array;

/** A prepared statement: as much of it as `node:sqlite`, `@db/sqlite` and their like have in common. */
export interface SqlStatement {
  /** Runs it to its end. What it answers differs between engines and is never looked at. */
  run(...values: SqlValue[]): unknown;
  /** The first row; `undefined` if there is none. */
  get(...values: SqlValue[]): unknown;
  /** All rows. */
  all(...values: SqlValue[]): unknown[];
  /** Gives rows back as arrays from now on, which is faster; not every engine has it. */
  setReturnArrays?(enabled: boolean): void;
}

/**
 * An open database: a `DatabaseSync` of `node:sqlite`, a `Database` of `@db/sqlite` (opened with `{ int64: true }`), or
 * anything alike. Only positional parameters are used, and transactions are made by SQL.
 */
export interface SqlDatabase {
  /** Runs SQL without parameters. */
  exec(sql: string): unknown;
  /** Prepares a statement. */
  prepare(sql: string): SqlStatement;
  /** Closes it. */
  close(): void;
}

/**
 * How safe a write is when it resolves:
 *
 * - `full`: it survives a power failure, and whatever else happens to the process or the system.
 * - `normal`: it survives the end of the process, but a power failure or a crash of the system may undo the last writes. The file
 *   is whole in any case. Small writes are several times faster.
 */
export type SqliteDurability = "full" | "normal";

/** How long the engine itself waits for a lock, in milliseconds: it stops everything else in this process meanwhile. */
const ENGINE_WAIT = 20;

/** After how many pages the log is copied into the file: ten times the default, which makes contents of 64 KiB 3 times faster. */
const CHECKPOINT_PAGES = 10_000;

/** The same where many wait at once, of whom none is to wait long: this takes a few milliseconds instead of twenty. */
const CHECKPOINT_PAGES_OF_GROUPS = 1000;

/** What the log is cut down to after that, in bytes. */
const LOG_SIZE = 64 * 1024 * 1024;

/**
 * Opens a file with `node:sqlite`, which is loaded now.
 *
 * @param path The file, or `:memory:`.
 * @param readOnly Whether to open it without writing.
 * @returns The database.
 */
export async function openDatabase(path: string, readOnly: boolean): Promise<SqlDatabase> {
  const { DatabaseSync } = await import("node:sqlite");
  return new DatabaseSync(path, { readOnly });
}

/** What is in a row, in the order of its columns, whether the engine gives rows as arrays or not. */
export function columnsOf(row: unknown): readonly unknown[] {
  return Array.isArray(row) ? row : Object.values(row as object);
}

/** The first column of the first row. */
export function scalar(database: SqlDatabase, sql: string, ...values: SqlValue[]): unknown {
  const row = database.prepare(sql).get(...values);
  return row === undefined ? undefined : columnsOf(row)[0];
}

/** Settings that change nothing in the file: they come first. */
export function settle(database: SqlDatabase): void {
  database.exec(`PRAGMA busy_timeout = ${ENGINE_WAIT}`);
  database.exec("PRAGMA foreign_keys = ON");
  database.exec("PRAGMA trusted_schema = OFF");
  database.exec("PRAGMA temp_store = MEMORY");
}

/** Settings of a file that is ours, or becomes ours now: the log, and how safe a write is. */
export function settleLog(
  database: SqlDatabase,
  { durability, groupCommit }: { readonly durability: SqliteDurability; readonly groupCommit: boolean },
): void {
  if (scalar(database, "PRAGMA journal_mode") !== "wal") scalar(database, "PRAGMA journal_mode = WAL");
  const pages = groupCommit ? CHECKPOINT_PAGES_OF_GROUPS : CHECKPOINT_PAGES;
  database.exec(`PRAGMA wal_autocheckpoint = ${pages}`);
  database.exec(`PRAGMA journal_size_limit = ${LOG_SIZE}`);
  synchronize(database, durability);
}

/** Changes how safe the next transactions are. What a `full` one makes safe includes everything before it. */
export function synchronize(database: SqlDatabase, durability: SqliteDurability): void {
  database.exec(`PRAGMA synchronous = ${durability.toUpperCase()}`);
}

/** A number that 32 bits cannot hold. */
const WIDE = 2 ** 40 + 1;

/**
 * Makes sure that a handle keeps numbers and bytes as they are.
 *
 * @throws {StorageError} `unsupported`, with what to do.
 */
export function probe(database: SqlDatabase): void {
  const row = database.prepare("SELECT ? AS wide, ? AS bytes").get(WIDE, new Uint8Array([0, 255])) as
    | { wide?: unknown; bytes?: unknown }
    | undefined;
  if (row?.wide !== WIDE) {
    throw new StorageError(
      "unsupported",
      `the database handle does not keep integers of more than 32 bits: open it with { int64: true }`,
    );
  }
  if (!(row.bytes instanceof Uint8Array) || row.bytes.length !== 2 || row.bytes[1] !== 255) {
    throw new StorageError("unsupported", "the database handle does not give blobs back as Uint8Array");
  }
}
