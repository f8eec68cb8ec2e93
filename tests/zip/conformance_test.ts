import { StoreBackend } from "@polystore/polystore/backend";
import { DiskStore, MemoryStore } from "@polystore/polystore/stores";
import { type OpenedBackend, type OpenedStore, testBackend, testStore } from "@polystore/polystore/testing";
import { ZipBackend, type ZipReadOptions, ZipStore } from "@polystore/polystore/zip";
import type { ZipWriterAddDataOptions } from "@zip.js/zip.js";
import { LateArchive } from "./archives.ts";

function open(write: ZipWriterAddDataOptions, read: ZipReadOptions = {}): OpenedStore {
  const archive = new LateArchive(write);
  const reopen = (): ZipStore => new ZipStore({ store: archive.store, path: "a.zip", ...read });
  return {
    store: reopen(),
    put: (path, bytes) => archive.put(path, bytes),
    reopen: () => Promise.resolve(reopen()),
  };
}

function openBackend(write: ZipWriterAddDataOptions): OpenedBackend {
  const archive = new LateArchive(write);
  return {
    backend: new ZipBackend({ store: archive.store, path: "a.zip" }),
    put: async (value, path) => {
      const encoded = new MemoryStore();
      await new StoreBackend(encoded).save(value, path);
      await archive.put(path, (await encoded.read(path))!);
    },
  };
}

/** In a file of the disk, which is replaced with each put. */
async function onDisk(): Promise<OpenedStore> {
  const root = await Deno.makeTempDir({ prefix: "polystore-zip-" });
  const path = `${root}/a.zip`;
  const archive = new LateArchive();
  const disk = new DiskStore({ durability: "fast" });
  const write = async (): Promise<void> => void await disk.write(path, (await archive.store.read("a.zip"))!);
  await write();
  return {
    store: new ZipStore({ path }),
    put: async (name, bytes) => {
      await archive.put(name, bytes);
      await write();
    },
    reopen: () => Promise.resolve(new ZipStore({ path })),
    dispose: () => Deno.remove(root, { recursive: true }),
  };
}

await testStore("zip, deflated", () => open({}));
await testStore("zip, stored", () => open({ level: 0 }));
await testStore("zip, zip64 and data descriptors", () => open({ zip64: true, dataDescriptor: true }));
await testStore("zip, on disk", onDisk);
await testBackend("zip, deflated", () => openBackend({}));
await testBackend("zip, stored", () => openBackend({ level: 0 }));
