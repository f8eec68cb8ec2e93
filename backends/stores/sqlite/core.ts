/**
 * {@linkcode SqliteCore}: what a {@linkcode SqliteStore} does, in a module of its own that is loaded by its first operation.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { WholeStore } from "../deferred_store.ts";
import { checkWrite, expiryOf } from "../rules.ts";
import { backUp, problemsOf } from "./care.ts";
import { SqliteConnection } from "./connection.ts";
import { ABANDONED_AFTER, PIECE, SqliteDraft, sweepDrafts, sweepOver } from "./draft.ts";
import { SqliteBatch } from "./batch.ts";
import { listPages } from "./list.ts";
import { etagOf } from "./node.ts";
import { openContent, openDraft } from "./stream.ts";
import { type Draftable, save } from "./writer.ts";
import type {
  AbortOptions,
  DeleteOptions,
  Entry,
  ExpiringWriteOptions,
  ListOptions,
  ReadOptions,
  Stat,
  WriteOptions,
  WriteRequest,
  WriteResult,
} from "../store.ts";
import { concat } from "../stream.ts";
import type { SqliteCare, SqliteStoreOptions, SqliteSweepOptions } from "../sqlite_store.ts";
import { subscribeSqlite } from "./watch.ts";
import { reachable } from "../walk.ts";
import { watching } from "../watch.ts";

/** After how many files with a time limit those whose time has come are removed. */
const SWEPT_AFTER = 1000;

/** Bytes in an SQLite database: see {@linkcode SqliteStore}. */
export class SqliteCore implements WholeStore, SqliteCare {
  readonly #connection: SqliteConnection;
  #expiring = 0;

  /** Nothing is opened yet. */
  constructor(options: SqliteStoreOptions = {}) {
    const {
      path = "polystore.db",
      database,
      durability = "full",
      readOnly = false,
      busyTimeout = 30_000,
      groupCommit = false,
    } = options;
    this.#connection = new SqliteConnection({ path, database, durability, readOnly, busyTimeout, groupCommit });
    this.#connection.tidy = () => this.sweep();
  }

