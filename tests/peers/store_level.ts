/**
 * {@linkcode StoreLevel}: a database of abstract-level, on any store.
 *
 * @module
 */

import { AbstractIterator, AbstractLevel } from "abstract-level";
import { Buffer } from "node:buffer";
import type { Store } from "../../backends/stores/store.ts";
import type { StoreWith } from "../conformance/mod.ts";

/** What the suite needs of a store. */
export type LevelStore = StoreWith<"list" | "write" | "delete" | "readMany" | "writeMany">;

/** One entry. */
type Pair = [key: Uint8Array, value: Uint8Array];

/** Which keys are meant. */
interface Range {
  readonly gt?: Uint8Array;
  readonly gte?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly lte?: Uint8Array;
  readonly reverse: boolean;
  readonly limit: number;
  readonly signal?: AbortSignal;
}

type Operation = { type: "put"; key: Uint8Array; value: Uint8Array } | { type: "del"; key: Uint8Array };

/**
 * Keys and values are bytes; a key is a file. A batch writes all its files at once, as far as the store does, and then deletes:
 * the seam has no transaction of both. A read sees what is there when it comes to it: there are no snapshots.
 */
export class StoreLevel extends AbstractLevel<Uint8Array, string, string> {
  readonly #openStore: () => LevelStore;
  #opened: LevelStore | undefined;

  /** Keeps its entries in what `openStore` opens, which can be opened again after it was closed. */
  constructor(openStore: () => LevelStore, options?: object) {
    super({
      encodings: { view: true },
      implicitSnapshots: false,
      explicitSnapshots: false,
      permanence: false,
      createIfMissing: false,
      errorIfExists: false,
      has: true,
      seek: true,
      signals: { iterators: true },
    }, options);
    this.#openStore = openStore;
  }

  get #store(): LevelStore {
    if (this.#opened === undefined) throw new TypeError("Cannot use a database that is not open");
    return this.#opened;
  }

  async _open(): Promise<void> {
    this.#opened = await Promise.resolve(this.#openStore());
  }

  async _close(): Promise<void> {
    await this.#opened?.close?.();
  }

  async _get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return await this.#store.read(pathOf(key));
  }

  async _getMany(keys: Uint8Array[], options?: { signal?: AbortSignal }): Promise<(Uint8Array | undefined)[]> {
    return await this.#store.readMany(keys.map(pathOf), { signal: options?.signal });
  }

  async _has(key: Uint8Array): Promise<boolean> {
    return (await this.#store.stat(pathOf(key)))?.kind === "file";
  }

  async _hasMany(keys: Uint8Array[]): Promise<boolean[]> {
    return await Promise.all(keys.map((key) => this._has(key)));
  }

  async _put(key: Uint8Array, value: Uint8Array): Promise<void> {
    await this.#store.write(pathOf(key), value);
  }

  async _del(key: Uint8Array): Promise<void> {
    await this.#store.delete(pathOf(key));
  }

  async _batch(operations: readonly Operation[]): Promise<void> {
    // The last operation on a key is what counts.
    const last = new Map(operations.map((operation) => [pathOf(operation.key), operation]));
    const writes = [...last].flatMap(([path, one]) => one.type === "put" ? [{ path, bytes: one.value }] : []);
    await this.#store.writeMany(writes);
    for (const [path, { type }] of last) if (type === "del") await this.#store.delete(path);
  }

  async _clear(options: Range): Promise<void> {
    for (const key of await this.keysOf(options)) await this.#store.delete(pathOf(key));
  }

  _iterator(options: Range): StoreIterator {
    return new StoreIterator(this, options);
  }

  /** The keys of a range, in its order. */
  async keysOf(range: Range): Promise<Uint8Array[]> {
    const keys: Uint8Array[] = [];
    const after = range.gte ?? range.gt;
    // Everything before is left out by the store; whether the bound itself counts is seen here.
    const options = { after: after && beforeOf(pathOf(after)), signal: range.signal };
    for await (const { path, kind } of this.#store.list("", options)) {
      if (kind !== "file") continue;
      const key = keyOf(path);
      if (covers(range, key)) keys.push(key);
    }
    if (range.reverse) keys.reverse();
    return range.limit < 0 ? keys : keys.slice(0, range.limit);
  }
}

