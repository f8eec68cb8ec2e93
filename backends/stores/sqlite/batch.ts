/**
 * {@linkcode SqliteBatch}: many contents that are published in one transaction.
 *
 * @module
 */

import type { SqliteConnection } from "./connection.ts";
import { INLINE } from "./content.ts";
import { SqliteDraft } from "./draft.ts";
import { type Publication, saveAll } from "./writer.ts";
import type { WriteOptions } from "../store.ts";

/** How much is held until the end, in bytes; what is beyond is written as a draft at once. */
const MAX_HELD = 64 * 1024 * 1024;

/** The size of a buffer for small contents, in bytes: of the first, and of any. */
const FIRST = 1024;
const SHARED = 256 * 1024;

/** Many contents that are published in one transaction: small ones are held until then, large ones are drafts. */
export class SqliteBatch {
  readonly #connection: SqliteConnection;
  readonly #options: WriteOptions | undefined;
  readonly #publications: Publication[] = [];
  readonly #drafts: SqliteDraft[] = [];
  #held = 0;
  #buffer: Uint8Array = new Uint8Array();
  #filled = 0;

  /** Nothing is written yet. */
  constructor(connection: SqliteConnection, options: WriteOptions | undefined) {
    this.#connection = connection;
    this.#options = options;
    options?.signal?.throwIfAborted();
  }

  /** Adds a content, whose bytes are not kept: at once, if it is small. */
  add(path: string, bytes: Uint8Array): Promise<void> | undefined {
    this.#options?.signal?.throwIfAborted();
    if (bytes.length > INLINE || this.#held + bytes.length > MAX_HELD) return this.#write(path, bytes);
    this.#held += bytes.length;
    this.#publications.push({ path, content: this.#copy(bytes) });
    return undefined;
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const draft = new SqliteDraft(this.#connection, path);
    this.#drafts.push(draft);
    await draft.append(bytes, this.#options?.signal);
    this.#publications.push({ path, content: await draft.finishWritten(this.#options?.signal) });
  }

  /** Small contents share a buffer: making one for each takes longer than filling it. */
  #copy(bytes: Uint8Array): Uint8Array {
    if (bytes.length > this.#buffer.length - this.#filled) {
      // Each is four times as large as the one before: a batch is often small.
      this.#buffer = new Uint8Array(Math.max(FIRST, bytes.length, Math.min(SHARED, 4 * this.#buffer.length)));
      this.#filled = 0;
    }
    const copy = this.#buffer.subarray(this.#filled, this.#filled += bytes.length);
    copy.set(bytes);
    return copy;
  }

  /** Publishes all or nothing, and answers the versions in order. */
  async publish(): Promise<number[]> {
    if (this.#publications.length === 0) return [];
    const signal = this.#options?.signal;
    return await this.#connection.commit(
      "",
      signal,
      (volume) => saveAll(volume, this.#publications, this.#options),
      this.#held,
    );
  }

  /** Lets go of the drafts; those that were not published are removed. */
  async discard(): Promise<void> {
    for (const draft of this.#drafts) {
      try {
        await draft.discard();
      } catch {
        // It is swept one day; whoever writes has seen why the batch failed.
      }
    }
  }
}
