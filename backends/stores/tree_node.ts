/**
 * What a tree in memory is made of, and walking it.
 *
 * @module
 */

import { joinPath, sortPaths } from "../path.ts";
import { firstAfter, isAfter, reaches, walkKeys } from "./order.ts";

/** A file: some content, and the version of it. A change makes a new one. */
export interface FileNode<T> {
  /** Tells it from the others. */
  readonly kind: "file";
  /** What it holds. */
  readonly content: T;
  /** Different for every content that was ever set in this tree. */
  readonly version: number;
  /** When it was set, in milliseconds since the epoch. */
  readonly modified: number;
  /** When it is gone again, in milliseconds since the epoch; `undefined` for never. */
  readonly expires: number | undefined;
}

/** A directory. */
export interface DirectoryNode<T> {
  /** Tells it from the others. */
  readonly kind: "directory";
  /** What is in it, by name. */
  readonly children: Map<string, TreeNode<T>>;
  /** The names in path order, until they change. */
  sorted: string[] | undefined;
}

/** A symbolic link. */
export interface LinkNode {
  /** Tells it from the others. */
  readonly kind: "symlink";
  /** Where it leads, as seen from the directory it is in. */
  readonly target: string;
}

/** What a name in a directory stands for. */
export type TreeNode<T> = FileNode<T> | DirectoryNode<T> | LinkNode;

/** Whether the time of a file has come: it counts as nothing. */
export function isOver<T>(node: TreeNode<T>): boolean {
  return node.kind === "file" && node.expires !== undefined && node.expires <= Date.now();
}

/** What a name in a directory stands for. */
export function child<T>(directory: DirectoryNode<T>, name: string): TreeNode<T> | undefined {
  const node = directory.children.get(name);
  return node === undefined || isOver(node) ? undefined : node;
}

/** An entry of {@linkcode Tree.entries}. */
export interface TreeEntry<T> {
  /** Path from the root. */
  readonly path: string;
  /** What is there; links are not followed. */
  readonly node: TreeNode<T>;
}

/** Yields what is in a directory, or everything below it, in path order. */
export function* walkTree<T>(
  directory: DirectoryNode<T>,
  path: string,
  shallow: boolean,
  after: string | undefined,
): Generator<TreeEntry<T>> {
  const names = directory.sorted ??= sortPaths([...directory.children.keys()]);
  const keys = shallow ? names : walkKeys(names, (name) => directory.children.get(name)?.kind === "directory");
  for (let i = shallow ? firstAfter(names, path, after) : 0; i < keys.length; i++) {
    const key = keys[i]!;
    const inside = key.endsWith("/");
    const node = child(directory, inside ? key.slice(0, -1) : key);
    if (node === undefined) continue; // gone since the listing began
    const entryPath = joinPath(path, inside ? key.slice(0, -1) : key);
    if (!inside) {
      if (isAfter(entryPath, after)) yield { path: entryPath, node };
    } else if (node.kind === "directory" && reaches(entryPath, after)) {
      yield* walkTree(node, entryPath, false, after);
    }
  }
}
