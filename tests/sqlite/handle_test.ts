/**
 * Open handles in place of a file: what they must be like, and what they may differ in.
 */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { SqliteBackend } from "../../backends/sqlite.ts";
import { type SqlDatabase, SqliteStore, type SqlStatement, type SqlValue } from "../../backends/stores/sqlite_store.ts";
import { type OpenedStore, testStore } from "../conformance/mod.ts";
import { refuses, withBox } from "../disk/setup.ts";

/** What `Statement` of `@db/sqlite` 0.13 publishes: the members that are used here, with its own types. */
declare class PublishedStatement {
  run(...params: PublishedParameters): number;
  get<T extends object>(...params: PublishedParameters): T | undefined;
  all<T extends object = Record<string, unknown>>(...params: PublishedParameters): T[];
  values<T extends unknown[] = unknown[]>(...params: PublishedParameters): T[];
  iter(...params: PublishedParameters): IterableIterator<unknown>;
  finalize(): void;
}

/** What it takes: anything that SQLite can bind, alone or by name. */
type PublishedValue = number | string | bigint | boolean | null | undefined | Date | Uint8Array;
type PublishedParameters = (PublishedValue | PublishedValue[] | Record<string, PublishedValue>)[];

/** What `Database` of `@db/sqlite` 0.13 publishes. */
declare class PublishedDatabase {
  exec(sql: string, ...params: PublishedParameters): number;
  prepare(sql: string): PublishedStatement;
  close(): void;
}

/** A type that must be a `T`: this file does not compile otherwise. */
type Fits<T, U extends T> = U;

/** Both engines fit the one interface. */
export type Engines = [
  Fits<SqlDatabase, DatabaseSync>,
  Fits<SqlDatabase, PublishedDatabase>,
  Fits<SqlStatement, PublishedStatement>,
];

/** How a handle differs from `node:sqlite`. */
interface Ways {
  /** Whether integers are cut to 32 bits, as `@db/sqlite` does without `int64`. */
  readonly narrow: boolean;
}

/** A handle with the ways of `@db/sqlite`: its errors have no codes, `exec` tells changes, `run` a number, rows are plain objects. */
function like(database: DatabaseSync, { narrow }: Ways): SqlDatabase {
  const cut = (value: unknown): unknown => narrow && typeof value === "number" ? value | 0 : value;
  const plain = (row: unknown): object =>
    Object.fromEntries(Object.entries(row as object).map(([key, value]) => [key, cut(value)]));
  function bare<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw new Error((error as Error).message);
    }
  }
  return {
    exec: (sql) => bare(() => (database.exec(sql), 0)),
    prepare(sql): SqlStatement {
      const statement = bare(() => database.prepare(sql));
      const bound = (values: SqlValue[]): SqlValue[] => {
        for (const value of values) {
          assert(value !== undefined && typeof value !== "boolean", "only what every engine binds alike");
          if (ArrayBuffer.isView(value)) assert(value instanceof Uint8Array);
        }
        return values.map((value) => cut(value) as SqlValue);
      };
      return {
        run: (...values) => bare(() => (statement.run(...bound(values)), 1)),
        get: (...values) => {
          const row = bare(() => statement.get(...bound(values)));
          return row && plain(row);
        },
        all: (...values) => bare(() => statement.all(...bound(values))).map(plain),
      };
    },
    close: () => database.isOpen && database.close(),
  };
}

function openLike(): OpenedStore {
  const database = new DatabaseSync(":memory:");
  return {
    store: new SqliteStore({ database: like(database, { narrow: false }) }),
    dispose: () => Promise.resolve(database.close()),
  };
}

await testStore("sqlite, a handle with the ways of @db/sqlite", openLike, { numRuns: 20 });

Deno.test("sqlite: a handle that cuts integers to 32 bits is refused, and the message says how to open it", async () => {
  using database = new DatabaseSync(":memory:");
  const backend = new SqliteBackend({ database: like(database, { narrow: true }) });
  await refuses(() => backend.save("text", "note.txt"), "unsupported", /int64: true/);
  await refuses(() => backend.load("note.txt"), "unsupported", /int64: true/);
});

Deno.test("sqlite: errors of a handle without codes are told by what they say", () =>
  withBox(async ({ root }) => {
    using reader = new DatabaseSync(`${root}/a.db`);
    using holder = new DatabaseSync(`${root}/a.db`);
    const backend = new SqliteBackend({ database: like(reader, { narrow: false }), busyTimeout: 50 });
    await backend.save("text", "note.txt");
    holder.exec("BEGIN IMMEDIATE");
    await refuses(() => backend.save("new", "note.txt"), "busy", /locked/);
    holder.exec("ROLLBACK");
    await backend.save("new", "note.txt");
    // VACUUM is what such a handle has for a backup, and Deno lets it through only where everything is allowed.
    await refuses(() => backend.backup(`${root}/b.db`), "unsupported", /node:sqlite/);
    assert.deepEqual([...Deno.readDirSync(root)].filter(({ name }) => name.startsWith("b")), []);
  }));

Deno.test("sqlite: a handle with tables of another program is refused", async () => {
  using database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE theirs (a)");
  const backend = new SqliteBackend({ database });
  await refuses(() => backend.save("text", "note.txt"), "unsupported", /another program/);
  assert.deepEqual(database.prepare("SELECT name FROM sqlite_schema").all().length, 1);
});
