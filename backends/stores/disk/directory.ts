/**
 * What is done to a directory of the disk as a whole: locking, syncing, sweeping.
 *
 * @module
 */

import { isAbsence } from "./error.ts";
import { isHidden, LOCK_NAME } from "./hidden_names.ts";

const WINDOWS = Deno.build.os === "windows";

/**
 * Runs a change while holding the lock of a directory, which all processes share. The change is synchronous, so that the lock
 * is held for microseconds; where others hold it just now, the wait does not block.
 *
 * The lock is on the directory itself and leaves nothing behind; on Windows, where a directory cannot be locked, it
 * is on a hidden file in it.
 *
 * @param directory Path of the directory.
 * @param exclusive Whether nobody else may hold it (compare-and-swap), or only nobody exclusive (a plain write).
 * @param change What to do.
 */
export async function withLock<T>(directory: string, exclusive: boolean, change: () => T): Promise<T> {
  const file = WINDOWS
    ? Deno.openSync(`${directory}/${LOCK_NAME}`, { read: true, write: true, create: true })
    : Deno.openSync(directory);
  try {
    if (!file.tryLockSync(exclusive)) await file.lock(exclusive);
    return change();
  } finally {
    file.close(); // which unlocks
  }
}

/**
 * Syncs directories to the disk, so that the names in them survive a power loss. Callers that come while a sync of the same
 * directory is under way share the next one.
 */
export class DirectorySync {
  readonly #running = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Promise<void>>();

  /** Resolves when everything that was done in `directory` before the call is on the disk. */
  sync(directory: string): Promise<void> {
    if (WINDOWS) return Promise.resolve(); // directories cannot be opened there, and NTFS journals their names
    const running = this.#running.get(directory);
    if (running === undefined) return this.#start(directory);
    let next = this.#next.get(directory);
    if (next === undefined) {
      next = running.catch(() => {/* told to those who wait for it */}).then(() => {
        this.#next.delete(directory);
        return this.#start(directory);
      });
      this.#next.set(directory, next);
    }
    return next;
  }

  async #start(directory: string): Promise<void> {
    const sync = syncOne(directory);
    this.#running.set(directory, sync);
    try {
      await sync;
    } finally {
      if (this.#running.get(directory) === sync) this.#running.delete(directory);
    }
  }
}

async function syncOne(directory: string): Promise<void> {
  try {
    using file = Deno.openSync(directory);
    await file.sync();
  } catch (error) {
    // Deleted since, with all that was to be kept; or above the root, where nothing needs to be permitted.
    if (!(error instanceof Deno.errors.NotFound) && !(error instanceof Deno.errors.NotCapable)) throw error;
  }
}

/** How long a temporary file must have been left alone before anyone takes it for one of a dead process. */
export const ABANDONED_AFTER = 60 * 60 * 1000;

/**
 * Removes the temporary files that dead processes left in a directory.
 *
 * @param directory Path of the directory.
 * @param olderThan How long they must have been left alone, in milliseconds.
 * @returns How many were removed.
 */
export async function sweepDirectory(directory: string, olderThan: number): Promise<number> {
  let removed = 0;
  for await (const { name } of Deno.readDir(directory)) {
    if (name !== LOCK_NAME && isHidden(name) && sweepFile(`${directory}/${name}`, olderThan)) removed++;
  }
  return removed;
}

/**
 * Removes a temporary file if nobody is at work on it.
 *
 * @param path Path of the file.
 * @param olderThan How long it must have been left alone, in milliseconds.
 * @returns Whether it was removed.
 */
export function sweepFile(path: string, olderThan: number): boolean {
  try {
    const info = Deno.lstatSync(path);
    if (info.isDirectory || (info.mtime?.getTime() ?? 0) > Date.now() - olderThan) return false;
    if (info.isFile && isInUse(path)) return false;
    Deno.removeSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false; // published, or swept by someone else
    throw error;
  }
}

/** Whether a stream is still writing into a temporary file: it holds a lock while it does. */
function isInUse(path: string): boolean {
  using file = Deno.openSync(path);
  return !file.tryLockSync(true);
}

/** Directories remembered as swept. */
const SWEPT_KEPT = 10_000;

/** Sweeps each directory once, when this process first writes to it. */
export class Sweeper {
  readonly #swept = new Set<string>();

  /** Whether a directory needs no sweep any more. */
  knows(directory: string): boolean {
    return this.#swept.has(directory);
  }

  /** Takes note of a directory that was made just now: there is nothing to sweep. */
  note(directory: string): void {
    if (this.#swept.size >= SWEPT_KEPT) this.#swept.clear();
    this.#swept.add(directory);
  }

  /** Sweeps a directory that was not visited before, unless it was made just now. */
  async visit(directory: string, isNew: boolean): Promise<void> {
    if (this.#swept.has(directory)) return;
    this.note(directory);
    if (isNew) return;
    try {
      await sweepDirectory(directory, ABANDONED_AFTER);
    } catch (error) {
      // The write itself is done; whoever may do it, and comes next, sweeps.
      if (!isAbsence(error) && !(error instanceof Deno.errors.PermissionDenied)) throw error;
    }
  }
}
