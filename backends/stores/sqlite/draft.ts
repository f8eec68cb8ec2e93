/**
 * {@linkcode SqliteDraft}: content on its way into a database, too large for one transaction; and removing what was left of such.
 *
 * @module
 */

import type { SqliteConnection, SqliteVolume } from "./connection.ts";
import { CHUNK } from "./content.ts";
import { type Draftable, sweptAway } from "./writer.ts";

/** How much is written in one transaction, in bytes: nothing else happens in this process meanwhile. */
export const PIECE: number = 16 * CHUNK;

/** How many chunks are removed in one transaction. */
const REMOVED_AT_ONCE = 4096;

/** After how long a draft that nobody cares for counts as abandoned, in milliseconds. */
export const ABANDONED_AFTER = 60 * 60 * 1000;

/**
 * Content on its way into a database. It is held until it is too large for one transaction; from then on it goes into chunks, in
 * transactions of bounded size, which belong to no file before it is published.
 */
export class SqliteDraft {
  readonly #connection: SqliteConnection;
  readonly #path: string;
  #buffer: Uint8Array | undefined;
  #buffered = 0;
  #version: number | undefined;
  #written = 0;

  /** Nothing is written yet. */
  constructor(connection: SqliteConnection, path: string) {
    this.#connection = connection;
    this.#path = path;
  }

  /** Adds bytes, which are not kept. */
  async append(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + PIECE - this.#buffered);
      at += piece.length;
      if (piece.length === PIECE) await this.#write(piece, signal);
      else {
        this.#buffer ??= new Uint8Array(PIECE);
        this.#buffer.set(piece, this.#buffered);
        this.#buffered += piece.length;
        if (this.#buffered < PIECE) continue;
        await this.#write(this.#buffer, signal);
        this.#buffered = 0;
      }
    }
  }

  /** What is to be published, all of it written or held. */
  async finish(signal?: AbortSignal): Promise<Draftable> {
    const rest = this.#buffer?.subarray(0, this.#buffered) ?? new Uint8Array();
    if (this.#version === undefined) return rest;
    if (rest.length > 0) await this.#write(rest, signal);
    this.#buffer = undefined;
    return { version: this.#version, size: this.#written };
  }

  /** As `finish`, with everything written. */
  async finishWritten(signal?: AbortSignal): Promise<Draftable> {
    if (this.#version === undefined && this.#buffered > 0) {
      await this.#write(this.#buffer!.subarray(0, this.#buffered), signal);
      this.#buffered = 0;
    }
    return await this.finish(signal);
  }

  /** Lets go of what was written: it is removed unless it was published. */
  async discard(): Promise<void> {
    this.#buffer = undefined;
    this.#buffered = 0;
    const version = this.#version;
    if (version === undefined) return;
    this.#version = undefined;
    await release(this.#connection, version);
  }

  async #write(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (this.#written > 0) await turn();
    await this.#connection.change(this.#path, signal, (volume) => {
      const { session, content } = volume;
      session.lightTransaction(() => {
        const version = this.#version ?? session.number();
        if (this.#version === undefined) content.adopt(version);
        else touch(volume, version, this.#path);
        if (bytes.length < PIECE && this.#written === 0) content.write(version, bytes);
        else content.append(version, this.#written / CHUNK, bytes);
        // Held until it is discarded or published, so that no sweep of this process takes it.
        if (this.#version === undefined) content.pin(version);
        this.#version = version;
      });
    });
    this.#written += bytes.length;
  }
}

/** Lets everything else in this process have its turn, an abort for one. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Says that somebody still cares for a draft. */
function touch({ session }: SqliteVolume, version: number, path: string): void {
  const touched = session.statement("UPDATE draft SET touched = ? WHERE version = ? RETURNING version")
    .all(Date.now(), version);
  if (touched.length !== 1) throw sweptAway(path);
}

/** Lets go of a version; if nobody else here needs it and no file has it, its chunks are removed. */
export async function release(connection: SqliteConnection, version: number): Promise<void> {
  const last = await connection.look("", undefined, ({ session, content }) => {
    if (!content.unpin(version)) return false;
    return session.statement("SELECT version FROM draft WHERE version = ?").get(version) !== undefined;
  });
  if (last) await removeDraft(connection, version, undefined);
}

/**
 * Removes drafts that were left alone, by processes that died.
 *
 * @param connection The database.
 * @param olderThan For how long, in milliseconds.
 * @param signal Stops between two transactions.
 * @returns How many were removed.
 */
export async function sweepDrafts(
  connection: SqliteConnection,
  olderThan: number,
  signal?: AbortSignal,
): Promise<number> {
  const before = Date.now() - olderThan;
  const abandoned = await connection.look("", signal, ({ session, content }) => {
    const rows = session.statement("SELECT version FROM draft WHERE touched <= ?").all(before) as { version: number }[];
    return rows.map(({ version }) => version).filter((version) => !content.isPinned(version));
  });
  let removed = 0;
  for (const version of abandoned) if (await removeDraft(connection, version, before, signal)) removed++;
  return removed;
}

/** How many files are removed in one transaction. */
const FILES_AT_ONCE = 500;

/**
 * Removes files whose time has come.
 *
 * @returns How many.
 */
export async function sweepOver(connection: SqliteConnection, signal?: AbortSignal): Promise<number> {
  let removed = 0;
  while (await connection.look("", signal, ({ tree }) => tree.hasOver())) {
    removed += await connection.change(
      "",
      signal,
      ({ session, tree }) => session.transaction(() => tree.discardOver(FILES_AT_ONCE)),
    );
    await turn();
  }
  return removed;
}

/** Answers whether it was there, and left alone since. */
async function removeDraft(
  connection: SqliteConnection,
  version: number,
  before: number | undefined,
  signal?: AbortSignal,
): Promise<boolean> {
  for (let first = true;; first = false) {
    const state = await connection.change("", signal, ({ session }) =>
      session.transaction(() => {
        const row = session.statement("SELECT touched FROM draft WHERE version = ?").get(version);
        const { touched } = row as { touched: number } ?? {};
        if (touched === undefined || (before !== undefined && touched > before)) return "gone";
        session.statement(
          "DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE id BETWEEN (? << 20) AND (? << 20) + 1048575 " +
            "ORDER BY id DESC LIMIT ?)",
        ).run(version, version, REMOVED_AT_ONCE);
        const left = session.statement("SELECT 1 FROM chunk WHERE id BETWEEN (? << 20) AND (? << 20) + 1048575")
          .get(version, version);
        if (left !== undefined) return "more";
        session.statement("DELETE FROM draft WHERE version = ?").run(version);
        return "removed";
      }));
    if (state !== "more") return state === "removed" || !first;
    await turn();
  }
}
