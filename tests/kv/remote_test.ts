import assert from "node:assert/strict";
import { KvBackend } from "../../backends/kv.ts";
import { KvStore } from "../../backends/stores/kv_store.ts";
import {
  backendPromises,
  type OpenedBackend,
  type OpenedStore,
  storePromises,
  testBackend,
  testStore,
} from "../conformance/mod.ts";
import { refuses } from "../disk/setup.ts";
import { startServer } from "./remote.ts";

const path = await startServer();
let places = 0;

/** A place of its own on the one server. */
function openStore(): OpenedStore {
  const prefix = ["store", places++];
  let store = new KvStore({ path, prefix });
  return {
    store,
    async reopen() {
      await store.close();
      return store = new KvStore({ path, prefix });
    },
  };
}

function openBackend(): OpenedBackend {
  const prefix = ["backend", places++];
  let backend = new KvBackend({ path, prefix });
  return {
    backend,
    async reopen() {
      await backend.close();
      return backend = new KvBackend({ path, prefix });
    },
  };
}

// A write of more than 1 KB waits 40 ms for the network of the system, and everything else for two processes that take turns: so
// random operations are few, and the promises about thousands of names, which the same engine keeps in a file, are left out.
const NAMES = /\/names|\/name-too-long|^exists\/never-throws$/;
const unnamed = backendPromises.map(({ id }) => id).filter((id) => !NAMES.test(id));
const fewNames = storePromises.map(({ id }) => id).filter((id) => !NAMES.test(id));
if (path !== undefined) {
  await testStore("kv, remote", openStore, { numRuns: 3, only: fewNames });
  await testBackend("kv, remote", openBackend, { numRuns: 3, only: unnamed });
}

Deno.test({
  name: "kv, remote: a server that is not there is unavailable, and may be there later",
  async fn() {
    await using kv = new KvBackend({ path: "http://127.0.0.1:9" });
    Deno.env.set("DENO_KV_ACCESS_TOKEN", Deno.env.get("DENO_KV_ACCESS_TOKEN") ?? "none");
    await assert.rejects(kv.load("a.json"), { code: "unavailable", retryable: true });
  },
});

Deno.test({
  name: "kv, remote: a wrong token is permission-denied, and the error names the variable",
  ignore: path === undefined,
  async fn() {
    const token = Deno.env.get("DENO_KV_ACCESS_TOKEN")!;
    Deno.env.set("DENO_KV_ACCESS_TOKEN", "wrong");
    try {
      await using kv = new KvBackend({ path });
      await refuses(() => kv.load("a.json"), "permission-denied", "DENO_KV_ACCESS_TOKEN");
      // A failed opening is tried again by the next.
      Deno.env.set("DENO_KV_ACCESS_TOKEN", token);
      await refuses(() => kv.load("a.json"), "not-found");
      assert(!JSON.stringify(kv.connectionParams()).includes(token));
    } finally {
      Deno.env.set("DENO_KV_ACCESS_TOKEN", token);
    }
  },
});