  /** See `Readable.read`. */
  read(path: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    return this.#connection.look(
      path,
      options?.signal,
      ({ tree, content }) => content.read(tree, path, options?.range),
    );
  }

  /** See `Readable.stat`. */
  stat(path: string, options?: AbortOptions): Promise<Stat | undefined> {
    return this.#connection.look(path, options?.signal, ({ tree }) => {
      const node = tree.find(path);
      if (node?.kind !== "file") return node && { kind: "directory" };
      const { size, modified, version, expires } = node;
      const stat: Stat = { kind: "file", size, modified: new Date(modified), etag: String(version) };
      return expires === undefined ? stat : { ...stat, expires: new Date(expires) };
    });
  }

  /** See `Listable.list`. */
  async *list(prefix: string, options?: ListOptions): AsyncGenerator<Entry> {
    for await (const page of listPages(this.#connection, prefix, options)) {
      for (const entry of page) {
        options?.signal?.throwIfAborted();
        yield entry;
      }
    }
  }

  /** See `Writable.write`. */
  write(path: string, bytes: Uint8Array, options?: WriteOptions): Promise<WriteResult> {
    if (bytes.length <= PIECE) return this.#publish(path, bytes, options);
    return this.#draft(path, (draft) => draft.append(bytes, options?.signal), options);
  }

  /** See `Writable.delete`. */
  async delete(path: string, options?: DeleteOptions): Promise<void> {
    await this.#connection.commit(
      path,
      options?.signal,
      ({ session, tree }) => session.transaction(() => tree.remove(path, options?.ifMatch)),
    );
  }

  /** See `Directories.makeDirectory`. */
  async makeDirectory(path: string, options?: AbortOptions): Promise<void> {
    await this.#connection.commit(
      path,
      options?.signal,
      ({ session, tree }) => session.transaction(() => tree.makeDirectory(path)),
    );
  }

  /** See `Links.createSymlink`. */
  async createSymlink(target: string, path: string, options?: AbortOptions): Promise<void> {
    await this.#connection.commit(
      path,
      options?.signal,
      ({ session, tree }) => session.transaction(() => tree.link(target, path)),
    );
  }

  /** See `Links.readSymlink`. */
  readSymlink(path: string, options?: AbortOptions): Promise<string | undefined> {
    return this.#connection.look(path, options?.signal, ({ tree }) => tree.readLink(path));
  }

  /** See `Timed.writeExpiring`. What is over is removed by the first change of a later process, and now and then. */
  async writeExpiring(path: string, bytes: Uint8Array, options: ExpiringWriteOptions): Promise<WriteResult> {
    options.signal?.throwIfAborted();
    const expires = expiryOf(options.expireIn, path);
    if (++this.#expiring % SWEPT_AFTER === 0) await sweepOver(this.#connection, options.signal);
    if (bytes.length <= PIECE) return await this.#publish(path, bytes, options, expires);
    return await this.#draft(path, (draft) => draft.append(bytes, options.signal), options, expires);
  }

  /** See `Timed.watch`. What other processes change is told within a fifth of a second. */
  watch(path: string, options?: AbortOptions): AsyncGenerator<Stat | undefined> {
    return watching({
      look: () => this.stat(path),
      subscribe: (wake, fail) => subscribeSqlite(this.#connection, wake, fail),
    }, options?.signal);
  }

  /** See `Accelerated.copy`. */
  async copy(from: string, to: string, options?: WriteOptions): Promise<WriteResult> {
    return await this.#draft(to, async (draft) => {
      const source = await this.openRead(from, { signal: options?.signal });
      if (source === undefined) throw new StorageError("not-found", "not found", { path: from });
      for await (const chunk of source) await draft.append(chunk, options?.signal);
    }, options);
  }

  /** See `Accelerated.move`. */
  async move(from: string, to: string, options?: Pick<WriteOptions, "ifAbsent" | "signal">): Promise<void> {
    await this.#connection.commit(
      from,
      options?.signal,
      ({ session, tree }) => session.transaction(() => tree.move(from, to, options?.ifAbsent ?? false)),
    );
  }

  /** See `Accelerated.deleteTree`. */
  async deleteTree(path: string, options?: AbortOptions): Promise<void> {
    await this.#connection.commit(
      path,
      options?.signal,
      ({ session, tree }) => session.transaction(() => tree.removeTree(path)),
    );
  }

  /** See `Accelerated.readMany`. */
  readMany(paths: readonly string[], options?: AbortOptions): Promise<(Uint8Array | undefined)[]> {
    return this.#connection.look(
      "",
      options?.signal,
      ({ tree, content }) => content.readMany(tree, paths),
    );
  }

  /** See `Accelerated.writeMany`. All or nothing. */
  async writeMany(
    writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>,
    options?: WriteOptions,
  ): Promise<WriteResult[]> {
    const batch = new SqliteBatch(this.#connection, options);
    try {
      for await (const { path, bytes } of writes) {
        const adding = batch.add(path, bytes);
        if (adding !== undefined) await adding;
      }
      return (await batch.publish()).map((version) => ({ etag: String(version) }));
    } finally {
      await batch.discard();
    }
  }

  /** See `Accelerated.writeParts`. */
  async writeParts(path: string, parts: readonly Uint8Array[], options?: WriteOptions): Promise<WriteResult> {
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    if (size <= PIECE) return await this.#publish(path, concat(parts), options);
    return await this.#draft(path, async (draft) => {
      for (const part of parts) await draft.append(part, options?.signal);
    }, options);
  }

  /** See `Accelerated.openRead`. */
  openRead(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array> | undefined> {
    return openContent(this.#connection, path, options);
  }

  /** See `Accelerated.openWrite`. */
  async openWrite(path: string, options?: WriteOptions): Promise<WritableStream<Uint8Array>> {
    // What would be refused at the end is refused now, as far as it can be known.
    await this.#connection.change(path, options?.signal, ({ tree }) => {
      const { node } = reachable(tree.locate(path, true), path);
      checkWrite(path, node, etagOf(node), options);
    });
    return openDraft(this.#connection, path, (content) => this.#publish(path, content, options), options?.signal);
  }

  /** See `Closable.close`. A handle that was given stays open. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** See `SqliteCare.sweep`. */
  async sweep(options: SqliteSweepOptions = {}): Promise<number> {
    const { olderThan = ABANDONED_AFTER, signal } = options;
    return await sweepDrafts(this.#connection, olderThan, signal) + await sweepOver(this.#connection, signal);
  }

  /** See `SqliteCare.listAll`. */
  async listAll(prefix: string, options?: ListOptions): Promise<Entry[]> {
    return (await Array.fromAsync(listPages(this.#connection, prefix, options))).flat();
  }

  /** See `SqliteCare.backup`. */
  async backup(path: string, options?: AbortOptions): Promise<void> {
    const { session } = await this.#connection.look("", options?.signal, (volume) => volume);
    await backUp(session.database, path);
  }

  /** See `SqliteCare.check`. */
  async check(options?: AbortOptions): Promise<string[]> {
    return await this.#connection.look("", options?.signal, ({ session }) => problemsOf(session));
  }

  #publish(path: string, content: Draftable, options?: WriteOptions, expires?: number): Promise<WriteResult> {
    const size = content instanceof Uint8Array ? content.length : 0;
    // What waits for others may be changed by its owner meanwhile.
    const kept = content instanceof Uint8Array && this.#connection.isGrouping ? content.slice() : content;
    return this.#connection.commit(path, options?.signal, (volume) => {
      return { etag: String(save(volume, { path, content: kept, expires }, options)) };
    }, size);
  }

  /** Publishes what is written into a draft, or nothing. */
  async #draft(
    path: string,
    write: (draft: SqliteDraft) => Promise<void>,
    options?: WriteOptions,
    expires?: number,
  ): Promise<WriteResult> {
    const draft = new SqliteDraft(this.#connection, path);
    try {
      await write(draft);
      return await this.#publish(path, await draft.finish(options?.signal), options, expires);
    } finally {
      await draft.discard().catch(() => {/* it is swept one day; what happened before is what counts */});
    }
  }
}
