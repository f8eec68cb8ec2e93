import { KvBackend } from "../../backends/kv.ts";
import { SqliteBackend } from "../../backends/sqlite.ts";
import type { StoreBackend } from "../../backends/store_backend.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { bytes } from "../../backends/formats/bytes.ts";
import { FormatRegistry } from "../../backends/formats/format_registry.ts";
import { ndarray } from "../../backends/formats/ndarray.ts";
import { prefixed, readOnly } from "../../backends/layers/mod.ts";
import type { Store } from "../../backends/stores/store.ts";
import { ZarrBackend } from "../../backends/zarr.ts";
import { backendPromises, type OpenedBackend, testBackend } from "../conformance/mod.ts";
import { flatStore } from "./flat_store.ts";

/** Another array for another text, under any path. */
function arrayOf(text: string): unknown {
  const data = new TextEncoder().encode(text);
  return ndarray(new Int16Array([data.length, ...data]), [data.length + 1]);
}

/** No suffix is known, so that arrays can be anywhere. */
function noSuffixes(): FormatRegistry {
  const formats = new FormatRegistry();
  formats.register(bytes());
  return formats;
}

function arraysIn(store: Store): OpenedBackend {
  return { backend: new ZarrBackend({ store, formats: noSuffixes() }), value: arrayOf, ownFormats: true };
}

/** Arrays and files by turns. */
function mixedOf(text: string): unknown {
  return text.length % 2 === 0 ? arrayOf(text) : new TextEncoder().encode(text);
}

async function onDisk(value?: (text: string) => unknown): Promise<OpenedBackend> {
  const root = await Deno.makeTempDir({ prefix: "polystore-" });
  const open = (): ZarrBackend => new ZarrBackend({ root, durability: "fast", formats: noSuffixes() });
  return {
    backend: open(),
    ...(value && { value }),
    ownFormats: true,
    reopen: () => Promise.resolve(open()),
    dispose: () => Deno.remove(root, { recursive: true }),
  };
}

async function onDiskWithoutRoot(): Promise<OpenedBackend> {
  const base = await Deno.makeTempDir({ prefix: "polystore-" });
  const open = (): ZarrBackend => new ZarrBackend({ durability: "fast", formats: noSuffixes() });
  return {
    backend: open(),
    base,
    systemPaths: true,
    value: arrayOf,
    ownFormats: true,
    reopen: () => Promise.resolve(open()),
    dispose: () => Deno.remove(base, { recursive: true }),
  };
}

async function inDatabase(open: (path: string) => StoreBackend): Promise<OpenedBackend> {
  const directory = await Deno.makeTempDir({ prefix: "polystore-" });
  const reopen = (): ZarrBackend => {
    const { store } = open(`${directory}/store.db`);
    return new ZarrBackend({ store, formats: noSuffixes() });
  };
  let backend = reopen();
  return {
    backend,
    value: arrayOf,
    ownFormats: true,
    async reopen() {
      await backend.close();
      return backend = reopen();
    },
    dispose: () => Deno.remove(directory, { recursive: true }),
  };
}

const ids = backendPromises.map(({ id }) => id);
// Names are kept the same way by all of them.
const unnamed = ids.filter((id) => !id.includes("/names"));
// An array and a file replace each other in two steps; and only files can go by themselves.
const inOneStep = unnamed.filter((id) => id !== "save/never-torn" && !id.startsWith("save/expires"));
await testBackend("zarr, files in memory", () => new ZarrBackend({ store: new MemoryStore() }), { numRuns: 20 });
await testBackend("zarr, arrays in memory", () => arraysIn(new MemoryStore()), { numRuns: 20 });
await testBackend("zarr, both in memory", () => ({ ...arraysIn(new MemoryStore()), value: mixedOf }), {
  numRuns: 20,
  only: inOneStep,
});
await testBackend("zarr, arrays in a flat store", () => arraysIn(flatStore()), { numRuns: 20, only: unnamed });
await testBackend("zarr, arrays in a store that only reads", () => {
  const store = new MemoryStore();
  const { backend, ...others } = arraysIn(store);
  return {
    ...others,
    backend: new ZarrBackend({ store: readOnly()(store), formats: noSuffixes() }),
    put: async (value, path) => void await (backend as ZarrBackend).save(value, path),
  };
});
await testBackend(
  "zarr, arrays in a store within a store",
  () => arraysIn(prefixed("deep/inside")(new MemoryStore())),
  {
    numRuns: 5,
    only: unnamed,
  },
);
// 5000 directories deep, on a disk: that of the disk backend is tried.
const shallow = (some: readonly string[]) => some.filter((id) => id !== "exists/never-throws");
await testBackend("zarr, arrays on disk", () => onDisk(arrayOf), { numRuns: 10, only: shallow(unnamed) });
await testBackend("zarr, both on disk", () => onDisk(mixedOf), { numRuns: 10, only: shallow(inOneStep) });
await testBackend("zarr, arrays on disk without a root", onDiskWithoutRoot, { numRuns: 10, only: unnamed });
await testBackend(
  "zarr, arrays in SQLite",
  () => inDatabase((path) => new SqliteBackend({ path, durability: "normal" })),
  {
    numRuns: 5,
    only: unnamed,
  },
);
await testBackend("zarr, arrays in Deno KV", () => inDatabase((path) => new KvBackend({ path })), {
  numRuns: 2,
  only: unnamed,
});
