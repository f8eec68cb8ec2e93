/**
 * The codecs that are known here, by the names of v3 and v2.
 *
 * @module
 */

import { blosc } from "./blosc.ts";
import { bytes } from "./bytes.ts";
import type { Codecs } from "./codec.ts";
import { gzip, zlib, zstd } from "./compress.ts";
import { crc32c } from "./crc32c.ts";
import { delta, deltaV2, shuffle } from "./filters.ts";
import { lz4 } from "./lz4.ts";
import { sharding } from "./sharding.ts";
import { transpose } from "./transpose.ts";
import { vlenBytes, vlenUtf8 } from "./variable.ts";

/** All codecs. */
export const CODECS: Codecs = {
  bytes,
  transpose,
  gzip,
  zlib,
  zstd,
  crc32c,
  blosc,
  lz4,
  shuffle,
  "vlen-utf8": vlenUtf8,
  "vlen-bytes": vlenBytes,
  ["sharding_indexed"]: (configuration, chunk) => sharding(configuration, chunk, CODECS),
  "v2.delta": deltaV2,
  "numcodecs.blosc": blosc,
  "numcodecs.lz4": lz4,
  "numcodecs.delta": delta,
  "numcodecs.gzip": gzip,
  "numcodecs.zlib": zlib,
  "numcodecs.zstd": zstd,
  "numcodecs.shuffle": shuffle,
};
