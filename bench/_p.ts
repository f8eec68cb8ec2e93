import { DiskStore } from "../backends/stores/disk_store.ts";
import { ZarrArray } from "../backends/zarr/zarr_array.ts";
import { measurements } from "./zarr_data.ts";
const [dir, mode] = Deno.args;
const root = dir + "/pp";
let keepStore: DiskStore | undefined;
const shape = [1024, 128, 128];
const arr = measurements(shape);
try {
  Deno.removeSync(root, { recursive: true });
} catch { /**/ }
for (let k = 0; k < 6; k++) {
  Deno.mkdirSync(root, { recursive: true });
  const store = keepStore ??= new DiskStore({ root, durability: "fast" });
  const a = await ZarrArray.create(store, "a", "float32", shape, { chunks: [1, 128, 128], compressor: null });
  let s = performance.now();
  await a.set(undefined, arr);
  const w = performance.now() - s;
  s = performance.now();
  await a.get();
  const r = performance.now() - s;
  s = performance.now();
  await a.get();
  const r2 = performance.now() - s;
  console.log(
    "w",
    (w / 1024 * 1000).toFixed(0),
    "us  r",
    (r / 1024 * 1000).toFixed(0),
    (r2 / 1024 * 1000).toFixed(0),
    "us",
  );
  Deno.removeSync(root, { recursive: true });
}
