import { layered } from "../../backends/stores/layer.ts";
import type { Store } from "../../backends/stores/store.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { StoreBackend } from "../../backends/store_backend.ts";
import { prefixed, readOnly } from "../../backends/layers/mod.ts";
import { type OpenedBackend, testBackend } from "../conformance/mod.ts";
import { flatStore } from "./flat_store.ts";

/** A store with real directories and links, and without what only makes things faster. */
function plainStore(): Store {
  const store = new MemoryStore();
  return {
    read: (path, options) => store.read(path, options),
    stat: (path, options) => store.stat(path, options),
    list: (prefix, options) => store.list(prefix, options),
    write: (path, bytes, options) => store.write(path, bytes, options),
    delete: (path, options) => store.delete(path, options),
    makeDirectory: (path, options) => store.makeDirectory(path, options),
    createSymlink: (target, path, options) => store.createSymlink(target, path, options),
    readSymlink: (path, options) => store.readSymlink(path, options),
  };
}

function openReadOnly(): OpenedBackend {
  const store = new MemoryStore();
  const behind = new StoreBackend(store);
  return {
    backend: new StoreBackend(layered(store, readOnly())),
    put: async (value, path) => void await behind.save(value, path),
  };
}

await testBackend("store, memory", () => new StoreBackend(new MemoryStore()));
await testBackend("store, plain", () => new StoreBackend(plainStore()));
await testBackend("store, flat", () => new StoreBackend(flatStore()));
await testBackend("store, prefixed", () => new StoreBackend(layered(new MemoryStore(), prefixed("lab/7"))));
await testBackend("store, read-only", openReadOnly);
