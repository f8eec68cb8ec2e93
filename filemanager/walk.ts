/**
 * Walking a backend: collecting what is below a directory, and finding files in it.
 *
 * @module
 */

import type { DataSource, EntriesOptions } from "../backends/data_source.ts";
import { baseName } from "../backends/path.ts";
import type { AbortOptions, Entry } from "../backends/stores/store.ts";
import { sortNaturally } from "./natural_order.ts";

/** Options of `walk` and `collectDirsAndFiles`. */
export interface WalkOptions extends Omit<EntriesOptions, "recursive"> {
  /**
   * Everything below, not only the children.
   *
   * @default {true}
   */
  recursive?: boolean | undefined;
}

/** What `collectDirsAndFiles` answers. */
export interface DirsAndFiles {
  /** The directories below, each once, in natural order. */
  readonly directories: string[];
  /** The files below, links to files among them, in natural order. */
  readonly files: string[];
}

/** Yields everything below a directory, in path order, one directory at a time in memory. */
export async function* walkEntries(
  source: DataSource,
  directory: string,
  options: WalkOptions = {},
): AsyncGenerator<Entry> {
  yield* source.entries(directory, { ...options, recursive: options.recursive ?? true });
}

/** Collects the directories and files below a directory. */
export async function collect(source: DataSource, directory: string, options?: WalkOptions): Promise<DirsAndFiles> {
  const found: DirsAndFiles = { directories: [], files: [] };
  for await (const { path, kind } of walkEntries(source, directory, options)) {
    if (kind === "directory") found.directories.push(path);
    else if (kind === "file" || await source.isFile(path, { signal: options?.signal })) found.files.push(path);
  }
  sortNaturally(found.directories);
  sortNaturally(found.files);
  return found;
}

/** Finds the file of a name that is nearest to a directory; of several as near, the first in natural order. */
export async function findFile(
  source: DataSource,
  directory: string,
  name: string,
  options?: AbortOptions,
): Promise<string | undefined> {
  let level = [directory];
  while (level.length > 0) {
    const hits: string[] = [];
    const next: string[] = [];
    for (const parent of level) {
      for await (const { path, kind } of source.entries(parent, options)) {
        if (kind === "directory") next.push(path);
        else if (baseName(path) === name && (kind === "file" || await source.isFile(path, options))) hits.push(path);
      }
    }
    if (hits.length > 0) return sortNaturally(hits)[0];
    level = next;
  }
  return undefined;
}
