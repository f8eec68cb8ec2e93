import { StoredArtifacts, StoredNamespaces } from "@polystore/polystore/artifacts";
import { DiskStore, KvStore, MemoryStore, SqliteStore, type Store } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { type OpenedStorage, testArtifactStorage } from "./storage_contract.ts";

const value = (n: number): string => `{"n":${n}}`;

function over(store: Store, other: Store, dispose?: () => Promise<unknown>): OpenedStorage<string> {
  return {
    storage: new StoredArtifacts(store, "Research.losses"),
    again: new StoredArtifacts(other, "Research.losses"),
    dispose: async () => {
      await store.close?.();
      if (other !== store) await other.close?.();
      await dispose?.();
    },
  };
}

async function inDirectory(make: (directory: string) => [Store, Store]): Promise<OpenedStorage<string>> {
  const directory = await Deno.makeTempDir({ prefix: "polystore-artifacts-" });
  const [store, other] = make(directory);
  return over(store, other, () => Deno.remove(directory, { recursive: true }));
}

/** The least that artifacts can be kept in: no transactions, nothing at once, no time. */
function plain(store: MemoryStore): Store {
  return {
    read: (path, options) => store.read(path, options),
    stat: (path, options) => store.stat(path, options),
    list: (prefix, options) => store.list(prefix, options),
    write: (path, bytes, options) => store.write(path, bytes, options),
    delete: (path, options) => store.delete(path, options),
  };
}

testArtifactStorage("StoredArtifacts in memory", () => {
  const store = new MemoryStore();
  return Promise.resolve(over(store, store));
}, { value });

testArtifactStorage("StoredArtifacts in the least store", () => {
  const store = new MemoryStore();
  return Promise.resolve(over(plain(store), plain(store)));
}, { value });

testArtifactStorage("StoredArtifacts on disk", () =>
  inDirectory((root) => {
    return [new DiskStore({ root, durability: "fast" }), new DiskStore({ root, durability: "fast" })];
  }), { value, numRuns: 5 });

testArtifactStorage("StoredArtifacts in SQLite", () =>
  inDirectory((directory) => {
    const path = `${directory}/a.db`;
    return [new SqliteStore({ path }), new SqliteStore({ path })];
  }), { value, numRuns: 5 });

testArtifactStorage("StoredArtifacts in Deno KV", () =>
  inDirectory((directory) => {
    const path = `${directory}/a.kv`;
    return [new KvStore({ path }), new KvStore({ path })];
  }), { value, numRuns: 5 });

Deno.test("StoredNamespaces lists those that have entries, in order", async () => {
  const namespaces = new StoredNamespaces(new MemoryStore());
  for (const name of ["b.c", "a", "B", "a.b", "a-b", "gone"]) await namespaces.open(name).put("k", "1");
  await namespaces.open("gone").delete("k");
  await assert.rejects(namespaces.open("never").get("k"));
  assert.deepEqual(await Array.fromAsync(namespaces.list()), ["B", "a", "a-b", "a.b", "b.c"]);
  assert.deepEqual(await Array.fromAsync(namespaces.list({ prefix: "a", after: "a", limit: 1 })), ["a-b"]);
});

Deno.test("a store that cannot write cannot keep artifacts", () => {
  const { read, stat } = plain(new MemoryStore());
  assert.throws(() => new StoredArtifacts({ read, stat }, "a"), { code: "unsupported" });
  assert.throws(() => new StoredNamespaces({ read, stat }), { code: "unsupported" });
});
