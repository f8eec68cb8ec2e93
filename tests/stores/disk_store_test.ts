import { DiskStore, type Durability } from "../../backends/stores/disk_store.ts";
import { type OpenedStore, testStore } from "../conformance/mod.ts";

async function open(durability: Durability): Promise<OpenedStore> {
  const root = await Deno.makeTempDir({ prefix: "polystore-" });
  return {
    store: new DiskStore({ root, durability }),
    reopen: () => Promise.resolve(new DiskStore({ root, durability })),
    dispose: () => Deno.remove(root, { recursive: true }),
  };
}

await testStore("disk, fast", () => open("fast"));
await testStore("disk, full", () => open("full"), { numRuns: 20 });
