/**
 * {@linkcode SqliteStore}: bytes in an SQLite database.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { DeferredStore, type WholeStore } from "./deferred_store.ts";
import type { SqlDatabase, SqliteDurability } from "./sqlite/database.ts";
import type { AbortOptions, Entry, ListOptions } from "./store.ts";

export type { SqlDatabase, SqliteDurability, SqlStatement, SqlValue } from "./sqlite/database.ts";

/** Options of {@linkcode SqliteStore}. */
export interface SqliteStoreOptions {
  /**
   * The database file, made on the first write; `:memory:` for one that goes with the store.
   *
   * @default {"polystore.db"}
   */
  path?: string | undefined;
  /**
   * An open database in place of a file: of `node:sqlite`, of `@db/sqlite` (opened with `{ int64: true }`), or alike. It stays
   * the caller's to close.
   *
   * @default {undefined} the file is opened with `node:sqlite`
   */
  database?: SqlDatabase | undefined;
  /**
   * How safe a write is when it resolves.
   *
   * @default {"full"}
   */
  durability?: SqliteDurability | undefined;
  /**
   * Never write: the file must be there, and `--allow-write` is not needed.
   *
   * @default {false}
   */
  readOnly?: boolean | undefined;
  /**
   * How long to wait for other processes that hold the database locked, in milliseconds, before `busy` is thrown.
   *
   * @default {30000}
   */
  busyTimeout?: number | undefined;
  /**
   * Whether changes that come at the same time share one transaction, and so one wait for the disk: group commit, for servers. Each still
   * succeeds or fails for itself, and is told only when it is safe. One change alone waits for a turn of the event loop more.
   *
   * @default {false}
   */
  groupCommit?: boolean | undefined;
}

/** Options of {@linkcode SqliteStore.sweep}. */
export interface SqliteSweepOptions extends AbortOptions {
  /**
   * How long unfinished content must have been left alone, in milliseconds.
   *
   * @default {3600000} one hour
   */
  olderThan?: number | undefined;
}

/** What an SQLite database offers beyond a store. */
export interface SqliteCare {
  /**
   * Removes what processes that died have left, which is content that was never published, and content whose time has come.
   *
   * @param options Which.
   * @returns How many contents were removed.
   */
  sweep(options?: SqliteSweepOptions): Promise<number>;

  /**
   * All that `list` yields, at once: a large listing is several times faster so.
   *
   * @param prefix The directory.
   * @param options What to list.
   * @returns The entries.
   */
  listAll(prefix: string, options?: ListOptions): Promise<Entry[]>;

  /**
   * Copies the database into a new file, as it is at one moment, while others may go on using it.
   *
   * @param path The new file.
   * @param options Options.
   * @throws {StorageError} `already-exists` if something is at the path.
   */
  backup(path: string, options?: AbortOptions): Promise<void>;

  /**
   * Looks at every page and every row of the database.
   *
   * @returns What is wrong, one sentence each; nothing if all is well.
   */
  check(options?: AbortOptions): Promise<string[]>;
}

/**
 * Bytes in an SQLite database, with directories and links.
 *
 * Every change is one transaction, or none at all: another process, or the next one after a crash, sees the old or the new
 * content. Content beyond 4 MiB, and what is streamed, is written in transactions of bounded size under no name, and published by the last
 * one; what a process that died has left of it is removed by the first change of a later process an hour after, or by
 * {@linkcode SqliteStore.sweep}.
 *
 * The engine works synchronously: nothing else happens in this process while it does. It is loaded and opened by the first
 * operation. Locks of other processes are waited for.
 *
 * Permissions: `--allow-read` and `--allow-write` for the file; reading only, `--allow-read`; none for `:memory:`.
 *
 * @example
 * ```ts
 * import { SqliteStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const store = new SqliteStore({ path: ":memory:" });
 * await store.write("a/b.bin", new Uint8Array([1, 2, 3]));
 * assert.deepEqual(await store.read("a/b.bin", { range: { suffix: 2 } }), new Uint8Array([2, 3]));
 * await store.close();
 * ```
 */
export class SqliteStore extends DeferredStore<WholeStore & SqliteCare> implements SqliteCare {
  readonly #options: SqliteStoreOptions;

  /**
   * Creates the store; nothing is opened yet.
   *
   * @throws {StorageError} `invalid-argument` if the path is empty.
   */
  constructor(options: SqliteStoreOptions = {}) {
    super();
    if (options.path === "") throw new StorageError("invalid-argument", "the path of the database must not be empty");
    this.#options = options;
  }

  /** Loads its code. */
  protected override async make(): Promise<WholeStore & SqliteCare> {
    const { SqliteCore } = await import("./sqlite/core.ts");
    return new SqliteCore(this.#options);
  }

  /** See {@linkcode SqliteCare.sweep}. */
  sweep(options?: SqliteSweepOptions): Promise<number> {
    return this.run((core) => core.sweep(options));
  }

  /** See {@linkcode SqliteCare.listAll}. */
  listAll(prefix: string, options?: ListOptions): Promise<Entry[]> {
    return this.run((core) => core.listAll(prefix, options));
  }

  /** See {@linkcode SqliteCare.backup}. */
  backup(path: string, options?: AbortOptions): Promise<void> {
    return this.run((core) => core.backup(path, options));
  }

  /** See {@linkcode SqliteCare.check}. */
  check(options?: AbortOptions): Promise<string[]> {
    return this.run((core) => core.check(options));
  }
}
