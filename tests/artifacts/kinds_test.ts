import {
  type ArtifactError,
  ArtifactRegistry,
  FunctionalRegistry,
  ObjectRegistry,
  SchemeRegistry,
  type StandardSchema,
  StoredArtifacts,
  TypeRegistry,
} from "@polystore/polystore/artifacts";
import { isStorageError } from "@polystore/polystore";
import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import * as module from "./exported.ts";

Deno.test("a local registry keeps the very function", async () => {
  const losses = new FunctionalRegistry();
  const mse = (a: number, b: number): number => (a - b) ** 2;
  assert.equal(await losses.register(mse), mse);
  assert.equal(await losses.get("mse"), mse);
  await losses.unregister(mse);
  assert.equal(await losses.has("mse"), false);
});

Deno.test("unregister(item) removes it under all its keys, and nothing else", async () => {
  const losses = new FunctionalRegistry();
  function mse(): void {}
  const other = { mse(): void {} }.mse;
  await losses.registerBatch({ alias: mse, mse: other, third: mse });
  await losses.unregister(mse);
  assert.deepEqual(await Array.fromAsync(losses.identifiers()), ["mse"]);
  await assert.rejects(losses.unregister(mse), { code: "not-found" });
});

Deno.test("each kind refuses what it does not keep", async () => {
  const functions = new FunctionalRegistry();
  for (const bad of [class A {}, {}, "x", null, undefined, 7, []]) {
    await assert.rejects(functions.register("k", bad as never), { code: "invalid-value" });
  }
  const types = new TypeRegistry({ base: module.Model });
  for (const bad of [() => 1, function f() {}, {}, null, class Other {}]) {
    await assert.rejects(types.register("k", bad as never), { code: "invalid-value" });
  }
  await types.register(module.Linear);
  await types.register(module.Model);
  const any = new TypeRegistry();
  for (const builtIn of [Map, Error, Uint8Array]) assert.equal(await any.register(builtIn), builtIn);
  await assert.rejects(functions.register(Map as never), { code: "invalid-value" });
  for (const f of [parseInt, async function later() {}, function* g() {}, Math.max]) {
    await functions.register(f.name, f);
  }
  const objects = new ObjectRegistry();
  for (const bad of [1, "x", null, undefined, true]) {
    await assert.rejects(objects.register("k", bad as never), { code: "invalid-value" });
  }
  await assert.rejects(functions.register((() => () => 1)()), { code: "invalid-argument" });
});

Deno.test("standard decorators register classes, at once where they are local", async () => {
  const types = new TypeRegistry();
  @types.register
  class One {}
  @types.entry("two")
  class Two {}
  const { register } = types;
  @register
  class Three {}
  assert.equal(await types.get("One"), One);
  assert.equal(await types.get("two"), Two);
  assert.equal(await types.get("Three"), Three);
  assert.throws(() => {
    @types.entry("two")
    class Again {}
    return Again;
  }, { code: "already-exists" });
});

Deno.test("registerModule registers what fits", async () => {
  const functions = new FunctionalRegistry();
  const report = await functions.registerModule(module, { prefix: "m." });
  assert.deepEqual(report.successful, ["m.mae", "m.mse"]);
  const types = new TypeRegistry({ base: module.Model });
  assert.deepEqual((await types.registerModule(module)).successful, ["Linear", "Model"]);
});

Deno.test("a miss costs little, whatever is asked and registered", async () => {
  const registry = new ArtifactRegistry<number>();
  await registry.registerBatch(Array.from({ length: 5000 }, (_, n): [string, number] => [`${"k".repeat(900)}${n}`, n]));
  const begin = performance.now();
  for (let n = 0; n < 20; n++) await assert.rejects(registry.get(`${"k".repeat(900)}x`), { code: "not-found" });
  // Comparing each with each would take minutes.
  assert(performance.now() - begin < 10_000);
});

Deno.test("ObjectRegistry forgets objects that nobody uses", async () => {
  // Without gc() the objects can only be kept; this process has it.
  const script = `
    import { ObjectRegistry } from "@polystore/polystore/artifacts";
    const objects = new ObjectRegistry();
    const kept = { kept: true };
    await objects.register("kept", kept);
    await (async () => { await objects.register("gone", { big: new Uint8Array(1e6) }); })();
    await new Promise((resolve) => setTimeout(resolve, 10));
    gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
    const seen = [await objects.has("gone"), await objects.size(), objects.cleanup(), objects.cleanup(),
      await objects.get("kept") === kept, (await Array.fromAsync(objects.identifiers())).join()];
    await objects.register("gone", kept);
    console.log(JSON.stringify(seen));
  `;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--v8-flags=--expose-gc", script],
    cwd: new URL("../..", import.meta.url),
  }).output();
  assert.equal(new TextDecoder().decode(stdout).trim(), '[false,1,1,0,true,"kept"]', new TextDecoder().decode(stderr));
});

