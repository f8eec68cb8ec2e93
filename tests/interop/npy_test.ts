/**
 * With NumPy itself: every dtype, order, version and byte order, in both directions.
 *
 * @module
 */

import { type DataType, dataTypes, type NdArray, npy, npz, stridesOf } from "../../backends/formats/mod.ts";
import { elementsOf } from "../formats/arrays.ts";
import { encoded } from "../formats/bytes_of.ts";
import assert from "node:assert/strict";

const PYTHON = "/usr/bin/python3";

/** The shapes tried, with the numbers 0, 1, 2, … (modulo 2 for bool) in logical order. */
const SHAPES = [[], [0], [1], [5], [2, 3], [3, 1], [1, 4], [2, 0, 3], [2, 3, 4]];

const WRITE = `
import sys, numpy as np
from itertools import product
root = sys.argv[1]
dtypes = sys.argv[2].split(",")
shapes = eval(sys.argv[3])
import warnings
warnings.simplefilter("ignore")
for dtype, (s, shape), order, version, endian in product(dtypes, enumerate(shapes), "CF", (1, 2, 3), "<>"):
    n = int(np.prod(shape))
    a = np.arange(n).astype("u1").reshape(shape)
    a = (a % 2).astype(dtype) if dtype == "bool" else a.astype(dtype)
    if dtype.startswith("complex"): a = a + 1j * (a + 0.5)
    a = np.array(a, dtype=np.dtype(dtype).newbyteorder(endian), order=order)
    with open(f"{root}/{dtype}-{s}-{order}-{version}-{'be' if endian == '>' else 'le'}.npy", "wb") as f:
        np.lib.format.write_array(f, a, version=(version, 0))
    np.save(f"{root}/{dtype}-{s}-{order}-plain-{'be' if endian == '>' else 'le'}.npy", a)
arrays = {f"a{i}/é": np.arange(int(np.prod(s)), dtype="<f4").reshape(s) for i, s in enumerate(shapes)}
np.savez(f"{root}/stored.npz", **arrays)
np.savez_compressed(f"{root}/deflated.npz", **arrays)
np.save(f"{root}/object.npy", np.array([{}], dtype=object), allow_pickle=True)
np.save(f"{root}/record.npy", np.zeros(2, dtype=[("x", "<f4"), ("y", "<i2", (2,))]))
np.save(f"{root}/string.npy", np.array(["a"]))
np.save(f"{root}/date.npy", np.array(["2020-01-01"], dtype="M8[D]"))
np.save(f"{root}/long.npy", np.zeros(2, dtype="longdouble"))
`;

const READ = `
import sys, json, os, numpy as np
root = sys.argv[1]
def logical(a):
    a = np.asarray(a)
    return {"dtype": a.dtype.newbyteorder("<").str, "shape": list(a.shape), "fortran": bool(a.flags.f_contiguous and not a.flags.c_contiguous),
            "bytes": np.ascontiguousarray(a).astype(a.dtype.newbyteorder("<")).tobytes().hex()}
out = {}
for name in os.listdir(root):
    path = os.path.join(root, name)
    if name.endswith(".npy"):
        out[name] = logical(np.load(path))
        assert (np.load(path, mmap_mode="r") if os.path.getsize(path) > 0 and np.load(path).size else np.load(path)).shape == np.load(path).shape
    else:
        with np.load(path) as z: out[name] = [[k, logical(z[k])] for k in z.files]
print(json.dumps(out))
`;

