import {
  type DataType,
  dataTypes,
  isContiguous,
  isNdArray,
  type NdArray,
  ndarray,
  type Order,
  packed,
  sizeOf,
  stridesOf,
  type TypedArray,
} from "../../backends/formats/mod.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { anyNdArray, elementsOf } from "./arrays.ts";

Deno.test("ndarray() infers the dtype from the class, in types and at run time", () => {
  ndarray(new Float32Array(2)) satisfies NdArray<"float32">;
  ndarray(new Uint8Array(2)) satisfies NdArray<"uint8">;
  ndarray(new Uint8Array(2), [2], { dtype: "bool" }) satisfies NdArray<"bool">;
  ndarray(new Float64Array(2), [1], { dtype: "complex128" }) satisfies NdArray<"complex128">;
  ndarray(new BigInt64Array(2)) satisfies NdArray<"int64">;
  ndarray(new Float16Array(2), [2], { order: "F" }) satisfies NdArray<"float16">;
  // @ts-expect-error: it is a float32
  ndarray(new Float32Array(2)) satisfies NdArray<"float64">;
  // @ts-expect-error: a Float32Array holds no int8
  assert.throws(() => ndarray(new Float32Array(2), [2], { dtype: "int8" }), { code: "invalid-argument" });
  // @ts-expect-error: a Uint8ClampedArray has no dtype
  assert.throws(() => ndarray(new Uint8ClampedArray(2)), { code: "invalid-argument" });
  // @ts-expect-error: a list is no typed array
  assert.throws(() => ndarray([1, 2]), { code: "invalid-argument" });
  for (const [dtype, { array, parts }] of Object.entries(dataTypes)) {
    const made = ndarray(new array(new ArrayBuffer(array === Uint8Array ? 4 : 64)) as TypedArray);
    assert.equal(made.dtype === dtype, parts === 1 && dtype !== "bool");
  }
});

Deno.test("ndarray() takes shape and order", () => {
  const data = new Int16Array(6);
  assert.deepEqual(ndarray(data), { dtype: "int16", data, shape: [6], stride: [1] });
  assert.deepEqual(ndarray(data, [2, 3]).stride, [3, 1]);
  assert.deepEqual(ndarray(data, [2, 3], { order: "F" }).stride, [1, 2]);
  assert.deepEqual(ndarray(new Float32Array(6), undefined, { dtype: "complex64" }).shape, [3]);
  assert.deepEqual(ndarray(new Int8Array(1), []), { dtype: "int8", data: new Int8Array(1), shape: [], stride: [] });
  assert.deepEqual(ndarray(new Int8Array(0), [3, 0]).stride, [0, 1]);
  assert.equal(ndarray(data).data, data);
});

Deno.test("ndarray() refuses shapes that do not fit", () => {
  for (const shape of [[5], [2, 2], [-6], [1.5, 4], [NaN], [Infinity], [2 ** 30, 2 ** 30], [6, 0]]) {
    assert.throws(() => ndarray(new Int16Array(6), shape), { code: "invalid-argument" }, String(shape));
  }
  assert.throws(() => ndarray(new Float32Array(3), undefined, { dtype: "complex64" }), { code: "invalid-argument" });
  assert.throws(() => ndarray(new Int8Array(1), [1], { order: "K" as Order }), { code: "invalid-argument" });
  assert.throws(() => ndarray(new Int8Array(1), [1], { dtype: "toString" as "int8" }), { code: "invalid-argument" });
  assert.equal(sizeOf([0, 5]), 0);
});

Deno.test("isNdArray() sees parts that do not fit together", () => {
  const good = ndarray(new Float32Array(6), [2, 3]);
  assert(isNdArray(good));
  assert(isNdArray({ ...good, shape: [2, 2], stride: [3, 1] }));
  assert(isNdArray({ ...good, shape: [9, 6], stride: [0, 1] }));
  const wrong: unknown[] = [
    null,
    1,
    [],
    {},
    good.data,
    { ...good, dtype: "float64" },
    { ...good, dtype: "constructor" },
    { ...good, dtype: undefined },
    { ...good, data: [] },
    { ...good, shape: [2] },
    { ...good, shape: [3, 3] },
    { ...good, shape: [2, -3] },
    { ...good, stride: [3, 2] },
    { ...good, stride: [-3, 1] },
    { ...good, stride: [0.5, 1] },
    { ...good, dtype: "complex64" },
    { ...good, shape: "23" },
    { ...good, shape: [2 ** 40, 2 ** 40], stride: [0, 0] },
  ]; // deno-fmt-ignore-line
  for (const value of wrong) assert(!isNdArray(value), JSON.stringify(value));
});

Deno.test("packed() gives exactly the elements, without a copy where it can", () => {
  const rows = ndarray(new Float64Array(6), [2, 3]);
  assert.equal(packed(rows), rows.data);
  assert.equal(packed({ ...rows, shape: [1, 3] }).buffer, rows.data.buffer);
  assert.equal(packed({ ...rows, shape: [1, 3], stride: [77, 1] }).length, 3);
  assert(isContiguous({ shape: [0, 3], stride: [9, 9] }, stridesOf([0, 3])));
  const broadcast: NdArray<"int8"> = { dtype: "int8", data: new Int8Array([1, 2]), shape: [2, 2], stride: [0, 1] };
  assert.deepEqual(packed(broadcast), new Int8Array([1, 2, 1, 2]));
  fc.assert(
    fc.property(anyNdArray(), (array) => {
      const flat = packed(array);
      assert.equal(flat.constructor, array.data.constructor);
      assert.deepEqual(
        elementsOf({ ...array, data: flat, stride: stridesOf(array.shape) } as NdArray),
        elementsOf(array),
      );
    }),
    { numRuns: 500 },
  );
});

Deno.test("dataTypes holds every dtype", () => {
  const names: DataType[] = Object.keys(dataTypes) as DataType[];
  assert.equal(names.length, 14);
  for (const name of names) {
    const { itemSize, parts, array } = dataTypes[name];
    assert.equal(new array(new ArrayBuffer(itemSize)).length, parts);
  }
});
