import { ndarray } from "@polystore/polystore";
import { HttpStore } from "@polystore/polystore/stores";
import { slice, ZarrBackend } from "@polystore/polystore/zarr";
import assert from "node:assert/strict";
import { serveFiles } from "./servers.ts";

const IMAGE = ndarray(Float32Array.from({ length: 64 }, (_, index) => index), [8, 8]);

Deno.test("http: an array of Zarr is read from a static server, with few requests", async () => {
  await using server = serveFiles();
  await new ZarrBackend({ store: server.files }).save(IMAGE, "plate.zarr/0", { chunks: [4, 4] });
  const zarr = new ZarrBackend({ store: new HttpStore({ url: server.url, listing: "none" }) });
  assert.deepEqual(await zarr.load("plate.zarr/0"), IMAGE);
  assert.equal(server.log.filter((line) => line.startsWith("GET plate.zarr/0/c/")).length, 4);
  assert(server.log.length <= 7, `metadata and four chunks: ${server.log.join(", ")}`);
  server.log.length = 0;
  const part = await zarr.load("plate.zarr/0", { selection: [slice(0, 2), slice(0, 2)] });
  assert.deepEqual(part, ndarray(new Float32Array([0, 1, 8, 9]), [2, 2]));
  const chunks = server.log.filter((line) => line.startsWith("GET plate.zarr/0/c/"));
  assert.deepEqual(chunks, ["GET plate.zarr/0/c/0/0"]);
  assert(server.log.length <= 4, server.log.join(", "));
});

Deno.test("http: of a sharded array of Zarr only ranges are read", async () => {
  await using server = serveFiles();
  await new ZarrBackend({ store: server.files }).save(IMAGE, "a", { chunks: [2, 2], shards: [8, 8] });
  const zarr = new ZarrBackend({ store: new HttpStore({ url: server.url, listing: "none" }) });
  server.log.length = 0;
  assert.deepEqual(await zarr.load("a", { selection: [0, slice(0, 2)] }), ndarray(new Float32Array([0, 1]), [2]));
  const chunks = server.log.filter((line) => line.startsWith("GET a/c/"));
  assert(chunks.length > 0 && chunks.every((line) => line.includes(" bytes=")), server.log.join("\n"));
});