/** Goes through the keys that were there at the first step, as far as they still are. */
class StoreIterator extends AbstractIterator<StoreLevel, string, string> {
  readonly #level: StoreLevel;
  readonly #range: Range;
  #keys: Uint8Array[] | undefined;
  #target: Uint8Array | undefined;

  constructor(level: StoreLevel, range: Range) {
    super(level, range as never);
    this.#level = level;
    this.#range = range;
  }

  async _next(): Promise<Pair | undefined> {
    return (await this._nextv(1))[0];
  }

  async _nextv(size: number): Promise<Pair[]> {
    const found: Pair[] = [];
    try {
      // A limit counts what is yielded, which abstract-level does.
      this.#keys ??= (await this.#level.keysOf({ ...this.#range, limit: -1 })).filter((key) => this.#isAhead(key));
      while (found.length < size && this.#keys.length > 0) {
        const keys = this.#keys.splice(0, size - found.length);
        const values = await this.#level._getMany(keys, this.#range);
        for (const [i, key] of keys.entries()) if (values[i] !== undefined) found.push([key, values[i]]);
      }
    } catch (error) {
      if (!this.#range.signal?.aborted) throw error;
      const aborted = { name: "AbortError", code: "LEVEL_ABORTED" };
      throw Object.assign(new Error("Operation has been aborted", { cause: error }), aborted);
    }
    return found;
  }

  async _all(): Promise<Pair[]> {
    const left = this.limit - this.count;
    return await this._nextv(Math.min(left, Number.MAX_SAFE_INTEGER));
  }

  _seek(target: Uint8Array): void {
    this.#keys = undefined;
    this.#target = target;
  }

  /** Whether a key is at the place that was sought, or comes after it. */
  #isAhead(key: Uint8Array): boolean {
    if (this.#target === undefined) return true;
    if (!covers(this.#range, this.#target)) return false;
    const order = Buffer.compare(key, this.#target);
    return this.#range.reverse ? order <= 0 : order >= 0;
  }
}

/** Whether a key is in a range; `gte` counts before `gt`, and `lte` before `lt`. */
function covers({ gt, gte, lt, lte }: Range, key: Uint8Array): boolean {
  const from = gte ?? gt;
  const to = lte ?? lt;
  const begins = from === undefined || Buffer.compare(key, from) >= (gte === undefined ? 1 : 0);
  return begins && (to === undefined || Buffer.compare(key, to) <= (lte === undefined ? -1 : 0));
}

/** Digits in the name of a directory or file. */
const DIGITS = 200;

/** A key as a path that comes in the same order: its digits, in directories where they are too many for one name. */
function pathOf(key: Uint8Array): string {
  const digits = Buffer.from(key).toString("hex");
  const names = digits.match(new RegExp(`.{1,${DIGITS}}`, "g")) ?? [];
  return names.map((name, i) => i < names.length - 1 ? `${name}_` : name).join("/") || "-";
}

/** A path that comes before this one and after all others that do. */
function beforeOf(path: string): string | undefined {
  return path === "-" ? undefined : path.slice(0, -1).replace(/\/$/, "") || undefined;
}

function keyOf(path: string): Uint8Array {
  return path === "-" ? new Uint8Array() : new Uint8Array(Buffer.from(path.replace(/_\/|_$/g, ""), "hex"));
}

/** The same store, if it has what is needed. */
export function levelStore(store: Store): LevelStore {
  const { list, write, delete: remove, readMany, writeMany } = store;
  if (list && write && remove && readMany && writeMany) return store as LevelStore;
  throw new TypeError("Cannot make a database of a store that lacks what it needs");
}
