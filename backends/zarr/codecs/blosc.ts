/**
 * `blosc`: blocks that are shuffled and compressed each by itself.
 *
 * The c-blosc that is to be had takes every element for four bytes long when it encodes, and gives back anything for bytes that have
 * changed; so both ways are ours.
 *
 * @see {@link https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst The format}
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { JsonObject } from "../json.ts";
import { malformed, notKnown, shown } from "../metadata.ts";
import { bitshuffled, bitunshuffled } from "./bitshuffle.ts";
import type { BytesCodec, ChunkSpec, Maybe } from "./codec.ts";
import { plain } from "./compress.ts";
import { integerOf, wordOf } from "./configuration.ts";
import { shuffled, unshuffled } from "./filters.ts";
import { blosclzDecompress, type Decompress, lz4Decompress, snappyDecompress } from "./lz.ts";
import { lz4Block } from "./lz4.ts";
import { blosclzCompress, lz4hcCompress } from "./lz_encode.ts";

const HEADER = 16;
/** The version of the format. */
const VERSION = 2;
/** More than this a chunk of Blosc cannot hold. */
const MAX_SIZE = 2 ** 31 - 1 - HEADER;
/** Blocks fit into the second cache of a core. */
const BLOCK = 256 * 1024;
/** Flags of the header. */
const SHUFFLED = 0x1;
const STORED = 0x2;
const BITSHUFFLED = 0x4;
const NOT_SPLIT = 0x10;

const NAMES = ["blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"] as const;
/** A compressor by its name. */
type Name = typeof NAMES[number];

/** How a compressor is told in the header: `lz4hc` writes what `lz4` does. */
const FORMATS: Readonly<Record<Name, number>> = { blosclz: 0, lz4: 1, lz4hc: 1, snappy: 2, zlib: 3, zstd: 4 };

const SHUFFLES = ["noshuffle", "shuffle", "bitshuffle"] as const;

/** Compresses one block. */
type Compress = (block: Uint8Array) => Maybe<Uint8Array>;

/** Makes the codec. */
export async function blosc(configuration: JsonObject, { type }: ChunkSpec): Promise<BytesCodec> {
  const name = wordOf(configuration, "cname", NAMES, "lz4");
  const level = integerOf(configuration, "clevel", { minimum: 0, maximum: 9, otherwise: 5 });
  const typeSize = integerOf(configuration, "typesize", {
    minimum: 1,
    maximum: 255,
    otherwise: widthOf(type.itemSize),
  });
  const shuffle = shuffleOf(configuration.shuffle, typeSize);
  const blockSize = integerOf(configuration, "blocksize", { minimum: 0, maximum: MAX_SIZE, otherwise: 0 });
  const decompressors = await decompressorsOf();
  const compress = await compressorOf(name, level);
  return {
    kind: "bytes",
    size: () => undefined,
    encode: (bytes) => encode(bytes, { compress, format: FORMATS[name], typeSize, shuffle, blockSize }),
    decode: (bytes, size) => decode(bytes, size, decompressors),
  };
}

function widthOf(itemSize: number | undefined): number {
  return itemSize !== undefined && itemSize >= 1 && itemSize <= 255 ? itemSize : 1;
}

/** What GDAL writes in format 2. */
const GDAL_SHUFFLES = ["NONE", "BYTE", "BIT"];

/** Of v3 by its name, of v2 by its number, where -1 leaves the choice. */
function shuffleOf(value: JsonObject[string] | undefined, typeSize: number): 0 | 1 | 2 {
  if (value === -1) return typeSize === 1 ? 2 : 1;
  const shuffle = typeof value === "string"
    ? Math.max(SHUFFLES.indexOf(value as "shuffle"), GDAL_SHUFFLES.indexOf(value))
    : value ?? 1;
  if (shuffle === 0 || shuffle === 1 || shuffle === 2) return shuffle;
  throw malformed(`shuffle must be one of ${SHUFFLES.join(", ")}: it is ${shown(value)}`);
}

async function compressorOf(name: Name, level: number): Promise<Compress | undefined> {
  if (level === 0) return undefined;
  const { constants, deflateSync, zstdCompressSync } = await import("node:zlib");
  switch (name) {
    case "zstd": {
      // As c-blosc takes it: 9 is the most that zstd can.
      const params = { [constants.ZSTD_c_compressionLevel]: level < 9 ? level * 2 - 1 : 22 };
      return (block) => zstdCompressSync(block, { params });
    }
    case "zlib":
      return (block) => deflateSync(block, { level });
    case "lz4":
      return await lz4Block();
    case "lz4hc":
      return (block) => lz4hcCompress(block, 2 ** Math.min(level, 8));
    case "blosclz":
      return (block) => blosclzCompress(block, level < 5 ? 1 : 2 ** (level - 4));
  }
  return () => {
    throw notKnown(`blosc with ${name} can be read here, not written: choose lz4, zstd or zlib`);
  };
}

interface Encoding {
  readonly compress: Compress | undefined;
  readonly format: number;
  readonly typeSize: number;
  readonly shuffle: 0 | 1 | 2;
  readonly blockSize: number;
}

