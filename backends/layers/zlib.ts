/**
 * {@linkcode Zlib}: `node:zlib`, loaded when it is first needed.
 *
 * @module
 */

/** A way to compress. */
export type CompressionMethod = "gzip" | "zstd";

/** What is used of `node:zlib`, which is native in Deno. */
export interface Zlib {
  /** Compresses. */
  pack(method: CompressionMethod, bytes: Uint8Array, level: number | undefined): Uint8Array;
  /** Decompresses to at most `length` bytes; throws if it is more, or not whole. */
  unpack(method: CompressionMethod, bytes: Uint8Array, length: number): Uint8Array;
  /** The CRC-32 of bytes, which follow those of another one. */
  crc32(bytes: Uint8Array, before?: number): number;
  /** Lets others work. */
  yield(): Promise<void>;
}

/** The smallest chunk that `node:zlib` takes. */
const CHUNK = 64;

const MAX_CHUNK = 64 * 1024;

let loading: Promise<Zlib> | undefined;

/** Loads it. */
export function loadZlib(): Promise<Zlib> {
  return loading ??= load();
}

async function load(): Promise<Zlib> {
  const [zlib, { setImmediate }] = await Promise.all([import("node:zlib"), import("node:timers")]);
  const { constants, crc32, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } = zlib;
  return {
    pack(method, bytes, level): Uint8Array {
      // Small chunks are joined at some cost.
      const chunkSize = Math.max(CHUNK, Math.min(bytes.length >> 2, MAX_CHUNK));
      if (method === "gzip") return gzipSync(bytes, level === undefined ? { chunkSize } : { chunkSize, level });
      const params = level === undefined ? undefined : { [constants.ZSTD_c_compressionLevel]: level };
      return zstdCompressSync(bytes, params ? { chunkSize, params } : { chunkSize });
    },
    unpack(method, bytes, length): Uint8Array {
      const options = { maxOutputLength: Math.max(1, length), chunkSize: Math.max(CHUNK, length) };
      return method === "gzip" ? gunzipSync(bytes, options) : zstdDecompressSync(bytes, options);
    },
    crc32: (bytes, before) => crc32(bytes, before),
    yield: () => new Promise((resolve) => void setImmediate(resolve)),
  };
}
