/**
 * {@linkcode SqliteContent}: the bytes of files: beside their names where they are small, else in chunks, so that a range costs
 * the range.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { baseName, parentPath } from "../../path.ts";
import { type Extent, extentOf } from "../range.ts";
import { columnsOf } from "./database.ts";
import { joined, MAX_JOINED, type SqlNode } from "./node.ts";
import type { SqliteSession } from "./session.ts";
import type { SqliteTree } from "./tree.ts";
import type { ByteRange } from "../store.ts";

/** How much is in one row of large content, in bytes: a range of it costs no more than two rows too much. */
export const CHUNK: number = 256 * 1024;

/** Up to which size content is in one row, in bytes: what is read as a whole is read fastest in one piece. */
const ONE_ROW = 1024 * 1024;

/** Up to which size content lies beside the name, in bytes: it is read and replaced as fast as can be, and moving it copies it. */
export const INLINE: number = 64 * 1024;

/** How often content is looked for again that was replaced between two looks. */
const TRIES = 100;

/** Content that has a time limit, or whose length is not what it should be, is not answered: the second look tells more. */
const READ = Array.from(
  { length: MAX_JOINED + 1 },
  (_, depth) => `SELECT e.bytes FROM ${joined(depth)} AND length(e.bytes) = e.size AND e.expires IS NULL`,
);
const READ_MANY = "SELECT j.key AS at, e.bytes FROM json_each(?) j CROSS JOIN entry e " +
  "ON e.parent = ? AND e.name = j.value WHERE length(e.bytes) = e.size AND e.expires IS NULL";
const PART = "SELECT substr(bytes, ?, ?) AS bytes FROM chunk WHERE id = (? << 20) + ? AND length(bytes) = ?";
const RANGE = "SELECT bytes FROM chunk WHERE id BETWEEN (? << 20) + ? AND (? << 20) + ? ORDER BY id";

/** How much is in each row of content of this size. */
function chunkOf(size: number): number {
  return size <= ONE_ROW ? ONE_ROW : CHUNK;
}

interface BytesRow {
  readonly bytes: Uint8Array;
}

/** The contents of a database. Methods that change something are called inside of a transaction. */
export class SqliteContent {
  readonly #session: SqliteSession;
  /** How many streams read a version at this moment. */
  readonly #pins = new Map<number, number>();

  /** The contents of an open database. */
  constructor(session: SqliteSession) {
    this.#session = session;
  }

  /** The content at a path, or a range of it; `undefined` if there is no file. */
  read(tree: SqliteTree, path: string, range?: ByteRange): Uint8Array | undefined {
    if (range === undefined) {
      const bytes = this.#quickly(path);
      if (bytes !== undefined) return bytes;
    }
    let node = tree.find(path);
    for (let tries = 0; tries < TRIES; tries++) {
      if (node?.kind !== "file") return undefined;
      const bytes = this.bytes(node, extentOf(node.size, range));
      if (bytes !== undefined) return bytes;
      const { version } = node;
      node = tree.find(path);
      if (node?.version === version) {
        throw new StorageError("corrupt", "a part of its content is missing in the database", { path });
      }
    }
    throw new StorageError("busy", "others kept changing it: try again", { path, retryable: true });
  }

