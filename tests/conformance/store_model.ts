/**
 * {@linkcode StoreModel}: what a store should do, written a second time and as plainly as possible. It predicts;
 * the random operations compare.
 *
 * @module
 */

import type { ErrorCode } from "../../backends/errors.ts";

/** A thing in the model. */
export type ModelNode =
  | { readonly kind: "directory" }
  | { readonly kind: "file"; readonly content: string }
  | { readonly kind: "symlink"; readonly target: string };

/**
 * Where a path leads. `missing`: nothing is there, but it could be created; `dangling`: a link on the way leads
 * to nothing, and so does the rest of the path.
 */
interface Place {
  readonly state: "there" | "missing" | "dangling" | "below-file" | "loop";
  /** The path without links, as far as it leads to something that can be. */
  readonly path: string;
  readonly node?: ModelNode | undefined;
}

/** What an operation may do: answer one value, or fail with one of the codes. `undefined`: nobody says. */
export type Prediction =
  | { readonly value?: unknown; readonly codes?: readonly ErrorCode[]; readonly change?: () => void }
  | undefined;

/** The condition of a write: `current` and `stale` are about the etag given to `ifMatch`. */
export type Condition = "none" | "absent" | "current" | "stale";

const DIRECTORY: ModelNode = { kind: "directory" };

/** A tree of directories, files and links. */
export class StoreModel {
  readonly #nodes = new Map<string, ModelNode>();
  readonly #realDirectories: boolean;

  constructor(realDirectories: boolean) {
    this.#realDirectories = realDirectories;
  }

  read(path: string): Prediction {
    const { state, node } = this.#walk(path, true);
    return missingIfLoop(state, { value: node?.kind === "file" ? node.content : undefined });
  }

  stat(path: string): Prediction {
    const { state, node } = this.#walk(path, true);
    return missingIfLoop(state, { value: node?.kind === "file" ? `file ${node.content.length}` : node?.kind });
  }

  readSymlink(path: string): Prediction {
    const { state, node } = this.#walk(path, false);
    return missingIfLoop(state, { value: node?.kind === "symlink" ? node.target : undefined });
  }

