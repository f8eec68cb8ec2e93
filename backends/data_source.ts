/**
 * What every backend has ({@linkcode BackendBase}), what it takes to load from one ({@linkcode DataSource}) and to save to
 * one ({@linkcode DataSink}).
 *
 * @module
 */

import { pooled } from "./concurrency.ts";
import { type ErrorCode, inContext, isStorageError } from "./errors.ts";
import type { Format } from "./formats/format.ts";
import { matcher } from "./matcher.ts";
import { baseName, normalizePath } from "./path.ts";
import { type ImageSamplingRequest, type ImageSamplingResult, sampleImage } from "./sampling.ts";
import type { AbortOptions, Entry, EntryKind } from "./stores/store.ts";

/** Options of {@linkcode DataSource.load}. */
export interface LoadOptions extends AbortOptions {
  /**
   * How the content is encoded: a format, or the name or suffix of one that the backend knows (`"bytes"` for the content as it is).
   * A backend that keeps values natively has no use for it.
   *
   * @default {undefined} by the longest known suffix of the path
   */
  format?: Format | string | undefined;
}

/** Options of {@linkcode DataSink.save}. */
export interface SaveOptions extends LoadOptions {
  /**
   * Replace what is there; `false` refuses with `already-exists`.
   *
   * @default {true}
   */
  overwrite?: boolean | undefined;
  /**
   * Only replace the content that has this etag; refuses with `precondition-failed` otherwise.
   *
   * @default {undefined}
   */
  ifMatch?: string | undefined;
}

/** Options of a backend whose content can go by itself. */
export interface ExpiringSaveOptions extends SaveOptions {
  /**
   * How long the value is there, in milliseconds from now; from then on nothing is at its path. A value that is moved keeps its
   * time; copied or saved again, it has none. A place that has no such thing refuses with `unsupported`.
   *
   * @default {undefined} for good
   */
  expireIn?: number | undefined;
}

/** What {@linkcode DataSink.save} answers. */
export interface SaveResult {
  /** The etag of the new content, where the backend has such: see `ifMatch`. */
  readonly etag?: string | undefined;
}

/** What {@linkcode DataSource.stat} tells. */
export interface FileInfo {
  /** The path. */
  readonly path: string;
  /** What it is; a link is not followed. */
  readonly kind: EntryKind;
  /** Whether it leads to a file or a directory: `false` only for a broken link. */
  readonly exists: boolean;
  /** Size in bytes of the encoded file (through a link), where it is known. */
  readonly size?: number | undefined;
  /** When the file (through a link) last changed, where it is known. */
  readonly modified?: Date | undefined;
  /** The etag of the file (through a link). */
  readonly etag?: string | undefined;
  /** When the file (through a link) is gone by itself, if it ever is. */
  readonly expires?: Date | undefined;
  /** Of a link: where it leads. */
  readonly target?: string | undefined;
  /** Of a link: what is at the end of it; `undefined` if nothing is. */
  readonly targetKind?: "file" | "directory" | undefined;
}

/** Options of {@linkcode DataSource.entries}. */
export interface EntriesOptions extends AbortOptions {
  /**
   * Everything below, not only the children.
   *
   * @default {false}
   */
  recursive?: boolean | undefined;
  /**
   * Also tell `size` and `modified` of files where that costs an extra look at each.
   *
   * @default {false}
   */
  details?: boolean | undefined;
}

/** Options of {@linkcode DataSource.listFiles}. */
export interface ListFilesOptions extends AbortOptions {
  /**
   * A glob (`*`, `**`, `?`, `[ab]`, `{a,b}`, `!(a)`). Without a `/` it is held against the name, else against
   * the path below the directory.
   *
   * @default {undefined} all
   */
  pattern?: string | undefined;
  /**
   * Suffixes, with or without the dot, in any case; compound ones such as `.roi.zip` too. None at all matches nothing.
   *
   * @default {undefined} all
   */
  extensions?: Iterable<string> | undefined;
  /**
   * Everything below, not only the children.
   *
   * @default {false} unless the pattern has a `/`
   */
  recursive?: boolean | undefined;
}

