/** Arrays that other implementations have written: every value of each is compared with what they say it is. */

import assert from "node:assert/strict";
import { isStorageError } from "../../backends/errors.ts";
import { DiskStore } from "../../backends/stores/disk_store.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import type { ZarrValue } from "../../backends/zarr/value.ts";
import { StoredArray } from "../../backends/zarr/stored_array.ts";

const DATA = new URL("../../../shared/data/zarr", import.meta.url).pathname;

/** What is refused, by the name of what is not known: another implementation's own extension, or a codec nobody asked for. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  bz2: /"(numcodecs\.)?bz2"/,
  lzma: /"(numcodecs\.)?lzma"/,
  LZMA: /"lzma"/,
  bitround: /"(numcodecs\.)?bitround"/,
  quantize: /"(numcodecs\.)?quantize"/,
  packbits: /"(numcodecs\.)?packbits"/,
  fixedscaleoffset: /"fixedscaleoffset"/,
  adler32: /"(numcodecs\.)?adler32"/,
  "numcodecs.crc32": /"numcodecs\.crc32"/,
  "filter.crc32": /"crc32"/,
  fletcher32: /"numcodecs\.fletcher32"/,
  "obj.json": /"json2"/,
  struct: /structure|"struct"/,
  ["cast_value"]: /"cast_value"/,
  ["scale_offset"]: /"scale_offset"/,
  rectilinear: /"rectilinear"/,
};

/** An array as the manifest tells of it. */
interface Item {
  readonly name: string;
  readonly shape?: readonly number[];
  readonly values?: readonly unknown[];
}

Deno.test("Zarr arrays of other implementations", async (t) => {
  const writers = await Array.fromAsync(Deno.readDir(DATA), ({ name }) => name).catch(() => undefined);
  await t.step({
    name: writers === undefined ? "../shared/data/zarr is not here: skipped" : `${writers.length} implementations`,
    ignore: writers === undefined,
    fn: async (t) => {
      for (const writer of writers!.sort()) {
        const { items } = JSON.parse(await Deno.readTextFile(`${DATA}/${writer}/manifest.json`)) as { items: Item[] };
        const store = new DiskStore({ root: `${DATA}/${writer}` });
        for (const item of items) {
          if (item.values === undefined) continue;
          await t.step(`${writer}: ${item.name}`, () => compare(store, item));
        }
      }
    },
  });
});

async function compare(store: DiskStore, { name, shape, values }: Item): Promise<void> {
  const [, refused] = Object.entries(REFUSED).find(([part]) => name.includes(part)) ?? [];
  let array: StoredArray;
  try {
    array = await StoredArray.open(store, name);
  } catch (error) {
    assert(refused !== undefined && isStorageError(error, "unsupported"), error as Error);
    assert.match(error.message, refused);
    return;
  }
  assert.deepEqual(array.shape, shape);
  const value = await array.get();
  assert.deepEqual(numbers(value), (values as unknown[]).flat(9).map((expected) => canonical(expected, value)));
  await copied(array, value);
}

/** What is read can be written again, in either format, and read back. */
async function copied(array: StoredArray, value: ZarrValue): Promise<void> {
  for (const format of [2, 3] as const) {
    const dataType = value.dtype === "string" || value.dtype === "bytes" ? value.dtype : undefined;
    const copy = await StoredArray.create(new MemoryStore(), `v${format}`, value.dtype, array.shape, {
      format,
      dataType,
      chunks: array.chunks,
    });
    await copy.set(undefined, value);
    assert.deepEqual(await copy.get(), value);
  }
}

/** The elements as texts, as the manifest has them. */
function numbers({ data, dtype }: ZarrValue): string[] {
  return Array.from(data as ArrayLike<unknown>, (element) => {
    if (element instanceof Uint8Array) return element.toHex();
    return dtype === "string" ? String(element) : Object.is(element, -0) ? "-0" : String(element);
  });
}

function canonical(expected: unknown, { dtype }: ZarrValue): string {
  if (typeof expected === "boolean") return String(Number(expected));
  if (dtype === "bytes") return bytesOf(String(expected));
  if (!dtype.startsWith("float") && !dtype.startsWith("complex")) return String(expected);
  const number = Number(expected);
  return Object.is(number, -0) ? "-0" : String(number);
}

/** Bytes are told as latin-1, or as Python prints them. */
function bytesOf(text: string): string {
  const python = /^b'(.*)'$/s.exec(text)?.[1];
  const plain = python?.replace(/\\(?:x([0-9a-f]{2})|(.))/gi, (_, hex, letter) => {
    return hex ? String.fromCharCode(parseInt(hex, 16)) : ({ n: "\n", r: "\r", t: "\t" }[letter as string] ?? letter);
  }) ?? text;
  return Uint8Array.from(plain, (character) => character.charCodeAt(0)).toHex();
}
