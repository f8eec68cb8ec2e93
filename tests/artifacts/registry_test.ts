import { StoredArtifacts } from "@polystore/polystore/artifacts";
import { DiskStore, KvStore, MemoryStore, SqliteStore, type Store } from "@polystore/polystore/stores";
import { type Place, testRegistry } from "./registry_contract.ts";
import { serving } from "./serving.ts";

function over(one: Store, two: Store, dispose?: () => Promise<unknown>): Place {
  return {
    options: { storage: new StoredArtifacts(one, "a.b") },
    again: { storage: new StoredArtifacts(two, "a.b") },
    dispose: async () => {
      for (const store of new Set([one, two])) await store.close?.();
      await dispose?.();
    },
  };
}

async function inDirectory(make: (directory: string) => Store): Promise<Place> {
  const directory = await Deno.makeTempDir({ prefix: "polystore-artifacts-" });
  return over(make(directory), make(directory), () => Deno.remove(directory, { recursive: true }));
}

function remotely(cache?: Place["options"]["cache"], others?: Place["options"]["cache"]): Place {
  const server = serving();
  const options = { namespace: "a.b", remote: { port: server.port } };
  return {
    options: { ...options, ...(cache && { cache }) },
    again: { ...options, ...(others && { cache: others }) },
    dispose: async () => await server[Symbol.asyncDispose](),
  };
}

testRegistry("local registry", () => ({ options: {} }));

testRegistry("registry in a MemoryStore", () => {
  const store = new MemoryStore();
  return over(store, store);
});

testRegistry("registry on disk", () => inDirectory((root) => new DiskStore({ root, durability: "fast" })), 4);
testRegistry("registry in SQLite", () => inDirectory((directory) => new SqliteStore({ path: `${directory}/a.db` })), 4);
testRegistry("registry in Deno KV", () => inDirectory((directory) => new KvStore({ path: `${directory}/a.kv` })), 4);
testRegistry("remote registry", () => remotely(), 6);
// What is cached without watching may be old, except for who changes it: both ends are one here.
testRegistry("cached remote registry", () => {
  const { again: _, ...place } = remotely({ ttl: 60_000 });
  return place;
}, 6);
