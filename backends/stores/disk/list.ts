/**
 * Listing directories of the disk in path order.
 *
 * @module
 */

import { joinPath, sortPaths } from "../../path.ts";
import { isAbsence } from "./error.ts";
import { lookAt } from "./place.ts";
import { isHidden } from "./hidden_names.ts";
import { firstAfter, isAfter, reaches, walkKeys } from "../order.ts";
import type { Entry, EntryKind, ListOptions } from "../store.ts";

/**
 * Yields what is under a directory; see `Listable.list` for the rules.
 *
 * @param directory Path of the system.
 * @param prefix Path of the directory in the store.
 * @param options What to list.
 * @param confined Whether a directory that turns into a link meanwhile must not be followed.
 */
export async function* listDirectory(
  directory: string,
  prefix: string,
  options: ListOptions,
  confined: boolean,
): AsyncGenerator<Entry> {
  const { shallow = false, after, details = false, signal } = options;
  signal?.throwIfAborted();
  const kinds = readKinds(directory);
  const names = sortPaths([...kinds.keys()]);
  const keys = shallow ? names : walkKeys(names, (name) => kinds.get(name) === "directory");
  for (let i = shallow ? firstAfter(names, prefix, after) : 0; i < keys.length; i++) {
    signal?.throwIfAborted();
    const key = keys[i]!;
    const inside = key.endsWith("/");
    const name = inside ? key.slice(0, -1) : key;
    const path = joinPath(prefix, name);
    const place = joinPath(directory, name);
    if (!inside) {
      if (isAfter(path, after)) {
        yield details ? detailed(path, place, kinds.get(name)!) : { path, kind: kinds.get(name)! };
      }
    } else if (reaches(path, after) && !(confined && isLink(place))) {
      yield* listDirectory(place, path, options, confined);
    }
  }
}

function readKinds(directory: string): Map<string, EntryKind> {
  const kinds = new Map<string, EntryKind>();
  try {
    for (const { name, isFile, isDirectory, isSymlink } of Deno.readDirSync(directory)) {
      // Sockets, pipes and devices are none of ours.
      const kind = isFile ? "file" : isDirectory ? "directory" : isSymlink ? "symlink" : undefined;
      if (kind !== undefined && !isHidden(name)) kinds.set(name, kind);
    }
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
  return kinds;
}

function detailed(path: string, place: string, kind: EntryKind): Entry {
  const info = kind === "file" ? lookAt(place) : undefined;
  return info ? { path, kind, size: info.size, modified: info.mtime ?? undefined } : { path, kind };
}

function isLink(place: string): boolean {
  return lookAt(place)?.isSymlink ?? false;
}
