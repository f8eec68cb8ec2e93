/**
 * {@linkcode ZarrCore}: what the zarr backend does, apart from being a backend. It is loaded by the first operation.
 *
 * @module
 */

import { type BackendDeleteOptions, checkBatch, type CopyOptions, type SymlinkOptions } from "../backend.ts";
import type { FileInfo, LoadOptions, SaveOptions, SaveResult } from "../data_source.ts";
import { isStorageError, StorageError } from "../errors.ts";
import type { NdArray } from "../formats/ndarray.ts";
import type { StoreBackend } from "../store_backend.ts";
import { cut } from "../stores/range.ts";
import type { AbortOptions, Entry, ReadOptions, Stat, Store, WriteOptions } from "../stores/store.ts";
import { collecting, concat, streamOf, withErrors } from "../stores/stream.ts";
import { planArray } from "./array_plan.ts";
import { pooled } from "../concurrency.ts";
import { ArrayEditor } from "./editor.ts";
import { Draft } from "./draft.ts";
import { Consolidated } from "./consolidated.ts";
import { ZarrMover } from "./mover.ts";
import type { ZarrArray } from "./zarr_array.ts";
import type { ZarrDataTypeName } from "./data_type.ts";
import type { ArrayMetadata } from "./metadata.ts";
import { BackendArray } from "./backend_array.ts";
import { ZarrAttributes } from "./attributes.ts";
import { type ArrayHead, isArrayHead, readHead } from "./head.ts";
import { checkShown, leadsToHidden } from "./hidden.ts";
import { formatAbove } from "./groups.ts";
import { infoOf, type ZarrFileInfo } from "./info.ts";
import type { ZarrLoadOptions, ZarrSaveOptions } from "./options.ts";
import { changed, checkPlace, publish, type Publisher } from "./publish.ts";
import { readArray } from "./reading.ts";
import { replaceByFile } from "./replace_by_file.ts";
import { ZarrRemover } from "./remover.ts";
import { ZarrTree } from "./tree.ts";
import { isZarrValue, type ZarrValue } from "./value.ts";

/** How many arrays of a batch are built at once. */
const CONCURRENCY = 2;

/** What the zarr backend does. Paths are normal. */
export class ZarrCore implements Publisher {
  readonly store: Store;
  readonly tree: ZarrTree;
  readonly rooted: boolean;
  /** Changes parts of arrays. */
  readonly editor: ArrayEditor;
  /** Takes arrays and groups away. */
  readonly remover: ZarrRemover;
  /** Moves arrays and groups. */
  readonly mover: ZarrMover;
  /** Metadata of everything below groups. */
  readonly consolidated: Consolidated;
  /** Attributes of arrays and groups. */
  readonly attributes: ZarrAttributes;
  readonly #files: StoreBackend;

  constructor(files: StoreBackend, rooted: boolean) {
    this.store = files.store;
    this.rooted = rooted;
    this.#files = files;
    this.tree = new ZarrTree(this.store);
    this.editor = new ArrayEditor(this.store, this.tree);
    this.remover = new ZarrRemover(this.store, this.tree);
    this.mover = new ZarrMover(this, files);
    this.attributes = new ZarrAttributes(this.store, this.tree, this.editor);
    this.consolidated = new Consolidated(this.store, this.attributes);
  }

