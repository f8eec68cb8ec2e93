/**
 * {@linkcode mirror}: a directory of links to the files of another.
 *
 * @module
 */

import type { StorageBackend } from "../backends/backend.ts";
import { StorageError } from "../backends/errors.ts";
import { joinPath, parentPath } from "../backends/path.ts";
import type { AbortOptions } from "../backends/stores/store.ts";
import { collect } from "./walk.ts";

/** Options of `mirrorDirectoryWithSymlinks`. */
export interface MirrorOptions extends AbortOptions {
  /**
   * The files of all directories below, too.
   *
   * @default {true}
   */
  recursive?: boolean | undefined;
  /**
   * Replace links that are there; anything else that is there is refused with `already-exists` all the same.
   *
   * @default {false}
   */
  overwriteSymlinksOnly?: boolean | undefined;
}

/** What `mirrorDirectoryWithSymlinks` answers. */
export interface MirrorResult {
  /** How many links are new. */
  readonly created: number;
  /** How many have replaced another. */
  readonly replaced: number;
}

/** Makes a link at the same place under `to` for each file under `from`. Conflicts are found before anything is made. */
export async function mirror(
  backend: StorageBackend,
  from: string,
  to: string,
  options: MirrorOptions = {},
): Promise<MirrorResult> {
  const { recursive = true, overwriteSymlinksOnly = false, signal } = options;
  const { files } = await collect(backend, from, { recursive, signal });
  const links = files.map((file) => ({ file, link: joinPath(to, file.slice(from.length).replace(/^\//, "")) }));
  const taken = new Set<string>();
  for (const { link } of links) {
    const isLink = await backend.isSymlink(link, { signal });
    if (isLink) taken.add(link);
    if (isLink ? !overwriteSymlinksOnly : await backend.exists(link, { signal })) {
      throw new StorageError("already-exists", "it exists already", { path: link });
    }
  }
  const parents = new Set(links.map(({ link }) => parentPath(link)));
  for (const directory of new Set([to, ...parents])) {
    if (directory !== "") await backend.ensureDirectory(directory, { signal });
  }
  for (const { file, link } of links) await backend.createSymlink(file, link, { overwriteSymlinksOnly, signal });
  return { created: links.length - taken.size, replaced: taken.size };
}
