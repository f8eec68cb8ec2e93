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

/** What all logs of a store share in this process. */
interface Shared {
  readonly ids: RecordIds;
  readonly tails: Map<string, LogTail>;
  /** The minute when a log was last rid of what is old. */
  readonly swept: Map<string, string>;
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
    if (shared === undefined) SHARED.set(store, shared = { ids: new RecordIds(), tails: new Map(), swept: new Map() });
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
    if (this.#shared.swept.get(this.#directory) === now) return;
    this.#shared.swept.set(this.#directory, now);
    const oldest = bucketOf(Date.now() - KEPT - OVERLAP);
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
      const told = new Set<string>();
      if (from === undefined || from < Date.now() - KEPT) yield this.#reset();
      else {
        for (const record of await this.#read(from - OVERLAP, () => false, signal)) {
          told.add(record.id);
          yield* eventsOf(record);
        }
      }
      while (true) {
        const records = await inbox.take();
        if (records === undefined) yield this.#reset();
        else for (const record of records) if (!told.delete(record.id)) yield* eventsOf(record);
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
    if (tail === undefined) {
      tail = new LogTail((after, known, signal) => this.#read(after, known, signal));
      this.#shared.tails.set(this.#directory, tail);
    }
    return { tail, inbox: tail.listen() };
  }

  async #read(after: number, known: (id: string) => boolean, signal?: AbortSignal): Promise<ChangeRecord[]> {
    const paths = (await this.#below(this.#directory, `${this.#directory}/${pathOfTime(after)}`, signal))
      .filter((path) => recordTime(baseName(path)) !== undefined && !known(baseName(path)));
    const contents = await readEach(this.#store, paths, signal);
    return paths.flatMap((path, index) => {
      const bytes = contents[index];
      return bytes ? [{ id: baseName(path), changes: decodeChanges(bytes, path) }] : [];
    });
  }

  async #below(directory: string, after: string | undefined, signal: AbortSignal | undefined): Promise<string[]> {
    const paths: string[] = [];
    for await (const { path, kind } of this.#store.list!(directory, { after, signal })) {
      if (kind === "file") paths.push(path);
    }
    return paths;
  }
}
