import { MemoryBackend } from "../../backends/memory.ts";
import { encrypted, prefixed } from "../../backends/layers/mod.ts";
import { DiskStore, layered, MemoryStore, SqliteStore } from "../../backends/stores/mod.ts";
import { storePromises, testStore } from "../conformance/mod.ts";
import { flatStore } from "../backends/flat_store.ts";
import { remote, remoteOnce } from "./setup.ts";

// Names go over the wire the same way for all of them; thousands of files take their time.
const unnamed = storePromises.map(({ id }) => id).filter((id) => !id.includes("/names"));

await testStore("remote memory", () => remoteOnce(() => new MemoryStore()), { numRuns: 20 });
await testStore("remote disk", () => remote((directory) => new DiskStore({ root: directory }), { exact: true }), {
  numRuns: 5,
});
await testStore("remote sqlite", () => remote((directory) => new SqliteStore({ path: `${directory}/store.db` })), {
  numRuns: 5,
  only: unnamed,
});
await testStore("remote flat", () => remoteOnce(() => flatStore(), { exact: true }), { numRuns: 5, only: unnamed });
await testStore("remote memory of values", () => remoteOnce(() => new MemoryBackend(), { exact: true }), {
  only: unnamed,
  except: {
    "list/details": "the size of a value is not known before it is encoded",
    "createSymlink/loop": "a backend refuses a link that leads to itself",
    "createSymlink/exists": "a backend refuses a link that leads to itself",
    "delete/link": "a backend refuses a link that leads to itself",
    "write/random-operations": "a backend refuses a link that leads to itself",
  },
});
await testStore("a layer over remote memory", async () => {
  const { store, ...opened } = await remoteOnce(() => new MemoryStore());
  const key = new Uint8Array(32).fill(7);
  return { ...opened, store: layered(store, prefixed("lab/7"), encrypted([{ id: "one", key }])) };
}, { numRuns: 5, only: unnamed });
