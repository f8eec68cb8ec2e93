import { DiskBackend, MemoryBackend, SqliteBackend, StoreBackend } from "@polystore/polystore";
import { CachedBackend } from "@polystore/polystore/cached";
import { backendPromises, type OpenedBackend, testBackend } from "@polystore/polystore/testing";
import { flatStore } from "../backends/flat_store.ts";

async function onDisk(): Promise<OpenedBackend> {
  const root = await Deno.makeTempDir({ prefix: "polystore-cached-" });
  const open = (): CachedBackend =>
    new CachedBackend(new DiskBackend({ root, durability: "fast" }), { maxAge: Infinity });
  return {
    backend: open(),
    reopen: () => Promise.resolve(open()),
    dispose: () => Deno.remove(root, { recursive: true }),
  };
}

const unnamed = backendPromises.map(({ id }) => id).filter((id) => !id.includes("/names"));

await testBackend("cached, memory", () => new CachedBackend(new MemoryBackend(), { maxAge: Infinity }), {
  numRuns: 50,
});
await testBackend("cached, disk", onDisk, { numRuns: 20, only: unnamed });
await testBackend("cached, little of it", () => new CachedBackend(new MemoryBackend(), { cacheSize: 2 }), {
  numRuns: 30,
  only: unnamed,
});
await testBackend("cached, never believed", () => new CachedBackend(new MemoryBackend(), { maxAge: 0 }), {
  numRuns: 20,
  only: unnamed,
});
await testBackend("cached, bounded by bytes", () => {
  return new CachedBackend(new StoreBackend(flatStore()), { maxBytes: 1000, maxAge: Infinity });
}, { numRuns: 20, only: unnamed });
await testBackend("cached, twice, sqlite", () => {
  const sqlite = new SqliteBackend({ path: ":memory:" });
  return new CachedBackend(new CachedBackend(sqlite, { maxAge: Infinity }), { maxAge: Infinity });
}, { numRuns: 20, only: unnamed });
