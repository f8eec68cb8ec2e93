/** Values that streams carry, and how two are compared. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { isNdArray } from "../../backends/formats/mod.ts";
import { BatchDraft, type BatchOptions } from "../../backends/streaming/batch_draft.ts";
import { BufferPool } from "../../backends/streaming/buffer_pool.ts";
import { decodeBatch, parseBatchHeader, type StreamedBatch } from "../../backends/streaming/batch.ts";
import { decodeFrame } from "../../backends/streaming/mod.ts";
import { anyNdArray, elementsOf } from "../formats/arrays.ts";

/** A frame of a batch, as one run of bytes. */
export function bytesOf(
  data: readonly unknown[],
  paths: readonly string[],
  options?: BatchOptions,
): Uint8Array<ArrayBuffer> {
  const draft = new BatchDraft(data, paths, options);
  draft.take(new BufferPool(0));
  return joined(draft.frame(1, 1));
}

/** Parts, one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The batch in a frame. */
export function batchIn(bytes: Uint8Array<ArrayBuffer>): StreamedBatch {
  const frame = decodeFrame(bytes, { maxFrameBytes: 1 << 26 });
  return decodeBatch("session", parseBatchHeader(frame.header), frame);
}

/** Compares; an NdArray by its elements, the rest by structure, bits of NaN included. */
export function assertCame(actual: unknown, expected: unknown): void {
  if (!isNdArray(expected)) return assert.deepStrictEqual(actual, expected);
  assert(isNdArray(actual));
  assert.deepEqual([actual.dtype, actual.shape], [expected.dtype, expected.shape]);
  assert.deepEqual(elementsOf(actual), elementsOf(expected));
}

/** Typed arrays and buffers with random bytes. */
export function anyView(): fc.Arbitrary<unknown> {
  const classes: readonly (new (buffer: ArrayBuffer) => unknown)[] = [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
  ];
  return fc.tuple(fc.constantFrom(...classes), fc.uint8Array({ minLength: 8, maxLength: 64 })).map(([View, bytes]) => {
    const buffer = bytes.slice(0, bytes.length & ~7).buffer;
    return new View(buffer);
  });
}

/** Values of every kind. */
export function anyValue(): fc.Arbitrary<unknown> {
  const leaf = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.date(),
    anyView(),
    anyNdArray(),
  );
  const nested = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      leaf,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("__proto__", "$tag")), tie("value"), {
        maxKeys: 4,
        noNullPrototype: true,
      }),
      fc.array(fc.tuple(fc.integer(), tie("value")), { maxLength: 3 }).map((entries) => new Map(entries)),
    ),
  }));
  return fc.oneof(anyNdArray(), anyView(), fc.string({ unit: "binary" }), nested.value);
}
