/**
 * The remote backend: values in a backend of another process or machine, over HTTP. The other side is `files` of
 * `@polystore/polystore/files`.
 *
 * Permissions: `--allow-net` of the server; and, for what is not given as an option, `--allow-env` of `REGISTRY_SERVER_HOST`,
 * `REGISTRY_SERVER_PORT`, `REGISTRY_SERVER_TIMEOUT` and `REGISTRY_SERVER_TOKEN`: without it, the defaults hold.
 *
 * @module
 */

import { registerBackend } from "./catalogue.ts";
import type { ConnectionParams, PicklableBackend } from "./data_source.ts";
import { StoreBackend, type StoreBackendOptions } from "./store_backend.ts";
import { RemoteStore, type RemoteStoreOptions } from "./stores/remote_store.ts";

export type { RemoteStoreOptions } from "./stores/remote_store.ts";

/** Options of {@linkcode RemoteBackend}. */
export interface RemoteBackendOptions extends RemoteStoreOptions, StoreBackendOptions {}

/**
 * Values in a backend that a server offers, each encoded here by the format of its suffix: only bytes go over the wire.
 *
 * What the other backend promises holds through the wire: content is whole or not there, conditions are held to by the other backend,
 * batches are all or nothing where they are so there. See {@linkcode RemoteStore} for what happens when the connection breaks.
 *
 * @example
 * ```ts
 * import { files } from "@polystore/polystore/files";
 * import { RemoteBackend } from "@polystore/polystore/remote";
 * import { SqliteBackend } from "@polystore/polystore/sqlite";
 * import assert from "node:assert/strict";
 *
 * await using sqlite = new SqliteBackend({ path: ":memory:" });
 * const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, files({ results: sqlite }));
 * const remote = new RemoteBackend({ url: `http://127.0.0.1:${server.addr.port}/v1/files/results` });
 *
 * const { etag } = await remote.save({ count: 1 }, "plate/state.json");
 * await remote.save({ count: 2 }, "plate/state.json", { ifMatch: etag });
 * assert.deepEqual(await sqlite.load("plate/state.json"), { count: 2 });
 * assert.deepEqual(await remote.listFiles("plate"), ["plate/state.json"]);
 *
 * await remote.close();
 * await server.shutdown();
 * ```
 */
export class RemoteBackend extends StoreBackend<RemoteStore> implements PicklableBackend {
  /** The name it is registered under. */
  static readonly backendType: string = "remote";
  static {
    registerBackend(this);
  }

  /**
   * Creates a backend; nothing is asked yet.
   *
   * @throws {StorageError} `invalid-argument` if an option, or a variable of the environment, is not what it should be.
   */
  constructor(options: RemoteBackendOptions = {}) {
    super(new RemoteStore(options), options);
  }

  /** Whether paths are checked against the file system before use: no, they are not of this machine. */
  override get requiresFilesystemValidation(): boolean {
    return false;
  }

  /** What it takes to make it again elsewhere; the token is not in it. */
  connectionParams(): ConnectionParams {
    return { url: this.store.url, timeout: this.store.timeout };
  }

  /** Makes a backend from what {@linkcode RemoteBackend.connectionParams} answered; the token is the environment's. */
  static fromConnectionParams(params: ConnectionParams): RemoteBackend {
    const { url, timeout } = params;
    return new RemoteBackend({
      url: url === undefined ? undefined : String(url),
      timeout: typeof timeout === "number" ? timeout : undefined,
    });
  }
}
