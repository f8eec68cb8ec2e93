/**
 * The Deno KV backend: values in a local file, in memory, in Deno Deploy's database, or behind KV Connect.
 *
 * Deno KV needs `--unstable-kv`, or `"unstable": ["kv"]` in the `deno.json` of the program.
 *
 * Permissions: for a file `--allow-read` and `--allow-write` of it; for an address `--allow-net` of its host and
 * `--allow-env=DENO_KV_ACCESS_TOKEN`; for `:memory:` and the default database none.
 *
 * @module
 */

import { registerBackend } from "./catalogue.ts";
import type { ConnectionParams, PicklableBackend } from "./data_source.ts";
import { inContext, StorageError } from "./errors.ts";
import { StoreBackend, type StoreBackendOptions } from "./store_backend.ts";
import { KvStore, type KvStoreOptions, type KvSweepOptions } from "./stores/kv_store.ts";

export type { KvStoreOptions, KvSweepOptions } from "./stores/kv_store.ts";

/** Options of {@linkcode KvBackend}. */
export interface KvBackendOptions extends KvStoreOptions, StoreBackendOptions {}

/**
 * Values in a Deno KV database, each encoded by the format of its suffix, of any size.
 *
 * The database is opened by the first operation. It is closed with the backend if it was opened here; one that was given stays
 * the caller's. Other data in the same database is not touched: every key begins with the prefix.
 *
 * @example
 * ```ts
 * import { KvBackend } from "@polystore/polystore/kv";
 * import assert from "node:assert/strict";
 *
 * await using kv = new KvBackend({ path: ":memory:" });
 * const { etag } = await kv.save({ count: 1 }, "plate/state.json");
 * await kv.save({ count: 2 }, "plate/state.json", { ifMatch: etag });
 * await kv.save(new Uint8Array(1_000_000), "plate/image.bin");
 * assert.deepEqual(await kv.load("plate/state.json"), { count: 2 });
 * assert.deepEqual(await kv.listFiles("plate"), ["plate/image.bin", "plate/state.json"]);
 * ```
 */
export class KvBackend extends StoreBackend<KvStore> implements PicklableBackend {
  /** The name it is registered under. */
  static readonly backendType: string = "kv";
  static {
    registerBackend(this);
  }

  readonly #path: string | undefined;
  readonly #given: boolean;
  readonly #prefix: Deno.KvKey | undefined;

  /**
   * Creates a backend; nothing is opened yet.
   *
   * @throws {StorageError} `invalid-argument` if both a path and a database are given.
   */
  constructor(options: KvBackendOptions = {}) {
    super(new KvStore(options), options);
    this.#path = options.path;
    this.#given = options.kv !== undefined;
    this.#prefix = options.prefix;
  }

  /** Whether paths are checked against the file system before use: no, they are not of it. */
  override get requiresFilesystemValidation(): boolean {
    return false;
  }

  /**
   * Removes what processes that died have left behind. It need not be called: whoever opens the database removes what is an
   * hour old.
   *
   * @param options Which.
   * @returns How many contents and directories were removed.
   */
  async sweep(options?: KvSweepOptions): Promise<number> {
    try {
      return await this.store.sweep(options);
    } catch (error) {
      throw inContext(error, { operation: "sweep" });
    }
  }

  /**
   * What it takes to make it again elsewhere; the token of a server is not in it.
   *
   * @throws {StorageError} `unsupported` if it was given an open database, or if its prefix is not made of texts, finite numbers and
   * booleans alone.
   */
  connectionParams(): ConnectionParams {
    if (this.#given) throw notPlain("the database was given open");
    if (this.#prefix === undefined) return { path: this.#path };
    if (!this.#prefix.every(isPlain)) throw notPlain("its prefix holds more than texts, numbers and booleans");
    return { path: this.#path, prefix: JSON.stringify(this.#prefix) };
  }

  /** Makes a backend from what {@linkcode KvBackend.connectionParams} answered. */
  static fromConnectionParams(params: ConnectionParams): KvBackend {
    const { path, prefix } = params;
    return new KvBackend({
      path: path === undefined ? undefined : String(path),
      prefix: prefix === undefined ? undefined : JSON.parse(String(prefix)),
    });
  }
}

function isPlain(part: Deno.KvKeyPart): boolean {
  return typeof part === "string" || typeof part === "boolean" ||
    (typeof part === "number" && Number.isFinite(part) && !Object.is(part, -0));
}

function notPlain(reason: string): StorageError {
  return new StorageError("unsupported", `it cannot be made again from plain data: ${reason}`);
}
