/**
 * THE SEAM of artifacts: what keeps the entries of one namespace. {@linkcode ArtifactStorage} is values under keys, with conditions.
 *
 * Three keep them: `LocalArtifacts` in the memory of this process, by reference; `StoredArtifacts` in any `Store`, as JSON text; and
 * `RemoteArtifacts` on a server. What is promised stands at each method, and holds for all of them.
 *
 * @module
 */

import type { AbortOptions } from "../../backends/stores/store.ts";

export type { AbortOptions };

/**
 * One artifact.
 *
 * @typeParam V The value.
 */
export interface Artifact<V> {
  /** What is registered. */
  readonly value: V;
  /** An opaque name of this content: another one after every change, also if the value is the same again. */
  readonly etag: string;
}

/** Options of what may be done a second time. */
export interface AgainOptions extends AbortOptions {
  /**
   * Whether it was asked before, and perhaps done by a process that ended before it could tell the others: if nothing is left to do, they are told
   * now.
   *
   * @default {false}
   */
  again?: boolean | undefined;
}

/** Conditions of {@linkcode ArtifactStorage.put}. */
export interface PutCondition {
  /**
   * Only create: reject with `already-exists` if there is one.
   *
   * @default {false}
   */
  ifAbsent?: boolean | undefined;
  /**
   * Only replace the content that has this etag, or any content if it is `"*"`: reject with `precondition-failed` if it has another
   * etag, or if there is none.
   *
   * @default {undefined} replace whatever is there
   */
  ifMatch?: string | undefined;
}

/** Options of {@linkcode ArtifactStorage.put}. */
export interface PutOptions extends PutCondition, AbortOptions {
  /**
   * A name of this very write, kept with the entry: a write that is repeated because its answer was lost is recognised by it, and
   * succeeds. 1 to 64 of the characters `A-Z a-z 0-9 _ -`.
   *
   * @default {undefined} a repeated write is taken for another
   */
  writeId?: string | undefined;
}

/** What {@linkcode ArtifactStorage.put} answers. */
export interface PutResult {
  /** The etag of what was just written. */
  readonly etag: string;
  /** Whether nothing was there before. */
  readonly created: boolean;
}

/** Options of {@linkcode ArtifactStorage.delete}. */
export interface RemoveOptions extends AgainOptions {
  /**
   * Only delete the content that has this etag: reject with `precondition-failed` if it has another, or if there is none.
   *
   * @default {undefined} delete whatever is there
   */
  ifMatch?: string | undefined;
}

/** Options of {@linkcode ArtifactStorage.list}. */
export interface ListArtifactsOptions extends AbortOptions {
  /**
   * Only keys that begin with this.
   *
   * @default {""}
   */
  prefix?: string | undefined;
  /**
   * Only keys that come after this one; it need not exist.
   *
   * @default {undefined} from the first
   */
  after?: string | undefined;
  /**
   * At most this many.
   *
   * @default {Infinity}
   */
  limit?: number | undefined;
  /**
   * Also read the values and their etags.
   *
   * @default {false} only the keys
   */
  values?: boolean | undefined;
}

/**
 * One entry of a listing. It has `value` and `etag` if the values were asked for.
 *
 * @typeParam V The value.
 */
export interface ListedArtifact<V> extends Partial<Artifact<V>> {
  /** The key. */
  readonly key: string;
}

/**
 * One operation of a batch.
 *
 * @typeParam V The value.
 */
export type BatchOperation<V> =
  | ({ readonly op: "put"; readonly key: string; readonly value: V } & Readonly<PutCondition>)
  | ({ readonly op: "delete"; readonly key: string; readonly ifMatch?: string | undefined })
  | { readonly op: "get"; readonly key: string };

/**
 * What became of one operation of a batch: what the call would have answered, or the error it would have thrown.
 *
 * @typeParam V The value.
 */
export type BatchResult<V> =
  | ({ readonly op: "put" } & PutResult)
  | { readonly op: "delete"; readonly deleted: boolean }
  | ({ readonly op: "get" } & Artifact<V>)
  | { readonly op: "error"; readonly error: Error };

/** Options of {@linkcode ArtifactStorage.batch}. */
export interface BatchOptions extends AgainOptions {
  /**
   * All or nothing: if one fails, nothing is written, and the results of the others are errors (`precondition-failed`) too. The writes
   * must then be puts, and either all `ifAbsent` or none with a condition.
   *
   * @default {false} each for itself
   */
  atomic?: boolean | undefined;
  /**
   * As in {@linkcode PutOptions}, for every put of the batch.
   *
   * @default {undefined}
   */
  writeId?: string | undefined;
}

