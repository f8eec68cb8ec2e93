/**
 * {@linkcode DiskPlaces}: from the paths of a store to the paths of the system, without a way out of the root.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { isInside, joinPath, normalizePath, relativePath } from "../../path.ts";
import { isAbsence } from "./error.ts";
import { isHidden } from "./hidden_names.ts";
import { driveOf, endOfLink, fold, isAbsolute, slashes, split, systemTarget, tidy } from "./system_path.ts";

/** Where the system keeps a path: the directory, free of links where a root confines, and the name in it. */
export interface DiskPlace {
  /** Path of the directory. */
  readonly directory: string;
  /** Path of the file. */
  readonly path: string;
  /** What is there now; a link only if it was not to be followed. */
  readonly info: Deno.FileInfo | undefined;
  /** When names in the directory last changed, in milliseconds; told where nothing is at the path. */
  readonly since?: number | undefined;
}

const WINDOWS = Deno.build.os === "windows";
// deno-lint-ignore no-control-regex
const WINDOWS_REFUSES = /[<>:"|?*\\\x01-\x1f]|[. ]$|^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;
const MAX_LINKS = 40;
/** Directories remembered. */
const SEEN_KEPT = 10_000;

/**
 * The places of a store on disk.
 *
 * With a root, every path is below it, and no symbolic link leads out: links are resolved first and checked. (Another program
 * that swaps a directory for a link between the check and the use can defeat it; one that may do that can write
 * there itself.) Without a root, paths are the system's own.
 */
export class DiskPlaces {
  readonly #given: string | (() => string) | undefined;
  /** Directories of the store that were there once: where to begin, no more. */
  readonly #seen = new Set<string>();
  #real: string | undefined;

  /** @param root The directory to stay in, which need not exist yet; or what tells it, each time it is needed. */
  constructor(root?: string | (() => string)) {
    this.#given = typeof root === "string" ? tidy(root) || "." : root;
  }

  get #root(): string | undefined {
    return typeof this.#given === "function" ? this.#given() : this.#given;
  }

  /** Whether a root confines the paths. */
  get confined(): boolean {
    return this.#given !== undefined;
  }

  /** The path of the system, links and all. */
  lexical(path: string): string {
    checkNames(path, this.#root !== undefined);
    if (this.#root !== undefined) return path === "" ? this.#root : joinPath(this.#root, path);
    return path === "" ? "." : path;
  }

  /** The path of the system to read from: with a root, free of links. Throws Deno's own errors where nothing is there. */
  source(path: string): string {
    const lexical = this.lexical(path);
    if (this.#root === undefined) return lexical;
    try {
      return this.#confine(path, Deno.realPathSync(lexical));
    } catch (error) {
      // What is not there could be outside: then not even that is told.
      if (isAbsence(error) && isThere(this.#root)) this.#confine(path, this.real(path));
      throw error;
    }
  }

  /**
   * Where to write, delete or link. Throws Deno's `NotFound` where the parent is missing.
   *
   * @param path Path in the store.
   * @param follow Whether a link at the path is followed to where it leads, be it missing.
   */
  target(path: string, follow: boolean): DiskPlace {
    let lexical = this.lexical(path);
    for (let links = 0; links <= MAX_LINKS; links++) {
      const [parent, name] = split(lexical);
      const whole = path === "" || name === "" || name === "." || name === "..";
      const directory = this.#root === undefined
        ? parent
        : this.#confine(path, Deno.realPathSync(whole ? lexical : parent));
      const place = whole ? (this.#root === undefined ? lexical : directory) : joinPath(directory, name);
      const info = lookAt(place);
      if (!follow || !info?.isSymlink) return { directory, path: place, info };
      lexical = endOfLink(place, directory);
    }
    throw new StorageError("too-many-links", "its symbolic links lead in a circle", { path });
  }

  /** The path of an entry with the links on the way to it resolved, as far as it exists. */
  real(path: string): string {
    const lexical = this.lexical(path);
    let existing = this.#root ?? (isAbsolute(lexical) ? "/" : ".");
    const names = (this.#root === undefined ? lexical : path).split("/").filter((name) => name !== "");
    const last = names.at(-1) === ".." ? [] : names.splice(-1);
    // From the top, so that a deep path costs what exists of it.
    while (names.length > 0 && isThere(joinPath(existing, names[0]!))) existing = joinPath(existing, names.shift()!);
    return fold(joinPath(slashes(Deno.realPathSync(existing)), ...names, ...last));
  }

  /**
   * Makes the parents of a path.
   *
   * @returns The directories that are new, the innermost first.
   */
  makeParents(path: string): string[] {
    const made = this.makeDirectories(split(this.lexical(path))[0], path);
    this.#note(path);
    return made;
  }

  /**
   * Makes the parents of a path, if none of them was ever seen but one above them: files in new directories beside each other, as
   * the chunks of an array are, are then made without looking for what is not there.
   *
   * @returns The directories that are new, the innermost first; none if there is more to it, and nothing was made.
   */
  makeUnseen(path: string): string[] {
    this.lexical(path); // which checks the names
    if (this.#root === undefined || this.#seen.size === 0) return [];
    const names = path.split("/").slice(0, -1);
    let known = names.length;
    while (known > 0 && !this.#seen.has(names.slice(0, known).join("/"))) known--;
    if (known === 0 || known === names.length) return [];
    const made: string[] = [];
    try {
      let directory = this.#confine(path, Deno.realPathSync(this.lexical(names.slice(0, known).join("/"))));
      for (const name of names.slice(known)) {
        directory = joinPath(directory, name);
        Deno.mkdirSync(directory);
        made.unshift(directory);
      }
    } catch (error) {
      for (const directory of made.splice(0)) removeEmpty(directory);
      // Someone has made one of them, or removed the one that was known: the long way tells.
      if (!(error instanceof Deno.errors.AlreadyExists) && !isAbsence(error)) throw error;
    }
    this.#note(path);
    return made;
  }

  /** Takes note of the parents of a path, which are there. */
  #note(path: string): void {
    if (this.#seen.size >= SEEN_KEPT) this.#seen.clear();
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const directory = path.slice(0, end);
      if (this.#seen.has(directory)) return;
      this.#seen.add(directory);
    }
  }

  /**
   * Makes a directory of the system and its parents.
   *
   * @param directory Its path, lexically.
   * @param path The path in the store that it is for.
   * @param links How many links were followed so far.
   * @returns The directories that are new, the innermost first.
   */
  makeDirectories(directory: string, path: string, links: number = 0): string[] {
    if (links > MAX_LINKS) throw new StorageError("too-many-links", "its symbolic links lead in a circle", { path });
    const missing: string[] = [];
    let existing = directory;
    let info = lookAt(existing);
    // The root, if it is missing, is made without a look at what is above it, which need not be permitted.
    while (info === undefined && existing !== this.#root) {
      const [parent, name] = split(existing);
      if (parent === existing) break;
      if (name === "..") {
        throw new StorageError("not-found", "a symbolic link leads through a missing directory", { path });
      }
      missing.unshift(name);
      existing = parent;
      info = lookAt(existing);
    }
    const made: string[] = [];
    if (info?.isSymlink && !isThere(existing)) {
      made.push(...this.makeDirectories(endOfLink(existing, split(existing)[0]), path, links + 1));
    }
    if (info === undefined) {
      Deno.mkdirSync(existing, { recursive: true });
      made.push(existing);
    }
    const real = this.#root === undefined ? existing : this.#confine(path, Deno.realPathSync(existing));
    const goal = joinPath(real, ...missing);
    Deno.mkdirSync(goal, { recursive: true });
    return [...missing.map((_, index) => joinPath(real, ...missing.slice(0, missing.length - index))), ...made];
  }

  /** The text of a link from `path` to `target`, both paths of the store: relative, so that the two can move together. */
  linkText(target: string, place: DiskPlace): string {
    const base = this.#root !== undefined ? this.#realRoot() : isAbsolute(target) ? "" : slashes(Deno.cwd());
    const goal = fold(base === "" ? slashes(target) : joinPath(base, target));
    const directory = slashes(Deno.realPathSync(place.directory));
    return driveOf(goal) === driveOf(directory) ? relativePath(directory, goal) : goal;
  }

  /** The path in the store that a link leads to, or its text if that is outside. */
  linkTarget(path: string, place: DiskPlace, text: string): string {
    const plain = slashes(text);
    if (this.#root === undefined) return isAbsolute(plain) ? plain : systemTarget(split(tidy(path))[0], plain);
    const goal = fold(isAbsolute(plain) ? plain : joinPath(place.directory, plain));
    const root = this.#realRoot();
    return isInside(goal, root) ? normalizePath(goal.slice(root.length)) : text;
  }

  #realRoot(): string {
    return this.#real ??= slashes(Deno.realPathSync(this.#root!));
  }

  #confine(path: string, real: string): string {
    const plain = slashes(real);
    if (isInside(plain, this.#realRoot())) return plain;
    throw new StorageError("invalid-path", "a symbolic link leads out of the root, where nothing is read or written", {
      path,
    });
  }
}

/** Removes a directory, unless something is in it by now. */
function removeEmpty(directory: string): void {
  try {
    Deno.removeSync(directory);
  } catch {
    // Whoever uses it keeps it.
  }
}

/** What is at a path of the system, links not followed; `undefined` if nothing is. */
export function lookAt(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Whether a path of the system is there, links followed. */
export function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (isAbsence(error)) return false;
    throw error;
  }
}

function checkNames(path: string, confined: boolean): void {
  if (path.includes(".polystore") && path.split("/").some(isHidden)) {
    throw new StorageError("invalid-path", "the name is reserved for temporary files", { path });
  }
  if (!WINDOWS || !confined) return;
  for (const name of path.split("/")) {
    if (WINDOWS_REFUSES.test(name)) {
      throw new StorageError("invalid-path", `Windows cannot keep the name ${JSON.stringify(name)}`, { path });
    }
  }
}
