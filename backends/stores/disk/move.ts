/**
 * Moving and removing names on the disk.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { baseName, isInside, joinPath, relativePath } from "../../path.ts";
import { ABANDONED_AFTER, sweepFile, withLock } from "./directory.ts";
import { isAbsence } from "./error.ts";
import { type DiskPlace, type DiskPlaces, lookAt } from "./place.ts";
import { isHidden, LOCK_NAME } from "./hidden_names.ts";
import { directoryOf, fold } from "./system_path.ts";
import type { DiskWriter } from "./writer.ts";

/** Moves a file, a link or a directory; see `Accelerated.move`. */
export async function moveEntry(
  places: DiskPlaces,
  writer: DiskWriter,
  from: string,
  to: string,
  ifAbsent: boolean,
): Promise<void> {
  const source = sourceOf(places, from);
  if (source?.info === undefined) throw new StorageError("not-found", "not found", { path: from });
  if (from === "" || to === "") {
    throw new StorageError("invalid-argument", "the root cannot be moved or replaced", { path: "" });
  }
  if (source.info.isDirectory && isInside(places.lexical(to), places.lexical(from))) throw intoItself(from, to);
  const { place: target, made } = writer.place(to, false);
  try {
    await withLock(target.directory, true, () => rename(writer, source, target, from, to, ifAbsent));
  } catch (error) {
    writer.unmake(made);
    throw error;
  }
  await writer.settle(source.directory, target.directory, ...made.map(directoryOf));
}

function sourceOf(places: DiskPlaces, path: string): DiskPlace | undefined {
  try {
    return places.target(path, false);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

function rename(
  writer: DiskWriter,
  source: DiskPlace,
  target: DiskPlace,
  from: string,
  to: string,
  ifAbsent: boolean,
): void {
  if (source.info!.isDirectory && isInside(Deno.realPathSync(target.directory), Deno.realPathSync(source.path))) {
    throw intoItself(from, to);
  }
  const before = lookAt(target.path);
  checkMove(source, target, before, from, to, ifAbsent);
  carry(writer, source, target, before !== undefined && isSame(source.info!, before));
  writer.noteRemoval(source.directory, source.info);
}

/** Carries an entry to its new place, which is free by now or may be replaced. */
function carry(writer: DiskWriter, source: DiskPlace, target: DiskPlace, isThere: boolean): void {
  if (isThere) return Deno.removeSync(source.path); // two names of one file
  const text = source.info!.isSymlink ? Deno.readLinkSync(source.path) : "/";
  if (text.startsWith("/") || source.directory === target.directory) return Deno.renameSync(source.path, target.path);
  // A link is seen from its directory, so in another one it needs another text; and what it replaces may be on the way to it.
  const directory = Deno.realPathSync(source.directory);
  const aim = relativePath(Deno.realPathSync(target.directory), fold(joinPath(directory, text)));
  const temporary = writer.temporary(target.directory);
  Deno.symlinkSync(aim, temporary);
  Deno.renameSync(temporary, target.path);
  Deno.removeSync(joinPath(directory, baseName(source.path)));
}

function checkMove(
  source: DiskPlace,
  target: DiskPlace,
  before: Deno.FileInfo | undefined,
  from: string,
  to: string,
  ifAbsent: boolean,
): void {
  if (before === undefined) return;
  if (isSame(source.info!, before) && isOneName(source, target)) throw intoItself(from, to);
  if (ifAbsent || before.isDirectory) {
    throw new StorageError("already-exists", "the destination exists already", { path: to });
  }
  if (source.info!.isDirectory) {
    throw new StorageError("not-a-directory", "a directory cannot replace a file", { path: to });
  }
}

/** Whether two places are the same name in the same directory, however they were reached. */
function isOneName(a: DiskPlace, b: DiskPlace): boolean {
  return baseName(a.path) === baseName(b.path) && Deno.realPathSync(a.directory) === Deno.realPathSync(b.directory);
}

function isSame(a: Deno.FileInfo, b: Deno.FileInfo): boolean {
  return a.ino !== null && a.ino === b.ino && a.dev === b.dev;
}

function intoItself(from: string, to: string): StorageError {
  return new StorageError("invalid-argument", `it cannot be moved onto or into itself: ${JSON.stringify(to)}`, {
    path: from,
  });
}

/** Removes a file, a link or an empty directory. */
export function removeEntry(place: DiskPlace, path: string): void {
  if (path === "") throw new StorageError("invalid-argument", "the root cannot be deleted", { path });
  try {
    Deno.removeSync(place.path);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOTEMPTY") throw error;
    // What dead processes have left must not keep a directory that looks empty; a save under way may.
    for (const { name } of Deno.readDirSync(place.path)) {
      if (!isHidden(name) || (name !== LOCK_NAME && !sweepFile(`${place.path}/${name}`, ABANDONED_AFTER))) throw error;
      if (name === LOCK_NAME) Deno.removeSync(`${place.path}/${name}`);
    }
    Deno.removeSync(place.path);
  }
}

/** Removes whatever is there, a directory with all it holds; of the root only what it holds. */
export async function removeTree(place: DiskPlace, path: string): Promise<void> {
  if (place.info === undefined) return;
  if (path !== "") return await Deno.remove(place.path, { recursive: true });
  for (const { name } of [...Deno.readDirSync(place.path)]) {
    await Deno.remove(`${place.path}/${name}`, { recursive: true });
  }
}
