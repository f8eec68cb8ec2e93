/**
 * The HTTP backend: values that a web server serves, to be read.
 *
 * Permissions: `--allow-net` for the host of the `url`, and for those that it redirects to.
 *
 * @module
 */

import type { ConnectionParams, PicklableBackend } from "./data_source.ts";
import { inContext, StorageError } from "./errors.ts";
import { StoreBackend, type StoreBackendOptions } from "./store_backend.ts";
import { HttpStore, type HttpStoreOptions } from "./stores/http_store.ts";

export * from "./stores/http_store.ts";

/** Options of {@linkcode HttpBackend}. */
export interface HttpBackendOptions extends HttpStoreOptions, StoreBackendOptions {}

/**
 * Values on a web server, each decoded by the format of its suffix. Everything that would change something is refused with `unsupported`.
 *
 * It needs a `url`, so nothing is registered by the import: give a registry the backend, or how to make it. With layers in front, such as
 * `retry`, `timeout` and `cached`, it is `new StoreBackend(layered(new HttpStore({ url }), timeout(10_000), retry(), cached()))`.
 *
 * @example
 * ```ts
 * import { BackendRegistry, FileManager } from "@polystore/polystore";
 * import { HttpBackend } from "@polystore/polystore/http";
 * import assert from "node:assert/strict";
 *
 * await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
 *   return url.endsWith("/plate/meta.json") ? Response.json({ wells: 96 }) : new Response("", { status: 404 });
 * });
 * await using registry = new BackendRegistry();
 * registry.register("http", () => new HttpBackend({ url: `http://127.0.0.1:${server.addr.port}` }));
 * const fm = new FileManager(registry);
 * assert.deepEqual(await fm.load("plate/meta.json", "http"), { wells: 96 });
 * await assert.rejects(fm.load("plate/none.json", "http"), { code: "not-found" });
 * await assert.rejects(fm.save({}, "plate/meta.json", "http"), { code: "unsupported" });
 * ```
 */
export class HttpBackend extends StoreBackend<HttpStore> implements PicklableBackend {
  /** The name it is meant to be registered under. */
  static readonly backendType: string = "http";

  readonly #options: HttpBackendOptions;

  /**
   * Creates a backend; the server is not asked yet.
   *
   * @throws {StorageError} `invalid-argument` for a URL that is none, or not of the kind that is wanted.
   */
  constructor(options: HttpBackendOptions) {
    super(new HttpStore(options), options);
    this.#options = options;
  }

  /** Whether paths are checked against the file system before use: no, they are not of it. */
  override get requiresFilesystemValidation(): boolean {
    return false;
  }

  /**
   * What it takes to make it again elsewhere; the `headers`, which may be secret, are not in it.
   *
   * @throws {StorageError} `unsupported` if it was given a function, a client or a listing, or a query, which may be secret.
   */
  connectionParams(): ConnectionParams {
    const { url, listing, revalidate, trustWeakEtags, absent, client, fetch } = this.#options;
    if (client !== undefined || fetch !== undefined || typeof listing === "object" || new URL(url).search !== "") {
      const detail = "it cannot be made again from plain data: it has a fetch, a client, a listing or a query";
      throw inContext(new StorageError("unsupported", detail), { operation: "describe" });
    }
    return { url: String(url), listing, revalidate, trustWeakEtags, absent: absent?.join() };
  }

  /** Makes a backend from what {@linkcode HttpBackend.connectionParams} answered. */
  static fromConnectionParams(params: ConnectionParams): HttpBackend {
    const { url, listing, revalidate, trustWeakEtags, absent } = params;
    return new HttpBackend({
      url: String(url),
      listing: listing as "auto" | undefined,
      revalidate: typeof revalidate === "number" ? revalidate : undefined,
      trustWeakEtags: trustWeakEtags === true,
      absent: absent === undefined ? undefined : String(absent).split(",").map(Number),
    });
  }
}
