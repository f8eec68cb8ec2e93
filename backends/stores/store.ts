/**
 * THE SEAM: what a driver implements. A {@linkcode Store} is bytes at paths, nothing more.
 *
 * Two methods are required, `read` and `stat`. For the rest, a capability is the method being there: no flags
 * that could drift from the code. Nothing here has a default; whatever can be derived is derived once, above.
 *
 * What a store may rely on: every path it gets is normal ({@linkcode normalizePath}), `""` being the root.
 * What it promises stands at each method, and `@polystore/polystore/testing` checks it.
 *
 * @module
 */

/** Options of every operation. */
export interface AbortOptions {
  /** Stops the work; the operation then rejects with the reason of the signal, and has changed nothing. */
  signal?: AbortSignal | undefined;
}

/**
 * Which bytes to read: from `offset`, at most `length` (default: to the end), or the last `suffix` bytes.
 *
 * A range is cut at the end of the content, never padded: past the end it is empty, and a suffix longer than
 * the content is all of it.
 */
export type ByteRange =
  | { readonly offset: number; readonly length?: number | undefined }
  | { readonly suffix: number };

/** Options of {@linkcode Readable.read}. */
export interface ReadOptions extends AbortOptions {
  /**
   * The bytes to read.
   *
   * @default {undefined} all of them
   */
  range?: ByteRange | undefined;
  /**
   * Where the store may put the bytes, if they fit, instead of making room for them: what it answers is then a view on this. A
   * store may do so or not; what was there before may be gone in any case.
   *
   * @default {undefined} the store makes room
   */
  into?: Uint8Array | undefined;
}

/** Conditions of a change. */
export interface WriteOptions extends AbortOptions {
  /**
   * Only create: reject with `already-exists` if a file is at the path, or at the end of a link there. A link that leads
   * nowhere counts as nothing.
   *
   * @default {false}
   */
  ifAbsent?: boolean | undefined;
  /**
   * Only replace the content that has this etag: reject with `precondition-failed` if it has another, or none.
   *
   * @default {undefined} replace whatever is there
   */
  ifMatch?: string | undefined;
}

/** Options of {@linkcode Timed.writeExpiring}. */
export interface ExpiringWriteOptions extends WriteOptions {
  /** How long the content is there, in milliseconds from now: more than 0. */
  expireIn: number;
}

/** Options of {@linkcode Writable.delete}. */
export interface DeleteOptions extends AbortOptions {
  /**
   * Only delete the content that has this etag: reject with `precondition-failed` otherwise.
   *
   * @default {undefined} delete whatever is there
   */
  ifMatch?: string | undefined;
}

/** Options of {@linkcode Listable.list}. */
export interface ListOptions extends AbortOptions {
  /**
   * Only the direct children of the prefix.
   *
   * @default {false} everything below it
   */
  shallow?: boolean | undefined;
  /**
   * Only entries whose path comes after this one in path order; it need not exist.
   *
   * @default {undefined} from the first
   */
  after?: string | undefined;
  /**
   * At most this many entries.
   *
   * @default {Infinity}
   */
  limit?: number | undefined;
  /**
   * Also tell `size` and `modified` of files where that costs an extra look at each.
   *
   * @default {false} only where they come for free
   */
  details?: boolean | undefined;
}

/** What a path is. */
export type EntryKind = "file" | "directory" | "symlink";

/** What {@linkcode Readable.stat} tells about a file or a directory. */
export interface Stat {
  /** Symbolic links are followed: what is at the end of them. */
  readonly kind: "file" | "directory";
  /** Size of the content in bytes; `undefined` for a directory, and where it is not known without reading. */
  readonly size?: number | undefined;
  /** When the content last changed. */
  readonly modified?: Date | undefined;
  /** An opaque name of the content: another one after every change. Every file of a writable store has one. */
  readonly etag?: string | undefined;
  /** When the content is gone by itself, if it ever is. */
  readonly expires?: Date | undefined;
}

