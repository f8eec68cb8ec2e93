/**
 * The memory backend: values kept as they are, in the memory of this process.
 *
 * Permissions: none.
 *
 * @module
 */

import { type BackendDeleteOptions, type CopyOptions, StorageBackend, type SymlinkOptions } from "./backend.ts";
import { checkBatch } from "./batch.ts";
import { absence } from "./absence.ts";
import { registerBackend } from "./catalogue.ts";
import { cloneValue } from "./clone.ts";
import { Codec } from "./codec.ts";
import type { EntriesOptions, ExpiringSaveOptions, FileInfo, SaveResult } from "./data_source.ts";
import { inContext, isStorageError, StorageError } from "./errors.ts";
import { builtinFormats, type FormatRegistry } from "./formats/format_registry.ts";
import type { MemoryBackendOptions, MemoryLoadOptions, MemoryPolicy, MemorySaveOptions } from "./memory_options.ts";
import { normalizePath } from "./path.ts";
import { cut } from "./stores/range.ts";
import { expiryOf } from "./stores/rules.ts";
import type { AbortOptions, Entry, ReadOptions, WriteOptions } from "./stores/store.ts";
import { collecting, concat, streamOf } from "./stores/stream.ts";
import { Tree } from "./stores/tree.ts";
import type { FileNode } from "./stores/tree_node.ts";
import { watching } from "./stores/watch.ts";

export type { MemoryBackendOptions, MemoryLoadOptions, MemoryPolicy, MemorySaveOptions } from "./memory_options.ts";

/**
 * Values in memory, in a tree of directories with links. Any value can be saved under any path; formats play no part until
 * bytes are asked for. Listing a directory costs its children, whatever else is stored.
 *
 * @example
 * ```ts
 * import { MemoryBackend } from "@polystore/polystore/memory";
 * import assert from "node:assert/strict";
 *
 * const memory = new MemoryBackend();
 * const scores = new Map([["a", 1]]);
 * await memory.save(scores, "run/scores");
 * scores.clear();
 * assert.deepEqual(await memory.load("run/scores"), new Map([["a", 1]]));
 *
 * const handler = () => 42;
 * await memory.save(handler, "run/handler", { policy: "reference" });
 * assert.equal(await memory.load("run/handler", { policy: "reference" }), handler);
 * ```
 */
export class MemoryBackend extends StorageBackend {
  /** The name it is registered under. */
  static readonly backendType: string = "memory";
  static {
    registerBackend(this);
  }

  readonly #tree = new Tree<unknown>();
  readonly #policy: MemoryPolicy;
  readonly #codec: Codec;

  /** Creates an empty backend. */
  constructor(options: MemoryBackendOptions = {}) {
    super();
    this.#policy = options.policy ?? "copy";
    this.#codec = new Codec(options.formats ?? builtinFormats());
  }

  /** The formats that bytes are made with. */
  get formats(): FormatRegistry {
    return this.#codec.formats;
  }

  /** Whether paths are checked against the file system before use: no, they are not of it. */
  override get requiresFilesystemValidation(): boolean {
    return false;
  }

  /** Values are kept as they are. */
  override get keepsValues(): boolean {
    return true;
  }

  /** See `StorageBackend.save`. */
  // deno-lint-ignore require-await -- what is thrown must become a rejection
  override async save(data: unknown, path: string, options?: MemorySaveOptions): Promise<SaveResult> {
    try {
      options?.signal?.throwIfAborted();
      return this.#set(normalizePath(path), this.#keep(data, options), options);
    } catch (error) {
      throw inContext(error, { operation: "save", path });
    }
  }

  /** See `DataSource.load`. */
  override async load(path: string, options?: MemoryLoadOptions): Promise<unknown> {
    try {
      options?.signal?.throwIfAborted();
      const place = normalizePath(path);
      const node = this.#tree.find(place);
      if (node?.kind !== "file") throw await this.#absence(place);
      return this.#keep(node.content, options);
    } catch (error) {
      throw inContext(error, { operation: "load", path });
    }
  }

