import assert from "node:assert/strict";
import { KvBackend } from "../../backends/kv.ts";
import { BackendRegistry, registry } from "../../registry/mod.ts";
import { backendPromises, type OpenedBackend, testBackend } from "../conformance/mod.ts";
import { refuses } from "../disk/setup.ts";

async function open(): Promise<OpenedBackend> {
  const directory = await Deno.makeTempDir({ prefix: "polystore-" });
  const path = `${directory}/kv.db`;
  let backend = new KvBackend({ path });
  return {
    backend,
    async reopen() {
      await backend.close();
      return backend = new KvBackend({ path });
    },
    dispose: () => Deno.remove(directory, { recursive: true }),
  };
}

// Names are kept the same way by both.
const unnamed = backendPromises.map(({ id }) => id).filter((id) => !id.includes("/names"));
await testBackend("kv, memory", () => new KvBackend({ path: ":memory:" }), { numRuns: 20 });
await testBackend("kv, file", open, { numRuns: 5, only: unnamed });

Deno.test("KvBackend is registered as soon as it is imported", async () => {
  assert(registry.has("kv"));
  await using own = new BackendRegistry();
  own.register("mine", () => new KvBackend({ path: ":memory:" }));
  await own.get("mine").save({ a: 1 }, "a.json");
  assert(own.get("kv") instanceof KvBackend);
});

Deno.test("KvBackend does nothing before it is used, and can be closed then", async () => {
  const kv = new KvBackend({ path: "/no/such/directory/kv.db" });
  assert.equal(kv.requiresFilesystemValidation, false);
  await kv.close();
  await refuses(() => kv.load("a.json"), "closed");
});

Deno.test("KvBackend refuses a path and an open database together", async () => {
  const kv = await Deno.openKv(":memory:");
  assert.throws(() => new KvBackend({ path: ":memory:", kv }), { code: "invalid-argument" });
  kv.close();
});

Deno.test("KvBackend closes what it opened, and leaves open what it was given", async () => {
  const kv = await Deno.openKv(":memory:");
  const one = new KvBackend({ kv, prefix: ["one"] });
  const two = new KvBackend({ kv, prefix: ["two"] });
  await one.save("1", "a.txt");
  await two.save("2", "a.txt");
  assert.equal(await one.load("a.txt"), "1");
  await one.close();
  await refuses(() => one.load("a.txt"), "closed");
  assert.equal(await two.load("a.txt"), "2");
  await two.close();
  await kv.set(["still"], "open");
  kv.close();
});

Deno.test("connectionParams() tells the path and a plain prefix, and no more", async () => {
  const kv = new KvBackend({ path: "/tmp/x.db", prefix: ["a", 1, true] });
  const params = kv.connectionParams();
  assert.deepEqual(params, { path: "/tmp/x.db", prefix: '["a",1,true]' });
  assert.deepEqual(KvBackend.fromConnectionParams(params).connectionParams(), params);
  assert.deepEqual(KvBackend.fromConnectionParams(new KvBackend().connectionParams()).connectionParams(), {
    path: undefined,
  });
  assert.throws(() => new KvBackend({ prefix: [new Uint8Array(1)] }).connectionParams(), { code: "unsupported" });
  const given = await Deno.openKv(":memory:");
  assert.throws(() => new KvBackend({ kv: given }).connectionParams(), { code: "unsupported" });
  given.close();
});

Deno.test("opening is done once however many operations begin at once, and again after it failed", async () => {
  const directory = await Deno.makeTempDir({ prefix: "polystore-" });
  try {
    await using kv = new KvBackend({ path: `${directory}/later/kv.db` });
    const first = await Promise.allSettled(Array.from({ length: 5 }, (_, i) => kv.save(i, `${i}.json`)));
    assert.deepEqual(first.map(({ status }) => status), Array(5).fill("rejected"));
    await refuses(() => kv.load("0.json"), "io", "directory");
    await Deno.mkdir(`${directory}/later`);
    await Promise.all(Array.from({ length: 5 }, (_, i) => kv.save(i, `${i}.json`)));
    assert.equal(await kv.load("3.json"), 3);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
