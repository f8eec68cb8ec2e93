/**
 * {@linkcode ZarrCore}: what the zarr backend does, apart from being a backend. It is loaded by the first operation.
 *
 * @module
 */

import type { BackendDeleteOptions, CopyOptions, SymlinkOptions } from "../backend.ts";
import type { FileInfo, LoadOptions, SaveResult } from "../data_source.ts";
import { isStorageError, StorageError } from "../errors.ts";
import type { NdArray } from "../formats/ndarray.ts";
import type { StoreBackend } from "../store_backend.ts";
import { cut } from "../stores/range.ts";
import type { AbortOptions, Entry, ReadOptions, Stat, Store, WriteOptions } from "../stores/store.ts";
import { collecting, concat, streamOf, withErrors } from "../stores/stream.ts";
import { ZarrAttributes } from "./attributes.ts";
import { ZarrArray } from "./zarr_array.ts";
import { Consolidated } from "./consolidated.ts";
import { ArrayEditor } from "./editor.ts";
import { type ArrayHead, type Head, isArrayHead, isThere, lookAtHead, readHead } from "./head.ts";
import { checkShown, leadsToHidden } from "./hidden.ts";
import { infoOf, type ZarrFileInfo } from "./info.ts";
import { ZarrMover } from "./mover.ts";
import type { ZarrLoadOptions } from "./options.ts";
import { changed, checkPlace, type Publisher } from "./publish.ts";
import { readArray } from "./reading.ts";
import type { ZarrBatchOptions } from "./options.ts";
import { ZarrPlates } from "./plates.ts";
import { ZarrRemover } from "./remover.ts";
import { replaceByFile } from "./replace_by_file.ts";
import { ZarrSaver } from "./saver.ts";
import { ZarrTree } from "./tree.ts";
import type { ZarrArrayOptions } from "./stored_array.ts";

/** What the zarr backend does. Paths are normal. */
export class ZarrCore implements Publisher {
  readonly store: Store;
  readonly tree: ZarrTree;
  readonly rooted: boolean;
  /** Changes parts of arrays. */
  readonly editor: ArrayEditor;
  /** Saves and copies. */
  readonly saver: ZarrSaver;
  /** Takes arrays and groups away. */
  readonly remover: ZarrRemover;
  /** Moves arrays and groups. */
  readonly mover: ZarrMover;
  /** Metadata of everything below groups. */
  readonly consolidated: Consolidated;
  /** Attributes of arrays and groups. */
  readonly attributes: ZarrAttributes;
  /** The planes of plates. */
  readonly plates: ZarrPlates;
  readonly #files: StoreBackend;

  constructor(files: StoreBackend, rooted: boolean) {
    this.store = files.store;
    this.rooted = rooted;
    this.#files = files;
    this.tree = new ZarrTree(this.store);
    this.editor = new ArrayEditor(this.store, this.tree);
    this.saver = new ZarrSaver(this, files);
    this.remover = new ZarrRemover(this.store, this.tree);
    this.mover = new ZarrMover(this, files);
    this.attributes = new ZarrAttributes(this.store, this.tree, this.editor);
    this.consolidated = new Consolidated(this.store, this.attributes);
    this.plates = new ZarrPlates(this.store, this.consolidated);
  }

  /** See `DataSource.load`. */
  async load(path: string, options: ZarrLoadOptions): Promise<unknown> {
    const head = leadsToHidden(path) ? undefined : await this.#arrayHead(path, options);
    if (head !== undefined) return await readArray(this.store, path, options.selection, options, head);
    const look = await this.tree.look(path, options);
    if (look?.kind === "array") return await readArray(this.store, path, options.selection, options);
    const plane = look === undefined && !leadsToHidden(path) ? await this.plates.load(path, options) : undefined;
    if (plane === undefined && look?.kind !== "file") throw await this.tree.absence(path, options);
    if (options.selection === undefined) return plane ?? await this.#files.load(path, options as LoadOptions);
    const what = plane ? "a plane, which is loaded whole" : "a file";
    throw new StorageError("unsupported", `a part can be read of an array only: this is ${what}`, { path });
  }

  /** See `StorageBackend.saveBatch`. */
  async saveBatch(
    data: readonly unknown[],
    paths: readonly string[],
    options: ZarrBatchOptions,
  ): Promise<SaveResult[]> {
    if (options.layout === undefined && options.well === undefined) {
      return await this.saver.saveBatch(data, paths, options);
    }
    for (const path of paths) checkShown(path);
    return await this.plates.save(data, paths, options);
  }

  /** The document of an array, if it is one. */
  async #arrayHead(path: string, options: AbortOptions): Promise<ArrayHead | undefined> {
    const head = await readHead(this.store, path, options);
    return isArrayHead(head) ? head : undefined;
  }

  /** See `DataSource.stat`. */
  async stat(path: string, options?: AbortOptions): Promise<ZarrFileInfo> {
    if (leadsToHidden(path)) throw await this.tree.absence(path, options);
    const target = await this.store.readSymlink?.(path, options);
    if (target === undefined) {
      const info = await this.#infoOf(path, path, options);
      if (info !== undefined) return { ...info, kind: info.kind as FileInfo["kind"] };
      const plane = await this.plates.find(path, options);
      if (plane === undefined) throw await this.tree.absence(path, options);
      return { path, kind: "file", exists: true, plane };
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
      if (look.kind === "directory") return { path, kind: "directory", exists: true };
      const head = await lookAtHead(this.store, place, options);
      if (isThere(head)) return { path, kind: "file", exists: true, ...await infoOf(head) };
      options?.signal?.throwIfAborted();
    }
  }

  /** The document of an array, be it one that cannot be understood. */
  async anyHead(path: string, options?: AbortOptions): Promise<Head> {
    const head = await lookAtHead(this.store, path, options);
    if (isThere(head) && head.node?.kind !== "group") return head;
    throw await this.tree.absence(path, options);
  }

  /** What is at a path, links followed, without telling of it. */
  async kind(path: string, options?: AbortOptions): Promise<Stat["kind"] | undefined> {
    const kind = (await this.tree.lookAnywhere(path, options))?.kind;
    if (kind === undefined && await this.isPlane(path, options)) return "file";
    return kind === "array" ? "file" : kind;
  }

  /** Whether a plate has a plane of this path; one that cannot be understood has none. */
  async isPlane(path: string, options?: AbortOptions): Promise<boolean> {
    if (leadsToHidden(path)) return false;
    try {
      return await this.plates.find(path, options) !== undefined;
    } catch (error) {
      if (isStorageError(error, "corrupt", "unsupported")) return false;
      throw error;
    }
  }

  /** The document of an array. */
  async head(path: string, options?: AbortOptions): Promise<ArrayHead> {
    const head = await readHead(this.store, path, options);
    if (isArrayHead(head)) return head;
    throw await this.tree.absence(path, options);
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
      if (!leadsToHidden(path) && await this.plates.remove(path, { signal })) return;
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
    if (moved === "replaces") return await this.saver.moveOnto(from, to, options);
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
    const isArray = await this.saver.isArrayAt(place, { signal });
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
  async openArray(path: string, options?: ZarrArrayOptions): Promise<ZarrArray> {
    return await ZarrArray.of(this, await this.tree.follow(path, options), options);
  }

  /** Changes the document of an array or a group, and what tells of it. */
  async changed<T>(path: string, work: () => Promise<T>): Promise<T> {
    const result = await work();
    await this.consolidated.refresh(path);
    return result;
  }
}
