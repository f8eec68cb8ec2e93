/** What a backend holds, to be compared before and after. */

import type { FileManager } from "../../mod.ts";

/** What the disk and a backend hold. */
export type Snapshot = [disk: Map<string, string>, backend: [path: string, etag: unknown][]];

/** Everything a backend of a file manager holds, with the etags. */
export async function snapshotOf(fm: FileManager, backend: string): Promise<[path: string, etag: unknown][]> {
  const found: [path: string, etag: unknown][] = [];
  for await (const { path, kind } of fm.walk("", backend)) {
    found.push([`${path} ${kind}`, (await fm.stat(path, backend)).etag]);
  }
  return found;
}