/** What a backend sees of the registry it is in: see {@linkcode BackendBase.bindRegistry}. */
export interface BackendLookup {
  /** The backend of this name; throws `unknown-backend` if there is none. */
  get(name: string): BackendBase;
  /** Whether there is one. */
  has(name: string): boolean;
}

/** What every backend has. Its class registers itself under its own `static readonly backendType`; see `registerBackend`. */
export abstract class BackendBase implements AsyncDisposable {
  /** Whether paths are checked against the file system before use. */
  abstract get requiresFilesystemValidation(): boolean;

  /** The suffixes this backend takes, in lower case with the dot; `undefined` for all. */
  get supportedExtensions(): ReadonlySet<string> | undefined {
    return undefined;
  }

  /** Whether this backend takes files of this name. */
  supportsPath(path: string): boolean {
    const extensions = this.supportedExtensions;
    if (extensions === undefined) return true;
    const name = baseName(path).toLowerCase();
    return [...extensions].some((extension) => name.length > extension.length && name.endsWith(extension));
  }

  /** Called by a file manager for each of its backends: those that refer to others keep the look-up. */
  bindRegistry(_registry: BackendLookup): void {}

  /** The address in this backend of something it has listed in `directory`. */
  resolveListedAddress(address: string, _options: { directory: string }): string {
    return address;
  }

  /** The file of this machine behind an address, if there is one. */
  physicalSourcePath(_address: string, _options?: { basePath?: string | undefined }): string | undefined {
    return undefined;
  }

  /** Closes what the backend opened; calling it again does nothing. */
  async close(): Promise<void> {}

  /** The same as {@linkcode BackendBase.close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Something that values can be saved to: a store, a stream, a viewer. */
export interface DataSink {
  /**
   * Saves a value.
   *
   * @param data The value.
   * @param path Where to.
   * @param options Conditions, format, signal; a backend may have more.
   */
  save(data: unknown, path: string, options?: SaveOptions): Promise<SaveResult>;
  /**
   * Saves many values; everything is checked first.
   *
   * @throws {StorageError} `invalid-argument` if the lengths differ.
   */
  saveBatch(data: readonly unknown[], paths: readonly string[], options?: SaveOptions): Promise<SaveResult[]>;
  /** Options this sink wants for everything saved from a directory of images. */
  contextualSaveOptions?(context: { imagesDirectory?: string | undefined }): SaveOptions;
  /** Whether it takes this value under this path; by default, whether it supports the path. */
  acceptsPayload?(data: unknown, path: string): boolean;
}

/** Codes that say that nothing is there. */
const ABSENT: readonly ErrorCode[] = [
  "not-found",
  "not-a-directory",
  "too-many-links",
  "invalid-path",
  "name-too-long",
];

/** How many operations of a batch are under way at once. */
const CONCURRENCY = 8;

/**
 * Something that values can be loaded from. A subclass implements `load`, `stat` and `entries`; the rest is derived.
 */
export abstract class DataSource extends BackendBase {
  /**
   * Loads a value: it equals what was saved.
   *
   * @param path Where from.
   * @param options Format, signal; a backend may have more.
   * @throws {StorageError} `not-found`, `is-a-directory`, `not-a-directory`, `corrupt`.
   */
  abstract load(path: string, options?: LoadOptions): Promise<unknown>;

  /**
   * Tells what is at a path.
   *
   * @throws {StorageError} `not-found`, `not-a-directory`.
   */
  abstract stat(path: string, options?: AbortOptions): Promise<FileInfo>;

  /**
   * Yields what is in a directory, each once, in path order; their paths are normal, and begin with that of the directory. Links
   * are not entered.
   *
   * @throws {StorageError} `not-found`, `not-a-directory`, `unsupported`.
   */
  abstract entries(directory: string, options?: EntriesOptions): AsyncIterable<Entry>;

  /** Loads many values, in order. */
  async loadBatch(paths: readonly string[], options?: LoadOptions): Promise<unknown[]> {
    return await pooled(paths, CONCURRENCY, (path) => this.load(path, options), options?.signal);
  }

