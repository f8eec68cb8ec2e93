import {
  type DataType,
  dataTypes,
  json,
  type NdArray,
  ndarray,
  npy,
  npz,
  stridesOf,
} from "../../backends/formats/mod.ts";
import { isStorageError } from "../../backends/errors.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { anyNdArray, contiguousNdArray, elementsOf } from "./arrays.ts";
import { encoded, join, refuses, roundTrip, survivesDamage } from "./bytes_of.ts";

const format = npy();

function same(actual: NdArray, expected: NdArray): void {
  assert.deepEqual({ ...actual, data: elementsOf(actual) }, { ...expected, data: elementsOf(expected) });
  assert.equal(actual.data.constructor, expected.data.constructor);
}

/** A file with this header text. */
function file(header: string, data: Uint8Array | number = 0, version = 1): Uint8Array {
  const text = version === 3 ? new TextEncoder().encode(header) : Uint8Array.from(header, (c) => c.charCodeAt(0));
  const prefix = new Uint8Array(version === 1 ? 10 : 12);
  prefix.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  new DataView(prefix.buffer).setUint16(8, text.length, true);
  return join([prefix, text, typeof data === "number" ? new Uint8Array(data) : data]);
}

Deno.test("npy() keeps arrays of every dtype, order and byte order, bit by bit", async () => {
  await fc.assert(
    fc.asyncProperty(contiguousNdArray(), fc.constantFrom("little" as const, "big" as const), async (array, endian) => {
      same(await roundTrip(npy({ endian }), array), array);
    }),
    { numRuns: 500 },
  );
});

Deno.test("npy() packs other strides row by row", async () => {
  await fc.assert(
    fc.asyncProperty(anyNdArray(), async (array) => {
      const back = await roundTrip(format, array);
      assert.deepEqual(back.shape, array.shape);
      assert.deepEqual(elementsOf(back), elementsOf(array));
    }),
    { numRuns: 300 },
  );
  const view = { ...ndarray(new Uint8Array(10), [2, 5]), shape: [2, 2] };
  assert.deepEqual((await roundTrip(format, view)).stride, [2, 1]);
});

Deno.test("npy() keeps exactly the elements of a view on a larger buffer", async () => {
  const data = new Float64Array([0, 1, 2, 3]).subarray(1, 3);
  const bytes = await encoded(format, ndarray(data));
  assert.equal(bytes.length, 128 + 16);
  assert.deepEqual((await format.decode(bytes)).data, new Float64Array([1, 2]));
});

Deno.test("npy() writes the header that NumPy writes", async () => {
  const header = async (array: NdArray, options = {}) => {
    const bytes = await encoded(npy(options), array);
    return new TextDecoder("latin1").decode(bytes.subarray(0, bytes.length - array.data.byteLength));
  };
  const prefix = "\x93NUMPY\x01\x00v\x00".replace("\x93", "“"); // windows-1252 is what the Web calls latin1
  const line = (dict: string) => prefix + dict.padEnd(117) + "\n";
  assert.equal(
    await header(ndarray(new Float32Array(12), [3, 4])),
    line("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }"),
  );
  assert.equal(
    await header(ndarray(new Float32Array(12), [3, 4], { order: "F" })),
    line("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4), }"),
  );
  assert.equal(
    await header(ndarray(new Uint8Array(2), [2], { dtype: "bool" }), { endian: "big" }),
    line("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }"),
  );
  assert.equal(
    await header(ndarray(new Float64Array(2), [], { dtype: "complex128" }), { endian: "big" }),
    line("{'descr': '>c16', 'fortran_order': False, 'shape': (), }"),
  );
  for (const axes of [1, 2, 8, 20, 40, 64]) {
    const bytes = await encoded(format, ndarray(new Int8Array(1), new Array(axes).fill(1)));
    assert.equal((bytes.length - 1) % 64, 0);
    assert.deepEqual((await format.decode(bytes)).shape, new Array(axes).fill(1));
  }
});

Deno.test("npy() copies nothing where it need not", async () => {
  const array = ndarray(new Float32Array(1000), [10, 100]);
  const parts = await format.encode(array) as Uint8Array[];
  assert.equal(parts[1]!.buffer, array.data.buffer);
  const bytes = join(parts);
  assert.equal((await format.decode(bytes)).data.buffer, bytes.buffer);
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  same(await format.decode(shifted.subarray(1)), array);
});

