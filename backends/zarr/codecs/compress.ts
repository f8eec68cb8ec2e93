/**
 * `gzip`, `zlib` and `zstd`, by the engines that are inside Deno.
 *
 * @see {@link https://zarr-specs.readthedocs.io/en/latest/v3/codecs/gzip/index.html Zarr v3: gzip}
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { JsonObject } from "../json.ts";
import type { BytesCodec } from "./codec.ts";
import { integerOf } from "./configuration.ts";

/** The most that a chunk may become whose size nobody knows: an engine would go on until the memory ends. */
const MAX_SIZE = 2 ** 31 - 1;

/** The largest piece that an engine is told to put out: it makes room for all of it. */
const MAX_PIECE = 64 * 1024 * 1024;

/** Compresses and decompresses. */
interface Engine {
  compress(bytes: Uint8Array, room: { readonly chunkSize: number }): Uint8Array;
  decompress(bytes: Uint8Array, room: { readonly chunkSize: number; readonly maxOutputLength: number }): Uint8Array;
}

/** Makes the codec `gzip`. */
export async function gzip(configuration: JsonObject): Promise<BytesCodec> {
  const level = integerOf(configuration, "level", { minimum: 0, maximum: 9, otherwise: 5 });
  const { gunzipSync, gzipSync } = await import("node:zlib");
  return codecOf("gzip", {
    compress: (bytes, room) => gzipSync(bytes, { level, ...room }),
    decompress: (bytes, room) => gunzipSync(bytes, room),
  });
}

/** Makes the codec `zlib`. */
export async function zlib(configuration: JsonObject): Promise<BytesCodec> {
  const level = integerOf(configuration, "level", { minimum: -1, maximum: 9, otherwise: 1 });
  const { deflateSync, inflateSync } = await import("node:zlib");
  return codecOf("zlib", {
    compress: (bytes, room) => deflateSync(bytes, { level, ...room }),
    decompress: (bytes, room) => inflateSync(bytes, room),
  });
}

/** Makes the codec `zstd`. */
export async function zstd(configuration: JsonObject): Promise<BytesCodec> {
  const level = integerOf(configuration, "level", { minimum: -131_072, maximum: 22, otherwise: 0 });
  const checksum = configuration.checksum === true;
  const { constants, zstdCompressSync, zstdDecompressSync } = await import("node:zlib");
  const params = {
    [constants.ZSTD_c_compressionLevel]: level,
    [constants.ZSTD_c_checksumFlag]: checksum ? 1 : 0,
  };
  return codecOf("zstd", {
    // zarr-python before 3 decompresses only what says how long it becomes.
    compress(bytes, room) {
      const options = { params, pledgedSrcSize: bytes.length, ...room };
      return zstdCompressSync(bytes, options);
    },
    decompress: (bytes, room) => zstdDecompressSync(bytes, room),
  });
}

function codecOf(name: string, { compress, decompress }: Engine): BytesCodec {
  return {
    kind: "bytes",
    size: () => undefined,
    encode: (bytes) => plain(compress(bytes, { chunkSize: pieceOf(bytes.length) })),
    decode(bytes, size) {
      try {
        const maxOutputLength = Math.max(1, size ?? MAX_SIZE);
        const chunkSize = pieceOf(size ?? bytes.length * 4);
        return plain(decompress(bytes, { maxOutputLength, chunkSize }));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new StorageError("corrupt", `a chunk cannot be decompressed by ${name}: ${reason}`, { cause: error });
      }
    },
  };
}

/** The engines put out pieces and join them: of this size, they need one. */
function pieceOf(size: number): number {
  return Math.min(MAX_PIECE, size + (size >> 8) + 1024);
}

/** A `Buffer` as what it is a view of: its `slice` does not copy. */
export function plain({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
