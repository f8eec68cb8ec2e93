/**
 * {@linkcode keyPages}: the keys of the artifacts of one namespace.
 *
 * @module
 */

import { comparePaths } from "../../backends/path.ts";
import type { ListArtifactsOptions } from "./artifact_storage.ts";
import { beforeCode, codePath, keyCode, keyPath, pathKey } from "./key_name.ts";
import type { ArtifactStore } from "./stored_names.ts";

/** A key that is listed. */
export interface ListedKey {
  /** The key. */
  readonly key: string;
  /** How large its entry is, in bytes; 0 if nobody asked. */
  readonly size: number;
}

/** How many entries are listed at a time. */
const PAGE = 1000;

/**
 * The keys, in order, some at a time.
 *
 * @param store Where they are.
 * @param directory The directory of their files.
 * @param options Which; with `values`, how large their entries are is told too.
 * @returns Pages, none of them empty.
 */
export async function* keyPages(
  store: ArtifactStore,
  directory: string,
  { prefix = "", after, limit = Infinity, values = false, signal }: ListArtifactsOptions = {},
): AsyncGenerator<ListedKey[], void> {
  const code = keyCode(prefix);
  const begin = `${directory}/${codePath(code)}`;
  const starts = [
    ...(after === undefined ? [] : [`${directory}/${keyPath(after)}`]),
    ...(code === "" ? [] : [`${directory}/${beforeCode(code)}`]),
  ].sort(comparePaths);
  let start = starts.at(-1);
  for (let left = limit; left > 0;) {
    const page: ListedKey[] = [];
    const most = Math.min(left, PAGE);
    let seen = 0;
    // As much at a time as is wanted: a store reads ahead what it is not told that nobody wants.
    const listing = store.list(directory, { after: start, limit: most, details: values, signal });
    for await (const { path, kind, size = 0 } of listing) {
      seen++;
      start = path;
      if (path.startsWith(begin)) {
        const key = kind === "file" ? pathKey(path.slice(directory.length + 1)) : undefined;
        if (key !== undefined) page.push({ key, size });
      } else if (comparePaths(path, begin) > 0) {
        left = 0;
        break;
      }
    }
    if (page.length > 0) yield page;
    if (seen < most) return;
    left -= page.length;
  }
}
