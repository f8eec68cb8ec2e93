/** The arrays that other implementations are to read: every element type, codec, layout and format. */

import { sizeOf } from "../../backends/formats/shape.ts";
import type { Store } from "../../backends/stores/store.ts";
import type { Compressor, ZarrLayoutOptions } from "../../backends/zarr/array_plan.ts";
import { dataTypeOf, type Elements } from "../../backends/zarr/data_type.ts";
import { elementsToBytes } from "../../backends/zarr/elements.ts";
import { slice } from "../../backends/zarr/selection.ts";
import { valueOf, type ZarrValue } from "../../backends/zarr/value.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";

/** One array. */
export interface Case {
  /** Its path, which tells what it is. */
  readonly name: string;
  /** What its elements are, as options name it. */
  readonly dataType: string;
  /** Which format. */
  readonly format: 2 | 3;
  /** What compresses it; `undefined` if nothing does. */
  readonly compressor: Compressor | undefined;
  /** How it is laid out. */
  readonly layout: string;
  /** How it is made. */
  readonly options: ZarrLayoutOptions;
}

const FILLS: Readonly<Record<string, ZarrLayoutOptions["fillValue"]>> = {
  bool: true,
  int8: -3,
  int64: -7,
  uint64: 9,
  float32: NaN,
  float64: Infinity,
  complex64: [1, -2],
  string: "fill",
  "string:5": "fill",
  "datetime64[ns]": 11n,
};

/** The element types. */
export const TYPES: readonly string[] = [
  ...["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"],
  ...["float16", "float32", "float64", "complex64", "complex128"],
  ...["string", "string:5", "bytes:3", "datetime64[ns]", "timedelta64[s]"],
];

const SHAPE = [7, 5];
const CHUNKS = [3, 2];

const LAYOUTS: Readonly<Record<string, ZarrLayoutOptions>> = {
  c: {},
  f: { order: "F" },
  big: { endian: "big" },
  dots: { separator: ".", order: "F", endian: "big" },
  whole: { chunks: [-1, -1] },
  sharded: { shards: [6, 4] },
  fsharded: { shards: [6, 4], order: "F", endian: "big" },
};

const COMPRESSORS: readonly Compressor[] = [
  { name: "gzip", level: 5 },
  { name: "zlib", level: 1 },
  { name: "zstd", level: 3 },
  { name: "lz4" },
  ...["lz4", "lz4hc", "zstd", "zlib", "blosclz"].flatMap((cname) =>
    ["noshuffle", "shuffle", "bitshuffle"].map((shuffle) => ({ name: "blosc", cname, shuffle, clevel: 5 }))
  ),
];

/** The cases: each type in each layout, and each codec on types of each width. */
export function cases(): Case[] {
  const all: Case[] = [];
  let turn = 0;
  for (const format of [2, 3] as const) {
    for (const dataType of TYPES) {
      for (const [layout, options] of Object.entries(LAYOUTS)) {
        if (format === 2 && options.shards !== undefined) continue;
        const compressor = turn++ % 3 === 0 ? undefined : COMPRESSORS[turn % COMPRESSORS.length]!;
        all.push(caseOf(format, dataType, layout, options, compressor));
      }
    }
    for (const compressor of COMPRESSORS) {
      for (const dataType of ["uint8", "int16", "float32", "float64", "complex128"]) {
        all.push(caseOf(format, dataType, "large", { chunks: [40, 50] }, compressor));
      }
    }
    for (const dataType of ["int16", "float64"]) {
      const filters = [[{ name: "delta" }], [{ name: "shuffle" }], [{ name: "delta" }, { name: "shuffle" }]];
      for (const each of filters) {
        const layout = `filtered-${each.map(({ name }) => name).join("-")}`;
        all.push(caseOf(format, dataType, layout, { filters: each, endian: "big" }, { name: "zlib", level: 1 }));
      }
    }
  }
  return all;
}

