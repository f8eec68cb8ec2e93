/**
 * {@linkcode SqliteTree}: the directories, files and links of a database; what is in the files is none of its business.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { relativePath } from "../../path.ts";
import type { Child } from "../path_order.ts";
import { checkDirectory, checkEtag, checkLink, checkMove, checkSource, notEmpty, notTheRoot } from "../rules.ts";
import {
  DIRECTORY,
  etagOf,
  isOver,
  joined,
  kindOf,
  LINK,
  MAX_JOINED,
  NODE_COLUMNS,
  nodeOf,
  ROOT,
  type SqlNode,
} from "./node.ts";
import type { SqliteSession } from "./session.ts";
import { columnsOf, type SqlValue } from "./database.ts";
import type { EntryKind } from "../store.ts";
import { aim, type DeadEnd, directoryOf, existing, type Place, reachable, walk, walkSync } from "../walk.ts";

/** Where a path leads. */
export type Spot = Place<SqlNode, SqlNode>;

/** A child of a directory, as a listing tells it. */
export interface ListedChild extends Child<number> {
  /** What it is. */
  readonly kind: EntryKind;
  /** Of a file: the size, if it was asked for. */
  readonly size?: number | undefined;
  /** Of a file: when it was written, if it was asked for. */
  readonly modified?: number | undefined;
}

/** Lets go of the content of files whose entries are gone. */
export type Drop = (version: number) => void;

/** Where the statements that look at an entry are kept, by the depth of its path. */
const FIND = Array.from({ length: MAX_JOINED + 1 }, (_, depth) => `SELECT ${NODE_COLUMNS} FROM ${joined(depth)}`);
/** The directories on the way to the last of so many. */
const WAY = Array.from({ length: MAX_JOINED + 1 }, (_, depth) => {
  const ids = Array.from({ length: depth }, (_, i) => `${i + 1 < depth ? `d${i + 1}` : "e"}.id AS id${i}`);
  return `SELECT ${ids.join()} FROM ${joined(depth)}`;
});
const LOOK = `SELECT ${NODE_COLUMNS} FROM entry e WHERE e.parent = ? AND e.name = ?`;
const PAGE = "SELECT name, id FROM entry WHERE parent = ? AND name > ? ORDER BY name LIMIT ?";
const DETAILED = "SELECT name, id, size, modified FROM entry WHERE parent = ? AND name > ? ORDER BY name LIMIT ?";
const OVER = "SELECT name FROM entry INDEXED BY expiring WHERE parent = ? AND name > ? AND name <= ? AND expires <= ?";
const BELOW = "WITH RECURSIVE below (id) AS (SELECT ? UNION ALL " +
  "SELECT entry.id FROM below CROSS JOIN entry ON entry.parent = below.id WHERE entry.name <> '')";

/** The tree of a database. Methods that change it are called inside of a transaction. */
export class SqliteTree {
  readonly #session: SqliteSession;
  readonly #drop: Drop;

  /** The tree of an open database. */
  constructor(session: SqliteSession, drop: Drop) {
    this.#session = session;
    this.#drop = drop;
  }

  /** Finds a file or a directory, through links; `undefined` if there is none. */
  find(path: string): SqlNode | undefined {
    if (path === "") return ROOT;
    const names = path.split("/");
    if (names.length <= MAX_JOINED) {
      const row = this.#session.rows(FIND[names.length]!).get(...names);
      if (row !== undefined) {
        const node = nodeOf(row);
        if (node.kind !== "symlink" && !isOver(node)) return node;
      }
    }
    const node = existing(this.locate(path, true))?.node;
    return node?.kind === "symlink" ? undefined : node;
  }

