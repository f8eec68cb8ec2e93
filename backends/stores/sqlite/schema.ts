/**
 * What is in a database of ours: its tables, how they came about, and how such a file is told from others.
 *
 * - `entry`: everything that has a name. The last two bits of its id are its kind, so that the index of names tells it too. The
 *   root has the id 1 and is in itself, under no name. The version of a file is its etag; its content is in `bytes` if it is
 *   small, in `chunk` if it is not, and nowhere if it is empty. With a time limit (since schema 2), it is nothing afterwards.
 * - `chunk`: content in rows; the id is the version of the file, 20 bits further up, and the number of the row.
 * - `draft`: versions whose chunks belong to no file (yet, or any more), and when somebody last cared for them.
 * - `counter`: the next number to be given away, for ids and versions. None is used twice.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { scalar, type SqlDatabase } from "./database.ts";

/** Says whose file it is, in its header: "POLY". */
const APPLICATION_ID = 0x504f4c59;

/** What makes a schema of the one before it. The first makes it of nothing. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    parent INTEGER NOT NULL REFERENCES entry (id),
    name TEXT NOT NULL,
    version INTEGER,
    size INTEGER,
    modified INTEGER,
    target TEXT,
    bytes BLOB
  ) STRICT;
  CREATE UNIQUE INDEX child ON entry (parent, name);
  CREATE TABLE chunk (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE draft (version INTEGER PRIMARY KEY, touched INTEGER NOT NULL) STRICT;
  CREATE TABLE counter (next INTEGER NOT NULL) STRICT;
  INSERT INTO counter VALUES (1);
  INSERT INTO entry (id, parent, name) VALUES (1, 1, '');
  `,
  `
  ALTER TABLE entry ADD COLUMN expires INTEGER;
  CREATE INDEX expiring ON entry (parent, name, expires) WHERE expires IS NOT NULL;
  `,
];

/** The schema this version writes. */
export const SCHEMA: number = MIGRATIONS.length;

/**
 * Which schema a database has.
 *
 * @returns Its number; 0 if it is empty.
 * @throws {StorageError} `unsupported` if it is not ours, or newer than this version; it is left as it is.
 */
export function schemaOf(database: SqlDatabase): number {
  const { version, application, objects } = atOneMoment(database, () => ({
    version: Number(scalar(database, "PRAGMA user_version")),
    application: scalar(database, "PRAGMA application_id"),
    objects: scalar(database, "SELECT count(*) FROM sqlite_schema"),
  }));
  if (application === APPLICATION_ID) {
    if (version <= SCHEMA) return version;
    throw new StorageError(
      "unsupported",
      `the database has schema ${version}, which a newer version of this package has written: this one knows ${SCHEMA}; ` +
        "update the package",
    );
  }
  if (version === 0 && objects === 0) return 0;
  throw new StorageError("unsupported", "the database belongs to another program: choose another path");
}

/** Looks several times at what is there at one moment: another process may be making the tables just now. */
function atOneMoment<T>(database: SqlDatabase, look: () => T): T {
  // Unlike a transaction, this may also be within one.
  database.exec("SAVEPOINT polystore_look");
  try {
    return look();
  } finally {
    database.exec("RELEASE polystore_look");
  }
}

/**
 * Brings a database to the schema of this version.
 *
 * @param database The database, inside of a transaction.
 */
export function migrate(database: SqlDatabase): void {
  const before = schemaOf(database);
  if (before === SCHEMA) return;
  for (const migration of MIGRATIONS.slice(before)) database.exec(migration);
  if (before === 0) database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  database.exec(`PRAGMA user_version = ${SCHEMA}`);
}
