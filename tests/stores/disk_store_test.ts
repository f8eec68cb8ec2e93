import { joinPath, relativePath } from "../../backends/path.ts";
import { DiskStore, type DiskStoreOptions } from "../../backends/stores/disk_store.ts";
import type { Entry, ListOptions, Store } from "../../backends/stores/store.ts";
import { type OpenedStore, testStore } from "../conformance/mod.ts";

async function open(options: DiskStoreOptions): Promise<OpenedStore> {
  const root = await Deno.makeTempDir({ prefix: "polystore-" });
  return {
    store: new DiskStore({ root, ...options }),
    reopen: () => Promise.resolve(new DiskStore({ root, ...options })),
    dispose: () => Deno.remove(root, { recursive: true }),
  };
}

/** A store without a root, seen from a directory of the system. */
function within(directory: string, store: DiskStore): Store {
  const full = (path: string): string => joinPath(directory, path);
  const inner = (path: string): string => path.slice(directory.length + 1);
  async function* list(prefix: string, options: ListOptions = {}): AsyncGenerator<Entry> {
    const after = options.after === undefined ? undefined : full(options.after);
    for await (const entry of store.list(full(prefix), { ...options, after })) {
      yield { ...entry, path: inner(entry.path) };
    }
  }
  return {
    read: (path, options) => store.read(full(path), options),
    stat: (path, options) => store.stat(full(path), options),
    list,
    write: (path, bytes, options) => store.write(full(path), bytes, options),
    delete: (path, options) => store.delete(full(path), options),
    makeDirectory: (path, options) => store.makeDirectory(full(path), options),
    // An absolute target would be kept as it is; one that is relative to the working directory moves with its link.
    createSymlink: (target, path, options) =>
      store.createSymlink(relativePath(Deno.cwd(), full(target)), full(path), options),
    async readSymlink(path, options) {
      const target = await store.readSymlink(full(path), options);
      return target && inner(target);
    },
    copy: (from, to, options) => store.copy(full(from), full(to), options),
    move: (from, to, options) => store.move(full(from), full(to), options),
    openRead: (path, options) => store.openRead(full(path), options),
    openWrite: (path, options) => store.openWrite(full(path), options),
    close: () => store.close(),
  };
}

await testStore("disk, fast", () => open({ durability: "fast" }));

await testStore("disk, full", () => open({ durability: "full" }), { numRuns: 20 });

await testStore("disk, without a root", async () => {
  const directory = await Deno.makeTempDir({ prefix: "polystore-" });
  const store = within(directory, new DiskStore({ durability: "fast" }));
  return { store, dispose: () => Deno.remove(directory, { recursive: true }) };
}, { numRuns: 20, except: { "delete/root": "its root is a directory as any other" } });
