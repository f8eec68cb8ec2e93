/**
 * {@linkcode inPathOrder}: everything below a directory in path order, where a store can only tell the children of one directory, in
 * the order of their names and page by page.
 *
 * @module
 */

import { comparePaths } from "../path.ts";

/**
 * A child of a directory.
 *
 * @typeParam D A directory.
 */
export interface Child<D> {
  /** Its name. */
  readonly name: string;
  /** The directory that it is; `undefined` if it is something else. */
  readonly directory?: D | undefined;
}

/**
 * How a store tells what is in its directories, at once or after a while.
 *
 * @typeParam D A directory.
 * @typeParam C A child.
 */
export interface Children<D, C extends Child<D>> {
  /**
   * The next children of a directory.
   *
   * @param directory The directory.
   * @param after Only names that come after this text, in path order; it need not be a name. `undefined`: from the first.
   * @param limit At most so many.
   * @returns They, in path order; none at the end only.
   */
  page(directory: D, after: string | undefined, limit: number): readonly C[] | Promise<readonly C[]>;
  /** The child of this name; `undefined` if there is none. */
  child(directory: D, name: string): C | undefined | Promise<C | undefined>;
}

/** Options of {@linkcode inPathOrder}. */
export interface PathOrderOptions {
  /** Only the children. */
  readonly shallow?: boolean | undefined;
  /** Only paths that come after this one. */
  readonly after?: string | undefined;
  /** At most this many. */
  readonly limit?: number | undefined;
}

/** A child and its path. */
export interface Found<C> {
  /** Path from the root. */
  readonly path: string;
  /** What is there. */
  readonly child: C;
}

/** How many children are asked for, and how many are answered, at once. */
const PAGE = 1000;

/** A directory that is being listed. */
interface Frame<D, C> {
  readonly directory: D;
  /** What the paths of its children begin with. */
  readonly prefix: string;
  /** Names up to this one were asked for. */
  after: string | undefined;
  page: readonly C[];
  index: number;
  atEnd: boolean;
  /** Directories whose contents come later than the next name: each begins with the one before, so the last is the next. */
  readonly pending: { readonly name: string; readonly directory: D }[];
}

/**
 * Yields what is below a directory in path order, a page at a time. It holds one page and the pending directories of each
 * directory on the way, and asks for no more than it is asked.
 *
 * @typeParam D A directory.
 * @typeParam C A child.
 * @param source Tells what is in a directory.
 * @param directory The directory to list.
 * @param path Its path.
 * @param options What to list.
 * @returns Pages, none of them empty.
 *
 * @example `dir-b` lies between `dir` and what is in it
 * ```ts
 * import { type Child, inPathOrder } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const tree: Record<string, Child<string>[]> = {
 *   top: [{ name: "dir", directory: "deep" }, { name: "dir-b" }],
 *   deep: [{ name: "x" }],
 * };
 * const source = {
 *   page: (id: string, after = "") => tree[id]!.filter(({ name }) => name > after),
 *   child: (id: string, wanted: string) => tree[id]!.find(({ name }) => name === wanted),
 * };
 * const paths: string[] = [];
 * for await (const page of inPathOrder(source, "top", "")) paths.push(...page.map(({ path }) => path));
 * assert.deepEqual(paths, ["dir", "dir-b", "dir/x"]);
 * ```
 */
export async function* inPathOrder<D, C extends Child<D>>(
  source: Children<D, C>,
  directory: D,
  path: string,
  options: PathOrderOptions = {},
): AsyncGenerator<Found<C>[]> {
  const { shallow = false, after, limit = Infinity } = options;
  let left = limit;
  let found: Found<C>[] = [];
  const frames: Frame<D, C>[] = [];
  async function enter(directory: D, path: string): Promise<void> {
    const start = startOf(path, after);
    if (start === "behind") return;
    const frame: Frame<D, C> = {
      directory,
      prefix: prefixOf(path),
      after: start.after,
      page: [],
      index: 0,
      atEnd: false,
      pending: [],
    };
    if (!shallow) await resume(source, frame);
    frames.push(frame);
  }
  await enter(directory, path);
  while (left > 0 && frames.length > 0) {
    const frame = frames[frames.length - 1]!;
    if (frame.index === frame.page.length && !frame.atEnd) {
      if (found.length >= PAGE) {
        yield found;
        found = [];
      }
      await turn(source, frame, Math.min(PAGE, left));
      continue;
    }
    const next = frame.page[frame.index];
    const waiting = frame.pending[frame.pending.length - 1];
    if (waiting !== undefined && (next === undefined || comparePaths(`${waiting.name}/`, next.name) < 0)) {
      frame.pending.pop();
      await enter(waiting.directory, frame.prefix + waiting.name);
    } else if (next === undefined) {
      frames.pop();
    } else {
      frame.index++;
      left--;
      found.push({ path: frame.prefix + next.name, child: next });
      if (left <= 0) break;
      if (next.directory !== undefined && !shallow) frame.pending.push({ name: next.name, directory: next.directory });
    }
  }
  if (found.length > 0) yield found;
}

/** Asks for the next page. */
async function turn<D, C extends Child<D>>(source: Children<D, C>, frame: Frame<D, C>, limit: number): Promise<void> {
  const page = source.page(frame.directory, frame.after, limit);
  frame.page = page instanceof Promise ? await page : page;
  frame.index = 0;
  frame.atEnd = frame.page.length === 0;
  frame.after = frame.page[frame.page.length - 1]?.name;
}

/** Finds the directories that come before the name to begin after, while what is in them comes behind it. */
async function resume<D, C extends Child<D>>(source: Children<D, C>, frame: Frame<D, C>): Promise<void> {
  const { after = "", directory, pending } = frame;
  for (let end = 1; end <= after.length && after.charCodeAt(end - 1) !== SLASH; end++) {
    // The character after the name decides whether "name/" comes behind; there is none at the end of the text.
    if (after.charCodeAt(end) > SLASH) continue;
    const name = after.slice(0, end);
    const child = await source.child(directory, name);
    if (child?.directory !== undefined) pending.push({ name, directory: child.directory });
  }
}

const SLASH = 0x2f;

function prefixOf(path: string): string {
  return path === "" ? "" : `${path}/`;
}

/** After which name the listing of a directory begins; `behind` if all of it comes before. */
function startOf(path: string, after: string | undefined): { readonly after: string | undefined } | "behind" {
  const prefix = prefixOf(path);
  if (after === undefined || (!after.startsWith(prefix) && comparePaths(prefix, after) > 0)) {
    return { after: undefined };
  }
  return after.startsWith(prefix) ? { after: after.slice(prefix.length) } : "behind";
}
