/** Regions of arrays against a plain model, with random codecs, shapes and selections. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { sizeOf, stridesOf } from "../../backends/formats/shape.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { partsOf } from "../../backends/zarr/box.ts";
import { ChunkedArray } from "../../backends/zarr/chunked.ts";
import { CODECS } from "../../backends/zarr/codecs/mod.ts";
import { dataTypeOf, type Elements, type ZarrDataType } from "../../backends/zarr/data_type.ts";
import { filled, parseFill } from "../../backends/zarr/fill_value.ts";
import type { Json } from "../../backends/zarr/json.ts";
import type { ArrayMetadata, CodecSpec } from "../../backends/zarr/metadata.ts";
import { Pipeline } from "../../backends/zarr/pipeline.ts";
import { rangesOf, type Selection, slice } from "../../backends/zarr/selection.ts";

const FILLS: Readonly<Record<string, Json>> = {
  bool: true,
  int16: -7,
  uint64: 2n ** 64n - 1n,
  float32: "NaN",
  float64: 0,
  complex64: [1, -2.5],
  string: "none",
  "string:5": "ab",
  "bytes:3": "AQID",
  "datetime64[ns]": "NaT",
};

/** A value of each type for a number. */
function valueOf(type: ZarrDataType, n: number): unknown {
  if (type.name === "string") return `t${n % 1000}`;
  if (type.name === "bytes") return new Uint8Array([n, n >> 8, 1]);
  if (type.numbers === "bool") return n % 2;
  return type.numbers!.endsWith("64") && /^u?int/.test(type.numbers!) ? BigInt(n) : n % 100;
}

function compressors(size: number): CodecSpec[][] {
  return [
    [],
    [{ name: "gzip", configuration: { level: 1 } }],
    [{ name: "zstd", configuration: { level: 1, checksum: true } }, { name: "crc32c", configuration: {} }],
    [{
      name: "blosc",
      configuration: { cname: "lz4", clevel: 5, shuffle: "bitshuffle", typesize: size, blocksize: 0 },
    }],
    [{ name: "blosc", configuration: { cname: "zstd", clevel: 3, shuffle: "shuffle", typesize: size, blocksize: 0 } }],
    [{ name: "lz4", configuration: { acceleration: 1 } }],
    [{ name: "shuffle", configuration: { elementsize: size } }, { name: "zlib", configuration: { level: 1 } }],
  ];
}

const CASE = fc.record({
  type: fc.constantFrom(...Object.keys(FILLS)),
  axes: fc.array(
    fc.record({ length: fc.nat(13), inner: fc.integer({ min: 1, max: 4 }), times: fc.integer({ min: 1, max: 3 }) }),
    {
      maxLength: 3,
    },
  ),
  compressor: fc.nat(6),
  endian: fc.constantFrom("little", "big"),
  transposed: fc.boolean(),
  sharded: fc.constantFrom("no", "start", "end"),
  writes: fc.array(
    fc.array(
      fc.tuple(fc.integer({ min: -15, max: 15 }), fc.integer({ min: -15, max: 15 }), fc.integer({ min: 1, max: 3 })),
    ),
    {
      maxLength: 6,
    },
  ),
});

Deno.test("regions agree with a plain model", async () => {
  await fc.assert(
    fc.asyncProperty(CASE, async ({ type: name, axes, compressor, endian, transposed, sharded, writes }) => {
      const type = dataTypeOf(name);
      const shape = axes.map(({ length }) => length);
      const inner = axes.map((axis) => axis.inner);
      const chunkShape = axes.map((axis) => sharded === "no" ? axis.inner : axis.inner * axis.times);
      const order = shape.map((_, axis) => (axis + 1) % shape.length);
      const codecs: CodecSpec[] = [
        ...(transposed ? [{ name: "transpose", configuration: { order } }] : []),
        name === "string"
          ? { name: "vlen-utf8", configuration: {} }
          : { name: "bytes", configuration: type.swapSize > 1 ? { endian } : {} },
        ...compressors(type.itemSize ?? 1)[name === "string" && compressor === 6 ? 1 : compressor]!,
      ];
      const whole: CodecSpec[] = sharded === "no" ? codecs : [{
        name: "sharding_indexed",
        configuration: {
          chunk_shape: inner,
          codecs: codecs.map(({ name, configuration }) => ({ name, configuration })),
          index_codecs: [{ name: "bytes", configuration: { endian: "little" } }, { name: "crc32c" }],
          index_location: sharded,
        },
      }];
      const fill = parseFill(FILLS[name]!, type);
      const metadata: ArrayMetadata = {
        kind: "array",
        format: 3,
        shape,
        chunkShape,
        type,
        fill,
        codecs: whole,
        keys: { encoding: "default", separator: "/" },
        dimensionNames: undefined,
        attributes: {},
        document: {},
      };
      const pipeline = await Pipeline.create(whole, { shape: chunkShape, type, fill }, CODECS);
      const array = new ChunkedArray(new MemoryStore(), "a", metadata, pipeline);
      const parts = partsOf(type);
      const model = filled(fill, type, sizeOf(shape)) as unknown[];
      let next = 1;
      for (const selection of [...writes, []]) {
        const asked: Selection = selection.slice(0, shape.length).map(([start, stop, step]) =>
          step === 3 && shape[0]! > 0 ? null : slice(start, stop, step)
        );
        const ranges = rangesOf(asked, shape);
        const lengths = ranges.map(({ length }) => length);
        const values = filled(fill, type, sizeOf(lengths)) as unknown[];
        for (let i = 0; i < values.length; i++) values[i] = valueOf(type, next++);
        await array.write(ranges, { data: values as Elements, offset: 0, stride: stridesOf(lengths) });
        each(lengths, (position, index) => {
          const at = position.reduce((sum, p, axis) => {
            return sum + (ranges[axis]!.start + p * ranges[axis]!.step) * stridesOf(shape)[axis]!;
          }, 0);
          for (let part = 0; part < parts; part++) model[at * parts + part] = values[index * parts + part];
        });
        assert.deepEqual(await array.read(rangesOf(undefined, shape)), model);
        assert.deepEqual(await array.read(ranges), values);
      }
    }),
    { numRuns: 300 },
  );
});

/** Every position in a shape, in C order. */
function each(shape: readonly number[], visit: (position: number[], index: number) => void): void {
  for (let index = 0; index < sizeOf(shape); index++) {
    let rest = index;
    const position = shape.map(() => 0);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis] = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    visit(position, index);
  }
}
