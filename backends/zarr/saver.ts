/**
 * {@linkcode ZarrSaver}: saves and copies arrays, and files beside them.
 *
 * @module
 */

import type { CopyOptions } from "../backend.ts";
import { checkBatch } from "../batch.ts";
import { pooled } from "../concurrency.ts";
import type { SaveOptions, SaveResult } from "../data_source.ts";
import { isStorageError, StorageError } from "../errors.ts";
import type { StoreBackend } from "../store_backend.ts";
import type { AbortOptions } from "../stores/store.ts";
import { planArray } from "./array_plan.ts";
import { ZarrArray } from "./zarr_array.ts";
import type { ZarrCore } from "./core.ts";
import type { ZarrDataTypeName } from "./data_type.ts";
import { Draft } from "./draft.ts";
import { formatAbove } from "./groups.ts";
import { checkShown } from "./hidden.ts";
import type { ArrayMetadata } from "./metadata.ts";
import type { ZarrSaveOptions } from "./options.ts";
import { checkPlace, publish } from "./publish.ts";
import { replaceByFile } from "./replace_by_file.ts";
import { isZarrValue, type ZarrValue } from "./value.ts";

/** How many arrays of a batch are built at once. */
const CONCURRENCY = 2;

/** Saves and copies arrays, and files beside them. */
export class ZarrSaver {
  readonly #core: ZarrCore;
  readonly #files: StoreBackend;

  constructor(core: ZarrCore, files: StoreBackend) {
    this.#core = core;
    this.#files = files;
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
    const place = await this.#core.tree.follow(path, options);
    await checkPlace(this.#core, place, options);
    const draft = await this.#draft(data, place, options);
    return { etag: await this.#core.changed(place, () => publish(this.#core, place, draft, options)) };
  }

  async #draft(data: ZarrValue, path: string, options: ZarrSaveOptions): Promise<Draft> {
    const metadata = await this.#plan(path, data.dtype, data.shape, options);
    return await Draft.of(this.#core.store, path, data, metadata, {
      signal: options.signal,
      workers: options.workers,
    });
  }

  async #plan(
    path: string,
    dtype: ZarrDataTypeName,
    shape: readonly number[],
    { format, ...options }: ZarrSaveOptions,
  ): Promise<ArrayMetadata> {
    const asked = format === 2 || format === 3 ? format : await formatAbove(this.#core.store, path, options);
    return planArray(dtype, shape, { ...options, format: asked });
  }

  async #saveFile(data: unknown, path: string, options: ZarrSaveOptions): Promise<SaveResult> {
    const place = await this.#core.tree.follow(path, options);
    if (!await this.isArrayAt(place, options)) return await this.#files.save(data, path, options as SaveOptions);
    return await this.#core.changed(place, () =>
      replaceByFile(this.#core, place, options, async (beside) => {
        await this.#files.save(data, beside, { ...options as SaveOptions, overwrite: true, ifMatch: undefined });
      }));
  }

  /** Whether a file is to replace an array; refuses to write one where the store would, and an array is in the way. */
  async isArrayAt(path: string, { signal }: AbortOptions): Promise<boolean> {
    const look = await this.#core.tree.look(path, { signal });
    if (look === undefined) await this.#core.tree.checkParents(path, { signal });
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
          const replaces = await this.isArrayAt(await this.#core.tree.follow(path, { signal }), { signal });
          if (replaces) await checkPlace(this.#core, path, options);
          return void (replaces ? replacing : files).push(index);
        }
        refuseExpiry(options, path);
        const place = await this.#core.tree.follow(path, { signal });
        await checkPlace(this.#core, place, options);
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
          results[index] = { etag: await this.#core.changed(place, () => publish(this.#core, place, draft, options)) };
        });
      }
      return results;
    } finally {
      // Those that were not published.
      for (const draft of drafts) await draft?.discard(this.#core.store);
    }
  }

  /** Makes an array of nothing but fill values, and opens it. */
  async createArray(
    path: string,
    dtype: ZarrDataTypeName,
    shape: readonly number[],
    options: ZarrSaveOptions,
  ): Promise<ZarrArray> {
    checkShown(path);
    const place = await this.#core.tree.follow(path, options);
    const metadata = await this.#plan(place, dtype, shape, options);
    await checkPlace(this.#core, place, options);
    const draft = await Draft.empty(this.#core.store, place, metadata, options);
    await this.#core.changed(place, () => publish(this.#core, place, draft, options));
    return await ZarrArray.of(this.#core, place, options);
  }

  /** Copies an array or a file. */
  async copyFile(from: string, to: string, overwrite: boolean, { signal }: AbortOptions): Promise<void> {
    checkShown(to);
    const look = await this.#core.tree.look(from, { signal });
    if (look?.kind !== "array") {
      if (look === undefined) throw await this.#core.tree.absence(from, { signal });
      const place = await this.#core.tree.follow(to, { signal });
      if (!await this.isArrayAt(place, { signal })) return await this.#files.copy(from, to, { overwrite, signal });
      const copy = (beside: string): Promise<void> => this.#files.copy(from, beside, { signal });
      return void await this.#core.changed(place, () => replaceByFile(this.#core, place, { overwrite, signal }, copy));
    }
    await this.#copyArray(this.#core, from, to, overwrite, { signal });
  }

  /** Copies an array; answers the etag of what was copied. */
  async #copyArray(
    source: ZarrCore,
    from: string,
    to: string,
    overwrite: boolean,
    { signal }: AbortOptions,
  ): Promise<string | undefined> {
    const place = await this.#core.tree.follow(to, { signal });
    await checkPlace(this.#core, place, { overwrite, signal });
    for (;;) {
      const head = await source.anyHead(from, { signal });
      const draft = await Draft.copyOf(this.#core.store, place, source.store, head, { signal });
      if (draft === undefined) continue;
      await this.#core.changed(place, () => publish(this.#core, place, draft, { overwrite, signal }));
      return head.etag;
    }
  }

  /** See `StorageBackend.copyFrom`. */
  async copyFrom(source: ZarrCore, from: string, to: string, options: CopyOptions): Promise<boolean> {
    const { overwrite = false, signal } = options;
    const kind = (await source.tree.look(from, { signal }))?.kind;
    if (kind === "array") {
      checkShown(to);
      await this.#copyArray(source, from, to, overwrite, { signal });
    } else if (kind === "directory") {
      await this.#core.changed(to, () => this.#core.mover.copyGroup(source.store, from, to, { signal }));
    }
    return kind === "array";
  }

  /** Moves an array to where a file or another array is. */
  async moveOnto(from: string, to: string, { signal }: CopyOptions): Promise<boolean> {
    for (;;) {
      const ifMatch = await this.#copyArray(this.#core, from, to, true, { signal });
      try {
        await this.#core.delete(from, { ifMatch });
        return true;
      } catch (error) {
        // It has changed since it was copied.
        if (!isStorageError(error, "precondition-failed")) throw error;
      }
    }
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
