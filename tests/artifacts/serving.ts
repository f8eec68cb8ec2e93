/** A registry server for a test. */

import { ArtifactServer, type ArtifactServerOptions } from "@polystore/polystore/server";
import { MemoryStore, type Store } from "@polystore/polystore/stores";

/** A server on a port of its own. */
export interface Serving extends AsyncDisposable {
  readonly port: number;
  readonly store: Store;
  /** The requests so far: method and path. */
  readonly requests: string[];
}

/** Starts a server. */
export function serving(options: Partial<ArtifactServerOptions> = {}): Serving {
  const store = options.store ?? new MemoryStore();
  const server = new ArtifactServer({ ...options, store });
  const requests: string[] = [];
  const listener = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    requests.push(`${request.method} ${new URL(request.url).pathname}`);
    return server.fetch(request);
  });
  return {
    port: listener.addr.port,
    store,
    requests,
    async [Symbol.asyncDispose](): Promise<void> {
      await server[Symbol.asyncDispose]();
      await listener.shutdown();
    },
  };
}
