/**
 * What one would write by hand with `node:sqlite`: one table, a key and a blob, prepared statements.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import type { Place } from "./place.ts";

/** Opens a database as ours does: with a write-ahead log, synced as often. */
export function openRaw(path: string, durability: "full" | "normal"): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${durability};
    PRAGMA wal_autocheckpoint = 10000;
    CREATE TABLE IF NOT EXISTS file (path TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  `);
  return database;
}

/** How a row is set whose key may be there: changed in place, or deleted and inserted again. */
const SET = {
  upsert: "INSERT INTO file (path, bytes) VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET bytes = excluded.bytes",
  replace: "INSERT OR REPLACE INTO file (path, bytes) VALUES (?, ?)",
} as const;

/** Bytes in that table. */
export function rawSqlite(path: string, durability: "full" | "normal", goal: number, way: keyof typeof SET): Place {
  const database = openRaw(path, durability);
  const insert = database.prepare(SET[way]);
  const select = database.prepare("SELECT bytes FROM file WHERE path = ?");
  return {
    name: `raw ${way}, prepared`,
    goal,
    save: (path, bytes) => void insert.run(path, bytes),
    load: (path) => select.get(path)?.bytes,
    saveAll(paths, buffers): void {
      database.exec("BEGIN IMMEDIATE");
      for (const [index, path] of paths.entries()) insert.run(path, buffers[index]!);
      database.exec("COMMIT");
    },
    loadAll: (paths) => paths.map((path) => select.get(path)?.bytes),
    close: () => database.close(),
  };
}
