/**
 * {@linkcode KvStore}: bytes in a Deno KV database.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { DeferredStore, type WholeStore } from "./deferred_store.ts";
import type { AbortOptions } from "./store.ts";

/** Options of {@linkcode KvStore}. */
export interface KvStoreOptions {
  /**
   * A local file, `:memory:`, or the address of a KV Connect server, whose token is taken from `DENO_KV_ACCESS_TOKEN`.
   *
   * @default {undefined} the default database: on Deno Deploy that of the application, else one that Deno keeps for the program
   */
  path?: string | undefined;
  /**
   * A database that is open already; it stays the caller's to close.
   *
   * @default {undefined} one is opened
   */
  kv?: Deno.Kv | undefined;
  /**
   * What every key begins with. Nothing else in the database is touched.
   *
   * @default {["polystore"]}
   */
  prefix?: Deno.KvKey | undefined;
}

/** Options of {@linkcode KvStore.sweep}. */
export interface KvSweepOptions extends AbortOptions {
  /**
   * How long it must have been left alone, in milliseconds.
   *
   * @default {3600000} one hour
   */
  olderThan?: number | undefined;
}

/** What a Deno KV database offers beyond a store. */
export interface KvCare {
  /**
   * Removes what processes that died have left behind.
   *
   * @param options Which.
   * @returns How many contents and directories were removed.
   */
  sweep(options?: KvSweepOptions): Promise<number>;
}

/**
 * Bytes in a Deno KV database: a local file, memory, Deno Deploy's, or one behind KV Connect.
 *
 * Content of up to 65 520 bytes sits in the entry of its file. Larger content is cut into parts of 64 KiB, which are written under a
 * name of their own and published by one atomic operation; a reader never sees parts of two contents. Each has a checksum, in the
 * entry, up to 256 MiB; beyond that there is one for the whole, so that ranges are checked for their size only. Moving and deleting a
 * tree is one atomic operation, whatever its size; only the root is emptied piece by piece.
 *
 * What a process that died has left is cleaned up an hour later, by the next that opens the database or by {@linkcode KvStore.sweep}.
 * A stream that has been left alone for that long may be taken for left behind.
 *
 * The local engine does not tell a process what others have changed, so `watch` also looks every second.
 *
 * Limits: names of about 2000 bytes, 90 names in a path. Needs `--unstable-kv`, and for a file `--allow-read` and `--allow-write`,
 * for an address `--allow-net` and `--allow-env=DENO_KV_ACCESS_TOKEN`.
 *
 * @example
 * ```ts
 * import { KvStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const store = new KvStore({ path: ":memory:" });
 * const { etag } = await store.write("a/b.bin", new Uint8Array([1, 2, 3]));
 * await store.move("a", "z");
 * assert.deepEqual(await store.read("z/b.bin", { range: { suffix: 2 } }), new Uint8Array([2, 3]));
 * await assert.rejects(store.write("z/b.bin", new Uint8Array(), { ifMatch: `${etag}?` }), { code: "precondition-failed" });
 * await store.close();
 * ```
 */
export class KvStore extends DeferredStore<WholeStore & KvCare> implements KvCare {
  readonly #options: KvStoreOptions;

  /**
   * Creates the store; nothing is opened yet.
   *
   * @throws {StorageError} `invalid-argument` if both a path and a database are given.
   */
  constructor(options: KvStoreOptions = {}) {
    super();
    if (options.path !== undefined && options.kv !== undefined) {
      throw new StorageError("invalid-argument", "pass either a path or an open database, not both");
    }
    this.#options = options;
  }

  /** Loads its code. */
  protected override async make(): Promise<WholeStore & KvCare> {
    const { KvCore } = await import("./kv/core.ts");
    return new KvCore(this.#options);
  }

  /** See {@linkcode KvCare.sweep}. */
  sweep(options?: KvSweepOptions): Promise<number> {
    return this.run((core) => core.sweep(options));
  }
}