  /** See `StorageBackend.saveBatch`. All or nothing. */
  // deno-lint-ignore require-await
  override async saveBatch(
    data: readonly unknown[],
    paths: readonly string[],
    options?: MemorySaveOptions,
  ): Promise<SaveResult[]> {
    try {
      options?.signal?.throwIfAborted();
      const places = paths.map(normalizePath);
      checkBatch(data, places);
      return this.#tree.atomically(() =>
        places.map((place, index) => {
          try {
            return this.#set(place, this.#keep(data[index], options), options);
          } catch (error) {
            throw inContext(error, { path: place });
          }
        })
      );
    } catch (error) {
      throw inContext(error, { operation: "save" });
    }
  }

  /** See `DataSource.stat`. The size is known of bytes and arrays only. */
  override async stat(path: string, options?: AbortOptions): Promise<FileInfo> {
    try {
      options?.signal?.throwIfAborted();
      const place = normalizePath(path);
      const node = this.#tree.look(place);
      const end = this.#tree.find(place);
      const details = end?.kind === "file" ? detailsOf(end) : {};
      if (node?.kind === "symlink") {
        const target = this.#tree.readLink(place);
        return { ...details, path, kind: "symlink", exists: end !== undefined, target, targetKind: end?.kind };
      }
      if (node === undefined) throw await this.#absence(place);
      return { ...details, path, kind: node.kind, exists: true };
    } catch (error) {
      throw inContext(error, { operation: "stat", path });
    }
  }

  /** See `DataSource.exists`. */
  // deno-lint-ignore require-await
  override async exists(path: string, options?: AbortOptions): Promise<boolean> {
    return this.#kind(path, options) !== undefined;
  }

  /** See `DataSource.isFile`. */
  // deno-lint-ignore require-await
  override async isFile(path: string, options?: AbortOptions): Promise<boolean> {
    return this.#kind(path, options) === "file";
  }

  /** See `DataSource.isDir`. */
  // deno-lint-ignore require-await
  override async isDir(path: string, options?: AbortOptions): Promise<boolean> {
    return this.#kind(path, options) === "directory";
  }

  #kind(path: string, options?: AbortOptions): "file" | "directory" | undefined {
    options?.signal?.throwIfAborted();
    try {
      return this.#tree.find(normalizePath(path))?.kind;
    } catch (error) {
      if (isStorageError(error, "invalid-path")) return undefined;
      throw error;
    }
  }

  /** See `DataSource.entries`. */
  override async *entries(directory: string, options?: EntriesOptions): AsyncGenerator<Entry> {
    try {
      await this.#checkDirectory(directory);
      yield* this.#entries(directory, options);
    } catch (error) {
      throw inContext(error, { operation: "list", path: directory });
    }
  }

  /** The same at once. */
  protected override async entryList(directory: string, options?: EntriesOptions): Promise<Entry[]> {
    try {
      await this.#checkDirectory(directory);
      return [...this.#entries(directory, options)];
    } catch (error) {
      throw inContext(error, { operation: "list", path: directory });
    }
  }

  async #checkDirectory(directory: string): Promise<void> {
    const path = normalizePath(directory);
    const kind = this.#tree.find(path)?.kind;
    if (kind === "file") throw new StorageError("not-a-directory", "it is a file, not a directory", { path });
    if (kind === undefined) throw await this.#absence(path);
  }

  *#entries(directory: string, options: EntriesOptions = {}): Generator<Entry> {
    const { recursive = false, details = false, signal } = options;
    signal?.throwIfAborted();
    for (const { path, node } of this.#tree.entries(normalizePath(directory), { shallow: !recursive })) {
      signal?.throwIfAborted();
      yield details && node.kind === "file" ? { path, kind: "file", ...sizeAndTime(node) } : { path, kind: node.kind };
    }
  }

  /** See `StorageBackend.delete`. */
  override async delete(path: string, options: BackendDeleteOptions = {}): Promise<void> {
    try {
      options.signal?.throwIfAborted();
      const place = normalizePath(path);
      if (!options.force && options.ifMatch === undefined && this.#tree.look(place) === undefined) {
        throw await this.#absence(place);
      }
      if (options.recursive) this.#tree.removeTree(place);
      else this.#tree.remove(place, options.ifMatch);
    } catch (error) {
      throw inContext(error, { operation: "delete", path });
    }
  }

  /** See `StorageBackend.ensureDirectory`. */
  // deno-lint-ignore require-await
  override async ensureDirectory(path: string, options?: AbortOptions): Promise<string> {
    try {
      options?.signal?.throwIfAborted();
      this.#tree.makeDirectory(normalizePath(path));
      return path;
    } catch (error) {
      throw inContext(error, { operation: "make directory", path });
    }
  }

  /** See `StorageBackend.createSymlink`. */
  override async createSymlink(source: string, path: string, options: SymlinkOptions = {}): Promise<void> {
    try {
      options.signal?.throwIfAborted();
      const target = normalizePath(source);
      const place = normalizePath(path);
      if (!options.dangling && this.#tree.look(target) === undefined) throw await this.#absence(target);
      if (target === place) throw new StorageError("invalid-argument", "a link cannot lead to itself", { path });
      if (options.overwriteSymlinksOnly && this.#tree.readLink(place) !== undefined) this.#tree.remove(place);
      this.#tree.link(target, place);
    } catch (error) {
      throw inContext(error, { operation: "link", path });
    }
  }

  /** See `StorageBackend.copy`. */
  override async copy(from: string, to: string, options?: CopyOptions): Promise<void> {
    try {
      await super.copy(normalizePath(from), normalizePath(to), options);
    } catch (error) {
      throw inContext(error, { operation: "copy", path: from });
    }
  }

  /** See `StorageBackend.move`. */
  override async move(from: string, to: string, options: CopyOptions = {}): Promise<void> {
    try {
      options.signal?.throwIfAborted();
      const source = normalizePath(from);
      if (this.#tree.look(source) === undefined) throw await this.#absence(source);
      this.#tree.move(source, normalizePath(to), !options.overwrite);
    } catch (error) {
      throw inContext(error, { operation: "move", path: from });
    }
  }

  /** Copies the value, or shares the object under the policy `reference`. */
  protected override async copyFile(from: string, to: string, options?: CopyOptions): Promise<void> {
    this.#set(to, this.#keep((await this.#file(from)).content), { overwrite: options?.overwrite ?? false });
  }

  /** See `StorageBackend.openRead`: the value as its format encodes it. */
  override async openRead(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array>> {
    try {
      options?.signal?.throwIfAborted();
      const place = normalizePath(path);
      const { content } = await this.#file(place);
      const encoded = await this.#codec.encode(content, place);
      const bytes = encoded instanceof Uint8Array ? encoded : concat(encoded);
      return streamOf(cut(bytes, options?.range).slice(), options?.signal);
    } catch (error) {
      throw inContext(error, { operation: "read", path });
    }
  }

  /** See `StorageBackend.openWrite`: what is kept is the value that its format decodes. */
  // deno-lint-ignore require-await
  override async openWrite(path: string, options: WriteOptions = {}): Promise<WritableStream<Uint8Array>> {
    const { ifAbsent, ifMatch, signal } = options;
    try {
      signal?.throwIfAborted();
      const place = normalizePath(path);
      return collecting(async (content) => {
        try {
          const value = await this.#codec.decode(new Uint8Array(content), place);
          this.#set(place, value, { overwrite: !ifAbsent, ifMatch });
        } catch (error) {
          throw inContext(error, { operation: "write", path });
        }
      }, signal);
    } catch (error) {
      throw inContext(error, { operation: "write", path });
    }
  }

  /** See `StorageBackend.watch`. */
  override async *watch(path: string, options?: AbortOptions): AsyncGenerator<FileInfo | undefined> {
    try {
      const place = normalizePath(path);
      const look = (): FileInfo | undefined => {
        const end = this.#tree.find(place);
        if (end?.kind !== "file") return end && { path, kind: "directory", exists: true };
        return { ...detailsOf(end), path, kind: "file", exists: true };
      };
      yield* watching({ look, subscribe: (wake) => this.#tree.subscribe(wake) }, options?.signal);
    } catch (error) {
      throw inContext(error, { operation: "watch", path });
    }
  }

  /** Deletes all files and links, and leaves the directories. */
  clearFilesOnly(): void {
    this.#tree.clearFiles();
  }

  #set(place: string, value: unknown, options?: ExpiringSaveOptions): SaveResult {
    const node = this.#tree.set(
      place,
      value,
      options && {
        ifAbsent: options.overwrite === false,
        ifMatch: options.ifMatch,
        expires: options.expireIn === undefined ? undefined : expiryOf(options.expireIn, place),
      },
    );
    return { etag: String(node.version) };
  }

  #keep(value: unknown, options?: MemorySaveOptions): unknown {
    return (options?.policy ?? this.#policy) === "copy" ? cloneValue(value) : value;
  }

  async #file(place: string): Promise<FileNode<unknown>> {
    const node = this.#tree.find(place);
    if (node?.kind === "file") return node;
    throw await this.#absence(place);
  }

  #absence(path: string): Promise<StorageError> {
    return absence(path, {
      kind: (path) => this.#tree.find(path)?.kind,
      target: (path) => this.#tree.readLink(path),
    });
  }
}

function detailsOf(node: FileNode<unknown>): Pick<FileInfo, "size" | "modified" | "etag" | "expires"> {
  const { version, expires } = node;
  return { ...sizeAndTime(node), etag: String(version), ...(expires !== undefined && { expires: new Date(expires) }) };
}

function sizeAndTime({ content, modified }: FileNode<unknown>): Pick<FileInfo, "size" | "modified"> {
  const size = ArrayBuffer.isView(content) ? content.byteLength : undefined;
  return { size, modified: new Date(modified) };
}