function caseOf(
  format: 2 | 3,
  dataType: string,
  layout: string,
  options: ZarrLayoutOptions,
  compressor: Compressor | undefined,
): Case {
  const codec = compressor === undefined ? "none" : Object.values(compressor).join("-");
  const fillValue = FILLS[dataType];
  return {
    name: `v${format}.${dataType.replace(/[:[\]]/g, "_")}.${layout}.${codec}`,
    dataType,
    format,
    compressor,
    layout,
    options: {
      format,
      chunks: CHUNKS,
      ...options,
      dataType: dataType as NonNullable<ZarrLayoutOptions["dataType"]>,
      compressor: compressor ?? null,
      ...(fillValue === undefined ? {} : { fillValue }),
    },
  };
}

/** Writes a case: all but the last rows, which stay what was never written. */
export async function writeCase(store: Store, { name, dataType, layout, options }: Case): Promise<ZarrValue> {
  const type = dataTypeOf(dataType);
  const shape = layout === "large" ? [90, 120] : SHAPE;
  const array = await StoredArray.create(store, name, type.name, shape, options);
  const rows = shape[0]! - Math.floor(shape[0]! / 7);
  const written = [rows, shape[1]!];
  await array.set([slice(rows)], valueOf(elementsOf(dataType, sizeOf(written)), type, written));
  return await array.get();
}

/** Elements of a type: the extremes first. */
export function elementsOf(dataType: string, count: number): Elements {
  const type = dataTypeOf(dataType);
  if (type.name === "string") return Array.from({ length: count }, (_, i) => ["", "é", "äßx", "𝄞𝄞", "abcde"][i % 5]!);
  if (type.name === "bytes") return Array.from({ length: count }, (_, i) => new Uint8Array([i, 255 - i, i % 3]));
  const bytes = new Uint8Array(count * type.itemSize!);
  if (type.numbers === "bool") return bytes.map((_, i) => i % 3 === 0 ? 1 : 0);
  const view = new DataView(bytes.buffer);
  const size = type.swapSize;
  const float = /^(float|complex)/.test(type.numbers!);
  for (let i = 0; i * size < bytes.length; i++) {
    if (!float) {
      const extreme = [0n, -1n, 1n << BigInt(size * 8 - 1), (1n << BigInt(size * 8 - 1)) - 1n][i];
      const value = extreme ?? BigInt((i >> 3) * 37 % 101);
      for (let byte = 0; byte < size; byte++) view.setUint8(i * size + byte, Number(value >> BigInt(8 * byte) & 255n));
      continue;
    }
    const value = [NaN, Infinity, -Infinity, -0][i] ?? Math.round(Math.sin(i / 9) * 256) / 4;
    if (size === 2) view.setFloat16(i * size, value, true);
    else if (size === 4) view.setFloat32(i * size, value, true);
    else view.setFloat64(i * size, value, true);
  }
  return valueBytes(dataType, bytes);
}

function valueBytes(dataType: string, bytes: Uint8Array<ArrayBuffer>): Elements {
  const { numbers } = dataTypeOf(dataType);
  const arrays = {
    int8: Int8Array,
    uint8: Uint8Array,
    int16: Int16Array,
    uint16: Uint16Array,
    int32: Int32Array,
    uint32: Uint32Array,
    int64: BigInt64Array,
    uint64: BigUint64Array,
    float16: Float16Array,
    float32: Float32Array,
    float64: Float64Array,
    complex64: Float32Array,
    complex128: Float64Array,
  };
  return new arrays[numbers as keyof typeof arrays](bytes.buffer);
}

/** The elements as text: the bytes of all of them in C order, or the strings. */
export function truthOf(value: ZarrValue, dataType: string): string | string[] {
  if (value.dtype === "string") return value.data as string[];
  return elementsToBytes(value.data, dataTypeOf(dataType)).toHex();
}
