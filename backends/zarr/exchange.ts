/**
 * An array where a file was, and the other way round: the one thing that takes two steps, between which nothing is at the path. If the
 * process dies between them, a sweep brings back what was there.
 *
 * @module
 */

import { isStorageError } from "../errors.ts";
import { joinPath, relativePath } from "../path.ts";
import type { Store } from "../stores/store.ts";
import { joinRelative } from "./hidden.ts";
import { formatJson, parseObject } from "./json.ts";

/** What was there, while something else takes its place. */
const OLD = "old";

/** Where it was. */
const PLACE = "place.json";

/** Takes aside what is at a path, in a store that moves. Answers how to bring it back. */
export async function takeAside(
  store: Store,
  path: string,
  stage: string,
): Promise<() => Promise<void>> {
  const old = joinPath(stage, OLD);
  await store.write!(joinPath(stage, PLACE), formatJson({ place: relativePath(stage, path) }));
  await store.move!(path, old, { ifAbsent: true });
  return async () => await store.move!(old, path, { ifAbsent: true });
}

/** What was taken aside to a directory, and where it was. */
export function asideIn(stage: string): string {
  return joinPath(stage, OLD);
}

/** Brings back what was taken aside, if nothing has come to its place. Answers whether it was. */
export async function bringBack(store: Store, stage: string): Promise<boolean> {
  const bytes = await store.read(joinPath(stage, PLACE));
  const old = joinPath(stage, OLD);
  if (bytes === undefined || store.move === undefined || await store.stat(old) === undefined) return false;
  const { place } = parseObject(bytes, stage);
  if (typeof place !== "string") return false;
  try {
    await store.move(old, joinRelative(stage, place), { ifAbsent: true });
    return true;
  } catch (error) {
    if (isStorageError(error, "already-exists", "not-a-directory", "not-found")) return false;
    throw error;
  }
}
