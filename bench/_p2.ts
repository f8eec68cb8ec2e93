import { DiskStore } from "../backends/stores/disk_store.ts";
import { ZarrArray } from "../backends/zarr/zarr_array.ts";
import { measurements } from "./zarr_data.ts";
const [dir, mode] = Deno.args;
const root = dir + "/pp";
const shape = [16, 1024, 1024];
const arr = measurements(shape);
try {
  Deno.removeSync(root, { recursive: true });
} catch { /**/ }
for (let k = 0; k < 8; k++) {
  Deno.mkdirSync(root, { recursive: true });
  const store = new DiskStore({ root, durability: "fast" });
  const a = await ZarrArray.create(store, "a", "float32", shape, { chunks: [1, 1024, 1024], compressor: null });
  let s = performance.now();
  await a.set(undefined, arr);
  const w = performance.now() - s;
  s = performance.now();
  await a.get();
  const r = performance.now() - s;
  s = performance.now();
  await a.get();
  const r2 = performance.now() - s;
  console.log("w", w.toFixed(0), "ms  r", r.toFixed(0), r2.toFixed(0), "ms");
  Deno.removeSync(root, { recursive: true });
}
