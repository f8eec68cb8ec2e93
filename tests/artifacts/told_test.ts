/** What registries tell: one kind of error, and what is wrong with one of many. */

import {
  ArtifactError,
  ArtifactRegistry,
  RemoteArtifacts,
  type StandardSchema,
  StoredArtifacts,
} from "@polystore/polystore/artifacts";
import { StorageError } from "@polystore/polystore";
import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeValue } from "../../registry/artifacts/wire.ts";
import { problem, rawServer } from "./raw_server.ts";
import { serving } from "./serving.ts";

async function failure(work: () => unknown): Promise<ArtifactError> {
  try {
    await work();
  } catch (error) {
    assert(error instanceof ArtifactError, String(error));
    return error;
  }
  throw assert.fail("it should have failed");
}

Deno.test("whatever keeps a registry from something is an ArtifactError", async () => {
  const broken = new MemoryStore();
  for (const member of ["read", "stat", "write", "writeMany"]) {
    Object.assign(broken, { [member]: () => Promise.reject(new StorageError("no-space", "the disk is full")) });
  }
  Object.assign(broken, {
    // deno-lint-ignore require-yield
    async *list() {
      await Promise.reject(new StorageError("no-space", "the disk is full"));
    },
  });
  await using registry = new ArtifactRegistry({ storage: new StoredArtifacts(broken, "n") });
  const calls: [verb: string, work: () => unknown][] = [
    ["get", () => registry.get("k")],
    ["find", () => registry.has("k")],
    ["register", () => registry.register("k", 1)],
    ["unregister", () => registry.unregister("k")],
    ["count", () => registry.size()],
    ["list", () => Array.fromAsync(registry.identifiers())],
    ["list", () => Array.fromAsync(registry.entries())],
    ["clear", () => registry.clear()],
  ];
  for (const [verb, work] of calls) {
    const { code, operation, message } = await failure(work);
    assert.deepEqual([code, operation], ["no-space", verb]);
    assert.match(message, new RegExp(`^Cannot ${verb}.*: the disk is full$`));
  }
  await using sound = new ArtifactRegistry<unknown>({ storage: new StoredArtifacts(new MemoryStore(), "n") });
  const circle: unknown[] = [];
  circle.push(circle);
  for (const value of [Symbol(), circle, new URL("http://a"), { f() {} }]) {
    const { code, context, path } = await failure(() => sound.register("k", value));
    assert.deepEqual([code, context.key, path], ["invalid-value", "k", "k"]);
  }
  const report = await sound.registerBatch({ good: 1, bad: Symbol() });
  assert.deepEqual([report.successful, report.failed, report.errors[0]!.context], [["good"], ["bad"], { key: "bad" }]);
});

Deno.test("what the functions of the caller throw passes as it is", async () => {
  const error = new StorageError("busy", "mine");
  const registry = new ArtifactRegistry<number>();
  await registry.register("k", 1);
  await assert.rejects(registry.withLock("k", () => Promise.reject(error)), (thrown) => thrown === error);
  await assert.rejects(registry.update("k", () => Promise.reject(error)), (thrown) => thrown === error);
});

Deno.test("a schema that is none is refused when the registry is made", async () => {
  for (const schema of [{}, { "~standard": {} }, { "~standard": { validate: 1 } }, "schema", null]) {
    const { code, suggestions } = await failure(() => new ArtifactRegistry({ schema: schema as StandardSchema }));
    assert.equal(code, "invalid-argument");
    assert(suggestions.length > 0);
  }
  // A schema may be a function: those of ArkType are.
  const schema: StandardSchema = Object.assign(() => {}, {
    "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } as const,
  });
  assert.equal(await new ArtifactRegistry({ schema }).register("k", 1), 1);
});

Deno.test("a bad variable of the environment is an ArtifactError, too", async () => {
  Deno.env.set("REGISTRY_SERVER_PORT", "many");
  try {
    const { code, message } = await failure(() => new ArtifactRegistry({ namespace: "n" }));
    assert.equal(code, "invalid-argument");
    assert.match(message, /REGISTRY_SERVER_PORT/);
  } finally {
    Deno.env.delete("REGISTRY_SERVER_PORT");
  }
});

Deno.test("the key in a context is the key", async () => {
  const registry = new ArtifactRegistry<number>();
  assert.equal((await failure(() => registry.register("\udc00", 1))).context.key, "\udc00");
  assert.equal((await failure(() => registry.register("k".repeat(2000), 1))).context.key, `${"k".repeat(80)}…`);
});

Deno.test("an object that comes back as another one is not looked for by itself", async () => {
  const item = { lr: 1 };
  await using far = new ArtifactRegistry<object>({ storage: new StoredArtifacts(new MemoryStore(), "n") });
  await far.register("k", item);
  const { code, suggestions } = await failure(() => far.unregister(item));
  assert.deepEqual([code, suggestions], ["invalid-argument", ["give the key"]]);
  assert.equal(await far.size(), 1);
  const near = new ArtifactRegistry<object>();
  await near.register("k", item);
  await near.unregister(item);
  assert.equal(await near.size(), 0);
});