  list(prefix: string, shallow: boolean): Prediction {
    const { state, path, node } = this.#walk(prefix, true);
    const value: string[] = [];
    if (node?.kind === "directory") {
      for (const [below, { kind }] of this.#below(path)) {
        const rest = path === "" ? below : below.slice(path.length + 1);
        if (shallow && rest.includes("/")) continue;
        if (kind === "directory" && !shallow && !this.#realDirectories) continue;
        value.push(`${kind} ${prefix === "" ? rest : `${prefix}/${rest}`}`);
      }
    }
    const name = (entry: string): string => entry.slice(entry.indexOf(" ") + 1);
    return missingIfLoop(state, { value: value.sort((a, b) => (name(a) < name(b) ? -1 : 1)) });
  }

  write(path: string, content: string, condition: Condition): Prediction {
    const target = this.#walk(path, true);
    const own = this.#walk(path, false);
    const isDirectory: ErrorCode[] = target.node?.kind === "directory" ? ["is-a-directory"] : [];
    if (condition === "absent" && target.state === "there") return { codes: ["already-exists", ...isDirectory] };
    if (condition === "absent" && own.state === "there" && target.state !== "missing") return undefined;
    const failed: ErrorCode[] = condition === "current" || condition === "stale" ? ["precondition-failed"] : [];
    if (target.state === "below-file") return { codes: ["not-a-directory", ...failed] };
    if (target.state === "loop") return { codes: ["too-many-links", ...failed] };
    if (target.node?.kind === "directory") return { codes: ["is-a-directory", ...failed] };
    if (condition === "stale" || (condition === "current" && target.node === undefined)) return { codes: failed };
    if (target.state === "dangling") return undefined;
    // A dangling link may be counted as something that is there, or be written through.
    const refused: ErrorCode[] = condition === "absent" && own.state === "there" ? ["already-exists"] : [];
    return { value: "etag", codes: refused, change: () => this.#put(target.path, { kind: "file", content }) };
  }

  copy(from: string, to: string, condition: Condition): Prediction {
    const source = this.#walk(from, true);
    const write = this.write(to, source.node?.kind === "file" ? source.node.content : "", condition);
    if (source.node?.kind === "file" || write === undefined) return write;
    const looped: ErrorCode[] = source.state === "loop" ? ["too-many-links"] : [];
    return { codes: ["not-found", ...looped, ...(write.codes ?? [])] };
  }

  delete(path: string): Prediction {
    const own = this.#walk(path, false);
    if (own.node?.kind === "directory" && this.#below(own.path).length > 0) return { codes: ["not-empty"] };
    return missingIfLoop(own.state, { value: undefined, change: () => this.#remove(own) });
  }

  deleteTree(path: string): Prediction {
    const own = this.#walk(path, false);
    return missingIfLoop(own.state, { value: undefined, change: () => this.#remove(own) });
  }

  makeDirectory(path: string): Prediction {
    const place = this.#walk(path, true);
    if (place.state === "loop") return { codes: ["too-many-links", "already-exists"] };
    if (place.state === "below-file") return { codes: ["not-a-directory"] };
    if (place.node?.kind === "file") return { codes: ["already-exists"] };
    if (place.state === "dangling" || this.#walk(path, false).node?.kind === "symlink") {
      return place.node === undefined ? undefined : { value: undefined };
    }
    return { value: undefined, change: () => this.#put(place.path, DIRECTORY) };
  }

  createSymlink(target: string, path: string): Prediction {
    const own = this.#walk(path, false);
    if (own.state === "there") return { codes: ["already-exists"] };
    if (own.state === "below-file") return { codes: ["not-a-directory"] };
    if (own.state === "loop") return { codes: ["too-many-links"] };
    if (own.state === "dangling") return undefined;
    return { value: undefined, change: () => this.#put(own.path, { kind: "symlink", target }) };
  }

  move(from: string, to: string, ifAbsent: boolean): Prediction {
    const source = this.#walk(from, false);
    const target = this.#walk(to, false);
    const missing: ErrorCode[] = source.state === "loop" ? ["not-found", "too-many-links"] : ["not-found"];
    if (source.state === "below-file") missing.push("not-a-directory");
    if (source.node === undefined) return { codes: missing };
    if (source.path === target.path || target.state === "dangling") return undefined;
    const inside = isIn(target.path, source.path);
    // Onto the link it is reached through: a promise of its own says it.
    if (target.node?.kind === "symlink" && isIn(from, to)) return undefined;
    // By its text the new place is in the old one, but a link on the way leads elsewhere, or in a circle.
    if (isIn(to, from) && (!inside || target.state === "loop")) return undefined;
    // Which of two truths is told is the store's choice: the place is in itself, and not a place at all.
    const itself: ErrorCode[] = source.node.kind === "directory" ? ["invalid-argument"] : [];
    if (target.state === "loop") return { codes: ["too-many-links", ...itself] };
    if (inside) {
      const kinds: ErrorCode[] = ["invalid-argument"];
      if (target.state === "below-file") kinds.push("not-a-directory");
      if (target.node !== undefined) kinds.push("already-exists");
      return { codes: kinds };
    }
    if (target.state === "below-file") return { codes: ["not-a-directory", ...itself] };
    if (target.node?.kind === "directory" || (target.node !== undefined && ifAbsent)) {
      return { codes: ["already-exists"] };
    }
    if (target.node !== undefined && source.node.kind === "directory") return { codes: ["not-a-directory"] };
    const { path } = source;
    const moved = [[path, source.node] as const, ...this.#below(path)];
    // Whether a link in a tree that is moved still leads to what is outside of it, nobody says, unless it is renamed.
    // Neither is said of a link alone that leads through itself, before or after.
    const targets = moved.flatMap(([, node]) => node.kind === "symlink" ? [node.target] : []);
    const outside = targets.filter((other) => !isIn(other, path));
    const alone = source.node.kind === "symlink";
    const renamed = alone || outside.length === 0 || parentOf(path) === parentOf(target.path);
    if (!renamed || outside.some((other) => isIn(other, target.path)) || (alone && outside.length === 0)) {
      return undefined;
    }
    return { value: undefined, change: () => this.#move(moved, path, target.path) };
  }

  #move(moved: readonly (readonly [string, ModelNode])[], from: string, to: string): void {
    for (const [path] of moved) this.#nodes.delete(path);
    this.#prune(from);
    this.#nodes.delete(to);
    const carried = (path: string): string => isIn(path, from) ? to + path.slice(from.length) : path;
    for (const [path, node] of moved) {
      this.#put(carried(path), node.kind === "symlink" ? { kind: "symlink", target: carried(node.target) } : node);
    }
  }

  /** Goes along `path`; `follow` says whether a link at its end is followed too. */
  #walk(path: string, follow: boolean): Place {
    let left = names(path).map((name) => ({ name, ofLink: false }));
    let at = "";
    let ofLink = false;
    let hops = 0;
    for (;;) {
      const node = at === "" ? DIRECTORY : this.#nodes.get(at);
      const [step, ...rest] = left;
      if (step === undefined) return { state: node ? "there" : "missing", path: at, node };
      const whole = [at, ...left.map(({ name }) => name)].join("/");
      if (node === undefined) return { state: ofLink ? "dangling" : "missing", path: whole };
      if (node.kind === "file") return { state: "below-file", path: whole };
      const next = at === "" ? step.name : `${at}/${step.name}`;
      const child = this.#nodes.get(next);
      if (child?.kind === "symlink" && (rest.length > 0 || follow)) {
        if (++hops > 30) return { state: "loop", path: whole };
        left = [...names(child.target).map((name) => ({ name, ofLink: true })), ...rest];
        at = "";
      } else {
        ({ ofLink } = step);
        at = next;
        left = rest;
      }
    }
  }

  #below(path: string): [string, ModelNode][] {
    return [...this.#nodes].filter(([below]) => path === "" || below.startsWith(`${path}/`));
  }

  #put(path: string, node: ModelNode): void {
    const above = names(path);
    for (let i = 1; i < above.length; i++) this.#nodes.set(above.slice(0, i).join("/"), DIRECTORY);
    if (path !== "") this.#nodes.set(path, node);
  }

  #remove({ path, node }: Place): void {
    if (node === undefined) return;
    for (const [below] of this.#below(path)) this.#nodes.delete(below);
    this.#nodes.delete(path);
    this.#prune(path);
  }

  /** Where directories are not real, they go with the last thing in them. */
  #prune(path: string): void {
    if (this.#realDirectories) return;
    for (let above = names(path).slice(0, -1); above.length > 0; above = above.slice(0, -1)) {
      if (this.#below(above.join("/")).length === 0) this.#nodes.delete(above.join("/"));
    }
  }
}

function isIn(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function parentOf(path: string): string {
  return names(path).slice(0, -1).join("/");
}

function names(path: string): string[] {
  return path === "" ? [] : path.split("/");
}

/** Looking through a loop may say so, or answer as if nothing were there. */
function missingIfLoop(state: Place["state"], prediction: Prediction): Prediction {
  return state === "loop" && prediction !== undefined ? { ...prediction, codes: ["too-many-links"] } : prediction;
}
