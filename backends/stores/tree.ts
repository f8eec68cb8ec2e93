/**
 * {@linkcode Tree}: directories, files and links in memory. The memory store keeps bytes in one, the memory
 * backend values.
 *
 * @module
 */

import { relativePath } from "../path.ts";
import {
  checkDirectory,
  checkEtag,
  checkLink,
  checkMove,
  checkSource,
  checkWrite,
  notEmpty,
  notTheRoot,
} from "./rules.ts";
import type { ListOptions, WriteOptions } from "./store.ts";
import {
  child,
  type DirectoryNode,
  type FileNode,
  isOver,
  type TreeEntry,
  type TreeNode,
  walkTree,
} from "./tree_node.ts";
import { aim, directoryOf, existing, type Place, reachable, walk, walkSync } from "./walk.ts";

/** Options of {@linkcode Tree.set}. */
export interface SetOptions extends Pick<WriteOptions, "ifAbsent" | "ifMatch"> {
  /**
   * When the file is gone again, in milliseconds since the epoch.
   *
   * @default {undefined} never
   */
  expires?: number | undefined;
}

type Spot<T> = Place<DirectoryNode<T>, TreeNode<T>>;

/** How many files with a time limit are kept, at least, before those whose time has come are looked for. */
const MIN_EXPIRING = 1000;

/**
 * A tree of directories, files and links. Every method is synchronous, does all of its work or throws a
 * {@linkcode StorageError} and does none, and costs the depth of the path, not the size of the tree.
 *
 * @typeParam T What a file holds.
 */
export class Tree<T> {
  readonly #root: DirectoryNode<T> = { kind: "directory", children: new Map(), sorted: undefined };
  #version = 0;
  #journal: (() => void)[] | undefined;
  readonly #watchers = new Set<() => void>();
  #expiring = 0;
  #maxExpiring = MIN_EXPIRING;

  /**
   * Finds a file or a directory, through links.
   *
   * @returns It, or `undefined` if there is nothing, a broken link, or a file in the middle of the path.
   */
  find(path: string): FileNode<T> | DirectoryNode<T> | undefined {
    if (path === "") return this.#root;
    let directory = this.#root;
    let start = 0;
    while (true) {
      const slash = path.indexOf("/", start);
      const node = child(directory, slash < 0 ? path.slice(start) : path.slice(start, slash));
      if (node === undefined) return undefined;
      if (node.kind === "symlink") return this.#findThroughLinks(path);
      if (slash < 0) return node;
      if (node.kind === "file") return undefined;
      directory = node;
      start = slash + 1;
    }
  }

