/**
 * {@linkcode LogTail}: the end of the log of a namespace, read once for all who listen in this process.
 *
 * @module
 */

import { pause } from "../../backends/stores/pause.ts";
import type { ChangeRecord } from "./change_record.ts";
import { recordTime } from "./change_record.ts";
import { Inbox } from "./inbox.ts";

/**
 * How far back each look goes, in milliseconds: what other processes wrote with a clock that is this much behind, or took this long to write,
 * is still told.
 */
export const OVERLAP = 10_000;

/** How often other processes are looked for, in milliseconds. */
const PERIOD = 250;

/** Reads the records after a time, those with a name in `known` left out, in order, some at a time. */
export type ReadRecords = (
  after: number,
  known: (id: string) => boolean,
  signal?: AbortSignal,
) => AsyncIterable<readonly ChangeRecord[]>;

/** Tells every listener what happens: at once what this process writes, and a little later what others write. */
export class LogTail {
  readonly #read: ReadRecords;
  readonly #inboxes = new Set<Inbox<ChangeRecord>>();
  readonly #known = new Set<string>();
  readonly #stopped = new AbortController();
  readonly #work: Promise<void>;
  readonly #ready = Promise.withResolvers<void>();
  #failure: { readonly error: unknown } | undefined;

  /**
   * @param read Reads records.
   */
  constructor(read: ReadRecords) {
    this.#read = read;
    this.#ready.promise.catch(() => {/* told to whoever waits for it, and by the inboxes */});
    this.#work = this.#follow();
  }

  /** Whether somebody listens. */
  get used(): boolean {
    return this.#inboxes.size > 0;
  }

  /** Whether it came to its end by an error: nothing will be told any more. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Begins to listen. */
  listen(): Inbox<ChangeRecord> {
    const inbox = new Inbox<ChangeRecord>();
    this.#inboxes.add(inbox);
    if (this.#failure) inbox.fail(this.#failure.error);
    return inbox;
  }

  /** Everything that is written from then on is told. */
  async ready(): Promise<void> {
    await this.#ready.promise;
  }

  /** Ends listening. The last to leave waits until nothing goes on any more. */
  async leave(inbox: Inbox<ChangeRecord>): Promise<void> {
    this.#inboxes.delete(inbox);
    if (this.used) return;
    this.#stopped.abort();
    await this.#work;
  }

  /** Tells what this process has written. */
  tell(record: ChangeRecord): void {
    if (this.#known.has(record.id)) return;
    this.#known.add(record.id);
    for (const inbox of this.#inboxes) inbox.push(record, record.changes.length);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopped;
    try {
      let looked = Date.now();
      for await (const records of this.#read(looked - OVERLAP, () => false, signal)) {
        for (const { id } of records) this.#known.add(id);
      }
      this.#ready.resolve();
      while (true) {
        await pause(PERIOD, signal);
        const floor = looked - OVERLAP;
        looked = Date.now();
        for await (const records of this.#read(floor, (id) => this.#known.has(id), signal)) {
          for (const record of records) this.tell(record);
        }
        for (const id of this.#known) if (recordTime(id)! < floor) this.#known.delete(id);
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#failure = { error };
      this.#ready.reject(error);
      for (const inbox of this.#inboxes) inbox.fail(error);
    }
  }
}
