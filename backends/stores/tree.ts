/**
 * {@linkcode Tree}: directories, files and links in memory. The memory store keeps bytes in one, the memory
 * backend values.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { relativePath } from "../path.ts";
import type { ListOptions, WriteOptions } from "./store.ts";
import {
  type DirectoryNode,
  type FileNode,
  type LinkNode,
  type TreeEntry,
  type TreeNode,
  walkTree,
} from "./tree_node.ts";

/** As far as a path leads. */
interface Place<T> {
  /** The directories on the way, the root first; links are resolved. */
  readonly trail: DirectoryNode<T>[];
  /** Their names; one less than directories. */
  readonly names: string[];
  /** The names below the last of them: one if `node` is a child of it, none if it is the directory itself. */
  readonly rest: string[];
  /** What is there. */
  readonly node: TreeNode<T> | undefined;
}

/** As many links as Linux follows before it calls it a loop. */
const MAX_LINKS = 40;

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
      const node = directory.children.get(slash < 0 ? path.slice(start) : path.slice(start, slash));
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
    if (path !== "" && parent?.kind === "directory") return parent.children.get(path.slice(slash + 1));
    return this.#locate(path, false)?.node;
  }

  /**
   * Sets the content of a file, through links; parents come into being.
   *
   * @throws {StorageError} `is-a-directory`, `not-a-directory`, `already-exists`, `precondition-failed`, `too-many-links`.
   */
  set(path: string, content: T, options?: Pick<WriteOptions, "ifAbsent" | "ifMatch">): FileNode<T> {
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1);
    const parent = this.find(slash < 0 ? "" : path.slice(0, slash));
    let node = parent?.kind === "directory" ? parent.children.get(name) : undefined;
    // The short way serves where the parent is there, and no link is to be followed.
    const place = parent?.kind === "directory" && node?.kind !== "symlink" && name !== ""
      ? undefined
      : this.#place(path, true);
    if (place) node = place.node;
    if (node?.kind === "directory") throw new StorageError("is-a-directory", "it is a directory, not a file", { path });
    if (options?.ifAbsent && node) throw new StorageError("already-exists", "it exists already", { path });
    if (options?.ifMatch !== undefined) checkVersion(path, node, options.ifMatch);
    const file: FileNode<T> = { kind: "file", content, version: ++this.#version, modified: Date.now() };
    if (place) this.#put(place, file);
    else this.#change(parent as DirectoryNode<T>, name, file);
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
    if (parent?.kind === "directory" && parent.children.get(name)?.kind === "file") {
      if (ifMatch !== undefined) checkVersion(path, parent.children.get(name), ifMatch);
      return this.#change(parent, name, undefined);
    }
    const place = this.#locate(path, false);
    if (ifMatch !== undefined) checkVersion(path, place?.node, ifMatch);
    if (place?.node === undefined) return;
    if (place.node.kind === "directory" && place.node.children.size > 0) {
      throw new StorageError("not-empty", "the directory is not empty; pass { recursive: true } to delete all of it", {
        path,
      });
    }
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
    if (place.node?.kind === "directory") return;
    if (place.node) throw new StorageError("already-exists", "a file is there already", { path });
    this.#put(place, { kind: "directory", children: new Map(), sorted: undefined });
  }

  /**
   * Makes a link.
   *
   * @throws {StorageError} `already-exists`, `not-a-directory`, `too-many-links`.
   */
  link(target: string, path: string): void {
    const place = this.#place(path, false);
    if (place.node) throw new StorageError("already-exists", "it exists already", { path });
    this.#put(place, { kind: "symlink", target: relativePath(directoryOf(place), target) });
  }

  /**
   * Where a link leads, one step.
   *
   * @returns The path it leads to from the root; a text that begins with `..` if it leads out; `undefined` if there is no link.
   */
  readLink(path: string): string | undefined {
    const place = this.#locate(path, false);
    return place?.node?.kind === "symlink" ? aim(place, place.node) : undefined;
  }

  /**
   * Moves a file, a link or a directory.
   *
   * @throws {StorageError} `not-found`, `already-exists`, `not-a-directory`, `invalid-argument`, `too-many-links`.
   */
  move(from: string, to: string, ifAbsent = false): void {
    if (from === "" || to === "") {
      throw new StorageError("invalid-argument", "the root cannot be moved or replaced", { path: "" });
    }
    const source = this.#locate(from, false);
    const node = source?.node;
    if (!source || !node) throw new StorageError("not-found", "not found", { path: from });
    const place = this.#place(to, false);
    if (node === place.node || (node.kind === "directory" && place.trail.includes(node))) {
      throw new StorageError("invalid-argument", `it cannot be moved onto or into itself: ${JSON.stringify(to)}`, {
        path: from,
      });
    }
    if (place.node && (ifAbsent || place.node.kind === "directory")) {
      throw new StorageError("already-exists", "the destination exists already", { path: to });
    }
    if (place.node && node.kind === "directory") {
      throw new StorageError("not-a-directory", "a directory cannot replace a file", { path: to });
    }
    this.#detach(source);
    this.#put(
      place,
      node.kind === "symlink" ? { kind: "symlink", target: relativePath(directoryOf(place), aim(source, node)) } : node,
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

  /** Where a path leads, or `undefined` if a parent is missing, is a file, or the links do not end. */
  #locate(path: string, follow: boolean): Place<T> | undefined {
    const place = this.#walk(path, follow);
    return typeof place === "string" || place.rest.length > 1 ? undefined : place;
  }

  /** Where a path leads, be it missing; throws if it can never be made. */
  #place(path: string, follow: boolean): Place<T> {
    const place = this.#walk(path, follow);
    if (place === "file") throw new StorageError("not-a-directory", "a parent of it is a file", { path });
    if (place === "loop") throw new StorageError("too-many-links", "its symbolic links lead in a circle", { path });
    if (place === "out") throw new StorageError("invalid-path", "a symbolic link leads above the root", { path });
    return place;
  }

  #walk(path: string, follow: boolean): Place<T> | "file" | "loop" | "out" {
    const trail = [this.#root];
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
      const node = directory.children.get(name);
      const last = pending.length === 1;
      if (node?.kind === "symlink" && (follow || !last)) {
        if (++links > MAX_LINKS) return "loop";
        pending = [...node.target.split("/"), ...pending.slice(1)];
        continue;
      }
      if (last || node === undefined) return { trail, names, rest: pending, node };
      if (node.kind !== "directory") return "file";
      trail.push(node);
      names.push(name);
      pending = pending.slice(1);
    }
  }

  /** Puts a node where a path leads, with the directories that are missing on the way. */
  #put({ trail, rest }: Place<T>, node: TreeNode<T>): void {
    let directory = trail[trail.length - 1]!;
    for (const name of rest.slice(0, -1)) {
      const child: DirectoryNode<T> = { kind: "directory", children: new Map(), sorted: undefined };
      this.#change(directory, name, child);
      directory = child;
    }
    this.#change(directory, rest[rest.length - 1]!, node);
  }

  #detach({ trail, names, rest, node }: Place<T>): void {
    if (node === this.#root) {
      throw new StorageError("invalid-argument", "the root cannot be deleted or moved", { path: "" });
    }
    // Without a rest the path has led to a directory of the trail itself.
    if (rest.length === 0) this.#change(trail[trail.length - 2]!, names[names.length - 1]!, undefined);
    else this.#change(trail[trail.length - 1]!, rest[0]!, undefined);
  }

  /** The one place where anything changes. */
  #change(directory: DirectoryNode<T>, name: string, node: TreeNode<T> | undefined): void {
    const before = directory.children.get(name);
    this.#journal?.push(() => this.#change(directory, name, before));
    if (node === undefined) directory.children.delete(name);
    else directory.children.set(name, node);
    if ((before === undefined) !== (node === undefined)) directory.sorted = undefined;
  }
}

function directoryOf<T>({ names, rest }: Place<T>): string {
  return [...names, ...rest.slice(0, -1)].join("/");
}

/** The path from the root that a link leads to, lexically. */
function aim<T>({ names }: Place<T>, { target }: LinkNode): string {
  const path = [...names];
  for (const name of target.split("/")) {
    if (name === "..") {
      if (path.pop() === undefined) return target;
    } else if (name !== ".") path.push(name);
  }
  return path.join("/");
}

function checkVersion<T>(path: string, node: TreeNode<T> | undefined, ifMatch: string): void {
  if (node?.kind === "file" && String(node.version) === ifMatch) return;
  throw new StorageError("precondition-failed", "it has changed since: load it again and retry", { path });
}
