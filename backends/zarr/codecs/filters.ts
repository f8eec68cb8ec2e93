/**
 * `shuffle` and `delta`: bytes and numbers put so that they compress better.
 *
 * @see {@link https://numcodecs.readthedocs.io/en/stable/filter/delta.html numcodecs}
 * @module
 */

import { StorageError } from "../../errors.ts";
import { dataTypes, type TypedArray } from "../../formats/ndarray.ts";
import { dataTypeOfV2, type Elements, type ZarrDataType } from "../data_type.ts";
import { bytesToElements, elementsToBytes, swapped } from "../elements.ts";
import type { JsonObject } from "../json.ts";
import { malformed, notKnown, shown } from "../metadata.ts";
import type { BytesCodec, ChunkSpec, ElementsCodec } from "./codec.ts";
import { integerOf } from "./configuration.ts";

/** Makes the codec `shuffle`: the first bytes of all elements, then the second, … */
export function shuffle(configuration: JsonObject): BytesCodec {
  const size = integerOf(configuration, "elementsize", { minimum: 1, maximum: 4096, otherwise: 4 });
  function checked(bytes: Uint8Array): Uint8Array {
    if (bytes.length % size === 0) return bytes;
    throw new StorageError("corrupt", `a chunk of ${bytes.length} bytes cannot be shuffled by ${size}`);
  }
  return {
    kind: "bytes",
    size: (input) => input,
    encode: (bytes) => shuffled(checked(bytes), size),
    decode: (bytes) => unshuffled(checked(bytes), size),
  };
}

/** The first bytes of all elements, then the second, …; what is left over stays at the end. */
export function shuffled(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length);
  const count = Math.floor(bytes.length / size);
  for (let part = 0; part < size; part++) {
    const start = part * count;
    let from = part;
    for (let i = 0; i < count; i++) {
      result[start + i] = bytes[from]!;
      from += size;
    }
  }
  result.set(bytes.subarray(count * size), count * size);
  return result;
}

/** What `shuffled` was given. */
export function unshuffled(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length);
  const count = Math.floor(bytes.length / size);
  for (let part = 0; part < size; part++) {
    const start = part * count;
    let to = part;
    for (let i = 0; i < count; i++) {
      result[to] = bytes[start + i]!;
      to += size;
    }
  }
  result.set(bytes.subarray(count * size), count * size);
  return result;
}

/** Makes the codec `numcodecs.delta`: each number less the one before it. */
export function delta(configuration: JsonObject, chunk: ChunkSpec): ElementsCodec {
  const { type } = numbersOf(configuration, "dtype");
  if (type.numbers !== chunk.type.numbers) {
    throw malformed(`the codec delta is for ${type.name}, and the array is of ${chunk.type.name}`);
  }
  return {
    kind: "elements",
    output: chunk,
    encode: (elements) => differences(elements as TypedArray),
    decode: (elements) => sums(elements as TypedArray),
  };
}

/** Makes the delta of v2, which is given bytes and says itself what numbers they are. */
export function deltaV2(configuration: JsonObject): BytesCodec {
  const { type, endian } = numbersOf(configuration, "dtype");
  function on(bytes: Uint8Array, change: (numbers: TypedArray) => Elements): Uint8Array {
    if (bytes.length % type.itemSize! !== 0) {
      throw new StorageError("corrupt", `a chunk of ${bytes.length} bytes is not of ${type.name}`);
    }
    const turn = (data: Uint8Array): Uint8Array => endian === "big" ? swapped(data, type.swapSize) : data;
    return turn(elementsToBytes(change(bytesToElements(turn(bytes), type) as TypedArray), type));
  }
  return {
    kind: "bytes",
    size: (input) => input,
    encode: (bytes) => on(bytes, differences),
    decode: (bytes) => on(bytes, sums),
  };
}

function numbersOf(
  configuration: JsonObject,
  name: string,
): { readonly type: ZarrDataType; readonly endian: "little" | "big" } {
  const found = dataTypeOfV2(configuration[name] ?? null, undefined);
  const { astype = configuration[name]! } = configuration;
  if (found.type.numbers === undefined || found.type.numbers === "bool" || dataTypes[found.type.numbers].parts === 2) {
    throw notKnown(`the codec delta for ${found.type.name} is not known here`);
  }
  if (astype === configuration[name]) return found;
  throw notKnown(`the codec delta with astype ${shown(astype)} other than its dtype is not known here`);
}

function differences(numbers: TypedArray): TypedArray {
  const result = numbers.slice() as unknown as number[] & TypedArray;
  const source = numbers as unknown as number[];
  for (let i = result.length - 1; i > 0; i--) result[i] = source[i]! - source[i - 1]!;
  return result;
}

function sums(numbers: TypedArray): TypedArray {
  const result = numbers.slice() as unknown as number[] & TypedArray;
  for (let i = 1; i < result.length; i++) result[i]! += result[i - 1]!;
  return result;
}
