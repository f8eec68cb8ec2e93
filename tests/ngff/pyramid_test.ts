/** Pyramids against a computation by hand: every element a fraction of big integers, or a number. */

import assert from "node:assert/strict";
import { type DataType, dataTypes, isNdArray, type NdArray } from "../../backends/formats/ndarray.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import type { ReadOptions } from "../../backends/stores/store.ts";
import { downsample, type DownsamplingMethod } from "../../backends/zarr/ngff/downsample.ts";
import { readImage, writeImage } from "../../backends/zarr/ngff/image.ts";
import { buildPyramid } from "../../backends/zarr/ngff/pyramid.ts";
import { ngffProblems } from "../../backends/zarr/ngff/validate.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";
import { attributesOf, filesIn, made, overStores, plane } from "./images.ts";
import { watched } from "./plates.ts";
import { schemasOf } from "./schemas.ts";

type Numbers = { readonly [index: number]: number | bigint };

/** Element of a block by block: the positions of an array, the last axis turning fastest. */
function* positions(shape: readonly number[]): Generator<number[]> {
  const total = shape.reduce((product, length) => product * length, 1);
  for (let i = 0; i < total; i++) {
    let rest = i;
    const position = new Array<number>(shape.length);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis] = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    yield position;
  }
}

/** The elements that one is made of: those of the block that are there. */
function blockOf({ data, shape, stride }: NdArray, position: readonly number[], step: readonly number[], part = 0) {
  const parts = data.length / shape.reduce((product, length) => product * length, 1);
  const elements: (number | bigint)[] = [];
  for (const inner of positions(step)) {
    const at = inner.map((index, axis) => position[axis]! * step[axis]! + index);
    if (at.some((index, axis) => index >= shape[axis]!)) continue;
    const index = at.reduce((sum, index, axis) => sum + index * stride[axis]!, 0);
    elements.push((data as Numbers)[index * parts + part]!);
  }
  return elements;
}

/** The mean by hand: rational for integers, so that no rounding hides another. */
function naiveMean(elements: readonly (number | bigint)[], dtype: DataType): number | bigint {
  if (!/^u?int/.test(dtype)) {
    return (elements as number[]).reduce((sum, element) => sum + element, 0) / elements.length;
  }
  const sum = elements.reduce((total: bigint, element) => total + BigInt(element), 0n);
  const count = BigInt(elements.length);
  let quotient = sum / count;
  if (quotient * count > sum) quotient -= 1n; // division goes towards zero, the floor downwards
  const twice = 2n * (sum - quotient * count);
  if (twice > count || (twice === count && quotient % 2n !== 0n)) quotient += 1n;
  return dtype.endsWith("64") ? quotient : Number(quotient);
}

function naive(array: NdArray, step: readonly number[], method: DownsamplingMethod): (number | bigint)[] {
  const { parts } = dataTypes[array.dtype];
  const shape = array.shape.map((length, axis) => Math.ceil(length / step[axis]!));
  const result: (number | bigint)[] = [];
  for (const position of positions(shape)) {
    for (let part = 0; part < parts; part++) {
      const block = blockOf(array, position, step, part);
      result.push(method === "nearest" ? block[0]! : naiveMean(block, array.dtype));
    }
  }
  return result;
}

