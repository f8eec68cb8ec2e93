/**
 * {@linkcode ChangeLog}: what changed in a namespace, kept beside it for ten minutes, so that every process that shares the store can
 * tell it, and go on after an interruption.
 *
 * @module
 */

import type { Store, WriteRequest } from "../../backends/stores/store.ts";
import { baseName } from "../../backends/path.ts";
import type { ArtifactEvent, WatchArtifactsOptions } from "./artifact_storage.ts";
import {
  bucketOf,
  type Change,
  type ChangeRecord,
  decodeChanges,
  encodeChanges,
  eventsOf,
  pathOfTime,
  RecordIds,
  recordOf,
  recordPath,
  recordTime,
} from "./change_record.ts";
import type { Inbox } from "./inbox.ts";
import { LogTail, OVERLAP } from "./log_tail.ts";
import { readEach } from "./read_each.ts";

/** For how long changes are kept, in milliseconds. */
const KEPT = 600_000;

/** How many records are read at once. */
const PAGE = 100;

/** What all logs of a store share in this process. */
interface Shared {
  readonly ids: RecordIds;
  readonly tails: Map<string, LogTail>;
  /** The minute when logs were last rid of what is old, and which were. */
  minute: string;
  readonly swept: Set<string>;
}

const SHARED = new WeakMap<Store, Shared>();

/** The log of one namespace. */
export class ChangeLog {
  readonly #store: Store;
  readonly #directory: string;
  readonly #shared: Shared;

  /**
   * @param store Where it is.
   * @param directory Its directory.
   */
  constructor(store: Store, directory: string) {
    this.#store = store;
    this.#directory = directory;
    let shared = SHARED.get(store);
    if (shared === undefined) {
      SHARED.set(store, shared = { ids: new RecordIds(), tails: new Map(), minute: "", swept: new Set() });
    }
    this.#shared = shared;
  }

  /** A record of changes that are about to be made, and how it is written. */
  prepare(changes: readonly Change[]): { record: ChangeRecord; request: WriteRequest } {
    const record = { id: this.#shared.ids.next(), changes };
    const path = `${this.#directory}/${recordPath(record.id)}`;
    return { record, request: { path, bytes: encodeChanges(changes) } };
  }

  /** Tells the listeners of this process what was written. */
  written(record: ChangeRecord): void {
    this.#shared.tails.get(this.#directory)?.tell(record);
  }

  /** Deletes what is older than what is kept; looks once a minute. */
  async sweep(signal?: AbortSignal): Promise<void> {
    const now = bucketOf(Date.now());
    if (this.#shared.minute !== now) this.#shared.swept.clear();
    this.#shared.minute = now;
    if (this.#shared.swept.has(this.#directory)) return;
    this.#shared.swept.add(this.#directory);
    const oldest = oldestKept();
    for await (const { path } of this.#store.list!(this.#directory, { shallow: true, signal })) {
      if (baseName(path) >= oldest) break;
      if (this.#store.deleteTree) await this.#store.deleteTree(path, { signal });
      else for (const each of await this.#below(path, undefined, signal)) await this.#store.delete!(each, { signal });
    }
  }

  /** See `ArtifactStorage.watch`. */
  async *watch({ since, signal }: WatchArtifactsOptions = {}): AsyncGenerator<ArtifactEvent, void> {
    signal?.throwIfAborted();
    const { tail, inbox } = this.#listen();
    const stop = (): void => inbox.fail(signal!.reason);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      await tail.ready();
      const from = since === undefined ? undefined : recordTime(recordOf(since));
      // What was read and may be told by the tail too. Only what was made lately may: what took longer to write is told twice.
      const told = new Set<string>();
      const lately = Date.now() - 2 * OVERLAP;
      if (from === undefined || from < Date.now() - KEPT) yield this.#reset();
      else {
        for await (const records of this.#past(from - OVERLAP, signal)) {
          if (records === undefined) yield this.#reset();
          else {
            for (const record of records) {
              if (recordTime(record.id)! >= lately) told.add(record.id);
              yield* eventsOf(record);
            }
          }
        }
      }
      const read = Date.now();
      while (true) {
        const records = await inbox.take();
        if (records === undefined) yield this.#reset();
        else for (const record of records) if (!told.delete(record.id)) yield* eventsOf(record);
        // The tail has long looked at all that was read.
        if (Date.now() > read + 2 * OVERLAP) told.clear();
      }
    } finally {
      signal?.removeEventListener("abort", stop);
      const left = tail.leave(inbox);
      if (!tail.used && this.#shared.tails.get(this.#directory) === tail) this.#shared.tails.delete(this.#directory);
      await left;
    }
  }

  #reset(): ArtifactEvent {
    return { id: this.#shared.ids.next(), kind: "reset" };
  }

  #listen(): { tail: LogTail; inbox: Inbox<ChangeRecord> } {
    let tail = this.#shared.tails.get(this.#directory);
    // Those who listen to a tail that failed may never come to hear of it: nobody else waits for them to leave.
    if (tail === undefined || tail.failed) {
      tail = new LogTail((after, known, signal) => this.#recent(after, known, signal));
      this.#shared.tails.set(this.#directory, tail);
    }
    return { tail, inbox: tail.listen() };
  }

  /** The records after a time, a minute's names and a page's content at a time; `undefined`, at the end, if some were deleted meanwhile. */
  async *#past(
    after: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<readonly ChangeRecord[] | undefined, void> {
    const buckets: string[] = [];
    for await (const { path, kind } of this.#store.list!(this.#directory, { shallow: true, signal })) {
      if (kind === "directory" && baseName(path) >= bucketOf(after)) buckets.push(path);
    }
    for (const bucket of buckets) {
      const paths = (await this.#below(bucket, `${this.#directory}/${pathOfTime(after)}`, signal)).filter(isRecord);
      for await (const records of this.#pages(paths, signal)) {
        // Looked at after each: a listener may be slow.
        if (baseName(bucket) < oldestKept()) break;
        yield records;
      }
      if (baseName(bucket) < oldestKept()) return yield undefined;
    }
  }

  async *#recent(
    after: number,
    known: (id: string) => boolean,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<readonly ChangeRecord[], void> {
    const paths = await this.#below(this.#directory, `${this.#directory}/${pathOfTime(after)}`, signal);
    yield* this.#pages(paths.filter((path) => isRecord(path) && !known(baseName(path))), signal);
  }

  /** What is in records, a page at a time; those that are gone are left out. */
  async *#pages(
    paths: readonly string[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<readonly ChangeRecord[], void> {
    for (let at = 0; at < paths.length; at += PAGE) {
      const page = paths.slice(at, at + PAGE);
      const contents = await readEach(this.#store, page, signal);
      yield page.flatMap((path, index) => {
        const bytes = contents[index];
        return bytes ? [{ id: baseName(path), changes: decodeChanges(bytes, path) }] : [];
      });
    }
  }

  async #below(directory: string, after: string | undefined, signal: AbortSignal | undefined): Promise<string[]> {
    const paths: string[] = [];
    for await (const { path, kind } of this.#store.list!(directory, { after, signal })) {
      if (kind === "file") paths.push(path);
    }
    return paths;
  }
}

/** The name of the first directory of records that is kept. */
function oldestKept(): string {
  return bucketOf(Date.now() - KEPT - OVERLAP);
}

function isRecord(path: string): boolean {
  return recordTime(baseName(path)) !== undefined;
}
