import { prefixed, readOnly } from "@polystore/polystore/layers";
import { layered, MemoryStore } from "@polystore/polystore/stores";
import { testStore } from "@polystore/polystore/testing";
import assert from "node:assert/strict";
import { EVERY, leastStore, methodsOf, onDisk, onMemory, testLayers, UNNAMED } from "./place.ts";

await testLayers("prefixed", () => [prefixed("lab/7")]);
await testStore("prefixed with the root", () => layered(new MemoryStore(), prefixed("/")), { numRuns: 20 });
await testStore("prefixed, twice", () => layered(new MemoryStore(), prefixed("a/b"), prefixed("c")), { numRuns: 20 });
await testStore("readOnly", () => onMemory(() => [readOnly()], () => []));
await testStore("readOnly on disk", () => onDisk(() => [readOnly()], () => []), { only: UNNAMED });

Deno.test("prefixed() and readOnly() offer no more than the store", () => {
  assert.deepEqual(methodsOf(layered(leastStore(), prefixed("a"))), ["read", "stat"]);
  assert.deepEqual(methodsOf(layered(leastStore(), readOnly())), ["read", "stat"]);
  assert.deepEqual(methodsOf(layered(new MemoryStore(), prefixed("a"))), EVERY);
});

Deno.test("prefixed() sees nothing beside its directory, and errors speak of the paths inside", async () => {
  const whole = new MemoryStore();
  await whole.write("lab/70/secret", new Uint8Array([1]));
  await whole.write("lab/7/dir/x", new Uint8Array([2]));
  const inside = layered(whole, prefixed("lab/7"));
  assert.deepEqual(await Array.fromAsync(inside.list!(""), ({ path }) => path), ["dir", "dir/x"]);
  await assert.rejects(inside.write!("dir", new Uint8Array()), { code: "is-a-directory", path: "dir" });
  await assert.rejects(inside.delete!("dir"), { message: /^Cannot use "dir": / });
  assert.throws(() => prefixed("../out"), { code: "invalid-path" });
});

Deno.test("prefixed() tells of a link that leads out as of a text that leads out", async () => {
  const whole = new MemoryStore();
  await whole.write("other", new Uint8Array([1]));
  await whole.createSymlink("other", "lab/7/link");
  const inside = layered(whole, prefixed("lab/7"));
  assert.equal(await inside.readSymlink!("link"), "../../other");
});

Deno.test("readOnly() leaves nothing that writes", () => {
  const store = layered(new MemoryStore(), readOnly());
  const present = Object.entries(store).filter(([, method]) => method !== undefined).map(([name]) => name).sort();
  assert.deepEqual(present, ["close", "list", "openRead", "read", "readMany", "readSymlink", "stat", "watch"]);
});