/**
 * What happened in a namespace. `reset` means: whatever you knew may be wrong, and everything that happens from here on will be told.
 */
export interface ArtifactEvent {
  /** Its place in the order of events: what {@linkcode WatchArtifactsOptions.since} takes. */
  readonly id: string;
  /** What happened. */
  readonly kind: "put" | "delete" | "clear" | "reset";
  /** The key, of a put and a delete. */
  readonly key?: string | undefined;
  /** The etag that a put gave. */
  readonly etag?: string | undefined;
}

/** Options of {@linkcode ArtifactStorage.watch}. */
export interface WatchArtifactsOptions extends AbortOptions {
  /**
   * The id of the last event that was seen.
   *
   * @default {undefined} from now on: the first event is a `reset`
   */
  since?: string | undefined;
}

/** What is asked of {@linkcode ArtifactStorage.acquire}. */
export interface LeaseRequest extends AbortOptions {
  /** Who asks: a name that nobody else uses. */
  owner: string;
  /** For how long, in milliseconds: more than 0, at most 10 minutes. */
  ttl: number;
  /**
   * The token of the lease to renew.
   *
   * @default {undefined} a new lease
   */
  token?: number | undefined;
}

/** The right to be the only one, for a while. */
export interface Lease {
  /** Greater than that of every lease of this key before: a place that is written under the lease can refuse a smaller one. */
  readonly token: number;
  /** When it ends, in milliseconds since the epoch, by the clock of who gave it. */
  readonly expires: number;
}

/**
 * Artifacts under keys, in one namespace.
 *
 * A key is a string of well-formed Unicode, of 1 to 1024 bytes in UTF-8; any other is refused with `invalid-argument`. Reading makes
 * nothing come into being.
 *
 * @typeParam V The values it keeps: anything by reference, or JSON text.
 */
export interface ArtifactStorage<V = unknown> {
  /**
   * What is registered under a key.
   *
   * @throws {StorageError} `not-found`, an `ArtifactError` that suggests keys that look alike.
   */
  get(key: string, options?: AbortOptions): Promise<Artifact<V>>;
  /** Whether something is registered under a key; a key that cannot be one is not. */
  has(key: string, options?: AbortOptions): Promise<boolean>;
  /**
   * Registers or replaces. Readers see the old or the new value; of several that create the same key, one wins.
   *
   * @throws {StorageError} `already-exists`, `precondition-failed`; nothing has changed then.
   */
  put(key: string, value: V, options?: PutOptions): Promise<PutResult>;
  /**
   * Removes.
   *
   * @returns Whether something was there.
   * @throws {StorageError} `precondition-failed`; nothing has changed then.
   */
  delete(key: string, options?: RemoveOptions): Promise<boolean>;
  /** Yields the entries, each once, in the order of the UTF-8 bytes of their keys. What comes or goes meanwhile may be seen or not. */
  list(options?: ListArtifactsOptions): AsyncIterable<ListedArtifact<V>>;
  /** How many there are. */
  count(options?: AbortOptions): Promise<number>;
  /**
   * Does many things; a batch names each key at most once.
   *
   * @returns The results, in the order of the operations.
   * @throws {StorageError} `invalid-argument` if a key is named twice, `unsupported` for an atomic batch that cannot be.
   */
  batch(operations: readonly BatchOperation<V>[], options?: BatchOptions): Promise<BatchResult<V>[]>;
  /**
   * Removes all.
   *
   * @returns How many there were.
   */
  clear(options?: AgainOptions): Promise<number>;
  /**
   * Yields what happens, whoever does it: each event at least once. The first event is a `reset` if no `since` is given, or one from
   * too long ago. It ends when the caller stops or aborts, or with an error when the place cannot be reached any more.
   */
  watch(options?: WatchArtifactsOptions): AsyncIterable<ArtifactEvent>;
  /**
   * Gives a lease on a key, which need not exist, or renews one.
   *
   * @throws {StorageError} `busy` if another owner has it (`retryAfter` says until when), `precondition-failed` if what should be
   * renewed was lost.
   */
  acquire(key: string, request: LeaseRequest): Promise<Lease>;
  /** Gives a lease back; does nothing if it was lost. */
  release(key: string, token: number, options?: AbortOptions): Promise<void>;
  /** Closes what it opened; calling it again does nothing. What it keeps stays. */
  close(): Promise<void>;
}
