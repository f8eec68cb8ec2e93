/**
 * {@linkcode OverlayView}: two stores, seen as one.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { comparePaths, isInside, parentPath } from "../path.ts";
import { checkEtag } from "../stores/rules.ts";
import type { AbortOptions, Entry, ListOptions, Stat, Store, WriteOptions } from "../stores/store.ts";
import { hidden, RESERVED, type UpperStore, Whiteouts } from "./whiteouts.ts";

/** What the upper store is asked in place of a condition about both. */
export interface UpperCondition {
  /** What it is asked. */
  readonly options: WriteOptions;
  /** Whether something that is there breaks the condition `ifMatch`. */
  readonly matching: boolean;
}

/** What is in the upper store, and what of the lower one is neither gone nor covered. */
export class OverlayView {
  /** What is gone. */
  readonly whiteouts: Whiteouts;
  readonly #upper: UpperStore;
  readonly #lower: Store;

  constructor(upper: UpperStore, lower: Store) {
    this.#upper = upper;
    this.#lower = lower;
    this.whiteouts = new Whiteouts(upper);
  }

  /** What the upper store has there. */
  async above(path: string, options?: AbortOptions): Promise<Stat | undefined> {
    return isInside(path, RESERVED) ? undefined : tagged("u", await this.#upper.stat(path, options));
  }

  /** What the lower store has there, and is not gone. */
  async below(path: string, options?: AbortOptions): Promise<Stat | undefined> {
    if (isInside(path, RESERVED) || await this.whiteouts.hide(path)) return undefined;
    return tagged("l", await this.#lower.stat(path, options));
  }

  /** What is there. */
  async stat(path: string, options?: AbortOptions): Promise<Stat | undefined> {
    const above = await this.above(path, options);
    if (above !== undefined) return above;
    return await this.below(path, options) ?? (path === "" ? { kind: "directory" } : undefined);
  }

  /** What the upper store answers, or else the lower one. */
  async either<T>(
    path: string,
    options: AbortOptions | undefined,
    read: (store: Store) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    options?.signal?.throwIfAborted();
    if (isInside(path, RESERVED)) return undefined;
    return await read(this.#upper) ?? (await this.whiteouts.hide(path) ? undefined : await read(this.#lower));
  }

  /** Lists both as one. */
  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<Entry> {
    options.signal?.throwIfAborted();
    if (isInside(prefix, RESERVED)) return;
    let { limit = Infinity } = options;
    const gone = await this.whiteouts.paths();
    const all = { ...options, limit: undefined };
    const upper = this.#upper.list(prefix, all)[Symbol.asyncIterator]();
    const lower = hidden(gone, prefix) ? undefined : this.#lower.list?.(prefix, all)[Symbol.asyncIterator]();
    try {
      let above = await next(upper, ({ path }) => !isInside(path, RESERVED));
      let below = await next(lower, ({ path }) => !hidden(gone, path));
      while (limit-- > 0 && (above || below)) {
        const order = !above ? 1 : !below ? -1 : comparePaths(above.path, below.path);
        yield (order <= 0 ? above : below)!;
        if (order <= 0) above = await next(upper, ({ path }) => !isInside(path, RESERVED));
        if (order >= 0) below = await next(lower, ({ path }) => !hidden(gone, path));
      }
    } finally {
      await upper.return?.();
      await lower?.return?.();
    }
  }

  /**
   * Whether a file may be written there.
   *
   * @throws {StorageError} What `write` throws.
   */
  async checkWrite(path: string, options: WriteOptions = {}): Promise<UpperCondition> {
    const { ifAbsent = false, ifMatch, signal } = options;
    const above = await this.above(path, options);
    if (above !== undefined || path === "") {
      if (ifMatch !== undefined && above?.kind === "file") checkEtag(path, above.etag, ifMatch);
      return { options: { ifAbsent, ifMatch: ifMatch?.slice(2), signal }, matching: false };
    }
    await this.checkParents(path, options);
    const below = await this.below(path, options);
    if (below?.kind === "directory") {
      throw new StorageError("is-a-directory", "it is a directory, not a file", { path });
    }
    if (below && ifAbsent) throw new StorageError("already-exists", "it exists already", { path });
    if (ifMatch !== undefined) checkEtag(path, below?.etag, ifMatch);
    // What is below does not change: the condition holds as long as nothing is above.
    return { options: { ifAbsent: ifAbsent || ifMatch !== undefined, signal }, matching: ifMatch !== undefined };
  }

  /**
   * Whether something can be below a path, as far as the lower store is concerned.
   *
   * @throws {StorageError} `not-a-directory`; `invalid-path` in the directory that is kept for whiteouts.
   */
  async checkParents(path: string, options?: AbortOptions): Promise<void> {
    if (isInside(path, RESERVED)) {
      throw new StorageError("invalid-path", `${RESERVED} is kept for the layer overlay`, { path });
    }
    for (let at = parentPath(path); at !== ""; at = parentPath(at)) {
      if (await this.above(at, options) !== undefined) return;
      const below = await this.below(at, options);
      if (below?.kind === "file") throw new StorageError("not-a-directory", "a parent of it is a file", { path });
      if (below !== undefined) return;
    }
  }

  /** Whether the lower store has anything there, a link that leads nowhere included. */
  async isBelow(path: string, options?: AbortOptions): Promise<boolean> {
    if (isInside(path, RESERVED) || await this.whiteouts.hide(path)) return false;
    return await this.#lower.stat(path, options) !== undefined || await this.isLink(path, options);
  }

  /** Whether it is a link in one of the stores. */
  async isLink(path: string, options?: AbortOptions): Promise<boolean> {
    return await this.either(path, options, async (store) => await store.readSymlink?.(path, options)) !== undefined;
  }
}

/** A stat whose etag tells of which store it is. */
function tagged(store: "u" | "l", stat: Stat | undefined): Stat | undefined {
  return stat?.etag === undefined ? stat : { ...stat, etag: `${store}:${stat.etag}` };
}

async function next(
  entries: AsyncIterator<Entry> | undefined,
  keep: (entry: Entry) => boolean,
): Promise<Entry | undefined> {
  while (entries !== undefined) {
    const { done, value } = await entries.next();
    if (done) return undefined;
    if (keep(value)) return value;
  }
  return undefined;
}
