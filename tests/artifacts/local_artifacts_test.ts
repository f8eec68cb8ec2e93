import { LocalArtifacts } from "@polystore/polystore/artifacts";
import assert from "node:assert/strict";
import { testArtifactStorage } from "./storage_contract.ts";

testArtifactStorage("LocalArtifacts", () => {
  const storage = new LocalArtifacts<{ n: number }>();
  return Promise.resolve({ storage, again: storage });
}, { value: (n) => ({ n }) });

Deno.test("LocalArtifacts keeps the very object", async () => {
  const storage = new LocalArtifacts<object>();
  const object = {};
  await storage.put("k", object);
  assert.equal((await storage.get("k")).value, object);
  assert.equal(storage.find("k")?.value, object);
  assert.equal(storage.find("none"), undefined);
});