async function encode(bytes: Uint8Array, encoding: Encoding): Promise<Uint8Array> {
  const { compress, format, typeSize, shuffle, blockSize } = encoding;
  if (bytes.length > MAX_SIZE) {
    throw new StorageError("invalid-value", "a chunk of more than 2 GiB cannot be kept by blosc");
  }
  // A block is a whole number of elements, and of eight elements where bits are shuffled.
  const unit = typeSize * 8;
  const wanted = Math.min(blockSize === 0 ? BLOCK : blockSize, Math.max(bytes.length, 1));
  const block = wanted < bytes.length ? Math.max(unit, wanted - wanted % unit) : Math.max(bytes.length, 1);
  const count = Math.ceil(bytes.length / block);
  const flags = NOT_SPLIT | format << 5 | (shuffle === 1 && typeSize > 1 ? SHUFFLED : shuffle === 2 ? BITSHUFFLED : 0);
  const blocks: Uint8Array[] = [];
  for (let index = 0; compress !== undefined && index < count; index++) {
    const part = bytes.subarray(index * block, (index + 1) * block);
    const ready = flags & SHUFFLED
      ? shuffled(part, typeSize)
      : flags & BITSHUFFLED
      ? bitshuffled(part, typeSize)
      : part;
    const small = await compress(ready);
    blocks.push(small.length < ready.length ? small : ready);
  }
  const size = blocks.reduce((sum, each) => sum + 4 + each.length, HEADER + 4 * count);
  if (blocks.length < count || size >= bytes.length + HEADER) {
    const stored = new Uint8Array(HEADER + bytes.length);
    writeHeader(stored, flags & ~(SHUFFLED | BITSHUFFLED) | STORED, typeSize, bytes.length, block);
    stored.set(bytes, HEADER);
    return stored;
  }
  const result = new Uint8Array(size);
  const view = writeHeader(result, flags, typeSize, bytes.length, block);
  let offset = HEADER + 4 * count;
  for (const [index, each] of blocks.entries()) {
    view.setUint32(HEADER + 4 * index, offset, true);
    view.setUint32(offset, each.length, true);
    result.set(each, offset + 4);
    offset += 4 + each.length;
  }
  return result;
}

function writeHeader(bytes: Uint8Array, flags: number, typeSize: number, size: number, block: number): DataView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  bytes[0] = VERSION;
  bytes[1] = 1;
  bytes[2] = flags;
  bytes[3] = typeSize;
  view.setUint32(4, size, true);
  view.setUint32(8, block, true);
  view.setUint32(12, bytes.length, true);
  return view;
}

/** Takes a chunk apart. Everything its header and its blocks tell is checked. */
function decode(bytes: Uint8Array, expected: number | undefined, decompressors: readonly Decompress[]): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER || bytes[0] !== VERSION || view.getUint32(12, true) !== bytes.length) {
    throw new StorageError("corrupt", "a chunk is not one of blosc, or not all of it");
  }
  const [flags, typeSize] = [bytes[2]!, Math.max(1, bytes[3]!)];
  const [size, block] = [view.getUint32(4, true), view.getUint32(8, true)];
  if (expected !== undefined && size !== expected) {
    throw new StorageError("corrupt", `a chunk of blosc holds ${size} bytes instead of ${expected}`);
  }
  if (flags & STORED) {
    if (bytes.length === HEADER + size) return bytes.subarray(HEADER);
    throw outside();
  }
  const decompress = decompressors[flags >> 5];
  const count = size === 0 ? 0 : Math.ceil(size / block);
  if (decompress === undefined || block === 0 || HEADER + 4 * count > bytes.length) throw outside();
  const result = new Uint8Array(size);
  for (let index = 0; index < count; index++) {
    const length = Math.min(block, size - index * block);
    const split = !(flags & NOT_SPLIT) && length === block;
    const streams = split ? typeSize : 1;
    const part = length / streams;
    if (!Number.isInteger(part)) throw outside();
    const shuffledBlock = new Uint8Array(length);
    let at = view.getUint32(HEADER + 4 * index, true);
    for (let stream = 0; stream < streams; stream++) {
      if (at < HEADER || at + 4 > bytes.length) throw outside();
      const packed = view.getUint32(at, true);
      at += 4;
      if (at + packed > bytes.length) throw outside();
      const data = bytes.subarray(at, at + packed);
      shuffledBlock.set(packed === part ? data : decompress(data, part), stream * part);
      at += packed;
    }
    const whole = flags & SHUFFLED && typeSize > 1
      ? unshuffled(shuffledBlock, typeSize)
      : flags & BITSHUFFLED && length >= typeSize
      ? bitunshuffled(shuffledBlock, typeSize)
      : shuffledBlock;
    result.set(whole, index * block);
  }
  return result;
}

function outside(): StorageError {
  return new StorageError("corrupt", "a chunk of blosc tells of blocks that are not there");
}

/** What takes the blocks apart, by the number in the header. */
async function decompressorsOf(): Promise<Decompress[]> {
  const { inflateSync, zstdDecompressSync } = await import("node:zlib");
  function checked(decompress: (block: Uint8Array, options: { maxOutputLength: number }) => Uint8Array): Decompress {
    return (block, size) => {
      try {
        const whole = plain(decompress(block, { maxOutputLength: size }));
        if (whole.length === size) return whole;
      } catch (error) {
        throw new StorageError("corrupt", "a block of a chunk cannot be decompressed", { cause: error });
      }
      throw new StorageError("corrupt", "a block of a chunk is shorter than it should be");
    };
  }
  return [blosclzDecompress, lz4Decompress, snappyDecompress, checked(inflateSync), checked(zstdDecompressSync)];
}
