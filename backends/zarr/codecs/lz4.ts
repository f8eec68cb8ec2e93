/**
 * `lz4`, as numcodecs writes it: the size in four bytes, then one block.
 *
 * @see {@link https://numcodecs.readthedocs.io/en/stable/compression/lz4.html numcodecs}
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { JsonObject } from "../json.ts";
import type { BytesCodec } from "./codec.ts";
import { integerOf } from "./configuration.ts";
import { lz4Decompress } from "./lz.ts";

/** Makes the codec. */
export async function lz4(configuration: JsonObject): Promise<BytesCodec> {
  const acceleration = integerOf(configuration, "acceleration", { minimum: -65_537, maximum: 65_537, otherwise: 1 });
  const { default: Lz4 } = await import("numcodecs/lz4");
  const engine = Lz4.fromConfig({ id: "lz4", acceleration });
  return {
    kind: "bytes",
    size: () => undefined,
    encode: (bytes) => engine.encode(bytes),
    decode(bytes, size) {
      const found = bytes.length < 4 ? -1 : new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
      if (found >= 0 && (size === undefined || found === size)) return lz4Decompress(bytes.subarray(4), found);
      throw new StorageError("corrupt", `a chunk of lz4 holds ${found} bytes instead of ${size}`);
    },
  };
}

/** Compresses to one block of LZ4, without a size before it. */
export async function lz4Block(): Promise<(bytes: Uint8Array) => Promise<Uint8Array>> {
  const { default: Lz4 } = await import("numcodecs/lz4");
  const engine = Lz4.fromConfig({ id: "lz4", acceleration: 1 });
  return async (bytes) => (await engine.encode(bytes)).subarray(4);
}
