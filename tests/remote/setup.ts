/** Stores behind a server on loopback, as the tests want them. */

import type { OpenedStore } from "../conformance/mod.ts";
import { openRemoteStore, RemoteStore, type Store } from "../../backends/stores/mod.ts";
import type { BackendBase } from "../../backends/data_source.ts";
import { files, type FilesOptions } from "../../registry/files.ts";

/** Long enough for a machine that is busy with other tests. */
export const PATIENCE = 60_000;

/** A server of one backend, `it`. */
export interface Site extends AsyncDisposable {
  /** Where the backend is. */
  readonly url: string;
}

/** Serves something as `it`. */
export function serve(it: Store | BackendBase, options?: FilesOptions): Site {
  return serveHandler(files({ it }, options));
}

/** Serves with a handler. */
export function serveHandler(handler: (request: Request) => Response | Promise<Response>): Site {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  return {
    url: `http://127.0.0.1:${server.addr.port}/v1/files/it`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A store behind a server, and what the suite may do with it. With `exact`, the client has just the members of it. */
export async function remote(
  make: (directory: string) => Store | BackendBase,
  { exact = false, ...options }: FilesOptions & { exact?: boolean } = {},
): Promise<OpenedStore & Required<Pick<OpenedStore, "reopen">>> {
  const directory = await Deno.makeTempDir({ prefix: "polystore-remote-" });
  let behind = make(directory);
  let site = serve(behind, options);
  async function open(): Promise<Store> {
    const settings = { url: site.url, timeout: PATIENCE };
    return exact ? await openRemoteStore(settings) : new RemoteStore(settings);
  }
  let store = await open();
  return {
    store,
    async reopen() {
      await store.close?.();
      await site[Symbol.asyncDispose]();
      await behind.close?.();
      behind = make(directory);
      site = serve(behind);
      return store = await open();
    },
    async dispose() {
      await site[Symbol.asyncDispose]();
      await behind.close?.();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** The same of a store that goes with its object. */
export async function remoteOnce(
  make: (directory: string) => Store | BackendBase,
  options?: FilesOptions & { exact?: boolean },
): Promise<OpenedStore> {
  const { store, dispose } = await remote(make, options);
  return { store, ...(dispose && { dispose }) };
}
