/**
 * {@linkcode openRemoteStore}: a remote store with the members that the store of the server has.
 *
 * @module
 */

import { RemoteStore, type RemoteStoreOptions } from "../remote_store.ts";
import { MEMBERS } from "./wire.ts";
import type { AbortOptions, Store } from "../store.ts";

/**
 * Asks a server what it offers, and answers with a store that has just those members: what the server cannot do is not there to be called.
 *
 * @param options How to reach it, and a signal that stops the asking.
 * @returns The store.
 * @throws {StorageError} `unavailable`, `unknown-backend`, `permission-denied`, `invalid-argument`.
 *
 * @example
 * ```ts
 * import { files } from "@polystore/polystore/files";
 * import { MemoryStore, openRemoteStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const handler = files({ lab: new MemoryStore() }, { readOnly: true });
 * const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
 * const store = await openRemoteStore({ url: `http://127.0.0.1:${server.addr.port}/v1/files/lab` });
 * assert.equal(await store.read("a"), undefined);
 * assert.equal(store.write, undefined);
 * await store.close?.();
 * await server.shutdown();
 * ```
 */
export async function openRemoteStore(options: RemoteStoreOptions & AbortOptions = {}): Promise<Store> {
  const { signal, ...settings } = options;
  const store = new RemoteStore(settings);
  try {
    const offered = new Set(await store.members({ signal }));
    const members: Record<string, unknown> = {
      read: store.read.bind(store),
      stat: store.stat.bind(store),
      close: store.close.bind(store),
    };
    for (const member of MEMBERS) if (offered.has(member)) members[member] = store[member].bind(store);
    return members as unknown as Store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
