import { DatabaseSync } from "node:sqlite";
import { SqliteStore, type SqliteStoreOptions } from "../../backends/stores/sqlite_store.ts";
import { type OpenedStore, testStore } from "../conformance/mod.ts";

async function openFile(options: SqliteStoreOptions): Promise<OpenedStore> {
  const directory = await Deno.makeTempDir({ prefix: "polystore-" });
  let store = new SqliteStore({ ...options, path: `${directory}/store.db` });
  return {
    store,
    async reopen() {
      await store.close();
      return store = new SqliteStore({ ...options, path: `${directory}/store.db` });
    },
    dispose: () => Deno.remove(directory, { recursive: true }),
  };
}

function openHandle(): OpenedStore {
  const database = new DatabaseSync(":memory:");
  return { store: new SqliteStore({ database }), dispose: () => Promise.resolve(database.close()) };
}

await testStore("sqlite, memory", () => new SqliteStore({ path: ":memory:" }));
await testStore("sqlite, full", () => openFile({ durability: "full" }), { numRuns: 10 });
await testStore("sqlite, normal", () => openFile({ durability: "normal" }), { numRuns: 30 });
await testStore("sqlite, group commit", () => openFile({ groupCommit: true }), { numRuns: 10 });
await testStore("sqlite, a given handle", openHandle, { numRuns: 20 });