  /**
   * As far as a path leads.
   *
   * @param path The path.
   * @param follow Whether a link at the end is followed.
   * @param clearing Whether files on the way whose time has come are removed, to make room.
   * @returns Where it leads.
   */
  locate(path: string, follow: boolean, clearing = false): Spot | DeadEnd {
    const look = ({ id }: SqlNode, name: string): SqlNode | undefined => {
      const row = this.#session.rows(LOOK).get(id, name);
      const node = row === undefined ? undefined : nodeOf(row);
      if (node === undefined || !isOver(node)) return node;
      if (clearing) this.discard(node);
      return undefined;
    };
    const names = path.split("/");
    const rest = names.splice(-1);
    const ids = names.length > 1 ? this.#idsOf(names) : undefined;
    if (ids !== undefined) {
      const trail = [ROOT, ...ids.map((id): SqlNode => ({ ...ROOT, id }))];
      const node = look(trail[trail.length - 1]!, rest[0]!);
      if (node?.kind !== "symlink" || !follow) return { trail, names, rest, node };
    }
    return walkSync(walk<SqlNode, SqlNode>(ROOT, path, follow), look);
  }

  /** The ids of directories of which each is in the one before; `undefined` if there is something else on the way, or nothing. */
  #idsOf(names: readonly string[]): readonly number[] | undefined {
    if (names.length > MAX_JOINED) return undefined;
    const row = this.#session.rows(WAY[names.length]!).get(...names);
    if (row === undefined) return undefined;
    const ids = columnsOf(row) as readonly number[];
    // What something is in is a directory.
    return kindOf(ids[ids.length - 1]!) === "directory" ? ids : undefined;
  }

  /** The next children of a directory, in path order. */
  page(directory: number, after: string | undefined, limit: number, details: boolean): ListedChild[] {
    // The root is in itself under no name, which is not listed.
    for (let start = after ?? "";;) {
      const children = this.#session.rows(details ? DETAILED : PAGE).all(directory, start, limit).map(listed);
      const last = children[children.length - 1]?.name;
      if (last === undefined) return [];
      const over = this.#session.statement(OVER).all(directory, start, last, Date.now()) as { name: string }[];
      if (over.length === 0) return children;
      const names = new Set(over.map(({ name }) => name));
      const left = children.filter(({ name }) => !names.has(name));
      if (left.length > 0) return left;
      start = last;
    }
  }

  /** One child of a directory. */
  child(directory: number, name: string): ListedChild | undefined {
    const row = this.#session.rows("SELECT name, id FROM entry WHERE parent = ? AND name = ?").get(directory, name);
    return row === undefined ? undefined : listed(row);
  }

  /** Where a link leads, one step; `undefined` if there is no link. */
  readLink(path: string): string | undefined {
    const place = existing(this.locate(path, false));
    return place?.node?.kind === "symlink" ? aim(place, place.node.target!) : undefined;
  }

  /** Removes a file, a link or an empty directory, if it is there. */
  remove(path: string, ifMatch?: string): void {
    const node = existing(this.locate(path, false, true))?.node;
    if (ifMatch !== undefined) checkEtag(path, etagOf(node), ifMatch);
    if (node === undefined) return;
    if (node.id === ROOT.id) throw notTheRoot();
    if (node.kind === "directory" && !this.#isEmpty(node)) throw notEmpty(path);
    this.discard(node);
  }

  /** Removes whatever is at a path, if anything is; the root is emptied. */
  removeTree(path: string): void {
    const node = existing(this.locate(path, false))?.node;
    if (node !== undefined) this.discard(node);
  }

  /** Makes a directory and its parents. */
  makeDirectory(path: string): void {
    const place = reachable(this.locate(path, true, true), path);
    if (checkDirectory(path, place.node)) this.#makeDirectories(place, place.rest);
  }

  /** The id of the directory at a path, through links; `undefined` if there is none. */
  directory(path: string): number | undefined {
    const id = path === "" ? ROOT.id : this.#idsOf(path.split("/"))?.at(-1);
    if (id !== undefined) return id;
    const node = existing(this.locate(path, true))?.node;
    return node?.kind === "directory" ? node.id : undefined;
  }

  /** The id of the directory at `directory`, made now if it is missing, for something at `path` in it. */
  ensureDirectory(directory: string, path: string): number {
    const place = reachable(this.locate(directory, true, true), path);
    if (place.node === undefined) return this.#makeDirectories(place, place.rest);
    if (place.node.kind === "directory") return place.node.id;
    throw new StorageError("not-a-directory", "a parent of it is a file", { path });
  }

  /** Makes a link. */
  link(target: string, path: string): void {
    const place = reachable(this.locate(path, false, true), path);
    checkLink(path, place.node);
    const parent = this.parentIn(place);
    const text = relativePath(directoryOf(place), target);
    this.#session.statement("INSERT INTO entry (id, parent, name, target) VALUES (?, ?, ?, ?)")
      .run(this.#session.number() * 4 + LINK, parent, place.rest[place.rest.length - 1]!, text);
  }

  /** Moves a file, a link or a directory. */
  move(from: string, to: string, ifAbsent: boolean): void {
    const source = existing(this.locate(from, false));
    const node = checkSource(from, to, source);
    const goal = reachable(this.locate(to, false, true), to);
    checkMove({ from, to, node, goal, ifAbsent }, (a, b) => a.id === b.id);
    if (goal.node !== undefined) this.discard(goal.node);
    const place: SqlValue[] = [this.parentIn(goal), goal.rest[goal.rest.length - 1]!];
    if (node.kind === "symlink") {
      const target = relativePath(directoryOf(goal), aim(source!, node.target!));
      this.#session.statement("UPDATE entry SET parent = ?, name = ?, target = ? WHERE id = ?")
        .run(...place, target, node.id);
    } else this.#session.statement("UPDATE entry SET parent = ?, name = ? WHERE id = ?").run(...place, node.id);
  }

  /** The id of the directory that something at a place is in, made now with its parents if it is missing. */
  parentIn({ trail, rest }: Spot): number {
    const directory = trail[trail.length - 1]!;
    return rest.length === 1 ? directory.id : this.#makeDirectories({ trail }, rest.slice(0, -1));
  }

  #makeDirectories({ trail }: Pick<Spot, "trail">, names: readonly string[]): number {
    let parent = trail[trail.length - 1]!.id;
    for (const name of names) {
      const id = this.#session.number() * 4 + DIRECTORY;
      this.#session.statement("INSERT INTO entry (id, parent, name) VALUES (?, ?, ?)").run(id, parent, name);
      parent = id;
    }
    return parent;
  }

  #isEmpty(directory: SqlNode): boolean {
    return this.page(directory.id, undefined, 1, false).length === 0;
  }

  /** Whether there are files whose time has come. */
  hasOver(): boolean {
    return this.#session.statement("SELECT 1 FROM entry INDEXED BY expiring WHERE expires <= ?").get(Date.now()) !==
      undefined;
  }

  /** Removes some of the files whose time has come, and answers how many. */
  discardOver(limit: number): number {
    const rows = this.#session.rows(
      `SELECT ${NODE_COLUMNS} FROM entry e INDEXED BY expiring WHERE e.expires <= ? LIMIT ?`,
    )
      .all(Date.now(), limit);
    for (const row of rows) this.discard(nodeOf(row));
    return rows.length;
  }

  /** Removes an entry with all that is below it, and their contents. The root itself stays. */
  discard(node: SqlNode): void {
    if (node.kind !== "directory") {
      this.#session.statement("DELETE FROM entry WHERE id = ?").run(node.id);
      if (node.apart) this.#drop(node.version);
      return;
    }
    const apart = this.#session.statement(
      `${BELOW} SELECT e.version FROM below CROSS JOIN entry e ON e.id = below.id WHERE e.bytes IS NULL AND e.size > 0`,
    ).all(node.id) as { version: number }[];
    this.#session.statement(
      `${BELOW} DELETE FROM entry WHERE id IN (SELECT id FROM below) AND name <> ''`,
    ).run(node.id);
    for (const { version } of apart) this.#drop(version);
  }
}

/** Name, id, and perhaps size and time. */
type ListedRow = readonly [name: string, id: number, size?: number | null, modified?: number | null];

function listed(row: unknown): ListedChild {
  const [name, id, size, modified] = columnsOf(row) as unknown as ListedRow;
  const kind = kindOf(id);
  if (kind === "directory") return { name, kind, directory: id };
  return kind === "file" && typeof size === "number"
    ? { name, kind, size, modified: modified ?? undefined }
    : { name, kind };
}