  /**
   * The paths of the files in a directory, in path order; links to files are among them.
   *
   * @throws {StorageError} `not-found`, `not-a-directory`, `unsupported`.
   */
  async listFiles(directory: string, options: ListFilesOptions = {}): Promise<string[]> {
    const { pattern, extensions, signal } = options;
    const recursive = options.recursive ?? pattern?.includes("/") ?? false;
    const matches = await matcher(this.#normalized(directory), pattern, extensions);
    const paths: string[] = [];
    for (const { path, kind } of await this.entryList(directory, { recursive, signal })) {
      if (kind === "directory" || !matches(path)) continue;
      if (kind === "file" || (await this.statOrAbsent(path, { signal }))?.targetKind === "file") paths.push(path);
    }
    return paths;
  }

  /**
   * The names in a directory, in path order.
   *
   * @throws {StorageError} `not-found`, `not-a-directory`, `unsupported`.
   */
  async listDir(directory: string, options?: AbortOptions): Promise<string[]> {
    return (await this.entryList(directory, options)).map(({ path }) => baseName(path));
  }

  /** Whether a file or a directory is at a path, through links. */
  async exists(path: string, options?: AbortOptions): Promise<boolean> {
    return (await this.statOrAbsent(path, options))?.exists ?? false;
  }

  /** Whether a file is at a path, through links. */
  async isFile(path: string, options?: AbortOptions): Promise<boolean> {
    const info = await this.statOrAbsent(path, options);
    return info?.kind === "file" || info?.targetKind === "file";
  }

  /** Whether a directory is at a path, through links. */
  async isDir(path: string, options?: AbortOptions): Promise<boolean> {
    const info = await this.statOrAbsent(path, options);
    return info?.kind === "directory" || info?.targetKind === "directory";
  }

  /** The address to load from, for what the caller calls `address`. */
  resolveAddress(address: string, _options?: { basePath?: string | undefined }): string {
    return address;
  }

  /** The path that stands for the origin of what is at an address. */
  sourcePath(address: string, options?: { basePath?: string | undefined }): string {
    return this.resolveAddress(address, options);
  }

  /** The file of this machine behind an address, if there is one. */
  override physicalSourcePath(_address: string, _options?: { basePath?: string | undefined }): string | undefined {
    return undefined;
  }

  /**
   * Loads a part of an image, and what statistics need. A backend that can read parts overrides this; here the whole is
   * loaded and the last two axes are cut.
   *
   * @throws {StorageError} `invalid-argument` if the value is not an array of two or more axes, or for a resolution other than 0.
   */
  async sample(path: string, request?: ImageSamplingRequest, options?: LoadOptions): Promise<ImageSamplingResult> {
    return sampleImage(await this.load(path, options), request, path);
  }

  #normalized(directory: string): string {
    try {
      return this.normalize(directory);
    } catch (error) {
      throw inContext(error, { operation: "list", path: directory });
    }
  }

  /** The normal form of a path, as `entries` tells it. */
  protected normalize(path: string): string {
    return normalizePath(path);
  }

  /** All that `entries` yields; a backend that has them at hand gives them faster. */
  protected async entryList(directory: string, options?: EntriesOptions): Promise<readonly Entry[]> {
    return await Array.fromAsync(this.entries(directory, options));
  }

  /** As `stat`, answering `undefined` where nothing is. */
  protected async statOrAbsent(path: string, options?: AbortOptions): Promise<FileInfo | undefined> {
    try {
      return await this.stat(path, options);
    } catch (error) {
      if (isStorageError(error, ...ABSENT)) return undefined;
      throw error;
    }
  }
}

/** Connection parameters of a backend: plain data that can be sent to a worker; never a secret. */
export type ConnectionParams = Readonly<Record<string, string | number | boolean | undefined>>;

/** A backend that can be made again elsewhere: in a worker, in another process. Its class has `fromConnectionParams`. */
export interface PicklableBackend {
  /** What it takes to make it again. Secrets are not in it. */
  connectionParams(): ConnectionParams;
}
