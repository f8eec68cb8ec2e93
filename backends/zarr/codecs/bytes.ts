/**
 * `bytes`: elements of a fixed size one after the other, in either byte order.
 *
 * @see {@link https://zarr-specs.readthedocs.io/en/latest/v3/codecs/bytes/index.html Zarr v3: bytes}
 * @module
 */

import { StorageError } from "../../errors.ts";
import { sizeOf } from "../../formats/shape.ts";
import { bytesToElements, elementsToBytes, LITTLE, swapped } from "../elements.ts";
import type { JsonObject } from "../json.ts";
import { malformed } from "../metadata.ts";
import type { ChunkSpec, SerialCodec } from "./codec.ts";
import { wordOf } from "./configuration.ts";

/** Makes the codec. */
export function bytes(configuration: JsonObject, { shape, type }: ChunkSpec): SerialCodec {
  if (type.itemSize === undefined) throw malformed(`the codec bytes cannot keep ${type.name} of any length`);
  if (type.swapSize > 1 && configuration.endian === undefined) {
    throw malformed(`the codec bytes needs an endian for ${type.name}`);
  }
  const endian = wordOf(configuration, "endian", ["little", "big"], "little");
  const size = sizeOf(shape) * type.itemSize;
  const turn = (data: Uint8Array): Uint8Array =>
    endian === "big" && type.swapSize > 1 ? swapped(data, type.swapSize) : data;
  return {
    kind: "serial",
    size,
    isPlain: type.storage === "number" && (endian === "little" || type.swapSize === 1) && LITTLE,
    encode: (elements) => turn(elementsToBytes(elements, type)),
    decode(data) {
      if (data.length === size) return bytesToElements(turn(data), type);
      throw new StorageError("corrupt", `a chunk has ${data.length} bytes instead of ${size}`);
    },
  };
}
