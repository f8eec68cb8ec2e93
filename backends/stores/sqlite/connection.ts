/**
 * {@linkcode SqliteConnection}: the way to a database: opened by the first operation, patient with other processes, closed once.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { pause } from "../pause.ts";
import { SqliteContent } from "./content.ts";
import { openDatabase, probe, settle, settleLog, type SqlDatabase, type SqliteDurability } from "./database.ts";
import { closedError, isBusy, sqliteError } from "./error.ts";
import { GroupCommit } from "./group_commit.ts";
import { migrate, SCHEMA, schemaOf } from "./schema.ts";
import { SqliteSession } from "./session.ts";
import { SqliteTree } from "./tree.ts";

/** An open database and its parts. */
export interface SqliteVolume {
  /** Its statements and transactions. */
  readonly session: SqliteSession;
  /** Its names. */
  readonly tree: SqliteTree;
  /** Its bytes. */
  readonly content: SqliteContent;
}

/** What a connection is made of. */
export interface SqliteConnectionOptions {
  /** The file; not used with a handle. */
  readonly path: string;
  /** An open handle, which stays its owner's to close. */
  readonly database: SqlDatabase | undefined;
  /** How safe a write is. */
  readonly durability: SqliteDurability;
  /** Whether nothing is ever written. */
  readonly readOnly: boolean;
  /** How long to wait for others, in milliseconds. */
  readonly busyTimeout: number;
  /** Whether changes that come together share a transaction. */
  readonly groupCommit: boolean;
}

const MEMORY = ":memory:";

/** The longest pause between two tries, in milliseconds. */
const MAX_PAUSE = 64;

/** The way to a database. */
export class SqliteConnection {
  readonly #options: SqliteConnectionOptions;
  readonly #watchers = new Set<() => void>();
  readonly #groups: GroupCommit | undefined;
  #volume: SqliteVolume | undefined;
  #opening: Promise<SqliteVolume> | undefined;
  /** Stands for a file that is not there yet: looking at it makes none. */
  #nothing: SqliteVolume | undefined;
  #tidied = false;
  #closing = false;
  #closed = false;
  /** Called before the first change. */
  tidy: (() => Promise<unknown>) | undefined;

  /** Opens nothing yet. */
  constructor(options: SqliteConnectionOptions) {
    this.#options = options;
    if (options.groupCommit) this.#groups = new GroupCommit((path, signal, work) => this.change(path, signal, work));
  }

  /**
   * Looks at the database. A file that is missing is not made.
   *
   * @typeParam T What is answered.
   * @param path What it is about, for errors.
   * @param signal Stops waiting.
   * @param work Looks; it must not wait, and may be called again.
   * @returns What it answers.
   */
  look<T>(path: string, signal: AbortSignal | undefined, work: (volume: SqliteVolume) => T): Promise<T> {
    const volume = this.#volume;
    if (volume === undefined || signal?.aborted) return this.#lookFirst(path, signal, work);
    try {
      // An async function would take longer than finding the row.
      return Promise.resolve(work(volume));
    } catch (error) {
      return this.#insist(error, path, signal, () => work(volume));
    }
  }

