/**
 * One tree of images that are elsewhere: planes of a stack on the disk and a table in a database, without a byte being copied.
 *
 *     deno run --allow-read --allow-write examples/virtual_workspace.ts
 *
 * @module
 */

import { DiskBackend, FileManager, type NdArray, ndarray, SqliteBackend } from "@polystore/polystore";
import { TemporaryBackend } from "@polystore/polystore/temporary";
import {
  METADATA_FILENAME,
  type SourcePixelRef,
  toMapping,
  VirtualWorkspaceBackend,
} from "@polystore/polystore/workspace";
import assert from "node:assert/strict";

await using scratch = new TemporaryBackend();
await scratch.ensureDirectory("plate");
await using tables = new SqliteBackend({ path: ":memory:" });
const fm = new FileManager({
  disk: new DiskBackend({ root: scratch.physicalSourcePath("plate")! }),
  tables,
  workspace: new VirtualWorkspaceBackend({ backend: "disk" }),
});

// What a microscope has left: two wells of three channels each, as stacks.
const wells = ["A01", "A02"];
const channels = ["DAPI", "GFP", "RFP"];
for (const [index, well] of wells.entries()) {
  const stack = ndarray(new Uint16Array(3 * 4 * 5).fill(index + 1).map((value, i) => value * 100 + i), [3, 4, 5]);
  await fm.save(stack, `raw/${index}.npy`, "disk");
  await fm.save([{ well, cells: String(10 + index) }], `cells/${well}.csv`, "tables");
}

// The workspace shows one file for each channel, and the table beside them.
const mapping: Record<string, SourcePixelRef> = {};
for (const [index, well] of wells.entries()) {
  for (const [channel, name] of channels.entries()) {
    mapping[`${well}/${name}.npy`] = {
      backend: "disk",
      backendAddress: `raw/${index}.npy`,
      sourceAxisIndices: [channel],
    };
  }
  mapping[`${well}/cells.csv`] = { backend: "tables", backendAddress: `cells/${well}.csv` };
}
const references = Object.fromEntries(Object.entries(mapping).map(([path, ref]) => [path, toMapping(ref)]));
await fm.save({ subdirectories: { ".": { workspace_mapping: references } } }, METADATA_FILENAME, "disk");

// From here on nobody needs to know where anything is.
assert.deepEqual(await fm.listDir("A01", "workspace"), ["cells.csv", "DAPI.npy", "GFP.npy", "RFP.npy"]);
const gfp = await fm.load<NdArray>("A02/GFP.npy", "workspace");
assert.deepEqual(gfp.shape, [4, 5]);
assert.equal(gfp.data[0], 220);
const images = await fm.listFiles("", "workspace", { pattern: "**/*.npy" });
assert.equal(images.length, 6);
const planes = await fm.loadBatch(images, "workspace");
assert.equal(planes.length, 6);

// It is read only, and what is not mapped is not there.
await assert.rejects(fm.load("A03/GFP.npy", "workspace"), { code: "not-found" });
assert.equal(await fm.exists("raw/0.npy", "workspace"), false);

// Made real, where somebody needs files.
for (const path of images) await fm.save(await fm.load(path, "workspace"), `export/${path}`, "disk");
assert.equal((await fm.listFiles("export", "disk", { recursive: true })).length, 6);

// deno-lint-ignore no-console -- it is what the example is for
console.log(`${images.length} planes of ${wells.length} stacks`);
