/**
 * {@linkcode ZarrTree}: what a store looks like when its arrays are files.
 *
 * @module
 */

import { absence } from "../absence.ts";
import { pooled } from "../concurrency.ts";
import { type ErrorCode, isStorageError, StorageError } from "../errors.ts";
import { baseName, joinPath, parentPath } from "../path.ts";
import { type Child, inPathOrder } from "../stores/path_order.ts";
import type { AbortOptions, Entry, Stat, Store } from "../stores/store.ts";
import { isArrayHead, lookAtHead, nodeKind } from "./head.ts";
import { sizeOfNpy } from "./info.ts";
import { isHidden, leadsToHidden } from "./hidden.ts";

/** What is at a path, links followed. */
export interface Look {
  /** An array, a file that is none, or a directory. */
  readonly kind: "array" | "file" | "directory";
  /** What the store tells. */
  readonly stat: Stat;
}

/** How many directories are looked at at once. */
const CONCURRENCY = 8;

/** As many links as Linux follows before it calls it a loop. */
const MAX_LINKS = 40;

/** Codes that say that nothing can be at a path. */
const NOWHERE: readonly ErrorCode[] = ["invalid-path", "name-too-long", "too-many-links"];

interface Shown extends Child<string> {
  readonly entry: Entry;
}

/** A store whose arrays are files and whose groups are directories. */
export class ZarrTree {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Looks at a path; answers `undefined` where nothing is to be seen. */
  async look(path: string, options?: AbortOptions): Promise<Look | undefined> {
    options?.signal?.throwIfAborted();
    if (leadsToHidden(path)) return undefined;
    const stat = await this.#store.stat(path, options);
    if (stat === undefined) return undefined;
    if (stat.kind === "directory") {
      const kind = await nodeKind(this.#store, path, options);
      if (kind === "array") return { kind, stat };
      if (kind === "deleted") return undefined;
      if (kind === "group") return { kind: "directory", stat };
    }
    return await this.#isInArray(path, options) ? undefined : { kind: stat.kind, stat };
  }

  /** As `look`, and answers `undefined` for a path that is none. */
  async lookAnywhere(path: string, options?: AbortOptions): Promise<Look | undefined> {
    return await this.look(path, options).catch((error) => {
      if (isStorageError(error, ...NOWHERE)) return undefined;
      throw error;
    });
  }

  async #isInArray(path: string, options?: AbortOptions): Promise<boolean> {
    for (let above = path; above !== "" && above !== "/";) {
      above = parentPath(above);
      const kind = await nodeKind(this.#store, above, options);
      if (kind !== undefined) return kind === "array";
    }
    return false;
  }

  /** Where a path leads when the link at its end is followed, be nothing there. */
  async follow(path: string, options?: AbortOptions): Promise<string> {
    let place = path;
    for (let links = 0;; links++) {
      const target = await this.#store.readSymlink?.(place, options);
      if (target === undefined) return place;
      if (links === MAX_LINKS) {
        throw new StorageError("too-many-links", "its symbolic links lead in a circle", { path });
      }
      place = target;
    }
  }

  /** Why there is no file at a path. */
  async absence(path: string, options?: AbortOptions): Promise<StorageError> {
    return await absence(path, {
      kind: async (place) => {
        const kind = (await this.lookAnywhere(place, options))?.kind;
        return kind === "array" ? "file" : kind;
      },
      target: (place) => this.#store.readSymlink?.(place, options),
    });
  }

  /**
   * Refuses a place below a file or an array.
   *
   * @throws {StorageError} `not-a-directory`.
   */
  async checkParents(path: string, options?: AbortOptions): Promise<void> {
    for (let parent = path; parent !== "" && parent !== "/";) {
      parent = parentPath(parent);
      const kind = (await this.lookAnywhere(parent, options))?.kind;
      if (kind === "directory") return;
      if (kind === undefined) continue;
      throw new StorageError("not-a-directory", `its parent ${JSON.stringify(parent)} is a file`, { path });
    }
  }

  /** Whether nothing is to be seen in a directory. */
  async isEmpty(path: string, options?: AbortOptions): Promise<boolean> {
    for await (const _ of this.entries(path, { ...options, shallow: true, details: false })) return false;
    return true;
  }

  /** Yields what is in a directory, in path order. */
  async *entries(
    path: string,
    { shallow, details, signal }: { shallow: boolean; details: boolean } & AbortOptions,
  ): AsyncGenerator<Entry> {
    const source = {
      page: (directory: string, after: string | undefined, limit: number) =>
        this.#page(directory, after, limit, { details, signal }),
      child: () => undefined,
    };
    for await (const page of inPathOrder<string, Shown>(source, path, path, { shallow })) {
      for (const { child } of page) yield child.entry;
    }
  }

  async #page(
    directory: string,
    after: string | undefined,
    limit: number,
    options: { details: boolean } & AbortOptions,
  ): Promise<Shown[]> {
    const shown: Shown[] = [];
    for (let last = after; shown.length === 0;) {
      const entries = await Array.fromAsync(
        this.#store.list!(directory, {
          ...options,
          shallow: true,
          limit,
          after: last === undefined ? undefined : joinPath(directory, last),
        }),
      );
      if (entries.length === 0) return [];
      last = baseName(entries[entries.length - 1]!.path);
      const children = await pooled(
        entries.filter((entry) => !isHidden(baseName(entry.path))),
        CONCURRENCY,
        (entry) => this.#child(entry, options),
        options.signal,
      );
      shown.push(...children.filter((child) => child !== undefined));
    }
    return shown;
  }

  /** What `stat` tells too. */
  async #details(path: string, options: AbortOptions): Promise<Pick<Entry, "size" | "modified">> {
    const head = await lookAtHead(this.#store, path, options);
    return isArrayHead(head) ? { size: sizeOfNpy(head.node), modified: head.modified } : {};
  }

  async #child(entry: Entry, options: { details: boolean } & AbortOptions): Promise<Shown | undefined> {
    const { path, kind } = entry;
    const name = baseName(path);
    if (kind !== "directory") return { name, entry };
    switch (await nodeKind(this.#store, path, options)) {
      case "array":
        return { name, entry: { path, kind: "file", ...options.details && await this.#details(path, options) } };
      case "deleted":
        return undefined;
      default:
        return { name, entry, directory: path };
    }
  }
}