  #findThroughLinks(path: string): FileNode<T> | DirectoryNode<T> | undefined {
    const node = this.#locate(path, true)?.node;
    return node?.kind === "symlink" ? undefined : node;
  }

  /**
   * Looks at what is at a path; a link there is not followed.
   *
   * @returns It, or `undefined`.
   */
  look(path: string): TreeNode<T> | undefined {
    const slash = path.lastIndexOf("/");
    const parent = this.find(slash < 0 ? "" : path.slice(0, slash));
    if (path !== "" && parent?.kind === "directory") return child(parent, path.slice(slash + 1));
    return this.#locate(path, false)?.node;
  }

  /**
   * Sets the content of a file, through links; parents come into being.
   *
   * @throws {StorageError} `is-a-directory`, `not-a-directory`, `already-exists`, `precondition-failed`, `too-many-links`.
   */
  set(path: string, content: T, options?: SetOptions): FileNode<T> {
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1);
    const parent = this.find(slash < 0 ? "" : path.slice(0, slash));
    let node = parent?.kind === "directory" ? child(parent, name) : undefined;
    // The short way serves where the parent is there, and no link is to be followed.
    const place = parent?.kind === "directory" && node?.kind !== "symlink" && name !== ""
      ? undefined
      : this.#place(path, true);
    if (place) node = place.node;
    checkWrite(path, node, options?.ifMatch === undefined ? undefined : etagOf(node), options);
    const expires = options?.expires;
    const file: FileNode<T> = { kind: "file", content, version: ++this.#version, modified: Date.now(), expires };
    if (place) this.#put(place, file);
    else this.#change(parent as DirectoryNode<T>, name, file);
    if (expires !== undefined && ++this.#expiring > this.#maxExpiring) this.#sweep();
    return file;
  }

  /**
   * Removes a file, a link or an empty directory, if it is there.
   *
   * @throws {StorageError} `not-empty`, `precondition-failed`, `invalid-argument` for the root.
   */
  remove(path: string, ifMatch?: string): void {
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1);
    const parent = this.find(slash < 0 ? "" : path.slice(0, slash));
    if (parent?.kind === "directory" && child(parent, name)?.kind === "file") {
      if (ifMatch !== undefined) checkEtag(path, etagOf(child(parent, name)), ifMatch);
      return this.#change(parent, name, undefined);
    }
    const place = this.#locate(path, false);
    if (ifMatch !== undefined) checkEtag(path, etagOf(place?.node), ifMatch);
    if (place?.node === undefined) return;
    if (place.node.kind === "directory" && !isEmpty(place.node)) throw notEmpty(path);
    this.#detach(place);
  }

  /** Removes whatever is at a path, if anything is; the root is emptied. */
  removeTree(path: string): void {
    const place = this.#locate(path, false);
    if (place?.node === undefined) return;
    if (place.node !== this.#root) return this.#detach(place);
    for (const name of [...this.#root.children.keys()]) this.#change(this.#root, name, undefined);
  }

  /** Removes all files and links; the directories stay. */
  clearFiles(directory: DirectoryNode<T> = this.#root): void {
    for (const [name, node] of [...directory.children]) {
      if (node.kind === "directory") this.clearFiles(node);
      else this.#change(directory, name, undefined);
    }
  }

  /**
   * Makes a directory and its parents.
   *
   * @throws {StorageError} `already-exists` if a file is there, `not-a-directory`, `too-many-links`.
   */
  makeDirectory(path: string): void {
    const place = this.#place(path, true);
    if (!checkDirectory(path, place.node)) return;
    this.#put(place, { kind: "directory", children: new Map(), sorted: undefined });
  }

  /**
   * Makes a link.
   *
   * @throws {StorageError} `already-exists`, `not-a-directory`, `too-many-links`.
   */
  link(target: string, path: string): void {
    const place = this.#place(path, false);
    checkLink(path, place.node);
    this.#put(place, { kind: "symlink", target: relativePath(directoryOf(place), target) });
  }

  /**
   * Where a link leads, one step.
   *
   * @returns The path it leads to from the root; a text that begins with `..` if it leads out; `undefined` if there is no link.
   */
  readLink(path: string): string | undefined {
    const place = this.#locate(path, false);
    return place?.node?.kind === "symlink" ? aim(place, place.node.target) : undefined;
  }

  /**
   * Moves a file, a link or a directory.
   *
   * @throws {StorageError} `not-found`, `already-exists`, `not-a-directory`, `invalid-argument`, `too-many-links`.
   */
  move(from: string, to: string, ifAbsent = false): void {
    const source = this.#locate(from, false);
    const node = checkSource(from, to, source);
    const goal = this.#place(to, false);
    checkMove({ from, to, node, goal, ifAbsent }, Object.is);
    this.#detach(source!);
    this.#put(
      goal,
      node.kind === "symlink"
        ? { kind: "symlink", target: relativePath(directoryOf(goal), aim(source!, node.target)) }
        : node,
    );
  }

  /**
   * Runs changes of which all or none happen.
   *
   * @typeParam R What `change` answers.
   * @param change Calls the methods of this tree; if it throws, everything they did is undone.
   * @returns What `change` returned.
   */
  atomically<R>(change: () => R): R {
    const journal: (() => void)[] = [];
    this.#journal = journal;
    try {
      return change();
    } catch (error) {
      this.#journal = undefined;
      for (const undo of journal.reverse()) undo();
      throw error;
    } finally {
      this.#journal = undefined;
    }
  }

  /** Yields what is under a directory, in path order; see `Listable.list` for the rules. */
  *entries(prefix: string, options: Pick<ListOptions, "shallow" | "after" | "limit"> = {}): Generator<TreeEntry<T>> {
    const directory = this.find(prefix);
    const { shallow = false, after, limit = Infinity } = options;
    let left = limit;
    if (directory?.kind !== "directory" || left <= 0) return;
    for (const entry of walkTree(directory, prefix, shallow, after)) {
      yield entry;
      if (--left <= 0) return;
    }
  }

  /** Calls back after every change of the tree. Answers what stops it. */
  subscribe(wake: () => void): () => void {
    this.#watchers.add(wake);
    return () => void this.#watchers.delete(wake);
  }

  #locate(path: string, follow: boolean): Spot<T> | undefined {
    return existing(walkSync(walk<DirectoryNode<T>, TreeNode<T>>(this.#root, path, follow), child));
  }

  #place(path: string, follow: boolean): Spot<T> {
    return reachable(walkSync(walk<DirectoryNode<T>, TreeNode<T>>(this.#root, path, follow), child), path);
  }

  /** Puts a node where a path leads, with the directories that are missing on the way. */
  #put({ trail, rest }: Spot<T>, node: TreeNode<T>): void {
    let directory = trail[trail.length - 1]!;
    for (const name of rest.slice(0, -1)) {
      const child: DirectoryNode<T> = { kind: "directory", children: new Map(), sorted: undefined };
      this.#change(directory, name, child);
      directory = child;
    }
    this.#change(directory, rest[rest.length - 1]!, node);
  }

  #detach({ trail, names, rest, node }: Spot<T>): void {
    if (node === this.#root) throw notTheRoot();
    // Without a rest the path has led to a directory of the trail itself.
    if (rest.length === 0) this.#change(trail[trail.length - 2]!, names[names.length - 1]!, undefined);
    else this.#change(trail[trail.length - 1]!, rest[0]!, undefined);
  }

  /** Lets go of the files whose time has come. */
  #sweep(): void {
    const sweep = (directory: DirectoryNode<T>): number => {
      let left = 0;
      for (const [name, node] of directory.children) {
        if (node.kind === "directory") left += sweep(node);
        else if (isOver(node)) this.#change(directory, name, undefined);
        else if (node.kind === "file" && node.expires !== undefined) left++;
      }
      return left;
    };
    this.#expiring = sweep(this.#root);
    this.#maxExpiring = Math.max(MIN_EXPIRING, 2 * this.#expiring);
  }

  /** The one place where anything changes. */
  #change(directory: DirectoryNode<T>, name: string, node: TreeNode<T> | undefined): void {
    const before = directory.children.get(name);
    this.#journal?.push(() => this.#change(directory, name, before));
    if (node === undefined) directory.children.delete(name);
    else directory.children.set(name, node);
    if ((before === undefined) !== (node === undefined)) directory.sorted = undefined;
    for (const wake of this.#watchers) wake();
  }
}

function etagOf<T>(node: TreeNode<T> | undefined): string | undefined {
  return node?.kind === "file" ? String(node.version) : undefined;
}

function isEmpty<T>({ children }: DirectoryNode<T>): boolean {
  return children.values().every(isOver);
}