  async #lookFirst<T>(path: string, signal: AbortSignal | undefined, work: (volume: SqliteVolume) => T): Promise<T> {
    signal?.throwIfAborted();
    const volume = await this.#open(path, signal, false);
    try {
      return work(volume);
    } catch (error) {
      return await this.#insist(error, path, signal, () => work(volume));
    }
  }

  /**
   * Changes the database; opens it, and makes it if it is missing.
   *
   * @typeParam T What is answered.
   * @param path What it is about, for errors.
   * @param signal Stops waiting.
   * @param work Makes the change, in one transaction; it must not wait, and may be called again if that failed.
   * @returns What it answers.
   */
  async change<T>(path: string, signal: AbortSignal | undefined, work: (volume: SqliteVolume) => T): Promise<T> {
    signal?.throwIfAborted();
    const volume = this.#volume ?? await this.#open(path, signal, true);
    if (!this.#tidied) await this.#tidyUp();
    let result: T;
    try {
      result = work(volume);
    } catch (error) {
      result = await this.#insist(error, path, signal, () => work(volume));
    }
    for (const wake of this.#watchers) wake();
    return result;
  }

  /**
   * As `change`, with others that come at the same time if the store does so.
   *
   * @typeParam T What is answered.
   * @param path What it is about, for errors.
   * @param signal Stops waiting.
   * @param work Makes the change, in one transaction or one statement, and remembers nothing of it: it may be called again.
   * @param size How many bytes it writes, about.
   * @returns What it answers.
   */
  commit<T>(
    path: string,
    signal: AbortSignal | undefined,
    work: (volume: SqliteVolume) => T,
    size: number = 0,
  ): Promise<T> {
    return this.#groups?.add({ path, signal, size, work }) ?? this.change(path, signal, work);
  }

  /** Whether a change may wait for others. */
  get isGrouping(): boolean {
    return this.#groups !== undefined;
  }

  /** Calls back after every change through this connection, until the function it answers is called. */
  subscribe(wake: () => void): () => void {
    this.#watchers.add(wake);
    return () => void this.#watchers.delete(wake);
  }

  /** Whether others can change the database. */
  get isShared(): boolean {
    return this.#options.database !== undefined || this.#options.path !== MEMORY;
  }

  /** Closes what was opened here; from then on everything is refused. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#groups?.close();
    this.#closed = true;
    await this.#opening?.catch(() => {/* whoever asked has seen it */});
    const volume = this.#volume;
    this.#volume = undefined;
    this.#nothing?.session.database.close();
    this.#nothing = undefined;
    for (const wake of this.#watchers) wake();
    if (volume === undefined || this.#options.database !== undefined) return;
    try {
      if (!this.#options.readOnly) volume.session.checkpoint();
    } catch {
      // Others use it, or the disk is full: what is in the log is safe there, and the next opening finds it.
    } finally {
      volume.session.database.close();
    }
  }

  /** Tries again while others hold a lock, after pauses of chance length. */
  async #insist<T>(failure: unknown, path: string, signal: AbortSignal | undefined, work: () => T): Promise<T> {
    const end = performance.now() + this.#options.busyTimeout;
    let error = failure;
    for (let next = 2; isBusy(error) && performance.now() < end; next = Math.min(MAX_PAUSE, next * 2)) {
      await pause(next * (0.5 + Math.random()), signal);
      if (this.#closing) throw closedError();
      try {
        return work();
      } catch (again) {
        error = again;
      }
    }
    throw this.#closing ? closedError(error) : sqliteError(error, path);
  }

  async #open(path: string, signal: AbortSignal | undefined, making: boolean): Promise<SqliteVolume> {
    if (this.#closed) throw closedError();
    if (!making && !this.#options.readOnly && this.#isMissing()) return this.#nothing ??= await this.#makeNothing();
    this.#opening ??= this.#connect().finally(() => this.#opening = undefined);
    try {
      return await this.#opening;
    } catch (error) {
      signal?.throwIfAborted();
      throw sqliteError(error, path);
    }
  }

  #isMissing(): boolean {
    if (!this.isShared || this.#options.database !== undefined) return false;
    try {
      Deno.statSync(this.#options.path);
      return false;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return true;
      throw sqliteError(error);
    }
  }

  async #makeNothing(): Promise<SqliteVolume> {
    const database = await openDatabase(MEMORY, false);
    migrate(database);
    return volumeOf(new SqliteSession(database, "normal"));
  }

  async #connect(): Promise<SqliteVolume> {
    const end = performance.now() + this.#options.busyTimeout;
    for (let next = 2;; next = Math.min(MAX_PAUSE, next * 2)) {
      try {
        const volume = await this.#connectOnce();
        if (!this.#closed) return this.#volume = volume;
        if (this.#options.database === undefined) volume.session.database.close();
        throw closedError();
      } catch (error) {
        if (!isBusy(error) || performance.now() >= end) throw error;
      }
      await pause(next * (0.5 + Math.random()));
    }
  }

  async #connectOnce(): Promise<SqliteVolume> {
    const { path, readOnly, durability, database: given } = this.#options;
    const database = given ?? await this.#openFile(path, readOnly);
    try {
      settle(database);
      if (given !== undefined) probe(database);
      const schema = schemaOf(database);
      if (!readOnly) settleLog(database, this.#options);
      const session = new SqliteSession(database, durability);
      if (schema < SCHEMA) {
        if (readOnly) throw outdated(schema);
        session.transaction(() => migrate(database));
      }
      return volumeOf(session);
    } catch (error) {
      if (given === undefined) database.close();
      throw error;
    }
  }

  async #openFile(path: string, readOnly: boolean): Promise<SqlDatabase> {
    try {
      return await openDatabase(path, readOnly);
    } catch (error) {
      throw readOnly && this.#isMissing()
        ? new StorageError("not-found", `there is no database at ${JSON.stringify(path)}`, { cause: error })
        : error;
    }
  }

  async #tidyUp(): Promise<void> {
    this.#tidied = true;
    try {
      await this.tidy?.();
    } catch (error) {
      // It is no part of what was asked; the next process, or `sweep`, will see to it.
      if (this.#closed) throw error;
    }
  }
}

function volumeOf(session: SqliteSession): SqliteVolume {
  const content = new SqliteContent(session);
  return { session, content, tree: new SqliteTree(session, (version) => content.drop(version)) };
}

function outdated(schema: number): StorageError {
  return new StorageError(
    "unsupported",
    schema === 0
      ? "the database is empty, and it is opened read-only"
      : `the database has schema ${schema}, which this version would have to change: open it once without readOnly`,
  );
}
