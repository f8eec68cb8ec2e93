/**
 * Publishing content in a database: what `write` and `writeMany` come down to, each in one transaction.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { checkWrite } from "../rules.ts";
import type { SqliteVolume } from "./connection.ts";
import { INLINE } from "./content.ts";
import { etagOf, FILE, joined, MAX_JOINED } from "./node.ts";
import type { SqlValue } from "./database.ts";
import type { WriteOptions } from "../store.ts";
import { reachable } from "../walk.ts";

/** What is to be published: bytes, or a version whose chunks are there already. */
export type Draftable = Uint8Array | { readonly version: number; readonly size: number };

/** Where something is to be published. */
export interface Publication {
  /** Where. */
  readonly path: string;
  /** What. */
  readonly content: Draftable;
  /** When it is gone again, in milliseconds since the epoch. */
  readonly expires?: number | undefined;
}

/** How many values a file takes in the statement below. */
const COLUMNS = 7;

/**
 * Sets the content of files beside their names, or makes those files. It fails where something is no file, or has chunks: a text is
 * no size, and the table is strict.
 */
function upsert(parent: string, rows: number): string {
  const row = `(?, ?, ?, ?, ?, ?, ${parent})`;
  return "INSERT INTO entry (id, name, version, size, modified, bytes, parent) " +
    `VALUES ${Array(rows).fill(row).join()} ON CONFLICT (parent, name) DO UPDATE SET ` +
    "version = excluded.version, modified = excluded.modified, bytes = excluded.bytes, expires = NULL, " +
    "size = iif(entry.id & 3 = 0 AND (entry.bytes IS NOT NULL OR entry.size = 0), excluded.size, 'in the way')";
}

/** The statement for one file, by the depth of its path. */
const UPSERT = Array.from(
  { length: MAX_JOINED + 1 },
  (_, depth) => upsert(depth < 2 ? "1" : `(SELECT e.id FROM ${joined(depth - 1)} AND e.id & 3 = 1)`, 1),
);

function isPlain(options: WriteOptions | undefined): boolean {
  return !options?.ifAbsent && options?.ifMatch === undefined;
}

/**
 * Publishes content. What is small and without conditions takes one statement, if its directory is there.
 *
 * @returns The version.
 */
export function save(volume: SqliteVolume, publication: Publication, options?: WriteOptions): number {
  const { path, content, expires } = publication;
  const small = content instanceof Uint8Array && content.length <= INLINE;
  if (small && expires === undefined && isPlain(options) && path !== "") {
    const version = saveQuickly(volume, path, content);
    if (version !== undefined) return version;
  }
  return volume.session.transaction(() => publish(volume, publication, options));
}

/** `undefined` if something is in the way; then nothing has changed. */
function saveQuickly({ session }: SqliteVolume, path: string, bytes: Uint8Array): number | undefined {
  const names = path.split("/");
  if (names.length > MAX_JOINED) return undefined;
  const version = session.number();
  const before = names.slice(0, -1);
  const content = bytes.length === 0 ? null : bytes;
  try {
    session.statement(UPSERT[names.length]!)
      .run(version * 4 + FILE, names[before.length]!, version, bytes.length, Date.now(), content, ...before);
    return version;
  } catch (error) {
    if (isInTheWay(error)) return undefined;
    throw error;
  }
}

/** Whether an error says that a parent is missing or no directory, or that something but a small file is at the path. */
function isInTheWay(error: unknown): boolean {
  return /NOT NULL constraint failed|cannot store TEXT value/.test(String((error as Error | null)?.message));
}

/**
 * Publishes content, inside of a transaction: through links, with the parents that are missing, under conditions.
 *
 * @returns The version.
 */
