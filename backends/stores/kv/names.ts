/**
 * Looking at many names of one directory in a store on Deno KV.
 *
 * @module
 */

import { comparePaths, sortPaths } from "../../path.ts";
import type { KvDatabase } from "./database.ts";

/** Fewer names than these are looked at one by one. */
const MIN_RANGE = 12;

/** As many entries are read at once. */
const PAGE = 1000;

/**
 * Looks at names of a directory: as a range where they lie close together, else one by one.
 *
 * @param database The database.
 * @param id The directory.
 * @param names The names, each once; all make keys that can be kept.
 * @returns What was found for each name.
 */
export async function lookAtNames(
  database: KvDatabase,
  id: string,
  names: readonly string[],
): Promise<Map<string, Deno.KvEntryMaybe<unknown>>> {
  const found = new Map<string, Deno.KvEntryMaybe<unknown>>();
  const { engine, space } = database;
  let left: readonly string[] = names;
  if (names.length >= MIN_RANGE) {
    const sorted = sortPaths([...names]);
    const wanted = new Set(sorted);
    const selector = { prefix: space.entries(id), start: space.entry(id, sorted[0]!) };
    let done = 0;
    let read = 0;
    let cursor: string | undefined;
    do {
      const page = await engine.page(selector, Math.min(PAGE, names.length - done + MIN_RANGE), cursor);
      cursor = page.cursor;
      read += page.entries.length;
      for (const entry of page.entries) {
        const name = entry.key[entry.key.length - 1] as string;
        if (wanted.has(name)) found.set(name, entry);
      }
      const last = page.entries.at(-1)?.key.at(-1) as string | undefined;
      // Everything up to the last entry of the page was seen, there or not.
      done = cursor === undefined || last === undefined ? sorted.length : countUpTo(sorted, last);
    } while (done < sorted.length && done * 2 >= read);
    for (const name of sorted.slice(0, done)) {
      if (!found.has(name)) found.set(name, { key: space.entry(id, name), value: null, versionstamp: null });
    }
    left = sorted.slice(done);
  }
  if (left.length > 0) {
    const entries = await engine.getMany(left.map((name) => space.entry(id, name)));
    for (const [i, name] of left.entries()) found.set(name, entries[i]!);
  }
  return found;
}

/** How many of the sorted names come up to this one. */
function countUpTo(sorted: readonly string[], last: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (comparePaths(sorted[middle]!, last) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Does something with many, a few at a time. */
export async function eachOf<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
  atOnce: number = 8,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  async function run(): Promise<void> {
    for (let next = iterator.next(); !next.done && !failed; next = iterator.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  }
  const runs = await Promise.allSettled(Array.from({ length: atOnce }, run));
  for (const result of runs) if (result.status === "rejected") throw result.reason;
}
