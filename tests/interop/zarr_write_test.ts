/** What is written here, read by zarrita, by zarr-python and by GDAL; and what zarrita writes, read here. */

import FileSystemStore from "@zarrita/storage/fs";
import assert from "node:assert/strict";
import * as zarrita from "zarrita";
import { stridesOf } from "../../backends/formats/shape.ts";
import { DiskStore } from "../../backends/stores/disk_store.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";
import { canRun, runCommand, say, withBox } from "../disk/setup.ts";
import { type Case, cases, elementsOf, truthOf, writeCase } from "./zarr_matrix.ts";

const PYTHON = "/usr/bin/python3";

/** What zarrita cannot read, though it is right: by what the test is about, and what it says. */
const NOT_IN_ZARRITA: readonly (readonly [what: (item: Case) => boolean, says: RegExp])[] = [
  // It has no complex numbers and no times, and of texts and bytes of a fixed length only those of format 2.
  [({ dataType }) => /^(complex|datetime64|timedelta64)/.test(dataType), /dtype|dataType|data_type|Unsupported|match/i],
  [({ dataType, format }) => format === 3 && /^(string:|bytes:)/.test(dataType), /dtype|dataType|match|Unsupported/i],
  [({ dataType }) => dataType === "bytes:3", /dtype|Unsupported/i],
];

Deno.test("zarrita reads what is written here", async (t) => {
  await withBox(async ({ root }) => {
    const store = new DiskStore({ root, durability: "fast" });
    let compared = 0;
    for (const item of cases()) {
      await t.step(item.name, async () => {
        const value = await writeCase(store, item);
        const [, refusal] = NOT_IN_ZARRITA.find(([what]) => what(item)) ?? [];
        const place = zarrita.root(new FileSystemStore(root)).resolve(item.name);
        const read = async (): Promise<unknown[]> => {
          const open = item.format === 3 ? zarrita.open.v3 : zarrita.open.v2;
          return inOrder(await zarrita.get(await open(place, { kind: "array" })) as Chunk);
        };
        if (refusal !== undefined) return await assert.rejects(read, refusal);
        assert.deepEqual(await read(), plain(value.data));
        compared++;
      });
    }
    assert(compared > 250, `only ${compared} were compared`);
  });
});

/** What zarrita answers. */
interface Chunk {
  readonly data: Iterable<unknown>;
  readonly shape: number[];
  readonly stride: number[];
}

/** The elements in C order; zarrita leaves them as they lay in the chunk. */
function inOrder({ data, shape, stride }: Chunk): unknown[] {
  const all = plain(data);
  const strides = stridesOf(shape);
  return all.map((_, index) => {
    const at = strides.reduce((sum, step, axis) => sum + Math.floor(index / step) % shape[axis]! * stride[axis]!, 0);
    return all[at];
  });
}

/** Elements as plain values; booleans as 0 and 1. */
function plain(data: Iterable<unknown>): unknown[] {
  return Array.from(data, (element) => typeof element === "boolean" ? Number(element) : element);
}

const READ_PYTHON = `
import json, sys, os, numpy as np, zarr
root, names = sys.argv[1], json.loads(sys.stdin.read())
out = {}
for name in names:
    try: a = zarr.open(os.path.join(root, name), mode="r")[...]
    except Exception as error:
        out[name] = str(error)
        continue
    if a.dtype.kind in "OU": out[name] = [str(x) for x in a.ravel()]
    else: out[name] = np.ascontiguousarray(a).astype(a.dtype.newbyteorder("<")).tobytes().hex()
print(json.dumps(out))
`;

const READ_GDAL = `
import json, sys, os, numpy as np
from osgeo import gdal
gdal.UseExceptions()
root, names = sys.argv[1], json.loads(sys.stdin.read())
out = {}
for name in names:
    try:
        group = gdal.OpenEx(os.path.join(root, name), gdal.OF_MULTIDIM_RASTER).GetRootGroup()
        a = group.OpenMDArray(group.GetMDArrayNames()[0]).ReadAsArray()
        out[name] = np.ascontiguousarray(a).tobytes().hex()
    except RuntimeError as error: out[name] = str(error)
print(json.dumps(out))
`;

