import { bytes, text } from "../../backends/formats/mod.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { refuses, roundTrip, survivesDamage } from "./bytes_of.ts";

Deno.test("text() keeps every well-formed string", async () => {
  for (const value of ["", "\ufeffa", "a\r\nb\rc\n", "\0", "😀µ", "\ufeff"]) {
    assert.equal(await roundTrip(text(), value), value);
  }
  await fc.assert(fc.asyncProperty(fc.string({ unit: "binary" }), async (value) => {
    assert.equal(await roundTrip(text(), value), value);
  }));
});

Deno.test("text() refuses what is no string, and lone surrogates with their place", async () => {
  await refuses(text(), 1, "a number");
  await refuses(text(), undefined, "undefined");
  await refuses(text(), new String("a"), "a String");
  await refuses(text(), Object.create(null), "an object");
  await refuses(text(), "ab\ud800c", "at character 2");
});

Deno.test("text() reads damaged files as corrupt", async () => {
  assert.throws(() => text().decode(new Uint8Array([0x61, 0xff])), { code: "corrupt" });
  assert.throws(() => text().decode(new Uint8Array([0xed, 0xa0, 0x80])), { code: "corrupt" });
  await survivesDamage(text(), [new TextEncoder().encode("aµ😀".repeat(5))]);
});

Deno.test("bytes() keeps exactly the bytes of a view", async () => {
  const buffer = new Uint8Array([1, 2, 3, 4]);
  assert.deepEqual(await roundTrip(bytes(), buffer.subarray(1, 3)), new Uint8Array([2, 3]));
  assert.deepEqual(await roundTrip(bytes(), new Uint8Array()), new Uint8Array());
  assert.deepEqual(bytes().suffixes, []);
});

Deno.test("bytes() refuses the rest with a hint", async () => {
  await refuses(bytes(), new Float32Array(1), ".npy");
  await refuses(bytes(), new Uint8ClampedArray(1), ".npy");
  await refuses(bytes(), new ArrayBuffer(1), "new Uint8Array(buffer)");
  await refuses(bytes(), new DataView(new ArrayBuffer(1)), "view.byteOffset");
  await refuses(bytes(), new (class extends Uint8Array {})(1), "view.byteOffset");
  await refuses(bytes(), "text", "a string");
  await refuses(bytes(), [1], "an array");
});