export function publish(
  { session, tree, content: contents }: SqliteVolume,
  { path, content, expires }: Publication,
  options?: WriteOptions,
): number {
  const place = reachable(tree.locate(path, true, true), path);
  const { node } = place;
  checkWrite(path, node, options?.ifMatch === undefined ? undefined : etagOf(node), options);
  const whole = content instanceof Uint8Array;
  const version = whole ? session.number() : content.version;
  const size = whole ? content.length : content.size;
  const bytes = whole && size > 0 && size <= INLINE ? content : null;
  if (whole && size > INLINE) contents.write(version, content);
  if (!whole) claim(session, path, version);
  if (node === undefined) {
    const name = place.rest[place.rest.length - 1]!;
    session.statement(
      "INSERT INTO entry (id, parent, name, version, size, modified, bytes, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    ).run(version * 4 + FILE, tree.parentIn(place), name, version, size, Date.now(), bytes, expires ?? null);
  } else {
    session.statement("UPDATE entry SET version = ?, size = ?, modified = ?, bytes = ?, expires = ? WHERE id = ?")
      .run(version, size, Date.now(), bytes, expires ?? null, node.id);
    if (node.apart) contents.drop(node.version);
  }
  return version;
}

/** Takes a draft for a file. */
function claim(session: SqliteVolume["session"], path: string, version: number): void {
  const claimed = session.statement("DELETE FROM draft WHERE version = ? RETURNING version").all(version);
  if (claimed.length !== 1) throw sweptAway(path);
}

/** The error for a draft that another process took for abandoned. */
export function sweptAway(path: string): StorageError {
  return new StorageError("busy", "what was written so far has been swept away as abandoned: write it again", {
    path,
    retryable: true,
  });
}

/**
 * Publishes many contents: all or none.
 *
 * @returns The versions, in their order.
 */
export function saveAll(volume: SqliteVolume, publications: readonly Publication[], options?: WriteOptions): number[] {
  if (isPlain(options)) {
    const versions = saveAllQuickly(volume, publications);
    if (versions !== undefined) return versions;
  }
  return volume.session.transaction(() => publications.map((publication) => publish(volume, publication, options)));
}

/** How many files are set by one statement. */
const ROWS = 32;

/**
 * How many bytes are, about: of a statement for several rows the engine notes what pages were before, for the case that it fails
 * halfway.
 */
const ROWS_BYTES = 16 * 1024;

/** Those statements, by the number of files. */
const UPSERT_MANY: (string | undefined)[] = [];

/** Small files in directories that are there are set by the dozen; `undefined` if something is in the way. */
function saveAllQuickly(volume: SqliteVolume, publications: readonly Publication[]): number[] | undefined {
  const { session, tree } = volume;
  const parents = new Map<string, number>();
  const modified = Date.now();
  let values: SqlValue[] = [];
  let held = 0;
  function flush(): void {
    held = 0;
    if (values.length === 0) return;
    const rows = values.length / COLUMNS;
    session.statement(UPSERT_MANY[rows] ??= upsert("?", rows)).run(...values);
    values = [];
  }
  try {
    return session.transaction(() => {
      let next = session.numbers(publications.length);
      const versions = publications.map((publication) => {
        const { path, content } = publication;
        if (path === "" || !(content instanceof Uint8Array) || content.length > INLINE) {
          flush();
          return publish(volume, publication);
        }
        const slash = path.lastIndexOf("/");
        const directory = slash < 0 ? "" : path.slice(0, slash);
        let parent = parents.get(directory);
        if (parent === undefined) {
          parent = tree.directory(directory);
          if (parent === undefined) {
            flush();
            parent = tree.ensureDirectory(directory, path);
          }
          parents.set(directory, parent);
        }
        const { length } = content;
        const bytes = length === 0 ? null : content;
        values.push(next * 4 + FILE, path.slice(slash + 1), next, length, modified, bytes, parent);
        held += length;
        if (values.length === ROWS * COLUMNS || held >= ROWS_BYTES) flush();
        return next++;
      });
      flush();
      return versions;
    });
  } catch (error) {
    if (isInTheWay(error)) return undefined;
    throw error;
  }
}
