/**
 * {@linkcode guardedBy}: a store for changing chunks of an array, as long as it is that array.
 *
 * @module
 */

import { isStorageError } from "../errors.ts";
import { joinPath } from "../path.ts";
import type { AbortOptions, Store, WriteOptions, WriteResult } from "../stores/store.ts";
import { generationOf } from "./generation.ts";
import type { Head } from "./head.ts";
import { parseObject } from "./json.ts";
import { shareLock } from "../keyed_lock.ts";

/** The array is another one now, or has another shape. */
export class Replaced extends Error {}

/** A store that changes nothing any more once an array was replaced. */
export interface Guarded {
  /** The store, as far as chunks need it. */
  readonly store: Store;
  /** How many chunks were written or deleted. */
  readonly changes: () => number;
}

/**
 * A store for changing chunks of an array. Before each change it looks whether the array is still the same; what changes after that
 * look makes the change fail, because it is made under a condition.
 *
 * @param inner The store.
 * @param head The document of the array.
 * @returns The store, which throws {@linkcode Replaced}.
 */
export function guardedBy(inner: Store, head: Head): Guarded {
  const document = joinPath(head.path, head.file);
  let etag = head.etag;
  let changes = 0;

  async function check(options?: AbortOptions): Promise<void> {
    const now = (await inner.stat(document, options))?.etag;
    if (now === etag) return;
    const bytes = now === undefined ? undefined : await inner.read(document, options);
    if (bytes === undefined || !isSame(bytes)) throw new Replaced();
    etag = now;
  }

  /** Whether it is the same array, of the same shape: what is the whole of a chunk depends on that. */
  function isSame(bytes: Uint8Array): boolean {
    if (head.generation === undefined || generationOf(bytes) !== head.generation) return false;
    return String(parseObject(bytes, document).shape) === String(head.document.shape);
  }

  /** Changes a chunk that has this etag, or none. */
  async function change<T>(
    path: string,
    options: WriteOptions | undefined,
    work: (etag: string | undefined) => Promise<T>,
  ): Promise<T> {
    const given = options?.ifMatch !== undefined || options?.ifAbsent === true;
    for (;;) {
      const before = given ? options.ifMatch : (await inner.stat(path, options))?.etag;
      await check(options);
      try {
        const result = await work(before);
        changes++;
        return result;
      } catch (error) {
        if (given || !isStorageError(error, "precondition-failed", "already-exists")) throw error;
      }
    }
  }

  const store: Store = {
    read: (path, options) => inner.read(path, options),
    stat: (path, options) => inner.stat(path, options),
    write: (path, bytes, options) =>
      change(path, options, async (before): Promise<WriteResult> => {
        const condition = before === undefined ? { ifAbsent: true } : { ifMatch: before };
        const result = await inner.write!(path, bytes, { ...condition, signal: options?.signal });
        // Where nothing was nobody notices that something has come: it must not stay in another array.
        if (before === undefined) await check().catch((error) => takeBack(path, result.etag, error));
        return result;
      }),
    delete: (path, options) =>
      change(path, undefined, async (before) => {
        if (before !== undefined) await inner.delete!(path, { ifMatch: before, signal: options?.signal });
      }),
  };

  async function takeBack(path: string, ifMatch: string, error: unknown): Promise<never> {
    await inner.delete!(path, { ifMatch }).catch((failure) => {
      if (!isStorageError(failure, "precondition-failed")) throw failure;
    });
    throw error;
  }

  shareLock(store, inner);
  return { store, changes: () => changes };
}