Deno.test("npy() reads every spelling of a header", async () => {
  const expected = ndarray(new Int16Array([1, 2, 3, 4, 5, 6]), [2, 3]);
  const data = new Uint8Array(expected.data.buffer);
  const headers = [
    "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }",
    '{"shape":(2,3),"descr":"<i2","fortran_order":False}\n',
    "{'fortran_order': False, 'shape': (2L, 3L), 'descr': u'<i2'}   \n",
    " {'shape' : ( 2 , 3 , ) , 'fortran_order' : False , 'descr' : '=i2' , } \n",
    "{'descr': 'i2', 'fortran_order': False, 'shape': (2, 3)}",
  ];
  for (const header of headers) {
    for (const version of [1, 2, 3]) same(await format.decode(file(header, data, version)), expected);
  }
  const one = await format.decode(
    file("{'descr': '|i1', 'fortran_order': True, 'shape': (1,)}", new Uint8Array([255])),
  );
  assert.deepEqual(one, ndarray(new Int8Array([-1])));
  const none = await format.decode(file("{'descr': '<f8', 'fortran_order': True, 'shape': (3, 0, 9007199254740991)}"));
  assert.equal(none.data.length, 0);
});

Deno.test("npy() reads broken files as corrupt", () => {
  const broken: [name: string, bytes: Uint8Array][] = [
    ["empty", new Uint8Array()],
    ["no magic", new Uint8Array(200)],
    ["header past the end", file("{'descr': '<i2', 'fortran_order': False, 'shape': (2,)}").subarray(0, 30)],
    ["short data", file("{'descr': '<i2', 'fortran_order': False, 'shape': (2,)}", 3)],
    ["bytes after the data", file("{'descr': '<i2', 'fortran_order': False, 'shape': (2,)}", 5)],
    [
      "a shape that overflows",
      file("{'descr': '<i2', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296)}", 5),
    ],
    [
      "a product that overflows to what is there",
      file("{'descr': '|i1', 'fortran_order': False, 'shape': (9007199254740991, 9007199254740991)}", 1),
    ],
    [
      "a length that is no safe integer",
      file("{'descr': '|i1', 'fortran_order': False, 'shape': (99999999999999999999,)}", 1),
    ],
    ["a negative length", file("{'descr': '<i2', 'fortran_order': False, 'shape': (-1,)}")],
    ["a shape that is no tuple", file("{'descr': '<i2', 'fortran_order': False, 'shape': (2)}", 4)],
    ["a list for a shape", file("{'descr': '<i2', 'fortran_order': False, 'shape': [2]}", 4)],
    ["a bool in the shape", file("{'descr': '<i2', 'fortran_order': False, 'shape': (True,)}", 2)],
    ["too many axes", file(`{'descr': '|i1', 'fortran_order': False, 'shape': (${"1,".repeat(65)})}`, 1)],
    ["a number for fortran_order", file("{'descr': '<i2', 'fortran_order': 0, 'shape': (2,)}", 4)],
    ["a key too few", file("{'descr': '<i2', 'shape': (2,)}", 4)],
    ["a key too many", file("{'descr': '<i2', 'fortran_order': False, 'shape': (2,), 'x': 1}", 4)],
    ["a key twice", file("{'descr': '<i2', 'descr': '<i4', 'fortran_order': False, 'shape': (2,)}", 4)],
    ["code", file("{'descr': '<i2', 'fortran_order': not True, 'shape': (2,)}", 4)],
    ["a call", file("exec('x')", 4)],
    ["a set", file("{'descr'}", 4)],
    ["text after the dict", file("{'descr': '<i2', 'fortran_order': False, 'shape': (2,)} x", 4)],
    ["no comma", file("{'descr': '<i2' 'fortran_order': False, 'shape': (2,)}", 4)],
    ["nested deeply", file("(".repeat(10_000), 4)],
    ["a dtype that is none", file("{'descr': '<q7', 'fortran_order': False, 'shape': (2,)}", 4)],
    ["a number for a dtype", file("{'descr': 4, 'fortran_order': False, 'shape': (2,)}", 4)],
    ["bytes that are not UTF-8 in version 3", file("{}", 0, 3).map((byte) => byte === 0x7b ? 0xff : byte)],
    ["a bool that is neither", file("{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", new Uint8Array([1, 2]))],
  ];
  for (const [name, bytes] of broken) {
    assert.throws(() => format.decode(bytes), (error) => isStorageError(error, "corrupt"), name);
  }
});

