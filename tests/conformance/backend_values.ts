/**
 * Values for the round trips: what each format must keep.
 *
 * @module
 */

import { type DataType, dataTypes, type NdArray, type Order, sizeOf, stridesOf } from "../../backends/formats/mod.ts";
import { noise } from "./assertions.ts";

/** A value and the file it is saved to. */
export type Sample = readonly [path: string, value: unknown];

/** What `.json` keeps. */
export function jsonSamples(): Sample[] {
  const proto = JSON.parse('{ "z": 1, "__proto__": { "polluted": true }, "constructor": null, "a": [] }');
  const values: readonly unknown[] = [
    null,
    true,
    false,
    0,
    -0,
    5e-324,
    Number.MAX_VALUE,
    Number.MAX_SAFE_INTEGER,
    0.1 + 0.2,
    "",
    "\u2028\u0000\ud800 \u{1f600} \ufeff",
    [],
    {},
    [[[]], {}, [null, -0]],
    { z: 1, a: 2, m: { y: [1, { x: -0 }], b: "" } },
    { 2: "two", 1: "one", b: 1, "": "empty", "10": 0 },
    proto,
    { toJSON: "a string", then: 1, length: 3, valueOf: null },
    Array.from({ length: 1000 }, (_, i) => i / 7),
  ];
  return values.map((value, i) => [`json/${i}.json`, value]);
}

/** What `.txt` and `.md` keep. */
export function textSamples(): Sample[] {
  const texts = [
    "",
    "\ufeffwith a mark",
    "\ufeff\ufeff",
    "a\r\nb\rc\nd\r\n",
    "\u{1f468}\u200d\u{1f469}\u200d\u{1f467} e\u0301 \u00e9",
    "\0\u0001\x7f\u0085\u2028\uffff\u{10ffff}",
    "x".repeat(100_001),
  ];
  return texts.map((value, i) => [`text/${i}${i % 2 === 0 ? ".txt" : ".MD"}`, value]);
}

/** Bytes, under a suffix that no format knows and under none. */
export function byteSamples(): Sample[] {
  const buffer = noise(1000);
  const views = [
    new Uint8Array(),
    new Uint8Array([0]),
    Uint8Array.from({ length: 256 }, (_, i) => i),
    buffer,
    buffer.subarray(1, 7),
    buffer.subarray(999),
    new Uint8Array(buffer.buffer, 500, 0),
    noise(200_000),
  ];
  const names = ["file", "file.unknown", "json", ".json", ".hidden", "file.json.gz", "file.", "file.npy~"];
  return views.map((value, i) => [`bytes/${names[i]}`, value]);
}

/** Arrays of every dtype, in both orders, of no axis, and of none or one element. */
export function arraySamples(): Sample[] {
  const samples: Sample[] = [];
  const add = (dtype: DataType, shape: number[], order: Order = "C"): void => {
    samples.push([`npy/${dtype}-${shape.join("x")}-${order}.npy`, array(dtype, shape, order)]);
  };
  for (const dtype of Object.keys(dataTypes) as DataType[]) {
    add(dtype, [2, 3], "C");
    add(dtype, [3, 2], "F");
  }
  for (const dtype of ["bool", "float16", "complex128"] as const) {
    for (const shape of [[], [0], [1], [2, 0, 3], [1, 1, 1], [2, 1, 3, 2]]) add(dtype, shape);
    add(dtype, [2, 3, 4], "F");
  }
  return samples;
}

/** Records of arrays. */
export function archiveSamples(): Sample[] {
  const all = Object.fromEntries(arraySamples().map(([path, value]) => [path.slice(4, -4), value]));
  const odd = JSON.parse('{ "b": 0, "__proto__": 0, "a/b": 0, "": 0, "\u00e9 \u2028": 0 }');
  for (const [i, key] of Object.keys(odd).entries()) {
    const property = { value: array("int16", [i]), configurable: true, enumerable: true, writable: true };
    Object.defineProperty(odd, key, property);
  }
  return [["npz/all.npz", all], ["npz/none.npz", {}], ["npz/odd.npz", odd]];
}

/** An array of arbitrary bits, not-a-numbers of all kinds among them. */
export function array<D extends DataType>(dtype: D, shape: number[], order: Order = "C"): NdArray<D> {
  const { array: Elements, itemSize } = dataTypes[dtype];
  const bytes = noise(sizeOf(shape) * itemSize, shape.length + itemSize);
  if (dtype === "bool") { for (let i = 0; i < bytes.length; i++) bytes[i]! &= 1; }
  return { dtype, data: new Elements(bytes.buffer as ArrayBuffer), shape, stride: stridesOf(shape, order) };
}

/** What only a backend that keeps values as they are can keep. */
export function anySamples(): Sample[] {
  const shared = { list: [1] };
  const sparse = [1, , 3];
  const values: readonly unknown[] = [
    undefined,
    null,
    Number.NaN,
    -Infinity,
    10n ** 30n,
    new Date(1e12),
    new Map<unknown, unknown>([[{ a: 1 }, new Set([1, "1"])], ["b", undefined]]),
    /a+/giu,
    { missing: undefined, nan: Number.NaN, big: 1n },
    [undefined, shared, shared],
    sparse,
    new Float64Array([-0, Number.NaN]).subarray(1),
    new ArrayBuffer(3),
    "\ud800",
  ];
  return values.map((value, i) => [`any/${i}.json`, value]);
}
