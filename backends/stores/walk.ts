/**
 * {@linkcode walk}: where a path leads, in a store that keeps its directories as names with nodes behind them. The one rule for
 * symbolic links; the store only says what a name stands for.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { EntryKind } from "./store.ts";

/** What a name in a directory stands for, as far as a walk is concerned. */
export interface WalkNode {
  /** What it is. */
  readonly kind: EntryKind;
  /** Of a link: where it leads, as seen from the directory it is in. */
  readonly target?: string | undefined;
}

/**
 * As far as a path leads.
 *
 * @typeParam D A directory.
 * @typeParam N What a name stands for.
 */
export interface Place<D, N> {
  /** The directories on the way, the root first; links are resolved. */
  readonly trail: D[];
  /** Their names; one less than directories. */
  readonly names: string[];
  /** The names below the last of them: one if `node` is a child of it, none if it is the directory itself. */
  readonly rest: string[];
  /** What is there. */
  readonly node: N | undefined;
}

/** Why a path leads nowhere: through a file, round in circles, above the root. */
export type DeadEnd = "file" | "loop" | "out";

/**
 * A question of a {@linkcode walk}: what does this name stand for in this directory?
 *
 * @typeParam D A directory.
 */
export interface Question<D> {
  /** The directory. */
  readonly directory: D;
  /** The name. */
  readonly name: string;
}

/** As many links as Linux follows before it calls it a loop. */
const MAX_LINKS = 40;

/**
 * Walks along a path. It asks what each name stands for, and whoever drives it answers, at once or after a while.
 *
 * @typeParam D A directory; every node of kind `directory` is one.
 * @typeParam N What a name stands for.
 * @param root The directory of path `""`.
 * @param path A normal path.
 * @param follow Whether a link at the end is followed.
 * @returns Where it leads: also to something missing.
 */
export function* walk<D extends N, N extends WalkNode>(
  root: D,
  path: string,
  follow: boolean,
): Generator<Question<D>, Place<D, N> | DeadEnd, N | undefined> {
  const trail = [root];
  const names: string[] = [];
  let pending = path === "" ? [] : path.split("/");
  let links = 0;
  while (true) {
    const directory = trail[trail.length - 1]!;
    const name = pending[0];
    if (name === undefined) return { trail, names, rest: [], node: directory };
    if (name === ".." || name === ".") {
      if (name === "..") {
        if (names.pop() === undefined) return "out";
        trail.pop();
      }
      pending = pending.slice(1);
      continue;
    }
    const node = yield { directory, name };
    const last = pending.length === 1;
    if (node?.kind === "symlink" && (follow || !last)) {
      if (++links > MAX_LINKS) return "loop";
      pending = [...node.target!.split("/"), ...pending.slice(1)];
      continue;
    }
    if (last || node === undefined) return { trail, names, rest: pending, node };
    if (node.kind !== "directory") return "file";
    trail.push(node as D);
    names.push(name);
    pending = pending.slice(1);
  }
}

/** Drives a walk whose questions can be answered at once. */
export function walkSync<D, N>(
  steps: Generator<Question<D>, Place<D, N> | DeadEnd, N | undefined>,
  look: (directory: D, name: string) => N | undefined,
): Place<D, N> | DeadEnd {
  let step = steps.next();
  while (!step.done) step = steps.next(look(step.value.directory, step.value.name));
  return step.value;
}

/** Drives a walk whose questions take a while. */
export async function walkAsync<D, N>(
  steps: Generator<Question<D>, Place<D, N> | DeadEnd, N | undefined>,
  look: (directory: D, name: string) => Promise<N | undefined>,
): Promise<Place<D, N> | DeadEnd> {
  let step = steps.next();
  while (!step.done) step = steps.next(await look(step.value.directory, step.value.name));
  return step.value;
}

/** Where something is or could be created by its parent; `undefined` where nothing can be: below a file or something missing. */
export function existing<D, N>(end: Place<D, N> | DeadEnd): Place<D, N> | undefined {
  return typeof end === "string" || end.rest.length > 1 ? undefined : end;
}

/**
 * Where something is or can be created, with its parents.
 *
 * @throws {StorageError} `not-a-directory`, `too-many-links`, `invalid-path` if it never can.
 */
export function reachable<D, N>(end: Place<D, N> | DeadEnd, path: string): Place<D, N> {
  if (end === "file") throw new StorageError("not-a-directory", "a parent of it is a file", { path });
  if (end === "loop") throw new StorageError("too-many-links", "its symbolic links lead in a circle", { path });
  if (end === "out") throw new StorageError("invalid-path", "a symbolic link leads above the root", { path });
  return end;
}

/** The path of the directory in which the end of a place is, with links resolved. */
export function directoryOf({ names, rest }: Pick<Place<unknown, unknown>, "names" | "rest">): string {
  return [...names, ...rest.slice(0, -1)].join("/");
}

/** The path from the root that a link at a place leads to, lexically; the text of the link if that is above the root. */
export function aim({ names }: Pick<Place<unknown, unknown>, "names">, target: string): string {
  const path = [...names];
  for (const name of target.split("/")) {
    if (name === "..") {
      if (path.pop() === undefined) return target;
    } else if (name !== ".") path.push(name);
  }
  return path.join("/");
}