/** Asks a program of Python what is in arrays. */
async function asked(program: string, root: string, names: readonly string[]): Promise<Record<string, unknown>> {
  const child = new Deno.Command(PYTHON, {
    args: ["-W", "ignore", "-c", program, root],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(names)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert(success, new TextDecoder().decode(stderr).slice(-2000));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** A program that reads format 2, if it is here. */
function readerTest(
  name: string,
  module: string,
  packages: string,
  program: string,
  reads: (item: Case) => boolean,
): void {
  const here = canRun(PYTHON, "-c", `import numpy, ${module}`);
  if (!here) say(`${name} is not here, and its test is skipped: apt-get install -y ${packages}`);
  Deno.test({
    name: `${name} reads what is written here in format 2`,
    ignore: !here,
    fn: () =>
      withBox(async ({ root }) => {
        const store = new DiskStore({ root, durability: "fast" });
        const expected: Record<string, unknown> = {};
        for (const item of cases().filter((item) => item.format === 2 && reads(item))) {
          expected[item.name] = truthOf(await writeCase(store, item), item.dataType);
        }
        const found = await asked(program, root, Object.keys(expected));
        assert(Object.keys(expected).length > 50);
        assert.deepEqual(found, expected);
      }),
  });
}

readerTest("zarr-python", "zarr", "python3-zarr", READ_PYTHON, () => true);
// GDAL 3.6 has no bits, float16, texts or times, does not know the filter shuffle, and takes no fill value for complex numbers.
readerTest("GDAL", "osgeo.gdal_array", "python3-gdal gdal-bin", READ_GDAL, ({ dataType, layout }) => {
  return /^(u?int(16|32|64)|uint8|float(32|64))$/.test(dataType) && !layout.includes("shuffle");
});

const hasGdal = canRun("gdalmdiminfo", "--version");
if (!hasGdal) say("gdalmdiminfo is not here, and its test is skipped: apt-get install -y gdal-bin");
Deno.test({
  name: "gdalmdiminfo tells of an array what it is",
  ignore: !hasGdal,
  fn: () =>
    withBox(async ({ root }) => {
      const item = cases().find(({ name }) => name.startsWith("v2.float32.f."))!;
      await writeCase(new DiskStore({ root, durability: "fast" }), item);
      const { code, stdout } = await runCommand("gdalmdiminfo", [`${root}/${item.name}`]);
      assert.equal(code, 0);
      const { arrays } = JSON.parse(stdout) as { arrays: Record<string, Record<string, unknown>> };
      const [told] = Object.values(arrays);
      assert.deepEqual([told!.datatype, told!.dimension_size, told!.block_size], ["Float32", [7, 5], [3, 2]]);
    }),
});

const THEIR_CODECS = {
  none: [],
  zstd: [{ name: "zstd", configuration: { level: 3, checksum: false } }],
  blosc: [{ name: "blosc", configuration: { cname: "lz4", clevel: 5, shuffle: "shuffle", typesize: 4, blocksize: 0 } }],
  transpose: "transpose",
} as const;
const THEIR_TYPES = "bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64".split(
  " ",
) as zarrita.DataType[];

for (const [codec, after] of Object.entries(THEIR_CODECS)) {
  Deno.test(`what zarrita writes is read here: ${codec}`, () =>
    withBox(async ({ root }) => {
      for (const dtype of THEIR_TYPES) {
        for (const endian of ["little", "big"]) {
          // It turns around the bytes of booleans, which have one each.
          if (dtype === "bool" && endian === "big") continue;
          const before = after === "transpose" ? [{ name: "transpose", configuration: { order: [1, 0] } }] : [];
          const place = zarrita.root(new FileSystemStore(root)).resolve(`${dtype}.${endian}`);
          const theirs = await zarrita.create(place, {
            dtype,
            shape: [7, 5],
            // Of integers of 64 bits it cannot write a chunk that hangs over the edge: it cannot fill it.
            chunkShape: dtype.endsWith("int64") ? [7, 5] : [3, 2],
            codecs: [...before, { name: "bytes", configuration: { endian } }, ...after === "transpose" ? [] : after],
            fillValue: (dtype === "bool" ? true : 3) as never,
          });
          const data = elementsOf(dtype, 35);
          const sent = dtype === "bool" ? new zarrita.BoolArray((data as Uint8Array<ArrayBuffer>).buffer) : data;
          await zarrita.set(theirs, null, { data: sent as never, shape: [7, 5], stride: [5, 1] });
          const ours = await StoredArray.open(new DiskStore({ root }), `${dtype}.${endian}`);
          assert.deepEqual([ours.dtype, ours.shape], [dtype, [7, 5]]);
          assert.deepEqual((await ours.get()).data, data, `${dtype} ${endian}`);
        }
      }
    }));
}

Deno.test("zarrita writes into arrays of format 2 that were made here", () =>
  withBox(async ({ root }) => {
    for (const order of ["C", "F"] as const) {
      for (const endian of ["little", "big"] as const) {
        const store = new DiskStore({ root, durability: "fast" });
        const name = `${order}.${endian}`;
        await StoredArray.create(store, name, "int32", [7, 5], { format: 2, chunks: [3, 2], order, endian });
        const place = zarrita.root(new FileSystemStore(root)).resolve(name);
        const data = elementsOf("int32", 35) as Int32Array<ArrayBuffer>;
        const theirs = await zarrita.open.v2(place, { kind: "array" }) as zarrita.Array<"int32", FileSystemStore>;
        await zarrita.set(theirs, null, { data, shape: [7, 5], stride: [5, 1] });
        assert.deepEqual((await (await StoredArray.open(store, name)).get()).data, data, name);
      }
    }
  }));