/** One entry of a listing. */
export interface Entry {
  /** Path from the root. */
  readonly path: string;
  /** What it is; links are not followed. */
  readonly kind: EntryKind;
  /** Size of a file in bytes, where the listing knows it. */
  readonly size?: number | undefined;
  /** When a file last changed, where the listing knows it. */
  readonly modified?: Date | undefined;
}

/** What a write answers. */
export interface WriteResult {
  /** The etag of the content just written. */
  readonly etag: string;
}

/** One write of a batch. */
export interface WriteRequest {
  /** Where to. */
  readonly path: string;
  /** The content. */
  readonly bytes: Uint8Array;
}

/** Reading: required of every store. */
export interface Readable {
  /**
   * Reads the content of a file, through symbolic links. The bytes are the caller's own: changing them changes
   * nothing in the store.
   *
   * @returns The content, or `undefined` if there is no file: nothing, a directory, a broken link, below a file.
   */
  read(path: string, options?: ReadOptions): Promise<Uint8Array | undefined>;
  /**
   * Looks at a file or a directory, through symbolic links. The root is always a directory.
   *
   * @returns What is there, or `undefined` if there is nothing: also for a broken link and below a file.
   */
  stat(path: string, options?: AbortOptions): Promise<Stat | undefined>;
}

/** Enumerating. */
export interface Listable {
  /**
   * Yields every entry under `prefix`, each once, in path order ({@linkcode comparePaths}). The prefix counts by
   * whole names: `a` covers `a/x`, never `ab` nor `a` itself. Directories are entries too: all where the store has
   * real ones, else at least those among the children in a shallow listing. Links are yielded and not entered; a prefix that is a link is followed. A prefix that is missing
   * or a file yields nothing. Entries that come or go meanwhile may be seen or not; all others are seen.
   */
  list(prefix: string, options?: ListOptions): AsyncIterable<Entry>;
}

/** Changing. */
export interface Writable {
  /**
   * Creates or replaces a file; parents come into being. Readers, and the next process after a crash, see the old or the
   * new content. A link is written through, also one
   * that leads nowhere yet. The store does not keep `bytes`.
   *
   * @throws {StorageError} `is-a-directory`, `not-a-directory` (a parent is a file), `already-exists`,
   * `precondition-failed`; nothing has changed then.
   */
  write(path: string, bytes: Uint8Array, options?: WriteOptions): Promise<WriteResult>;
  /**
   * Deletes a file, a link (not what it leads to) or an empty directory; succeeds if nothing is there.
   *
   * @throws {StorageError} `not-empty`, `precondition-failed`, `invalid-argument` (the root); nothing has changed then.
   */
  delete(path: string, options?: DeleteOptions): Promise<void>;
}

/** Real directories. In a store without them, a directory exists while something is in it. */
export interface Directories {
  /**
   * Makes a directory and its parents; succeeds if it is there.
   *
   * @throws {StorageError} `already-exists` if a file is there, `not-a-directory` if a parent is a file.
   */
  makeDirectory(path: string, options?: AbortOptions): Promise<void>;
}

/** Symbolic links. */
export interface Links {
  /**
   * Makes a link at `path` that leads to `target`, a path of the same store that need not exist. Parents come into being. A link
   * and its target that move together keep together.
   *
   * @throws {StorageError} `already-exists` if anything is at `path`.
   */
  createSymlink(target: string, path: string, options?: AbortOptions): Promise<void>;
  /**
   * Where the link at `path` leads, one step.
   *
   * @returns A path of the same store; for a link that leads out of it, the text of the link; `undefined` if
   * there is no link at `path`.
   */
  readSymlink(path: string, options?: AbortOptions): Promise<string | undefined>;
}

