/**
 * The SQLite backend: values in one database file.
 *
 * Permissions: `--allow-read` and `--allow-write` for the database file; with `readOnly`, `--allow-read` for it; for `:memory:`
 * none. No foreign functions, and nothing is downloaded: the engine is the one inside Deno, loaded by the first operation.
 *
 * @module
 */

import { registerBackend } from "./catalogue.ts";
import type { ConnectionParams, EntriesOptions, PicklableBackend } from "./data_source.ts";
import { inContext, StorageError } from "./errors.ts";
import { StoreBackend, type StoreBackendOptions } from "./store_backend.ts";
import { SqliteStore, type SqliteStoreOptions, type SqliteSweepOptions } from "./stores/sqlite_store.ts";
import type { AbortOptions, Entry } from "./stores/store.ts";

export type {
  SqlDatabase,
  SqliteDurability,
  SqliteSweepOptions,
  SqlStatement,
  SqlValue,
} from "./stores/sqlite_store.ts";

/** Options of {@linkcode SqliteBackend}. */
export interface SqliteBackendOptions extends SqliteStoreOptions, StoreBackendOptions {}

/**
 * Values in an SQLite database, each encoded by the format of its suffix.
 *
 * Batches are all or nothing. Several processes may use one file: no update is lost, and locks are waited for.
 *
 * @example
 * ```ts
 * import { SqliteBackend } from "@polystore/polystore/sqlite";
 * import assert from "node:assert/strict";
 *
 * await using sqlite = new SqliteBackend({ path: ":memory:" });
 * await sqlite.saveBatch([{ a: 1 }, { a: 2 }], ["plate/1.json", "plate/2.json"]);
 * assert.deepEqual(await sqlite.load("plate/2.json"), { a: 2 });
 * assert.deepEqual(await sqlite.listFiles("plate"), ["plate/1.json", "plate/2.json"]);
 * ```
 *
 * @example On a database that is open already
 * ```ts
 * import { SqliteBackend } from "@polystore/polystore/sqlite";
 * import assert from "node:assert/strict";
 * import { DatabaseSync } from "node:sqlite";
 *
 * using database = new DatabaseSync(":memory:");
 * const sqlite = new SqliteBackend({ database });
 * await sqlite.save("text", "note.txt");
 * assert.equal(await sqlite.load("note.txt"), "text");
 * ```
 */
export class SqliteBackend extends StoreBackend<SqliteStore> implements PicklableBackend {
  /** The name it is registered under. */
  static readonly backendType: string = "sqlite";
  static {
    registerBackend(this);
  }

  readonly #options: SqliteBackendOptions;

  /** Creates a backend; nothing is opened yet. */
  constructor(options: SqliteBackendOptions = {}) {
    super(new SqliteStore(options), options);
    this.#options = options;
  }

  /** Tells a listing page by page. */
  protected override async entryList(directory: string, options: EntriesOptions = {}): Promise<readonly Entry[]> {
    const { recursive = false, details, signal } = options;
    try {
      const entries = await this.store.listAll(this.normalize(directory), { shallow: !recursive, details, signal });
      if (entries.length > 0) return entries;
    } catch (error) {
      throw inContext(error, { operation: "list", path: directory });
    }
    // It may be missing, or no directory: that is for the slow way to tell.
    return await super.entryList(directory, options);
  }

  /**
   * Copies the database into a new file, as it is at one moment, while others may go on using it.
   *
   * @param path The new file.
   * @param options Options.
   * @throws {StorageError} `already-exists` if something is at the path, `permission-denied`, `no-space`.
   *
   * @example
   * ```ts
   * import { SqliteBackend } from "@polystore/polystore/sqlite";
   * import assert from "node:assert/strict";
   *
   * const directory = await Deno.makeTempDir();
   * await using sqlite = new SqliteBackend({ path: `${directory}/a.db` });
   * await sqlite.save("text", "note.txt");
   * await sqlite.backup(`${directory}/b.db`);
   * await using copy = new SqliteBackend({ path: `${directory}/b.db`, readOnly: true });
   * assert.equal(await copy.load("note.txt"), "text");
   * await copy.close();
   * await Deno.remove(directory, { recursive: true });
   * ```
   */
  async backup(path: string, options?: AbortOptions): Promise<void> {
    try {
      await this.store.backup(path, options);
    } catch (error) {
      throw inContext(error, { operation: "back up", path });
    }
  }

  /**
   * Looks at every page and every row of the database.
   *
   * @returns What is wrong, one sentence each; nothing if all is well.
   */
  async check(options?: AbortOptions): Promise<string[]> {
    try {
      return await this.store.check(options);
    } catch (error) {
      throw inContext(error, { operation: "check" });
    }
  }

  /**
   * Removes what processes that died have left: content that was never published. It need not be called: the first change of a
   * process removes what is an hour old.
   *
   * @param options Which. With an `olderThan` that is shorter than another process takes to write a piece, that one's write fails
   * with `busy`.
   * @returns How many contents were removed.
   */
  async sweep(options?: SqliteSweepOptions): Promise<number> {
    try {
      return await this.store.sweep(options);
    } catch (error) {
      throw inContext(error, { operation: "sweep" });
    }
  }

  /**
   * What it takes to make it again elsewhere.
   *
   * @throws {StorageError} `unsupported` for a given handle and for `:memory:`, which are not elsewhere.
   */
  connectionParams(): ConnectionParams {
    const { path = "polystore.db", durability, readOnly, busyTimeout, groupCommit, database } = this.#options;
    if (database !== undefined || path === ":memory:") {
      const detail = "a database in memory, or a handle, cannot be opened elsewhere: give a path";
      throw inContext(new StorageError("unsupported", detail), { operation: "describe" });
    }
    return { path, durability, readOnly, busyTimeout, groupCommit };
  }

  /** Makes a backend from what {@linkcode SqliteBackend.connectionParams} answered. */
  static fromConnectionParams(params: ConnectionParams): SqliteBackend {
    const { path, durability, readOnly, busyTimeout, groupCommit } = params;
    return new SqliteBackend({
      path: path === undefined ? undefined : String(path),
      durability: durability === "normal" ? "normal" : "full",
      readOnly: readOnly === true,
      busyTimeout: typeof busyTimeout === "number" ? busyTimeout : undefined,
      groupCommit: groupCommit === true,
    });
  }
}