Deno.test("npy() refuses what it cannot represent, by name", () => {
  const dtypes: [descr: string, words: RegExp][] = [
    ["'|O'", /dtype "\|O" \(Python objects\)/],
    ["'<U5'", /dtype "<U5" \(strings\)/],
    ["'|S5'", /dtype "\|S5" \(byte strings\)/],
    ["'<M8[ns]'", /dtype "<M8\[ns\]" \(dates\)/],
    ["'<m8[25s/7]'", /\(time spans\)/],
    ["'|V8'", /raw records/],
    ["'<f16'", /dtype "<f16"/],
    ["'<c32'", /dtype "<c32"/],
    ["[('x', '<f4'), ('y', '<i2', (2,))]", /records \(a structured dtype\)/],
    ["('<f4', (2,))", /structured/],
  ];
  for (const [descr, words] of dtypes) {
    const bytes = file(`{'descr': ${descr}, 'fortran_order': False, 'shape': (2,), }`, 64);
    assert.throws(
      () => format.decode(bytes),
      (error) => isStorageError(error, "unsupported") && words.test(error.message),
      descr,
    );
  }
  assert.throws(() => format.decode(file("{}", 0, 4)), { code: "unsupported" });
});

Deno.test("npy() refuses what is no NdArray", async () => {
  await refuses(format, new Float32Array(2), "ndarray(array, shape)");
  await refuses(format, [1, 2], "an array");
  await refuses(format, null, "null");
  await refuses(format, { ...ndarray(new Int8Array(2)), shape: [3] }, "parts fit together");
  await refuses(format, ndarray(new Uint8Array([0, 2]), [2], { dtype: "bool" }), "element 1 of dtype bool is 2");
  await refuses(format, ndarray(new Int8Array(1), new Array(65).fill(1)), "at most 64 axes");
  assert.throws(() => npy({ endian: "middle" as "big" }), { code: "invalid-argument" });
});

Deno.test("npy() reads damaged files as corrupt", async () => {
  const arrays = [
    ndarray(new Float32Array(6), [2, 3]),
    ndarray(new Uint8Array([1, 0]), [2], { dtype: "bool" }),
    ndarray(new Int8Array(1), []),
  ];
  const files = [
    await encoded(npy({ endian: "big" }), arrays[0]!),
    ...await Promise.all(arrays.map((array) => encoded<NdArray>(format, array))),
  ];
  await survivesDamage(format, files, 3000);
});