  /** Whether a value becomes an array, and not a file of a format. */
  #isArray(data: unknown, path: string, { format }: ZarrSaveOptions): data is ZarrValue {
    if (format === 2 || format === 3) {
      if (isZarrValue(data)) return true;
      throw new StorageError("invalid-value", "it is no array, and cannot be kept as one", { path });
    }
    return format === undefined && this.#files.formats.suffixOf(path) === undefined && isZarrValue(data);
  }

  /** See `StorageBackend.save`. */
  async save(data: unknown, path: string, options: ZarrSaveOptions): Promise<SaveResult> {
    checkShown(path);
    if (!this.#isArray(data, path, options)) return await this.#saveFile(data, path, options);
    refuseExpiry(options, path);
    const place = await this.tree.follow(path, options);
    await checkPlace(this, place, options);
    const draft = await this.#draft(data, place, options);
    return { etag: await this.changed(place, () => publish(this, place, draft, options)) };
  }

  async #draft(data: ZarrValue, path: string, options: ZarrSaveOptions): Promise<Draft> {
    const metadata = await this.#plan(path, data.dtype, data.shape, options);
    return await Draft.of(this.store, path, data, metadata, { signal: options.signal });
  }

  async #plan(
    path: string,
    dtype: ZarrDataTypeName,
    shape: readonly number[],
    { format, ...options }: ZarrSaveOptions,
  ): Promise<ArrayMetadata> {
    const asked = format === 2 || format === 3 ? format : await formatAbove(this.store, path, options);
    return planArray(dtype, shape, { ...options, format: asked });
  }

  async #saveFile(data: unknown, path: string, options: ZarrSaveOptions): Promise<SaveResult> {
    const place = await this.tree.follow(path, options);
    if (!await this.#isArrayAt(place, options)) return await this.#files.save(data, path, options as SaveOptions);
    return await this.changed(place, () =>
      replaceByFile(this, place, options, async (beside) => {
        await this.#files.save(data, beside, { ...options as SaveOptions, overwrite: true, ifMatch: undefined });
      }));
  }

  /** Whether a file is to replace an array; refuses to write one where the store would, and an array is in the way. */
  async #isArrayAt(path: string, { signal }: AbortOptions): Promise<boolean> {
    const look = await this.tree.look(path, { signal });
    if (look === undefined) await this.tree.checkParents(path, { signal });
    return look?.kind === "array";
  }

  /** See `StorageBackend.saveBatch`: all arrays are built before anything is published. */
  async saveBatch(data: readonly unknown[], paths: readonly string[], options: ZarrSaveOptions): Promise<SaveResult[]> {
    checkBatch(data, paths);
    const { signal } = options;
    const arrays: { index: number; place: string; data: ZarrValue }[] = [];
    const files: number[] = [];
    const replacing: number[] = [];
    for (const [index, path] of paths.entries()) {
      await at(path, async () => {
        checkShown(path);
        const value = data[index];
        if (!this.#isArray(value, path, options)) {
          const replaces = await this.#isArrayAt(await this.tree.follow(path, { signal }), { signal });
          if (replaces) await checkPlace(this, path, options);
          return void (replaces ? replacing : files).push(index);
        }
        refuseExpiry(options, path);
        const place = await this.tree.follow(path, { signal });
        await checkPlace(this, place, options);
        arrays.push({ index, place, data: value });
      });
    }
    const results: SaveResult[] = [];
    const drafts: Draft[] = [];
    try {
      await pooled(arrays, CONCURRENCY, async ({ index, place, data }, position) => {
        await at(paths[index]!, async () => void (drafts[position] = await this.#draft(data, place, options)));
      }, signal);
      if (files.length > 0) {
        const saved = await this.#files.saveBatch(
          files.map((index) => data[index]),
          files.map((index) => paths[index]!),
          options as SaveOptions,
        );
        for (const [position, index] of files.entries()) results[index] = saved[position]!;
      }
      for (const index of replacing) {
        const path = paths[index]!;
        await at(path, async () => void (results[index] = await this.#saveFile(data[index], path, options)));
      }
      for (const [position, { index, place }] of arrays.entries()) {
        const draft = drafts[position]!;
        delete drafts[position];
        await at(paths[index]!, async () => {
          results[index] = { etag: await this.changed(place, () => publish(this, place, draft, options)) };
        });
      }
      return results;
    } finally {
      // Those that were not published.
      for (const draft of drafts) await draft?.discard(this.store);
    }
  }

  /** See `DataSource.load`. */
  async load(path: string, options: ZarrLoadOptions): Promise<unknown> {
    const look = await this.tree.look(path, options);
    if (look === undefined || look.kind === "directory") throw await this.tree.absence(path, options);
    if (look.kind === "array") return await readArray(this.store, path, options.selection, options);
    if (options.selection === undefined) return await this.#files.load(path, options as LoadOptions);
    throw new StorageError("unsupported", "a part can be read of an array only: this is a file", { path });
  }

  /** See `DataSource.stat`. */
  async stat(path: string, options?: AbortOptions): Promise<ZarrFileInfo> {
    if (leadsToHidden(path)) throw await this.tree.absence(path, options);
    const target = await this.store.readSymlink?.(path, options);
    if (target === undefined) {
      const info = await this.#infoOf(path, path, options);
      if (info === undefined) throw await this.tree.absence(path, options);
      return { ...info, kind: info.kind as FileInfo["kind"] };
    }
    const end = await this.#infoOf(path, path, options).catch((error) => {
      if (isStorageError(error, "invalid-path")) return undefined;
      throw error;
    });
    return { ...end, path, kind: "symlink", exists: end !== undefined, target, targetKind: end?.kind };
  }

  async #infoOf(
    path: string,
    place: string,
    options?: AbortOptions,
  ): Promise<ZarrFileInfo & { kind: "file" | "directory" } | undefined> {
    for (;;) {
      const look = await this.tree.look(place, options);
      if (look === undefined) return undefined;
      if (look.kind === "file") return { ...look.stat, path, kind: "file", exists: true };
      const head = await readHead(this.store, place, options).catch((error) => {
        // A group that others have made is a directory all the same.
        if (look.kind === "directory" && isStorageError(error, "corrupt", "unsupported")) return undefined;
        throw error;
      });
      if (look.kind === "directory") return { path, kind: "directory", exists: true };
      if (isArrayHead(head)) return { path, kind: "file", exists: true, ...await infoOf(head) };
      options?.signal?.throwIfAborted();
    }
  }

  /** What is at a path, links followed, without telling of it. */
  async kind(path: string, options?: AbortOptions): Promise<Stat["kind"] | undefined> {
    const kind = (await this.tree.lookAnywhere(path, options))?.kind;
    return kind === "array" ? "file" : kind;
  }

  /** The document of an array. */
  async head(path: string, options?: AbortOptions): Promise<ArrayHead> {
    const head = await readHead(this.store, path, options);
    if (isArrayHead(head)) return head;
    throw await this.tree.absence(path, options);
  }

  /** Copies an array or a file. */
  async copyFile(from: string, to: string, overwrite: boolean, { signal }: AbortOptions): Promise<void> {
    checkShown(to);
    const look = await this.tree.look(from, { signal });
    if (look?.kind !== "array") {
      if (look === undefined) throw await this.tree.absence(from, { signal });
      const place = await this.tree.follow(to, { signal });
      if (!await this.#isArrayAt(place, { signal })) return await this.#files.copy(from, to, { overwrite, signal });
      const copy = (beside: string): Promise<void> => this.#files.copy(from, beside, { signal });
      return void await this.changed(place, () => replaceByFile(this, place, { overwrite, signal }, copy));
    }
    const place = await this.tree.follow(to, { signal });
    await checkPlace(this, place, { overwrite, signal });
    for (;;) {
      const draft = await Draft.copyOf(this.store, place, await this.head(from, { signal }), { signal });
      if (draft === undefined) continue;
      return void await this.changed(place, () => publish(this, place, draft, { overwrite, signal }));
    }
  }

  /** See `DataSource.entries`. */
  async *entries(
    path: string,
    options: { shallow: boolean; details: boolean } & AbortOptions,
  ): AsyncGenerator<Entry> {
    const kind = (await this.tree.look(path, options))?.kind;
    if (kind === undefined) throw await this.tree.absence(path, options);
    if (kind !== "directory") {
      throw new StorageError("not-a-directory", "it is a file, not a directory", { path });
    }
    if (this.store.list === undefined) {
      throw new StorageError("unsupported", "the store of this backend does not offer list", { path });
    }
    yield* this.tree.entries(path, options);
  }

  /** See `StorageBackend.delete`. */
  async delete(path: string, options: BackendDeleteOptions): Promise<void> {
    const { recursive = false, force = false, ifMatch, signal } = options;
    if (!leadsToHidden(path) && await this.store.readSymlink?.(path, { signal }) !== undefined) {
      await this.#files.delete(path, { ifMatch, signal });
      return await this.remover.prune(path);
    }
    if (this.store.delete === undefined) throw new StorageError("unsupported", "its store cannot delete", { path });
    const look = await this.tree.look(path, { signal });
    if (look === undefined) {
      if (ifMatch !== undefined) throw changed(path);
      if (force) return;
      throw await this.tree.absence(path, { signal });
    }
    if (look.kind === "file") await this.#files.delete(path, { ifMatch, force, signal });
    else if (look.kind === "array") await this.remover.deleteArray(path, { ifMatch, signal });
    else if (ifMatch !== undefined) throw changed(path);
    else if (recursive) await this.#files.delete(path, { recursive, force, signal });
    else await this.remover.deleteDirectory(path, { signal });
    await this.remover.prune(path);
    if (look.kind !== "file") await this.consolidated.refresh(path);
  }

  /** See `StorageBackend.ensureDirectory`. */
  async ensureDirectory(path: string, options?: AbortOptions): Promise<void> {
    checkShown(path);
    const look = await this.tree.look(path, options);
    if (look?.kind === "array") throw new StorageError("already-exists", "an array is there already", { path });
    if (look === undefined) await this.tree.checkParents(path, options);
    await this.#files.ensureDirectory(path, options);
  }

  /** Whether a link may be made. */
  async checkLink(source: string, path: string, { dangling = false, signal }: SymlinkOptions): Promise<void> {
    checkShown(path);
    const isThere = dangling || await this.tree.look(source, { signal }) !== undefined ||
      await this.store.readSymlink?.(source, { signal }) !== undefined;
    if (!isThere) throw await this.tree.absence(source, { signal });
    await this.tree.checkParents(path, { signal });
  }

  /** See `StorageBackend.move`; answers whether it was done. */
  async move(from: string, to: string, options: CopyOptions): Promise<boolean> {
    const moved = await this.mover.move(from, to, options);
    if (moved) { for (const path of [from, to]) await this.consolidated.refresh(path); }
    return moved;
  }

  /** See `StorageBackend.openRead`. */
  async openRead(path: string, options: ReadOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const { range, signal } = options;
    const look = await this.tree.look(path, { signal });
    if (look === undefined) throw await this.tree.absence(path, { signal });
    if (look.kind !== "array") return await this.#files.openRead(path, options);
    const { npy } = await import("../formats/npy.ts");
    const encoded = await npy().encode(await readArray(this.store, path, undefined, { signal }) as NdArray);
    return streamOf(cut(encoded instanceof Uint8Array ? encoded : concat(encoded), range), signal);
  }

  /** See `StorageBackend.openWrite`. */
  async openWrite(path: string, options: WriteOptions): Promise<WritableStream<Uint8Array>> {
    checkShown(path);
    const { ifAbsent, ifMatch, signal } = options;
    const place = await this.tree.follow(path, { signal });
    const conditions = { overwrite: !ifAbsent, ifMatch, signal };
    const isArray = await this.#isArrayAt(place, { signal });
    const found = await checkPlace(this, place, conditions);
    if (isArray && found.kind !== "nothing") {
      return collecting(async (bytes) => {
        const write = (beside: string) => this.store.write!(beside, bytes);
        await this.changed(place, () => replaceByFile(this, place, conditions, write));
      }, signal);
    }
    return withErrors(await this.#files.openWrite(path, options), (error) => {
      // An array has come meanwhile.
      if (!isStorageError(error, "is-a-directory")) return error;
      return ifMatch === undefined
        ? new StorageError("already-exists", "an array is there now", { path })
        : changed(path);
    });
  }

  /** Opens an array as a handle. */
  async openArray(path: string, options?: AbortOptions): Promise<ZarrArray> {
    return await BackendArray.of(this, await this.tree.follow(path, options), options);
  }

  /** Makes an array of nothing but fill values, and opens it. */
  async createArray(
    path: string,
    dtype: ZarrDataTypeName,
    shape: readonly number[],
    options: ZarrSaveOptions,
  ): Promise<ZarrArray> {
    checkShown(path);
    const place = await this.tree.follow(path, options);
    const metadata = await this.#plan(place, dtype, shape, options);
    await checkPlace(this, place, options);
    const draft = await Draft.empty(this.store, place, metadata, options);
    await this.changed(place, () => publish(this, place, draft, options));
    return await BackendArray.of(this, place, options);
  }

  /** Changes the document of an array or a group, and what tells of it. */
  async changed<T>(path: string, work: () => Promise<T>): Promise<T> {
    const result = await work();
    await this.consolidated.refresh(path);
    return result;
  }
}

function refuseExpiry({ expireIn }: ZarrSaveOptions, path: string): void {
  if (expireIn === undefined) return;
  throw new StorageError("unsupported", "an array does not go by itself: expireIn is for files", { path });
}

/** Names the path in what is thrown. */
async function at<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isStorageError(error) ? error.at(path) : error;
  }
}
