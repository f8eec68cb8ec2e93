/** Blocks that are compressed here, decompressed here; other implementations read them in tests/interop. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { blosclzDecompress, lz4Decompress } from "../../backends/zarr/codecs/lz.ts";
import { blosclzCompress, lz4hcCompress } from "../../backends/zarr/codecs/lz_encode.ts";

/** Bytes that repeat in every way: literal, short and long runs, near and far. */
const BLOCK = fc.array(
  fc.oneof(
    fc.record({ bytes: fc.uint8Array({ maxLength: 70 }), times: fc.constant(1) }),
    fc.record({ bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }), times: fc.integer({ min: 2, max: 400 }) }),
  ),
  { maxLength: 12 },
).map((parts) =>
  new Uint8Array(parts.flatMap(({ bytes, times }) => Array.from({ length: times }, () => [...bytes]).flat()))
);

for (
  const [name, compress, decompress] of [
    ["lz4hc", lz4hcCompress, lz4Decompress],
    ["blosclz", blosclzCompress, blosclzDecompress],
  ] as const
) {
  Deno.test(`${name}: what is compressed comes back`, () => {
    fc.assert(fc.property(BLOCK, fc.constantFrom(1, 4, 64), (block, depth) => {
      if (name === "blosclz" && block.length === 0) return;
      assert.deepEqual(decompress(compress(block, depth), block.length), block);
    }));
  });

  Deno.test(`${name}: points back as far as the format can, and no further`, () => {
    for (const distance of [8190, 8191, 8192, 8193, 65_534, 65_535, 65_536]) {
      const block = new Uint8Array(distance + 400);
      // Nothing but the two ends is alike.
      for (let i = 0; i < block.length; i++) block[i] = Math.imul(i, 2_654_435_761) >>> 13 ^ i >>> 7;
      block.copyWithin(distance, 0, 300);
      const packed = compress(block, 64);
      assert.deepEqual(decompress(packed, block.length), block, `distance ${distance}`);
    }
  });

  Deno.test(`${name}: a thorough search makes less of the same`, () => {
    // The latest run that is alike is a short one, an earlier one is longer.
    const text = new TextEncoder().encode(
      Array.from({ length: 400 }, (_, i) => `abcd${i % 10} abcdefghijklmn${i * 7 % 13} abcde${i % 7}\n`).join(""),
    );
    const [quick, thorough] = [1, 256].map((depth) => compress(text, depth).length);
    assert(thorough! < quick! && quick! < text.length / 2, `${quick} and ${thorough} of ${text.length}`);
  });
}
