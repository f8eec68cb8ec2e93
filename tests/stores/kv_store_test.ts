import { KvStore } from "../../backends/stores/kv_store.ts";
import { type OpenedStore, testStore } from "../conformance/mod.ts";

async function openFile(): Promise<OpenedStore> {
  const directory = await Deno.makeTempDir({ prefix: "polystore-" });
  const path = `${directory}/kv.db`;
  let store = new KvStore({ path });
  return {
    store,
    async reopen() {
      await store.close();
      return store = new KvStore({ path });
    },
    dispose: () => Deno.remove(directory, { recursive: true }),
  };
}

/** A database that is given, with the data of others in it. */
async function openGiven(): Promise<OpenedStore> {
  const kv = await Deno.openKv(":memory:");
  const others = [["entry", "root", "a"], ["other"], ["others", 7, "entry"], ["others", 6]];
  for (const key of others) await kv.set(key, "not ours");
  return {
    store: new KvStore({ kv, prefix: ["others", 7n, new Uint8Array([0, 255]), true, 1.5] }),
    async dispose() {
      try {
        for (const key of others) if ((await kv.get(key)).value !== "not ours") throw new Error(`${key} was touched`);
      } finally {
        kv.close();
      }
    },
  };
}

await testStore("kv, memory", () => new KvStore({ path: ":memory:" }));

await testStore("kv, file", openFile, { numRuns: 10 });

await testStore("kv, given", openGiven, { numRuns: 10 });
