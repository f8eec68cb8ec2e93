/**
 * {@linkcode updateValue}: read, change and write back, losing nobody's update.
 *
 * @module
 */

import type { StorageBackend } from "../backends/backend.ts";
import type { SaveOptions } from "../backends/data_source.ts";
import { isStorageError, StorageError } from "../backends/errors.ts";

/** Options of `update`. */
export interface UpdateOptions extends Omit<SaveOptions, "overwrite" | "ifMatch"> {
  /**
   * How often it is tried again after others were faster.
   *
   * @default {1000}
   */
  attempts?: number | undefined;
}

/** The longest pause between two attempts, in milliseconds. */
const LONGEST_PAUSE = 100;

/** Updates under way in this process, by backend and path: those of one path take turns rather than collide. */
const queues = new WeakMap<StorageBackend, Map<string, Promise<unknown>>>();

/**
 * Replaces a value by what `change` makes of it, by compare-and-swap: if another writer was faster, in whatever process, it is
 * loaded again and `change` called again. `change` answering `undefined` leaves everything as it is.
 *
 * @typeParam T The value.
 * @param backend The backend.
 * @param path The path.
 * @param change Makes the new value of the old one, `undefined` if there is none; may be called more than once.
 * @param options Format, signal, attempts, and what `save` takes.
 * @returns The value that is there now.
 * @throws {StorageError} `busy` if others were faster every time, `unsupported` if the backend has no etags.
 */
export async function updateValue<T>(
  backend: StorageBackend,
  path: string,
  change: (value: T | undefined) => T | undefined | Promise<T | undefined>,
  options: UpdateOptions = {},
): Promise<T | undefined> {
  const queue = queues.get(backend) ?? new Map<string, Promise<unknown>>();
  queues.set(backend, queue);
  const turn = (queue.get(path) ?? Promise.resolve()).then(() => swap(backend, path, change, options));
  const done = turn.catch(() => {/* told to its own caller */});
  queue.set(path, done);
  try {
    return await turn;
  } finally {
    if (queue.get(path) === done) queue.delete(path);
  }
}

async function swap<T>(
  backend: StorageBackend,
  path: string,
  change: (value: T | undefined) => T | undefined | Promise<T | undefined>,
  { attempts = 1000, ...options }: UpdateOptions,
): Promise<T | undefined> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) await pause(attempt, options.signal);
    let etag: string | undefined;
    let before: T | undefined;
    try {
      // The etag first: if the content changes before it is loaded, saving fails, as it should.
      etag = await etagOf(backend, path, options);
      before = etag === undefined ? undefined : await backend.load(path, options) as T;
    } catch (error) {
      if (!isStorageError(error, "not-found")) throw error;
      continue; // deleted between the two looks
    }
    const after = await change(before);
    if (after === undefined) return before;
    try {
      await backend.save(after, path, {
        ...options,
        ...(etag === undefined ? { overwrite: false } : { ifMatch: etag }),
      });
      return after;
    } catch (error) {
      if (!isStorageError(error, "precondition-failed", "already-exists")) throw error;
    }
  }
  throw new StorageError("busy", `others changed it each of ${attempts} times; try again later`, {
    path,
    retryable: true,
  });
}

async function etagOf(backend: StorageBackend, path: string, options: SaveOptions): Promise<string | undefined> {
  try {
    const { etag, kind, exists, targetKind } = await backend.stat(path, { signal: options.signal });
    if (!exists) return undefined;
    if ((targetKind ?? kind) === "directory") {
      throw new StorageError("is-a-directory", "it is a directory, not a file", { path });
    }
    if (etag !== undefined) return etag;
  } catch (error) {
    if (isStorageError(error, "not-found")) return undefined;
    throw error;
  }
  throw new StorageError("unsupported", "this backend has no etags, so an update could be lost", { path });
}

/** Waits a little, longer each time, by chance so that two do not keep in step. */
async function pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(LONGEST_PAUSE, 2 ** attempt)));
  signal?.throwIfAborted();
}