  /** Content that lies beside its name, at the end of a path without links. */
  #quickly(path: string): Uint8Array | undefined {
    let row: unknown;
    const slash = path.indexOf("/");
    if (slash > 0 && path.indexOf("/", slash + 1) < 0) {
      // Splitting and spreading would take a tenth as long as the look itself.
      row = this.#session.rows(READ[2]!).get(path.slice(0, slash), path.slice(slash + 1));
    } else {
      const names = path.split("/");
      if (names.length <= MAX_JOINED) row = this.#session.rows(READ[names.length]!).get(...names);
    }
    return row === undefined ? undefined : columnsOf(row)[0] as Uint8Array;
  }

  /** The contents at many paths, as `read` answers them. */
  readMany(tree: SqliteTree, paths: readonly string[]): (Uint8Array | undefined)[] {
    const contents: (Uint8Array | undefined)[] = new Array(paths.length).fill(undefined);
    const byDirectory = Map.groupBy(paths.keys(), (i) => parentPath(paths[i]!));
    for (const [directory, indices] of byDirectory) {
      const id = indices.length > 1 ? tree.directory(directory) : undefined;
      if (id !== undefined) {
        const names = JSON.stringify(indices.map((i) => baseName(paths[i]!)));
        for (const row of this.#session.rows(READ_MANY).all(names, id)) {
          const [at, bytes] = columnsOf(row) as [number, Uint8Array];
          contents[indices[at]!] = bytes;
        }
      }
      for (const i of indices) contents[i] ??= this.read(tree, paths[i]!);
    }
    return contents;
  }

  /** A part of the content of a file; `undefined` if it is not there, whole, any more. */
  bytes(node: SqlNode, { start, end }: Extent): Uint8Array | undefined {
    if (start >= end) return new Uint8Array();
    if (node.apart) return this.#chunks(node, start, end);
    const row = this.#session.statement("SELECT bytes FROM entry WHERE id = ? AND version = ?")
      .get(node.id, node.version) as BytesRow | undefined;
    if (row?.bytes?.length !== node.size) return undefined;
    return end - start === node.size ? row.bytes : row.bytes.slice(start, end);
  }

  #chunks({ version, size }: SqlNode, start: number, end: number): Uint8Array | undefined {
    const step = chunkOf(size);
    const first = Math.floor(start / step);
    const last = Math.floor((end - 1) / step);
    const lengthOf = (number: number): number => Math.min(step, size - number * step);
    if (first === last) {
      const from = start - first * step;
      const row = this.#session.statement(PART).get(from + 1, end - start, version, first, lengthOf(first));
      return (row as BytesRow | undefined)?.bytes;
    }
    const rows = this.#session.statement(RANGE).all(version, first, version, last) as BytesRow[];
    if (rows.length !== last - first + 1) return undefined;
    if (rows.some(({ bytes }, i) => bytes.length !== lengthOf(first + i))) return undefined;
    const bytes = new Uint8Array(end - start);
    for (const [i, row] of rows.entries()) {
      const at = (first + i) * step;
      bytes.set(row.bytes.subarray(Math.max(0, start - at), end - at), Math.max(0, at - start));
    }
    return bytes;
  }

  /** Writes the whole of a content into chunks. */
  write(version: number, bytes: Uint8Array): void {
    this.#write(version, 0, bytes, chunkOf(bytes.length));
  }

  /** Writes a part of a content of more than 1 MiB into chunks, from the chunk `first` on. */
  append(version: number, first: number, bytes: Uint8Array): void {
    this.#write(version, first, bytes, CHUNK);
  }

  #write(version: number, first: number, bytes: Uint8Array, step: number): void {
    const insert = this.#session.statement("INSERT INTO chunk (id, bytes) VALUES ((? << 20) + ?, ?)");
    let number = first;
    for (let at = 0; at < bytes.length; at += step) insert.run(version, number++, bytes.subarray(at, at + step));
  }

  /** Lets go of the chunks of a file that is gone: now, or when the last stream that reads them has ended. */
  drop(version: number): void {
    if (this.#pins.has(version)) this.adopt(version);
    else {this.#session.statement("DELETE FROM chunk WHERE id BETWEEN (? << 20) AND (? << 20) + 1048575").run(
        version,
        version,
      );}
  }

  /** Notes chunks that belong to no file, so that they are removed one day whatever happens. */
  adopt(version: number): void {
    this.#session.statement("INSERT INTO draft (version, touched) VALUES (?, ?)").run(version, Date.now());
  }

  /** Keeps the chunks of a version until it is unpinned as often. */
  pin(version: number): void {
    this.#pins.set(version, (this.#pins.get(version) ?? 0) + 1);
  }

  /** Answers whether nobody needs the version any more. */
  unpin(version: number): boolean {
    const left = (this.#pins.get(version) ?? 1) - 1;
    if (left > 0) this.#pins.set(version, left);
    else this.#pins.delete(version);
    return left <= 0;
  }

  /** Whether somebody here needs the version. */
  isPinned(version: number): boolean {
    return this.#pins.has(version);
  }
}
