/**
 * Keeping a database safe: a copy of it, and whether it is as it should be.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { SqlDatabase } from "./database.ts";
import { sqliteError } from "./error.ts";
import type { SqliteSession } from "./session.ts";

/**
 * Copies a database into a new file.
 *
 * @param database The database.
 * @param path The new file; it is removed if the copy fails.
 * @throws {StorageError} `already-exists`, `permission-denied`, `no-space`.
 */
export async function backUp(database: SqlDatabase, path: string): Promise<void> {
  try {
    // Made by us or not at all: the engine would write over what is there.
    Deno.openSync(path, { write: true, createNew: true }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw fileError(error, path);
    throw new StorageError("already-exists", "it exists already: back up to a new file", { path, cause: error });
  }
  try {
    const { backup, DatabaseSync } = await import("node:sqlite");
    if (database instanceof DatabaseSync) await backup(database, path);
    else database.prepare("VACUUM INTO ?").run(path);
  } catch (error) {
    Deno.removeSync(path);
    throw sqliteError(/too many attached/.test(String(error)) ? shutOut(error, path) : error, path);
  }
}

function shutOut(cause: unknown, path: string): StorageError {
  const detail =
    "a handle that is no DatabaseSync of node:sqlite is backed up by VACUUM INTO, which is not allowed here";
  return new StorageError("unsupported", detail, { path, cause });
}

function fileError(error: unknown, path: string): unknown {
  if (error instanceof Deno.errors.NotFound) {
    return new StorageError("not-found", "its directory does not exist", { path, cause: error });
  }
  return sqliteError(error, path);
}

/** Contents whose chunks are not what their file says, and chunks that belong to nothing. */
const MISSING = `
  SELECT e.version AS version, e.size AS size, ifnull(length(e.bytes), 0) AS inside,
    (SELECT ifnull(sum(length(c.bytes)), 0) FROM chunk c WHERE c.id BETWEEN (e.version << 20) AND (e.version << 20) + 1048575)
    AS outside
  FROM entry e WHERE e.id & 3 = 0`;
const ORPHANS = `
  SELECT DISTINCT id >> 20 AS version FROM chunk
  WHERE id >> 20 NOT IN (SELECT version FROM entry WHERE version IS NOT NULL UNION ALL SELECT version FROM draft)`;

/**
 * Looks at every page and every row.
 *
 * @returns What is wrong, one sentence each.
 */
export function problemsOf(session: SqliteSession): string[] {
  const { database } = session;
  const problems = database.prepare("PRAGMA integrity_check").all()
    .map((row) => String(Object.values(row as Record<string, unknown>)[0])).filter((text) => text !== "ok");
  for (const row of database.prepare("PRAGMA foreign_key_check").all()) {
    problems.push(`entry ${(row as { rowid: number }).rowid} is in a directory that does not exist`);
  }
  const files = database.prepare(`SELECT * FROM (${MISSING}) WHERE inside + outside <> size`).all();
  for (const row of files) {
    const { version, size, inside, outside } = row as Record<string, number>;
    problems.push(`content ${version} has ${inside! + outside!} bytes instead of ${size}`);
  }
  for (const row of database.prepare(ORPHANS).all()) {
    problems.push(`chunks of ${(row as { version: number }).version} belong to nothing`);
  }
  return problems;
}