const LIMITS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int8: [-128n, 127n],
  uint8: [0n, 255n],
  int16: [-32768n, 32767n],
  uint16: [0n, 65535n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/** Elements near both ends of the range, around zero, and anywhere. */
function elementsOf(dtype: DataType, seed: number): (index: number) => number | bigint {
  let state = seed;
  function random(): number {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  }
  const limits = LIMITS[dtype];
  if (dtype === "bool") return () => Math.round(random());
  if (limits === undefined) {
    return () => dtype === "float16" ? Math.f16round(random() * 8 - 4) : Math.fround(random() * 8 - 4);
  }
  const [low, high] = limits;
  return () => {
    const choice = Math.floor(random() * 4);
    const small = BigInt(Math.floor(random() * 5));
    const value = choice === 0
      ? low + small
      : choice === 1
      ? high - small
      : choice === 2
      ? (low < 0n ? small - 2n : small)
      : low + (high - low) * BigInt(Math.floor(random() * 1000)) / 1000n;
    return dtype.endsWith("64") ? value : Number(value);
  };
}

const SHAPES: readonly (readonly [shape: number[], step: number[]])[] = [
  [[7, 5], [2, 2]],
  [[8, 6], [2, 2]],
  [[1, 9], [1, 2]],
  [[2, 3, 5, 7], [1, 1, 2, 2]],
  [[3, 5, 4], [2, 2, 2]],
];

Deno.test("nearest keeps every bit, also of what is not a number", () => {
  const signalling = new Uint32Array(12).map((_, i) => 0x7f800001 + 77 * i);
  const data = new Float32Array(signalling.buffer);
  // Its first axis turns fastest, so that it is not one run of bytes.
  for (const [shape, stride] of [[[3, 4], [4, 1]], [[4, 3], [1, 4]]]) {
    const half = downsample({ dtype: "float32", data, shape: shape!, stride: stride! }, [2, 2], "nearest");
    const bits = new Uint32Array(half.data.buffer);
    const expected = [...positions(half.shape)].map(([y, x]) =>
      signalling[2 * y! * stride![0]! + 2 * x! * stride![1]!]
    );
    assert.deepEqual([...bits], expected);
  }
});

Deno.test("downsample is what one computes by hand, for every dtype", () => {
  for (const dtype of Object.keys(dataTypes) as DataType[]) {
    for (const [index, [shape, step]] of SHAPES.entries()) {
      const array = made(dtype, shape, elementsOf(dtype, index + 1));
      for (const method of ["mean", "nearest"] as const) {
        if (dtype === "bool" && method === "mean") continue;
        const half = downsample(array, step, method);
        assert(isNdArray(half));
        const { array: Class } = dataTypes[dtype];
        const expected = naive(array, step, method);
        const rounded = made(dtype, half.shape, (i) => expected[i]!);
        assert(half.data instanceof Class);
        if (/float(32|64)|complex/.test(dtype) && method === "mean") {
          for (let i = 0; i < expected.length; i++) {
            assert(Math.abs(Number(half.data[i]) - Number(expected[i])) < 1e-6, `${dtype} [${shape}]`);
          }
        } else assert.deepEqual(half.data, rounded.data, `${dtype} [${shape}] ${method}`);
      }
    }
  }
});

Deno.test("downsample: halves to even, extremes, not-a-number, and turned arrays", () => {
  const halves = made("uint8", [1, 8], (i) => [0, 1, 1, 2, 2, 3, 254, 255][i]!);
  assert.deepEqual(downsample(halves, [1, 2], "mean").data, new Uint8Array([0, 2, 2, 254]));
  const negative = made("int16", [1, 4], (i) => [-1, 0, -3, -2][i]!);
  assert.deepEqual([...downsample(negative, [1, 2], "mean").data as Int16Array], [0, -2]);
  const huge = made("float64", [2, 2], () => Number.MAX_VALUE);
  assert.equal(downsample(huge, [2, 2], "mean").data[0], Number.MAX_VALUE);
  const none = made("float32", [1, 4], (i) => [NaN, 1, Infinity, 1][i]!);
  assert.deepEqual(downsample(none, [1, 2], "mean").data, new Float32Array([NaN, Infinity]));
  const { data } = plane(1, [4, 6]);
  const turned: NdArray = { dtype: "uint16", data: data as Uint16Array, shape: [6, 4], stride: [1, 6] };
  assert.deepEqual(
    [...downsample(turned, [2, 2], "mean").data as Uint16Array],
    naive(turned, [2, 2], "mean"),
  );
  assert.throws(() => downsample(made("bool", [2, 2], () => 1), [2, 2], "mean"), {
    code: "invalid-argument",
    message: /nearest/,
  });
  assert.throws(() => downsample(halves, [2], "mean"), { code: "invalid-argument" });
});

for (const format of [3, 2] as const) {
  Deno.test(`a pyramid of an image, NGFF ${format === 3 ? "0.5" : "0.4"}`, async (t) => {
    const schemas = await schemasOf(t, format === 3 ? "0.5" : "0.4");
    await overStores(t, async (store) => {
      const array = made("int16", [2, 3, 37, 50], (index) => (index * 7919) % 65536 - 32768);
      await writeImage(store, "deep/er/cells", array, {
        format,
        axes: ["c", { name: "z", scale: 3, unit: "micrometer" }, { name: "y", scale: 0.5 }, { name: "x", scale: 0.25 }],
        chunks: [1, 1, 16, 16],
        multiscale: { minimumSize: 10, axes: ["z", "y", "x"] },
        omero: { channels: [] },
      });
      const attributes = await attributesOf(store, "deep/er/cells", format);
      assert.deepEqual(ngffProblems(attributes, "image", { format, strict: true }), []);
      assert.deepEqual(schemas?.problems("strict_image", attributes) ?? [], []);
      const image = await readImage(store, "deep/er/cells");
      assert.deepEqual(image.datasets.map(({ path }) => path), ["0", "1", "2", "3"]);
      assert.deepEqual(image.datasets.map(({ scale }) => scale), [
        [1, 3, 0.5, 0.25],
        [1, 6, 1, 0.5],
        [1, 12, 2, 1],
        [1, 12, 4, 2],
      ]);
      assert.deepEqual(image.datasets[2]!.translation, [0, 4.5, 0.75, 0.375]);
      let before: NdArray = array;
      for (const { path } of image.datasets) {
        const level = await StoredArray.open(store, `deep/er/cells/${path}`);
        const value = await level.get() as NdArray;
        if (path === "0") assert.deepEqual(value, array);
        else {
          const step = before.shape.map((length, axis) => axis > 0 && length > 1 ? 2 : 1);
          assert.deepEqual([...value.data as Int16Array], naive(before, step, "mean"), `level ${path}`);
        }
        assert(level.chunks.every((length, axis) => length <= Math.max(1, level.shape[axis]!)));
        if (format === 3) assert.deepEqual(level.dimensionNames, ["c", "z", "y", "x"]);
        before = value;
      }
      assert.deepEqual(before.shape, [2, 1, 5, 7]);
      await assert.rejects(writeImage(store, "deep/er/cells", array, { axes: ["c", "z", "y", "x"] }), {
        code: "already-exists",
      });
      await assert.rejects(buildPyramid(store, "deep/er/cells"), { code: "already-exists" });
    });
  });
}

Deno.test("a pyramid is made chunk by chunk: each is read once, and a few are in memory at a time", async () => {
  const inner = new MemoryStore();
  await writeImage(inner, "wide", made("uint8", [200, 210], (index) => index % 251), {
    axes: ["y", "x"],
    chunks: [10, 10],
  });
  const reads: string[] = [];
  let reading = 0;
  let most = 0;
  const store = watched(inner);
  const counting = {
    ...store,
    async read(path: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
      if (!path.includes("/c/")) return await store.read(path, options);
      reads.push(path);
      most = Math.max(most, ++reading);
      await new Promise((resolve) => setTimeout(resolve, 0));
      reading--;
      return await store.read(path, options);
    },
  };
  await buildPyramid(counting, "wide", { minimumSize: 30 });
  const chunks = (await filesIn(inner, "wide")).filter((path) => /wide\/[0-2]\/c\//.test(path));
  assert.deepEqual(reads.sort(), chunks);
  assert.equal(chunks.length, 20 * 21 + 10 * 11 + 5 * 6);
  assert(most > 1 && most <= 8, `${most} chunks at once`);
});

Deno.test("a pyramid of an image that was there before, which says more than we know", async () => {
  const store = new MemoryStore();
  const array = made("uint64", [9, 8], (index) => 2n ** 63n + BigInt(index * index));
  await writeImage(store, "labels", array, { axes: ["y", "x"], format: 2 });
  const document = await attributesOf(store, "labels", 2);
  const [first] = document.multiscales as Record<string, unknown>[];
  const theirs = {
    ...document,
    note: "kept",
    multiscales: [{ ...first, coordinateTransformations: [{ type: "scale", scale: [2, 3] }] }],
  };
  await store.write("labels/.zattrs", new TextEncoder().encode(JSON.stringify(theirs)));
  const image = await buildPyramid(store, "labels", { method: "nearest", levels: 3 });
  assert.deepEqual(image.datasets.map(({ scale }) => scale), [[2, 3], [4, 6], [8, 12]]);
  assert(image.datasets.every(({ translation }) => translation.every((shift) => shift === 0)));
  assert.equal((await attributesOf(store, "labels", 2)).note, "kept");
  const level = await (await StoredArray.open(store, "labels/2")).get();
  assert.deepEqual([...level.data as BigUint64Array], naive(downsample(array, [2, 2], "nearest"), [2, 2], "nearest"));
});

Deno.test("an image that cannot be written leaves nothing", async () => {
  const store = new MemoryStore();
  const image = plane(1);
  const refused = [
    { axes: ["x"] },
    { axes: ["x", "c"] },
    { axes: ["y", "y"] },
    { axes: ["y", "x"], multiscale: { axes: ["c"] } },
    { axes: ["y", "x"], multiscale: { levels: 0 } },
    { axes: ["y", "x"], multiscale: { method: "median" as "mean" } },
    { axes: ["y", "x"], omero: { channels: [{ window: {} }] } },
    { axes: ["y", "x"], chunks: [0, 1] },
  ];
  for (const options of refused) {
    await assert.rejects(
      writeImage(store, "image", image, options),
      { code: "invalid-argument" },
      JSON.stringify(options),
    );
  }
  const flags = made("bool", [400, 400], () => 1);
  await assert.rejects(writeImage(store, "image", flags, { axes: ["y", "x"], multiscale: {} }), /nearest/);
  assert.deepEqual(await filesIn(store, ""), []);
  const stopped = AbortSignal.abort(new Error("enough"));
  await assert.rejects(writeImage(store, "image", image, { axes: ["y", "x"], signal: stopped }), /enough/);
  assert.deepEqual(await filesIn(store, ""), []);
});
