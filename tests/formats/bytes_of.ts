/**
 * What the tests of the formats share.
 *
 * @module
 */

import type { Encoded, Format } from "../../backends/formats/mod.ts";
import { isStorageError } from "../../backends/errors.ts";
import assert from "node:assert/strict";
import fc from "fast-check";

/** One run of bytes, at the start of its own buffer. */
export function join(encoded: Encoded): Uint8Array<ArrayBuffer> {
  const parts = encoded instanceof Uint8Array ? [encoded] : encoded;
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export async function encoded<T>(format: Format<T>, value: T): Promise<Uint8Array<ArrayBuffer>> {
  return join(await format.encode(value));
}

export async function roundTrip<T>(format: Format<T>, value: T): Promise<T> {
  return await format.decode(await encoded(format, value));
}

export async function encodedText<T>(format: Format<T>, value: T): Promise<string> {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(await encoded(format, value));
}

export async function decodeText<T>(format: Format<T>, text: string): Promise<T> {
  return await format.decode(new TextEncoder().encode(text));
}

/** Asserts that the value is refused, with this in the message. */
export async function refuses<T>(format: Format<T>, value: unknown, message: RegExp | string): Promise<void> {
  await assert.rejects(async () => await format.encode(value as T), (error) => {
    assert(isStorageError(error, "invalid-value"), String(error));
    if (typeof message === "string") assert(error.detail.includes(message), error.detail);
    else assert.match(error.detail, message);
    return true;
  });
}

/** Asserts that bytes give a value, or a StorageError that says why not, for damaged and for random files. */
export async function survivesDamage<T>(format: Format<T>, files: Uint8Array[], runs = 400): Promise<void> {
  const valid = fc.constantFrom(...files);
  const position = fc.double({ min: 0, max: 1, noNaN: true });
  const damaged = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(valid, position).map(([file, at]) => file.slice(0, Math.floor(at * file.length))),
    fc.tuple(valid, fc.array(fc.tuple(position, fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }))
      .map(([file, flips]) => {
        const copy = file.slice();
        for (const [at, mask] of flips) copy[Math.floor(at * (copy.length - 1))]! ^= mask;
        return copy;
      }),
    fc.tuple(valid, fc.uint8Array({ minLength: 1, maxLength: 30 }))
      .map(([file, more]) => new Uint8Array([...file, ...more])),
    fc.tuple(valid, position, fc.uint8Array({ maxLength: 8 })).map(([file, at, more]) => {
      const cut = Math.floor(at * file.length);
      return new Uint8Array([...file.subarray(0, cut), ...more, ...file.subarray(cut)]);
    }),
  );
  await fc.assert(
    fc.asyncProperty(damaged, async (file) => {
      try {
        await format.decode(file);
      } catch (error) {
        assert(isStorageError(error, "corrupt", "unsupported"), `${(error as Error)?.stack}`);
      }
    }),
    { numRuns: runs },
  );
}