Deno.test("a number that no double holds is refused, not changed", async () => {
  const storage = new StoredArtifacts(new MemoryStore(), "n");
  await using registry = new ArtifactRegistry<unknown>({ storage });
  for (
    const text of ["9007199254740993", "[1, -9007199254740993]", '{"a":12345678901234567890}', "1e999", "[-1E+400]"]
  ) {
    await storage.put("k", text);
    const { code, message } = await failure(() => registry.get("k"));
    assert.equal(code, "invalid-value");
    assert.match(message, /the number -?[\dE+e]+ would come back as another one/);
  }
  for (
    const text of [
      "9007199254740992",
      "1e308",
      "0.1000000000000000055",
      '"9007199254740993"',
      "1e-400",
      "[12345678901234567168]",
      "1152921504606847000",
      "-9223372036854776000",
    ]
  ) {
    await storage.put("k", text);
    assert.equal(await registry.get("k").then(JSON.stringify), JSON.stringify(JSON.parse(text)));
  }
});

Deno.test("whatever a registry writes it reads again, however large its numbers are", async () => {
  await using registry = new ArtifactRegistry<unknown>({ storage: new StoredArtifacts(new MemoryStore(), "n") });
  const value = fc.anything({ withDate: true, withMap: true, withSet: true, withBigInt: true, withTypedArray: true });
  const number = fc.oneof(fc.double(), fc.double({ min: 2 ** 53, max: 1e22 }), fc.integer().map((n) => n * 2 ** 40));
  await fc.assert(fc.asyncProperty(fc.oneof(number, fc.array(number), value), async (value) => {
    try {
      encodeValue(value);
    } catch {
      return; // It is refused before.
    }
    await registry.register("k", value, { onDuplicate: "replace" });
    assert.equal(encodeValue(await registry.get("k")), encodeValue(value));
  }));
});

Deno.test("remote: a server that refuses everything, or is slow, is not asked for each of many", async () => {
  for (const [status, code] of [[400, "invalid-argument"], [408, "unavailable"]] as const) {
    await using server = rawServer(() => problem(status, code));
    const remote = new RemoteArtifacts("n", { port: server.port, tries: 2 });
    const puts = Array.from({ length: 2000 }, (_, n) => ({ op: "put" as const, key: `k${n}`, value: "1" }));
    const results = await remote.batch(puts).catch((error) => [{ op: "error", error }]);
    assert(results.every(({ op }) => op === "error"));
    assert(server.requests.length < 110, `${server.requests.length} requests`);
    await remote.close();
  }
});

Deno.test("remote: what is too large or too deep fails by itself, and the others are registered", async () => {
  await using server = serving({ limits: { maxBody: 1_500_000, maxDepth: 20 } });
  await using registry = new ArtifactRegistry<unknown>({ namespace: "n", remote: { port: server.port } });
  const deep = JSON.parse("[".repeat(30) + "]".repeat(30));
  const items = Object.fromEntries(Array.from({ length: 40 }, (_, n): [string, unknown] => [`k${n}`, n]));
  const deepest = JSON.parse("[".repeat(1500) + "]".repeat(1500)); // the whole request is refused for it
  const all = {
    first: "x".repeat(2_000_000),
    ...items,
    k7: deep,
    k8: deepest,
    k30: "x".repeat(2_000_000),
    last: "x".repeat(1_200_000),
  };
  const report = await registry.registerBatch(all);
  assert.deepEqual(report.failed, ["first", "k7", "k8", "k30"]);
  assert.equal(report.successful.length, 38);
  for (const { key, code, error } of report.errors) {
    assert.equal(code, "invalid-argument", error);
    assert(error.includes(JSON.stringify(key)), error);
  }
  assert.equal(await registry.size(), 38);
  // All or nothing: nothing.
  for (const b of [deep, deepest]) {
    const refused = await registry.registerBatch({ a: 1, b }, { atomic: true });
    assert.deepEqual([refused.successful, refused.failed], [[], ["a", "b"]]);
  }
  assert.equal(await registry.has("a"), false);
  const single = await registry.registerBatch({ b: deep });
  assert.deepEqual([single.failed, single.errors[0]!.code], [["b"], "invalid-argument"]);
});

Deno.test("remote: a large value that is hung up on does not keep the others from being written", async () => {
  await using server = serving();
  const remote = new RemoteArtifacts("n", { port: server.port, tries: 1 });
  const results = await remote.batch([
    { op: "put", key: "large", value: JSON.stringify("x".repeat(20_000_000)), ifAbsent: true },
    { op: "put", key: "small", value: "1", ifAbsent: true },
  ]);
  assert.deepEqual(results.map(({ op }) => op), ["error", "put"]);
  await remote.close();
});