async function python(code: string, ...args: string[]): Promise<string> {
  const command = new Deno.Command(PYTHON, { args: ["-c", code, ...args], stdout: "piped", stderr: "piped" });
  const { success, stdout, stderr } = await command.output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function hasNumpy(): Promise<boolean> {
  // Asking first keeps a terminal from being asked.
  const { state } = await Deno.permissions.query({ name: "run", command: PYTHON });
  if (state !== "granted") return false;
  try {
    await python("import numpy");
    return true;
  } catch {
    return false;
  }
}

const ignore = !await hasNumpy();
if (ignore) {
  // deno-lint-ignore no-console
  console.log(
    "The tests with NumPy are not run: install it with `apt-get install python3-numpy`, and allow --allow-run",
  );
}

const dtypes = Object.keys(dataTypes) as DataType[];

/** The array that both sides make. */
function model(dtype: DataType, shape: number[], order: "C" | "F"): NdArray {
  const { array, itemSize, parts } = dataTypes[dtype];
  const size = shape.reduce((product, length) => product * length, 1);
  const data = new array(new ArrayBuffer(size * itemSize));
  const stride = stridesOf(shape, order);
  const rows = stridesOf(shape);
  for (let i = 0; i < size; i++) {
    const at = shape.reduce((sum, length, axis) => sum + Math.floor(i / rows[axis]!) % length * stride[axis]!, 0);
    const value = dtype === "bool" ? i % 2 : i;
    if (parts === 2) data.set([value, value + 0.5] as never, at * 2);
    else data[at] = (typeof data[at] === "bigint" ? BigInt(value) : value) as never;
  }
  return { dtype, data, shape, stride } as NdArray;
}

Deno.test({
  name: "npy() and npz() read what NumPy writes, and write the same bytes",
  ignore,
  async fn() {
    const root = await Deno.makeTempDir();
    try {
      await python(WRITE, root, dtypes.join(), JSON.stringify(SHAPES));
      let files = 0;
      for (const dtype of dtypes) {
        for (const [s, shape] of SHAPES.entries()) {
          for (const order of ["C", "F"] as const) {
            for (const endian of ["le", "be"] as const) {
              const expected = model(dtype, shape, order);
              for (const version of [1, 2, 3, "plain"]) {
                const bytes = await Deno.readFile(`${root}/${dtype}-${s}-${order}-${version}-${endian}.npy`);
                const actual = await npy().decode(bytes);
                const what = `${dtype} [${shape}] ${order} ${version} ${endian}`;
                assert.deepEqual(
                  [actual.dtype, actual.shape, elementsOf(actual)],
                  [dtype, shape, elementsOf(expected)],
                  what,
                );
                if (version === "plain") {
                  const ours = await encoded(npy({ endian: endian === "be" ? "big" : "little" }), actual);
                  assert.deepEqual(ours, bytes, what);
                  if (shape.filter((length) => length !== 1).length > 1 && !shape.includes(0)) {
                    assert.deepEqual(actual.stride, expected.stride, what);
                  }
                }
                files++;
              }
            }
          }
        }
      }
      assert.equal(files, 14 * SHAPES.length * 2 * 2 * 4);
      for (const name of ["stored", "deflated"]) {
        const arrays = await npz().decode(await Deno.readFile(`${root}/${name}.npz`));
        assert.deepEqual(Object.keys(arrays), SHAPES.map((_, i) => `a${i}/é`));
        assert.deepEqual(Object.values(arrays), SHAPES.map((shape) => model("float32", shape, "C")));
      }
      for (const name of ["object", "record", "string", "date", "long"]) {
        const bytes = await Deno.readFile(`${root}/${name}.npy`);
        assert.throws(() => npy().decode(bytes), { code: "unsupported" }, name);
      }
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});

Deno.test({
  name: "NumPy reads what npy() and npz() write",
  ignore,
  async fn() {
    const root = await Deno.makeTempDir();
    try {
      const expected = new Map<string, NdArray>();
      for (const dtype of dtypes) {
        for (const [s, shape] of SHAPES.entries()) {
          for (const order of ["C", "F"] as const) {
            for (const endian of ["little", "big"] as const) {
              const array = model(dtype, shape, order);
              const name = `${dtype}-${s}-${order}-${endian}.npy`;
              expected.set(name, array);
              await Deno.writeFile(`${root}/${name}`, await encoded<NdArray>(npy({ endian }), array));
            }
          }
        }
      }
      const arrays = Object.fromEntries(dtypes.map((dtype) => [`${dtype}/é.x`, model(dtype, [2, 3], "F")]));
      await Deno.writeFile(`${root}/stored.npz`, await encoded(npz(), arrays));
      await Deno.writeFile(`${root}/deflated.npz`, await encoded(npz({ compress: true }), arrays));
      const read = JSON.parse(await python(READ, root));
      for (const [name, array] of expected) check(read[name], array, name);
      for (const name of ["stored.npz", "deflated.npz"]) {
        assert.deepEqual(read[name].map(([key]: [string]) => key), Object.keys(arrays));
        for (const [key, found] of read[name]) check(found, arrays[key]!, key);
      }
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});

const KINDS: Record<string, string> = { bool: "b", int: "i", uint: "u", float: "f", complex: "c" };

function check(found: { dtype: string; shape: number[]; bytes: string }, array: NdArray, what: string): void {
  const { itemSize } = dataTypes[array.dtype];
  const code = `${itemSize === 1 ? "|" : "<"}${KINDS[array.dtype.replace(/\d+$/, "")]}${itemSize}`;
  assert.deepEqual([found.dtype, found.shape, found.bytes], [code, array.shape, elementsOf(array).join("")], what);
}
