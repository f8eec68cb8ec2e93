/**
 * {@linkcode KvEngine}: a Deno KV database, opened when it is first used.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { pause } from "../pause.ts";
import { closedError, isLocked, isTooManyChecks, kvError, noKv } from "./error.ts";

/** Computes the CRC-32 of bytes, going on from another if one is given. */
export type Crc32 = (bytes: Uint8Array, before?: number) => number;

/** How long an operation goes on when others keep the database locked or keep changing the same thing, in milliseconds. */
const PATIENCE = 30_000;

/** The longest pause between two tries, in milliseconds. */
const MAX_PAUSE = 250;

/** How many keys one look can answer. */
const MAX_KEYS = 10;

/** How many entries of a range one look can answer. */
const MAX_BATCH = 1000;

/** Deno KV takes 100 checks at once; the engine of denokv, behind KV Connect, takes 10. */
const MAX_CHECKS = 100;
const FEW_CHECKS = 10;

/** How many looks or pages are under way at once. */
const LOOKS = 8;

/** Which database. */
export interface KvEngineOptions {
  /** A file, `:memory:` or the address of a KV Connect server; `undefined` for the default database of Deno. */
  readonly path?: string | undefined;
  /** A database that is open already. */
  readonly kv?: Deno.Kv | undefined;
}

/** A page of a range. */
export interface KvPage {
  /** What was found, in the order of the keys. */
  readonly entries: Deno.KvEntry<unknown>[];
  /** Where the next page begins; `undefined` at the end of the range. */
  readonly cursor: string | undefined;
}

/** Pauses between tries, longer each time, until patience is at its end. */
export class Patience {
  readonly #end = performance.now() + PATIENCE;
  #pause = 1;

