/**
 * What a name in a database stands for, and what is asked to find it.
 *
 * @module
 */

import type { EntryKind } from "../store.ts";
import { columnsOf } from "./database.ts";

/** The kinds, by the last two bits of an id. */
export const KINDS: readonly EntryKind[] = ["file", "directory", "symlink"];

/** Those bits. */
export const FILE = 0;
/** A directory. */
export const DIRECTORY = 1;
/** A link. */
export const LINK = 2;

/** What a name stands for. */
export interface SqlNode {
  /** What it is. */
  readonly kind: EntryKind;
  /** Its id; the same as long as it is there, wherever it is moved. */
  readonly id: number;
  /** Of a file: another one after every change. */
  readonly version: number;
  /** Of a file: the size of the content. */
  readonly size: number;
  /** Of a file: when it was written, in milliseconds since the epoch. */
  readonly modified: number;
  /** Of a file: when it is gone by itself, in milliseconds since the epoch; `undefined` for never. */
  readonly expires: number | undefined;
  /** Of a link: where it leads, as seen from the directory it is in. */
  readonly target: string | undefined;
  /** Of a file: whether the content is in chunks. */
  readonly apart: boolean;
}

/** The columns a node is made of. */
export const NODE_COLUMNS = "e.id, e.version, e.size, e.modified, e.expires, e.target, e.bytes IS NULL AS apart";

/** A row of those. */
type NodeRow = readonly [
  id: number,
  version: number | null,
  size: number | null,
  modified: number | null,
  expires: number | null,
  target: string | null,
  apart: number,
];

/** The root. */
export const ROOT: SqlNode = {
  kind: "directory",
  id: DIRECTORY,
  version: 0,
  size: 0,
  modified: 0,
  expires: undefined,
  target: undefined,
  apart: false,
};

/** What a row of {@linkcode NODE_COLUMNS} tells. */
export function nodeOf(row: unknown): SqlNode {
  const [id, version, size, modified, expires, target, apart] = columnsOf(row) as unknown as NodeRow;
  return {
    kind: kindOf(id),
    id,
    version: version ?? 0,
    size: size ?? 0,
    modified: modified ?? 0,
    expires: expires ?? undefined,
    target: target ?? undefined,
    apart: apart === 1 && size !== null && size > 0,
  };
}

/** What an id is the id of. */
export function kindOf(id: number): EntryKind {
  return KINDS[id % 4]!;
}

/** The etag of a file; `undefined` of anything else. */
export function etagOf(node: SqlNode | undefined): string | undefined {
  return node?.kind === "file" ? String(node.version) : undefined;
}

/** Whether the time of a file has come: it counts as nothing. */
export function isOver({ expires }: Pick<SqlNode, "expires">): boolean {
  return expires !== undefined && expires <= Date.now();
}

/** How many names are followed by one statement; longer paths are walked. */
export const MAX_JOINED = 12;

/** The tables and conditions that lead to the entry `e` at the end of a path of `depth` names; they are bound in order. */
export function joined(depth: number): string {
  let from = "entry d1";
  let where = "d1.parent = 1 AND d1.name = ?";
  for (let i = 2; i <= depth; i++) {
    // The order of a cross join is kept: from the root down.
    from += ` CROSS JOIN entry d${i}`;
    where += ` AND d${i}.parent = d${i - 1}.id AND d${i}.name = ?`;
  }
  return `${from} WHERE ${where}`.replaceAll(`d${depth}`, "e");
}
