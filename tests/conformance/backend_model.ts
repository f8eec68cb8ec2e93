/**
 * {@linkcode BackendModel}: what a backend should do, written a second time and as plainly as possible. It predicts;
 * the random operations compare.
 *
 * @module
 */

import type { ErrorCode } from "../../backends/errors.ts";
import { comparePaths, joinPath, parentPath } from "../../backends/path.ts";
import type { Prediction } from "./store_model.ts";

/** Files and directories by their paths; no links. */
export class BackendModel {
  /** What each file holds; `undefined` is a directory. */
  readonly #nodes = new Map<string, string | undefined>();
  readonly #realDirectories: boolean;

  constructor(realDirectories: boolean) {
    this.#realDirectories = realDirectories;
  }

  load(path: string): Prediction {
    if (this.#isDirectory(path)) return { codes: ["is-a-directory"] };
    return this.#absent(path) ?? { value: this.#nodes.get(path) };
  }

  kind(path: string): Prediction {
    return { value: this.#isDirectory(path) ? "directory" : this.#nodes.has(path) ? "file" : "nothing" };
  }

  listFiles(directory: string, recursive: boolean): Prediction {
    if (!this.#isDirectory(directory)) return this.#absent(directory) ?? { codes: ["not-a-directory"] };
    const files = this.#below(directory).filter(([path, text]) =>
      text !== undefined && (recursive || parentPath(path) === directory)
    );
    return { value: files.map(([path]) => path).sort(comparePaths) };
  }

  entries(): Prediction {
    const all = this.#below("").map(([path, text]) => text === undefined ? `${path}/` : path);
    return { value: all.sort((a, b) => comparePaths(a.replace(/\/$/, ""), b.replace(/\/$/, ""))) };
  }

  save(path: string, text: string, overwrite: boolean): Prediction {
    const refused = this.#unwritable(path, overwrite);
    return refused.length > 0 ? { codes: refused } : { value: undefined, change: () => this.#put(path, text) };
  }

  delete(path: string, recursive: boolean, force: boolean): Prediction {
    const absent = this.#absent(path);
    if (absent !== undefined) return force ? { value: undefined } : { codes: ["not-found", ...absent.codes] };
    const below = this.#below(path);
    if (below.length > 0 && !recursive) return { codes: ["not-empty"] };
    return { value: undefined, change: () => this.#remove(path) };
  }

  ensureDirectory(path: string): Prediction {
    if (this.#isBelowFile(path)) return { codes: ["not-a-directory"] };
    if (this.#nodes.get(path) !== undefined) return { codes: ["already-exists"] };
    return { value: undefined, change: () => this.#realDirectories && this.#put(path, undefined) };
  }

  copy(from: string, to: string, overwrite: boolean): Prediction {
    const refused = this.#immovable(from, to);
    if (refused.length > 0) return { codes: refused };
    if (!this.#isDirectory(from)) return this.save(to, this.#nodes.get(from)!, overwrite);
    const there = this.#isDirectory(to);
    if (this.#isBelowFile(to)) return { codes: ["not-a-directory"] };
    if (!overwrite && (there || this.#nodes.has(to))) return { codes: ["already-exists"] };
    if (!there && this.#nodes.has(to)) return { codes: ["not-a-directory"] };
    // What becomes of a tree that is merged into a directory above it, or meets one kind where it has the other, nobody says.
    if (there && isIn(from, to)) return undefined;
    const pairs = this.#below(from).map(([path, text]) => [joinPath(to, path.slice(from.length + 1)), text] as const);
    if (
      pairs.some(([goal, text]) => text === undefined ? this.#nodes.get(goal) !== undefined : this.#isDirectory(goal))
    ) {
      return undefined;
    }
    const change = (): void => {
      if (this.#realDirectories) this.#put(to, undefined);
      for (const [goal, text] of pairs) this.#put(goal, text);
    };
    return { value: undefined, change };
  }

  move(from: string, to: string, overwrite: boolean): Prediction {
    const refused = this.#immovable(from, to);
    if (refused.length > 0) return { codes: refused };
    if (this.#isDirectory(to)) return { codes: ["already-exists"] };
    const copied = this.copy(from, to, overwrite);
    if (copied?.change === undefined) return copied;
    const { change } = copied;
    return {
      value: undefined,
      change: () => {
        change();
        this.#remove(from);
      },
    };
  }

  /** Why `from` cannot be copied or moved to `to`, whatever is there. */
  #immovable(from: string, to: string): ErrorCode[] {
    const absent = this.#absent(from)?.codes ?? [];
    if (!isIn(to, from)) return absent.length > 0 ? ["not-found", ...absent] : [];
    if (absent.length > 0) return ["not-found", "invalid-argument", ...absent];
    // Below a file both are true; and what is inside may be there already.
    return ["invalid-argument", ...this.#isBelowFile(to) ? ["not-a-directory" as const] : []];
  }

  /** Why nothing can be saved to a path. */
  #unwritable(path: string, overwrite: boolean): ErrorCode[] {
    if (this.#isBelowFile(path)) return ["not-a-directory"];
    if (this.#isDirectory(path)) return overwrite ? ["is-a-directory"] : ["is-a-directory", "already-exists"];
    return !overwrite && this.#nodes.has(path) ? ["already-exists"] : [];
  }

  #absent(path: string): { codes: ErrorCode[] } | undefined {
    if (this.#isDirectory(path) || this.#nodes.has(path)) return undefined;
    return { codes: [this.#isBelowFile(path) ? "not-a-directory" : "not-found"] };
  }

  #isDirectory(path: string): boolean {
    return path === "" || (this.#nodes.has(path) && this.#nodes.get(path) === undefined);
  }

  #isBelowFile(path: string): boolean {
    for (let above = parentPath(path); above !== ""; above = parentPath(above)) {
      if (this.#nodes.get(above) !== undefined) return true;
    }
    return false;
  }

  #below(path: string): [string, string | undefined][] {
    return [...this.#nodes].filter(([other]) => path === "" || other.startsWith(`${path}/`));
  }

  #put(path: string, text: string | undefined): void {
    for (let above = parentPath(path); above !== ""; above = parentPath(above)) this.#nodes.set(above, undefined);
    if (path !== "") this.#nodes.set(path, text);
  }

  #remove(path: string): void {
    for (const [below] of this.#below(path)) this.#nodes.delete(below);
    this.#nodes.delete(path);
    if (this.#realDirectories) return;
    for (let above = parentPath(path); above !== "" && this.#below(above).length === 0; above = parentPath(above)) {
      this.#nodes.delete(above);
    }
  }
}

function isIn(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