  /** Waits a little; answers whether there is any patience left. */
  async wait(signal?: AbortSignal): Promise<boolean> {
    signal?.throwIfAborted();
    if (performance.now() > this.#end) return false;
    await pause(this.#pause * (0.5 + Math.random()), signal);
    this.#pause = Math.min(MAX_PAUSE, this.#pause * 1.6);
    return true;
  }
}

/** A Deno KV database: opens it once, waits while another process keeps it locked, and throws only `StorageError`s. */
export class KvEngine {
  /** How many writes are worth having under way at once: a local database has one writer. */
  readonly inFlight: number;
  /** Whether another process may change the database without this one being told. */
  readonly silent: boolean;
  readonly #path: string | undefined;
  readonly #given: Deno.Kv | undefined;
  #opening: Promise<Deno.Kv> | undefined;
  #crc32: Crc32 | undefined;
  #closed = false;
  #maxChecks = MAX_CHECKS;
  readonly #opened: () => void;

  /** Creates the engine; nothing is opened yet. */
  constructor({ path, kv }: KvEngineOptions, opened: () => void) {
    this.#opened = opened;
    this.#path = path;
    this.#given = kv;
    const remote = path !== undefined && /^https?:/i.test(path);
    this.inFlight = remote || (path === undefined && kv === undefined) ? 4 : 1;
    this.silent = !remote && path !== ":memory:";
  }

  /** Opens the database, or waits until it is; a failed opening is tried again by the next. */
  async open(): Promise<Deno.Kv> {
    if (this.#closed) throw closedError();
    const opening = this.#opening ??= this.#open();
    try {
      return await opening;
    } catch (error) {
      if (this.#opening === opening) this.#opening = undefined;
      throw error;
    }
  }

  async #open(): Promise<Deno.Kv> {
    if (this.#given === undefined && Deno.openKv === undefined) throw noKv();
    this.#crc32 = (await import("node:zlib")).crc32;
    const kv = this.#given ?? await patiently(() => Deno.openKv(this.#path));
    if (!this.#closed) {
      this.#opened();
      return kv;
    }
    if (this.#given === undefined) kv.close();
    throw closedError();
  }

  /** As many checks can be made at once, as far as is known. */
  get maxChecks(): number {
    return this.#maxChecks;
  }

  /** Whether it is open. */
  get isOpen(): boolean {
    return this.#crc32 !== undefined && !this.#closed;
  }

  /** The CRC-32 of bytes. The database must be open. */
  crc32(bytes: Uint8Array, before: number = 0): number {
    return this.#crc32!(bytes, before);
  }

  /** Looks at any number of keys; ten at a time are seen at one moment. */
  async getMany(keys: readonly Deno.KvKey[]): Promise<Deno.KvEntryMaybe<unknown>[]> {
    const kv = await this.open();
    if (keys.length === 1) return [await patiently(() => kv.get(keys[0]!))];
    if (keys.length <= MAX_KEYS) return await patiently(() => kv.getMany(keys));
    const found: Deno.KvEntryMaybe<unknown>[] = new Array(keys.length);
    let next = 0;
    async function work(): Promise<void> {
      while (next < keys.length) {
        const start = next;
        next += MAX_KEYS;
        const some = await patiently(() => kv.getMany(keys.slice(start, start + MAX_KEYS)));
        for (const [i, entry] of some.entries()) found[start + i] = entry;
      }
    }
    await Promise.all(Array.from({ length: LOOKS }, work));
    return found;
  }

  /** Looks at the next entries of a range, all at one moment if they are at most 1000. */
  async page(selector: Deno.KvListSelector, limit: number, cursor?: string, reverse: boolean = false): Promise<KvPage> {
    const kv = await this.open();
    return await patiently(async () => {
      const options = {
        limit,
        batchSize: Math.min(limit, MAX_BATCH),
        reverse,
        ...(cursor !== undefined && { cursor }),
      };
      const iterator = kv.list(selector, options);
      const entries: Deno.KvEntry<unknown>[] = [];
      for await (const entry of iterator) entries.push(entry);
      return { entries, cursor: entries.length < limit ? undefined : iterator.cursor };
    });
  }

  /** Looks at all of a range, page by page. */
  async *pages(selector: Deno.KvListSelector, limit: number): AsyncGenerator<Deno.KvEntry<unknown>[]> {
    let cursor: string | undefined;
    do {
      const page: KvPage = await this.page(selector, limit, cursor);
      if (page.entries.length > 0) yield page.entries;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  /**
   * Makes changes, all or none, if nothing has changed since.
   *
   * Where a server takes fewer checks than there are, the last are made, and what the others asked for is looked at afterwards:
   * what is still as it was before was so in between. The directories far above come first.
   *
   * @returns The versionstamp of what was set; `undefined` if a check failed.
   * @throws {StorageError} `busy` if a check that could not be made would have failed.
   */
  async commit(
    checks: readonly Deno.AtomicCheck[],
    mutations: readonly Deno.KvMutation[],
  ): Promise<string | undefined> {
    const kv = await this.open();
    const spared = checks.slice(0, Math.max(0, checks.length - this.#maxChecks));
    try {
      const made = spared.length > 0 ? checks.slice(spared.length) : checks;
      const result = await patiently(() => kv.atomic().check(...made).mutate(...mutations).commit());
      if (!result.ok) return undefined;
      if (spared.length > 0) await this.#verify(spared);
      return result.versionstamp;
    } catch (error) {
      if (this.#maxChecks === FEW_CHECKS || !isTooManyChecks(error)) throw error;
      this.#maxChecks = FEW_CHECKS;
      return undefined;
    }
  }

  async #verify(checks: readonly Deno.AtomicCheck[]): Promise<void> {
    const found = await this.getMany(checks.map(({ key }) => key));
    if (found.every(({ versionstamp }, i) => versionstamp === checks[i]!.versionstamp)) return;
    const detail = "a directory far above was changed at the same moment: look at what is there, and try again";
    throw new StorageError("busy", detail, { retryable: true });
  }

  /** Tells of every change of any of at most ten keys: also when one is what it was before, because who looked in between saw another. */
  async watch(keys: Deno.KvKey[]): Promise<ReadableStream<unknown>> {
    const kv = await this.open();
    try {
      return kv.watch(keys, { raw: true });
    } catch (error) {
      throw kvError(error);
    }
  }

  /** Closes the database if it was opened here. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const kv = await this.#opening?.catch(() => undefined);
    if (kv !== undefined && this.#given === undefined) kv.close();
  }
}

/** Runs an operation of the engine, again and again while another process keeps the database locked. */
async function patiently<T>(run: () => Promise<T>): Promise<T> {
  let patience: Patience | undefined;
  while (true) {
    try {
      return await run();
    } catch (error) {
      if (!isLocked(error) || !await (patience ??= new Patience()).wait()) throw kvError(error);
    }
  }
}

/** The error when others kept changing the same thing for too long. */
export function busyError(path: string): StorageError {
  return new StorageError("busy", "others kept changing the same thing: try again", { path, retryable: true });
}
