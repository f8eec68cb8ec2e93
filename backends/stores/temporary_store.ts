/**
 * {@linkcode TemporaryStore}: a directory of the disk that is gone when the store is closed.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { diskError, isAbsence } from "./disk/error.ts";
import { DiskStore } from "./disk_store.ts";
import { pause } from "./pause.ts";

/** Options of {@linkcode TemporaryStore}. */
export interface TemporaryStoreOptions {
  /**
   * The directory in which the temporary one is made; it must be there.
   *
   * @default {undefined} that of the system: `TMPDIR`, else `/tmp`
   */
  dir?: string | undefined;
  /**
   * How its name begins.
   *
   * @default {"polystore-temporary-"}
   */
  prefix?: string | undefined;
}

const PREFIX = "polystore-temporary-";

/** How often what is still being written is removed again, and how long to wait between, in milliseconds. */
const TRIES = 20;
const PAUSE = 10;

/**
 * Bytes in a fresh directory of the disk, which only this user can enter. The first operation makes it; `close` removes it with all it
 * holds, links being removed and not followed; after that every operation fails with `closed`. What a process leaves that
 * was killed begins with the prefix, in the directory for such: the system, or whoever wants, may remove it.
 *
 * Permissions: `--allow-read` and `--allow-write` for the directory in which it is made, and none for the environment.
 *
 * @example
 * ```ts
 * import { TemporaryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const store = new TemporaryStore();
 * await store.write("a/b.bin", new Uint8Array([1, 2, 3]));
 * const { directory } = store;
 * assert((await Deno.stat(`${directory}/a/b.bin`)).isFile);
 * await store.close();
 * await assert.rejects(Deno.stat(directory!), Deno.errors.NotFound);
 * ```
 */
export class TemporaryStore extends DiskStore {
  readonly #own: Own;

  /** Creates the store; the disk is not touched yet. */
  constructor(options: TemporaryStoreOptions = {}) {
    const own: Own = { directory: undefined, closed: false };
    // What is gone in any case need not be safe from a crash.
    super({ durability: "fast", root: () => directoryOf(own, options) });
    this.#own = own;
  }

  /** The directory; `undefined` before the first operation and after `close`. */
  get directory(): string | undefined {
    return this.#own.directory;
  }

  /**
   * See `Closable.close`. Removes the directory, also while files in it are open.
   *
   * @throws {StorageError} `permission-denied`, `io`; it can be called again.
   */
  override async close(): Promise<void> {
    const own = this.#own;
    own.closed = true;
    if (own.directory === undefined) return;
    for (let tries = 1;; tries++) {
      try {
        await Deno.remove(own.directory, { recursive: true });
        break;
      } catch (error) {
        if (isAbsence(error)) break;
        // Something that was under way has put a file there meanwhile.
        if ((error as { code?: unknown }).code !== "ENOTEMPTY" || tries === TRIES) throw diskError(error, "");
        await pause(PAUSE);
      }
    }
    own.directory = undefined;
  }
}

/** The directory of one store. */
interface Own {
  directory: string | undefined;
  closed: boolean;
}

function directoryOf(own: Own, { dir, prefix = PREFIX }: TemporaryStoreOptions): string {
  if (own.closed) throw new StorageError("closed", "the temporary directory is closed, and what was in it is gone");
  return own.directory ??= makeDirectory(dir, prefix);
}

function makeDirectory(dir: string | undefined, prefix: string): string {
  try {
    return Deno.makeTempDirSync({ prefix, ...(dir === undefined ? {} : { dir }) });
  } catch (cause) {
    if (!isAbsence(cause)) throw diskError(cause, "");
    const where = dir === undefined ? "the directory of the system for such" : JSON.stringify(dir);
    throw new StorageError("unavailable", `a temporary directory is made in ${where}, which is not there`, { cause });
  }
}