/** Time: content that goes by itself, and news of content that changed. */
export interface Timed {
  /**
   * Writes a file, as `write` does, that is gone when its time has come: from then on every method takes it for nothing there,
   * whether or not its bytes are gone yet. Moved, it keeps its time; copied or written again, it has none.
   *
   * @throws {StorageError} What `write` throws, and `invalid-argument` if `expireIn` is not a finite number above 0.
   */
  writeExpiring(path: string, bytes: Uint8Array, options: ExpiringWriteOptions): Promise<WriteResult>;
  /**
   * Yields what `stat` tells about a path: at once, and again whenever the file there has come, changed or gone. Changes that
   * follow one another closely may be told as one; the last is always told. It ends when the caller stops or aborts.
   */
  watch(path: string, options?: AbortOptions): AsyncIterable<Stat | undefined>;
}

/** What a store may do faster than others could with the methods above. Absence only costs speed. */
export interface Accelerated {
  /**
   * Copies the content of one file, as `write` would write it.
   *
   * @throws {StorageError} `not-found` if `from` is not a file, and what `write` throws.
   */
  copy(from: string, to: string, options?: WriteOptions): Promise<WriteResult>;
  /**
   * Moves a file, a link or a whole directory in one step; parents of `to` come into being.
   *
   * A file or link at `to` is replaced by a file or a link, unless `ifAbsent`; a directory at `to` never is
   * (`already-exists`). A link that is moved alone still leads to the same place.
   *
   * @throws {StorageError} `not-found`, `already-exists`, `not-a-directory` (a parent of `to` is a file, or a directory
   * is moved onto a file), `invalid-argument` (onto or into itself, or the root).
   */
  move(from: string, to: string, options?: Pick<WriteOptions, "ifAbsent" | "signal">): Promise<void>;
  /** Deletes whatever is at `path`, a directory with all it holds; succeeds if nothing is there. The root itself stays, emptied. */
  deleteTree(path: string, options?: AbortOptions): Promise<void>;
  /** Reads many files, in their order; `undefined` where `read` would answer so. */
  readMany(paths: readonly string[], options?: AbortOptions): Promise<(Uint8Array | undefined)[]>;
  /**
   * Writes many files: every one, or none where the engine has transactions; else none is published before all
   * are safely on their way.
   */
  writeMany(
    writes: Iterable<WriteRequest> | AsyncIterable<WriteRequest>,
    options?: WriteOptions,
  ): Promise<WriteResult[]>;
  /** Writes content that comes in parts, one after the other, as `write` would write it whole. */
  writeParts(path: string, parts: readonly Uint8Array[], options?: WriteOptions): Promise<WriteResult>;
  /** Opens the content of a file as a stream, in bounded memory; `undefined` where `read` would answer so. */
  openRead(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array> | undefined>;
  /**
   * Opens a file for writing as a stream, in bounded memory. The content is published, as `write` does it, when
   * the stream closes; aborting it leaves the old content.
   */
  openWrite(path: string, options?: WriteOptions): Promise<WritableStream<Uint8Array>>;
}

/** Every member of `T` may be missing. */
export type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Members that are about the store itself. */
export interface Closable {
  /** Closes what the store opened; calling it again does nothing. */
  close(): Promise<void>;
}

/**
 * Bytes at paths. See the interfaces it is made of for what each method promises.
 *
 * @example A read-only store of two files
 * ```ts
 * import { StoreBackend } from "@polystore/polystore/backend";
 * import type { Store } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const files: Record<string, string> = { "a.txt": "alpha", "b.txt": "beta" };
 * const store: Store = {
 *   read: (path) => Promise.resolve(files[path] === undefined ? undefined : new TextEncoder().encode(files[path])),
 *   stat: (path) =>
 *     Promise.resolve(
 *       path === "" ? { kind: "directory" } : files[path] === undefined ? undefined : { kind: "file" },
 *     ),
 * };
 * assert.equal(await new StoreBackend(store).load("a.txt"), "alpha");
 * ```
 */
export interface Store
  extends
    Readable,
    Optional<Listable>,
    Optional<Writable>,
    Optional<Directories>,
    Optional<Links>,
    Optional<Timed>,
    Optional<Accelerated>,
    Optional<Closable> {}
