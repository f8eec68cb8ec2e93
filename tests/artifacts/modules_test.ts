import {
  ArtifactRegistry,
  FunctionalRegistry,
  type ModuleList,
  StoredArtifacts,
  TypeRegistry,
} from "@polystore/polystore/artifacts";
import { MemoryStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { Linear, mae, Model, mse } from "./exported.ts";
import { serving } from "./serving.ts";

const modules: ModuleList = { "lab/losses": () => import("./exported.ts") };

function stored(store: MemoryStore): StoredArtifacts {
  return new StoredArtifacts(store, "a");
}

Deno.test("a function goes to another program as the name of an export", async () => {
  await using server = serving();
  const options = { namespace: "research.losses", remote: { port: server.port }, modules };
  await using here = new FunctionalRegistry<typeof mse>(options);
  await using there = new FunctionalRegistry<typeof mse>(options);
  await here.register(mse);
  await here.register("absolute", mae);
  assert.equal(await there.get("mse"), mse);
  assert.equal(await there.get("absolute"), mae);
  const response = await fetch(`http://127.0.0.1:${server.port}/v1/namespaces/research.losses/entries/bXNl`);
  assert.equal(await response.text(), '{"$artifact":{"specifier":"lab/losses","export":"mse"}}');
  await using types = new TypeRegistry({ ...options, namespace: "research.models", base: Model });
  types.register(Linear);
  await types.register("m", Model);
  assert.equal(await types.get("Linear"), Linear);
  // Kinds are checked when something comes back, too.
  await using wrong = new FunctionalRegistry({ ...options, namespace: "research.models" });
  await assert.rejects(wrong.get("Linear"), { code: "invalid-value" });
});

Deno.test("code does not travel", async () => {
  const functions = new FunctionalRegistry({ storage: stored(new MemoryStore()), modules });
  await assert.rejects(functions.register("own", () => 1), /no module on the list exports/);
  await assert.rejects(new FunctionalRegistry({ storage: stored(new MemoryStore()) }).register(mse), {
    code: "invalid-value",
  });
  const any = new ArtifactRegistry<unknown>({ storage: stored(new MemoryStore()), modules });
  await assert.rejects(any.register("nested", { loss: mse }), /at loss: a function cannot be kept/i);
  const report = await functions.registerBatch({ mse, own: (() => () => 1)() as unknown as typeof mse });
  assert.deepEqual([report.successful, report.failed], [["mse"], ["own"]]);
});

Deno.test("only listed modules are loaded, and only their own exports", async () => {
  const store = new MemoryStore();
  let loaded = 0;
  const functions = new FunctionalRegistry({
    storage: stored(store),
    modules: {
      "lab/losses": () => {
        loaded++;
        return { mse, data: 7, inherited: undefined };
      },
    },
  });
  const raw = stored(store);
  const put = async (descriptor: unknown): Promise<void> => {
    await raw.put("k", JSON.stringify({ $artifact: descriptor }));
  };
  for (
    const specifier of ["https://evil.example/x.ts", "node:child_process", "./exported.ts", "__proto__", "constructor"]
  ) {
    await put({ specifier, export: "mse" });
    await assert.rejects(functions.get("k"), (error: Error & { code?: string }) => {
      assert.equal(error.code, "permission-denied");
      assert(error.message.includes(JSON.stringify(specifier)));
      return true;
    });
  }
  assert.equal(loaded, 0);
  for (const name of ["none", "toString", "__proto__", "constructor", "data"]) {
    await put({ specifier: "lab/losses", export: name });
    await assert.rejects(functions.get("k"), { code: "not-found" });
  }
  for (
    const bad of [null, 7, {}, { specifier: "lab/losses" }, { specifier: 1, export: "mse" }, {
      specifier: "lab/losses",
      export: "mse",
      integrity: 1,
    }]
  ) {
    await put(bad);
    await assert.rejects(functions.get("k"), { code: "corrupt" });
  }
  await put({ specifier: "lab/losses", export: "mse" });
  assert.equal(await functions.get("k"), mse);
});

Deno.test("integrity keeps apart what was registered from another module", async () => {
  const store = new MemoryStore();
  const at = (integrity?: string): FunctionalRegistry<typeof mse> =>
    new FunctionalRegistry({ storage: stored(store), modules: { m: { load: () => ({ mse }), integrity } } });
  await at("sha256-1").register(mse);
  assert.equal(await at("sha256-1").get("mse"), mse);
  assert.equal(await at().get("mse"), mse);
  await assert.rejects(at("sha256-2").get("mse"), { code: "corrupt" });
});
