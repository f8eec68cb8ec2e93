/** The child of the test of permissions: writes and reads an array with workers, and says how many there were. Argument: a directory. */

import assert from "node:assert/strict";
import { ndarray } from "../../backends/formats/ndarray.ts";
import { DiskStore } from "../../backends/stores/disk_store.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";

let started = 0;
const RealWorker = Worker;
globalThis.Worker = class extends RealWorker {
  constructor(program: string | URL, options?: WorkerOptions) {
    super(program, options);
    started++;
  }
};

const store = new DiskStore({ root: Deno.args[0]!, durability: "fast" });
const value = ndarray(Float32Array.from({ length: 10_000 }, (_, i) => i % 77), [100, 100]);
await using array = await StoredArray.create(store, "a", "float32", [100, 100], {
  chunks: [10, 100],
  compressor: "gzip",
  workers: 2,
});
await array.set(undefined, value);
assert.deepEqual(await array.get(), value);
Deno.stdout.writeSync(new TextEncoder().encode(`${started} workers, the same\n`));