/** Wants a number of `lr`, and gives `momentum` a default. */
function training(late = false): StandardSchema<{ lr: number; momentum?: number }, { lr: number; momentum: number }> {
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate(value) {
        const { lr, momentum = 0.9 } = Object(value);
        const result = typeof lr === "number"
          ? { value: { lr, momentum } }
          : { issues: [{ message: "must be a number", path: ["lr"] }, { message: "is bad", path: [{ key: "a" }, 0] }] };
        return late ? Promise.resolve(result) : result;
      },
    },
  };
}

for (const late of [false, true]) {
  for (const local of [true, false]) {
    Deno.test(`SchemeRegistry validates (${late ? "late" : "at once"}, ${local ? "local" : "stored"})`, async () => {
      const storage = new StoredArtifacts(new MemoryStore(), "a");
      const configs = new SchemeRegistry({ schema: training(late), ...(!local && { storage }) });
      assert.deepEqual(await configs.register("sgd", { lr: 1 }), { lr: 1, momentum: 0.9 });
      assert.deepEqual(await configs.get("sgd"), { lr: 1, momentum: 0.9 });
      await assert.rejects(configs.register("bad", { lr: "x" } as never), (error) => {
        assert(isStorageError(error, "invalid-value"));
        assert.deepEqual((error as ArtifactError).suggestions, ["lr: must be a number", "a.0: is bad"]);
        assert.match(
          error.message,
          /^Cannot register "bad": the schema refuses it: lr: must be a number; a\.0: is bad/,
        );
        return true;
      });
      const report = await configs.registerBatch({ a: { lr: 2 }, b: {} as never });
      assert.deepEqual([report.successful, report.failed], [["a"], ["b"]]);
      await assert.rejects(configs.update("sgd", () => ({}) as never), { code: "invalid-value" });
      assert.deepEqual(await configs.update("sgd", ({ lr }) => ({ lr: lr * 2 })), { lr: 2, momentum: 0.9 });
      configs.entry("wrapped")({ lr: 3 });
      assert.deepEqual(await configs.get("wrapped"), { lr: 3, momentum: 0.9 });
    });
  }
}

Deno.test("what others wrote is validated when it is got, and audit finds it", async () => {
  const storage = new StoredArtifacts(new MemoryStore(), "a");
  const configs = new SchemeRegistry({ schema: training(), storage });
  await configs.register("good", { lr: 1 });
  await storage.put("bad", '{"lr":"x"}');
  await storage.put("broken", '{"$tag":["Nonsense"]}');
  await assert.rejects(configs.get("bad"), { code: "invalid-value" });
  await assert.rejects(configs.get("broken"), { code: "corrupt" });
  const report = await configs.audit();
  assert.deepEqual([report.total, report.successful, report.failed], [3, ["good"], ["bad", "broken"]]);
  assert.deepEqual(report.errors.map(({ code }) => code), ["invalid-value", "corrupt"]);
  await assert.rejects(async () => await Array.fromAsync(configs.entries()), { code: "invalid-value" });
});

Deno.test("keyOf gives keys, options that contradict each other are refused", async () => {
  const users = new ArtifactRegistry<{ id: string }>({ keyOf: ({ id }) => id });
  await users.register({ id: "ada" });
  assert.deepEqual(await users.get("ada"), { id: "ada" });
  const storage = new StoredArtifacts(new MemoryStore(), "a");
  assert.throws(() => new ArtifactRegistry({ storage, namespace: "a" }), { code: "invalid-argument" });
  assert.throws(() => new ArtifactRegistry({ remote: {} }), { code: "invalid-argument" });
  for (
    const [namespace, why] of [
      ["", "must not be empty"],
      [".a", "must not begin with a dot"],
      ["a.", "must not end with a dot"],
      ["a..b", "two dots in a row"],
      ["a/b", 'must not contain "/"'],
      ["é", 'must not contain "é"'],
      ["x".repeat(254), "at most 253"],
      [7 as unknown as string, "must be a string, not number"],
    ] as const
  ) {
    assert.throws(() => new ArtifactRegistry({ namespace }), (error) => {
      assert(isStorageError(error, "invalid-argument"));
      assert(error.message.includes(why), error.message);
      return true;
    });
  }
});
