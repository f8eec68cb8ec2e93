/** The child of the permission test: makes every call on arrays, or one, under whatever it was granted. Arguments: root, the call. */

import assert from "node:assert/strict";
import { isStorageError } from "../../backends/errors.ts";
import { ndarray } from "../../backends/formats/ndarray.ts";
import { ZarrBackend } from "../../backends/zarr.ts";

const [root = "", call = ""] = Deno.args;
const GRID = ndarray(Float32Array.from({ length: 24 }, (_, i) => i), [4, 6]);

async function everything(zarr: ZarrBackend): Promise<void> {
  assert.deepEqual(await zarr.listDir(""), []);
  for (const compressor of ["zstd", "gzip", "blosc", null]) {
    const { etag } = await zarr.save(GRID, "p.zarr/g/a", { chunks: [2, 2], compressor });
    await zarr.save(GRID, "p.zarr/g/a", { chunks: [2, 2], shards: [4, 6], ifMatch: etag });
    assert.deepEqual(await zarr.load("p.zarr/g/a"), GRID);
  }
  await zarr.save(GRID, "p.zarr/old", { format: 2, compressor: "lz4" });
  assert.deepEqual(await zarr.load("p.zarr/old"), GRID);
  await zarr.write("p.zarr/g/a", [0], 1);
  await zarr.append("p.zarr/g/a", GRID);
  await zarr.resize("p.zarr/g/a", [2, 2]);
  await zarr.updateAttributes("p.zarr/g", () => ({ a: 1 }));
  await zarr.consolidate("p.zarr");
  await (await zarr.createArray("p.zarr/new", "int8", [3])).set([0], 1);
  await zarr.saveBatch([GRID, "text"], ["p.zarr/b", "p.zarr/note.txt"]);
  await zarr.copy("p.zarr", "q.zarr");
  await zarr.move("q.zarr/g/a", "q.zarr/moved");
  await zarr.delete("q.zarr/moved");
  await zarr.deleteAll("q.zarr");
  await zarr.ensureDirectory("k/l");
  for await (const chunk of await zarr.openRead("p.zarr/b")) assert(chunk.length > 0);
  assert.equal(await zarr.sweep("", { olderThan: -1 }), 0);
  assert.equal((await zarr.listFiles("", { recursive: true })).length, 5);
}

const CALLS: Readonly<Record<string, (zarr: ZarrBackend) => Promise<unknown>>> = {
  everything,
  save: (zarr) => zarr.save(GRID, "p.zarr/b"),
  read: async (zarr) => {
    assert.deepEqual(await zarr.load("p.zarr/b"), GRID);
    await zarr.load("p.zarr/b", { selection: [0] });
    await zarr.stat("p.zarr/g/a");
    await zarr.listFiles("", { recursive: true });
    await zarr.attributes("p.zarr/g");
  },
};

function tell(outcome: Record<string, unknown>): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(outcome)));
}

try {
  await using zarr = new ZarrBackend({ root });
  await CALLS[call]!(zarr);
  tell({ resolved: true });
} catch (error) {
  if (isStorageError(error)) tell({ code: error.code, message: error.message });
  else tell({ foreign: error instanceof Error ? error.stack : String(error) });
}
