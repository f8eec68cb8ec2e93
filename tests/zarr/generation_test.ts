import assert from "node:assert/strict";
import { ndarray } from "../../backends/formats/ndarray.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { ZarrBackend } from "../../backends/zarr.ts";
import { formatDocument, generationOf, newGeneration } from "../../backends/zarr/generation.ts";
import { formatJson } from "../../backends/zarr/json.ts";

Deno.test("a generation stands behind a document, which stays the same JSON", () => {
  const document = { "zarr_format": 3, name: "ä", big: 2n ** 63n };
  const seen = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const generation = newGeneration();
    const bytes = formatDocument(document, generation);
    assert.equal(generationOf(bytes), generation);
    assert.equal(new TextDecoder().decode(bytes).trimEnd(), new TextDecoder().decode(formatJson(document)));
    seen.add(generation);
  }
  assert.equal(seen.size, 100);
  for (const edge of ["0".repeat(16), "f".repeat(16), "0123456789abcdef"]) {
    assert.equal(generationOf(formatDocument({}, edge)), edge);
  }
});

Deno.test("a document of others has no generation", () => {
  const encode = (text: string) => new TextEncoder().encode(text);
  for (const text of ["", "{}", "{}\n", `{}${" ".repeat(64)}`, `{}\n${" ".repeat(63)}`, `{}\n${" ".repeat(63)}x`]) {
    assert.equal(generationOf(encode(text)), undefined, JSON.stringify(text));
  }
});

Deno.test("an array has one generation as long as it is not replaced", async () => {
  const store = new MemoryStore();
  const zarr = new ZarrBackend({ store });
  const value = ndarray(new Uint8Array([1, 2]), [2]);
  const now = async () => generationOf((await store.read("a/zarr.json"))!);
  await zarr.save(value, "a");
  const first = await now();
  assert.notEqual(first, undefined);
  await zarr.write("a", [0], 5);
  await zarr.append("a", value);
  await zarr.resize("a", [1]);
  await zarr.updateAttributes("a", () => ({ a: 1 }));
  assert.equal(await now(), first);
  await zarr.copy("a", "b");
  assert.notEqual(generationOf((await store.read("b/zarr.json"))!), first);
  await zarr.save(value, "a");
  assert.notEqual(await now(), first);
  // One that others have written gets one with the first change.
  await store.write(
    "a/zarr.json",
    new TextEncoder().encode(new TextDecoder().decode(await store.read("a/zarr.json")).trim()),
  );
  assert.equal(await now(), undefined);
  await zarr.write("a", [0], 5);
  assert.notEqual(await now(), undefined);
});
