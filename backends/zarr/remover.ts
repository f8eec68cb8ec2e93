/**
 * {@linkcode ZarrRemover}: takes arrays, groups and what was left half done away.
 *
 * @module
 */

import { isStorageError } from "../errors.ts";
import { baseName, joinPath, parentPath } from "../path.ts";
import { deleteTree } from "../store_checks.ts";
import { notEmpty } from "../stores/rules.ts";
import type { AbortOptions, DeleteOptions, Store } from "../stores/store.ts";
import { bringBack } from "./exchange.ts";
import { deletedDocument, isThere, lookAtHead, nodeKind, readHead } from "./head.ts";
import { isStage, stageName } from "./hidden.ts";
import { ignoring } from "./ignoring.ts";
import { V2_ARRAY_FILE, V2_ATTRIBUTES_FILE } from "./metadata_v2.ts";
import { V3_FILE } from "./metadata_v3.ts";
import { METADATA_FILES, writeDocument } from "./node.ts";
import { changed, exclusively, isUnfinished } from "./publish.ts";
import { finish } from "./replacement.ts";
import type { ZarrTree } from "./tree.ts";

/** Options of `ZarrBackend.sweep`. */
export interface ZarrSweepOptions extends AbortOptions {
  /**
   * How long something must have been left alone, in milliseconds.
   *
   * @default {3600000} one hour
   */
  olderThan?: number | undefined;
}

/** How long something must have been left alone, if nothing else is said. */
const ABANDONED_AFTER = 3_600_000;

/** Takes arrays and groups away. */
export class ZarrRemover {
  readonly #store: Store;
  readonly #tree: ZarrTree;

  constructor(store: Store, tree: ZarrTree) {
    this.#store = store;
    this.#tree = tree;
  }

  /** Deletes an array: from one moment to the next it is gone. */
  async deleteArray(path: string, { ifMatch, signal }: DeleteOptions): Promise<void> {
    await exclusively(this.#store, path, async () => {
      const head = await lookAtHead(this.#store, path, { signal });
      if (!isThere(head) || head.node?.kind === "group") {
        throw ifMatch === undefined ? await this.#tree.absence(path, { signal }) : changed(path);
      }
      if (ifMatch !== undefined || this.#store.move === undefined || path === "") {
        // What is left of it is no array, and is not shown.
        try {
          const document = deletedDocument();
          await writeDocument(this.#store, joinPath(path, head.file), document, { ifMatch, signal });
        } catch (error) {
          throw isStorageError(error, "precondition-failed") ? changed(path) : error;
        }
      }
      await this.#remove(path);
    });
  }

  /** Takes an array out of sight at once, where the store can, and deletes it then. */
  async #remove(path: string): Promise<void> {
    const aside = joinPath(parentPath(path), stageName());
    try {
      if (this.#store.move === undefined || path === "") return await dismantle(this.#store, path);
      await this.#store.move(path, aside, { ifAbsent: true });
    } catch (error) {
      if (!isStorageError(error, "unsupported")) throw error;
      return await dismantle(this.#store, path);
    }
    await deleteTree(this.#store, aside);
  }

  /**
   * Deletes a directory in which nothing is to be seen.
   *
   * @throws {StorageError} `not-empty`.
   */
  async deleteDirectory(path: string, options: AbortOptions): Promise<void> {
    if (!await this.#tree.isEmpty(path, options)) throw notEmpty(path);
    const kept: [place: string, bytes: Uint8Array][] = [];
    for await (const { path: place } of this.#store.list!(path, { ...options, shallow: true })) {
      const name = baseName(place);
      if (isStage(name)) await deleteTree(this.#store, place);
      if (!METADATA_FILES.has(name)) continue;
      const bytes = await this.#store.read(place);
      if (bytes !== undefined) kept.push([place, bytes]);
      await this.#store.delete!(place);
    }
    try {
      await this.#store.delete!(path);
    } catch (error) {
      // Something has come meanwhile: it is a group again.
      if (isStorageError(error, "not-empty")) {
        for (const [place, bytes] of kept) {
          await this.#store.write!(place, bytes, { ifAbsent: true }).catch(ignoring("already-exists"));
        }
      }
      throw error;
    }
  }

  /** Deletes the groups above that nothing is in any more, where a directory exists only while something is in it. */
  async prune(path: string): Promise<void> {
    if (this.#store.makeDirectory !== undefined) return;
    for (let group = parentPath(path); group !== "" && group !== "/"; group = parentPath(group)) {
      // A group that cannot be understood stays.
      const head = await readHead(this.#store, group).catch(ignoring("corrupt", "unsupported"));
      if (head?.node?.kind !== "group" || Object.keys(head.node.attributes).length > 0) return;
      if (!await this.#tree.isEmpty(group)) return;
      await this.#store.delete!(joinPath(group, head.file), { ifMatch: head.etag })
        .catch(ignoring("precondition-failed", "not-found"));
    }
  }

  /** Finishes what was left half done below a directory, and deletes what was never published. */
  async sweep(directory: string, { olderThan = ABANDONED_AFTER, signal }: ZarrSweepOptions): Promise<number> {
    const limit = Date.now() - olderThan;
    const stages: string[] = [];
    let count = 0;
    const pending = [directory];
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      const kind = await nodeKind(this.#store, path, { signal });
      if (kind === "array" && await this.#finish(path, { signal })) count++;
      if (kind === "deleted") {
        await exclusively(this.#store, path, () => this.#remove(path!));
        count++;
      }
      if (kind === "array" || kind === "deleted") continue;
      for await (const entry of this.#store.list!(path, { shallow: true, signal })) {
        if (entry.kind === "directory") (isStage(baseName(entry.path)) ? stages : pending).push(entry.path);
      }
    }
    for (const stage of stages) {
      if (await this.#newest(stage, { signal }) > limit) continue;
      await bringBack(this.#store, stage);
      await deleteTree(this.#store, stage, { signal });
      count++;
    }
    return count;
  }

  async #finish(path: string, options: AbortOptions): Promise<boolean> {
    return await exclusively(this.#store, path, async () => {
      const head = await lookAtHead(this.#store, path, options);
      if (!isUnfinished(head)) return false;
      await finish(this.#store, head);
      return true;
    });
  }

  /** When something below a directory last changed. */
  async #newest(directory: string, options: AbortOptions): Promise<number> {
    let newest = (await this.#store.stat(directory, options))?.modified?.getTime() ?? 0;
    for await (const { modified } of this.#store.list!(directory, { ...options, details: true })) {
      newest = Math.max(newest, modified?.getTime() ?? 0);
    }
    return newest;
  }
}

/** Deletes an array whose document says that it is deleted: that document last, which hides what is still there. */
export async function dismantle(store: Store, path: string): Promise<void> {
  const documents: string[] = [];
  const rest: string[] = [];
  for await (const entry of store.list!(path)) {
    (parentPath(entry.path) === path && METADATA_FILES.has(baseName(entry.path)) ? documents : rest).push(entry.path);
  }
  const order = [V2_ATTRIBUTES_FILE, V2_ARRAY_FILE, V3_FILE];
  documents.sort((a, b) => order.indexOf(baseName(a)) - order.indexOf(baseName(b)));
  for (const place of [...rest.reverse(), ...documents]) await store.delete!(place);
  if (path === "") return;
  await store.delete!(path).catch((error) => {
    // Something else has come.
    if (!isStorageError(error, "not-empty")) throw error;
  });
}
