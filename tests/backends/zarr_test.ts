import { DiskStore } from "../../backends/stores/disk_store.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { bytes } from "../../backends/formats/bytes.ts";
import { FormatRegistry } from "../../backends/formats/format_registry.ts";
import { ndarray } from "../../backends/formats/ndarray.ts";
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

// Names are kept the same way by all of them.
const unnamed = backendPromises.map(({ id }) => id).filter((id) => !id.includes("/names"));
await testBackend("zarr, files in memory", () => new ZarrBackend({ store: new MemoryStore() }), { numRuns: 20 });
await testBackend("zarr, arrays in memory", () => arraysIn(new MemoryStore()), { numRuns: 20 });
await testBackend("zarr, arrays in a flat store", () => arraysIn(flatStore()), { numRuns: 20, only: unnamed });