Deno.test("npz() keeps named arrays, with any name, in order", async () => {
  const name = fc.oneof(
    fc.string(),
    fc.string({ unit: "grapheme" }),
    fc.constantFrom(
      "__proto__",
      "constructor",
      "",
      "a/b",
      "../x",
      "/abs",
      "C:\\x",
      "a\\b",
      "x.npy",
      "dir/",
      "é",
      ".",
      "10",
      "2",
    ),
  )
    .filter((name) => !name.includes("\0"));
  const record = fc.uniqueArray(fc.tuple(name, anyNdArray()), { selector: ([name]) => name, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(record, fc.boolean(), async (entries, compress) => {
      const arrays = Object.fromEntries(entries);
      const back = await roundTrip(npz({ compress }), arrays);
      assert.deepEqual(Object.keys(back), Object.keys(arrays));
      assert.equal(Object.getPrototypeOf(back), Object.prototype);
      for (const key of Object.keys(arrays)) {
        assert.deepEqual(back[key]!.shape, arrays[key]!.shape);
        assert.deepEqual(elementsOf(back[key]!), elementsOf(arrays[key]!));
      }
    }),
    { numRuns: 150 },
  );
});

Deno.test("npz() writes the same bytes for the same arrays, and compresses on request", async () => {
  const arrays = { zeros: ndarray(new Float64Array(10_000), [100, 100]) };
  assert.deepEqual(await encoded(npz(), arrays), await encoded(npz(), arrays));
  assert((await encoded(npz({ compress: true }), arrays)).length < 1000);
  assert.deepEqual(await roundTrip(npz({ compress: true }), arrays), arrays);
  assert.deepEqual(await roundTrip(npz(), {}), {});
});

Deno.test("npz() refuses what is no record of arrays", async () => {
  const array = ndarray(new Int8Array(1));
  await refuses(npz(), array.data, "record of NdArrays");
  await refuses(npz(), [array], "record of NdArrays");
  await refuses(npz(), { a: array, b: [1] }, /at "b": npy keeps an NdArray/);
  await refuses(npz(), { "\ud800": array }, "lone surrogate");
  await refuses(npz(), { "a\0": array }, "NUL");
  await refuses(npz(), { ["a".repeat(65_532)]: array }, "too long");
  await refuses(npz(), { [Symbol.iterator]: array }, "symbol");
});

/** Changes a number in the one member of an archive, in both of its headers. */
function patch(archive: Uint8Array, local: number, value: number, size: 2 | 4): Uint8Array {
  const copy = archive.slice();
  const view = new DataView(copy.buffer);
  const central = view.getUint32(copy.length - 6, true);
  for (const at of [local, central + local + 2]) {
    size === 2 ? view.setUint16(at, value, true) : view.setUint32(at, value, true);
  }
  return copy;
}

Deno.test("npz() checks lengths and sums, and never inflates more than was announced", async () => {
  const arrays = { a: ndarray(new Float64Array(1_000_000), [1_000_000]) };
  const stored = await encoded(npz(), { a: ndarray(new Float64Array(10), [10]) });
  const deflated = await encoded(npz({ compress: true }), arrays);
  const cases: [string, Uint8Array, "corrupt" | "unsupported"][] = [
    ["a smaller size than it inflates to", patch(deflated, 22, 1000, 4), "corrupt"],
    ["an absurd size", patch(deflated, 22, 0xfffffff0, 4), "corrupt"],
    ["a larger size of a stored member", patch(stored, 22, 1000, 4), "corrupt"],
    ["another checksum", patch(stored, 14, 1, 4), "corrupt"],
    ["another checksum of a deflated member", patch(deflated, 14, 1, 4), "corrupt"],
    ["an encrypted member", patch(stored, 6, 1, 2), "unsupported"],
    ["bzip2", patch(stored, 8, 12, 2), "unsupported"],
    ["bytes before", join([new Uint8Array(10), stored]), "corrupt"],
    ["bytes after", join([stored, new Uint8Array(10)]), "corrupt"],
    ["no archive", new Uint8Array(100), "corrupt"],
    ["nothing", new Uint8Array(), "corrupt"],
  ];
  for (const [name, bytes, code] of cases) {
    await assert.rejects(async () => await npz().decode(bytes), { code }, name);
  }
});

Deno.test("npz() takes no member but arrays", async () => {
  const { writeArchive } = await import("../../backends/formats/zip_archive.ts");
  const array = await encoded<NdArray>(format, ndarray(new Int8Array(1)));
  const archive = async (...members: [string, Uint8Array][]) => join(await writeArchive(members, false));
  await assert.rejects(async () => await npz().decode(await archive(["a.npy", array], ["note.txt", array])), {
    code: "unsupported",
    message: /note\.txt/,
  });
  await assert.rejects(async () => await npz().decode(await archive(["a.npy", array.subarray(1)])), {
    code: "corrupt",
    message: /a\.npy/,
  });
  const object = file("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", 8);
  await assert.rejects(async () => await npz().decode(await archive(["o.npy", object])), {
    code: "unsupported",
    message: /o\.npy.*Python objects/,
  });
  const twice = await archive(["a.npy", array], ["b.npy", array]);
  for (let i = 0; i < twice.length - 4; i++) {
    if (twice[i] === 0x62 && twice[i + 1] === 0x2e && twice[i + 2] === 0x6e) twice[i] = 0x61;
  }
  await assert.rejects(async () => await npz().decode(twice), { code: "corrupt" });
});

Deno.test("npz() reads damaged files as corrupt", async () => {
  const arrays = {
    a: ndarray(new Float32Array(6), [2, 3]),
    "é": ndarray(new Uint8Array([1, 0]), [2], { dtype: "bool" }),
  };
  await survivesDamage(npz(), [await encoded(npz(), arrays), await encoded(npz({ compress: true }), arrays)], 3000);
});

Deno.test("json({ tagged: true }) keeps an NdArray", async () => {
  for (const dtype of Object.keys(dataTypes) as DataType[]) {
    const { array, parts } = dataTypes[dtype];
    const value = {
      dtype,
      data: new array(new ArrayBuffer(dataTypes[dtype].itemSize * 2)),
      shape: [2],
      stride: stridesOf([2]),
    };
    assert.equal(value.data.length, 2 * parts);
    assert.deepEqual(await roundTrip(json({ tagged: true }), value), value);
  }
});
