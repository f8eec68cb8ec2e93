import { ArtifactRegistry, LocalArtifacts } from "@polystore/polystore/artifacts";
import assert from "node:assert/strict";

/** The maps that something is put into under a key, while `work` is done. */
async function mapsWith(key: string, work: () => Promise<void>): Promise<Map<unknown, unknown>[]> {
  const maps = new Set<Map<unknown, unknown>>();
  const { set } = Map.prototype;
  Map.prototype.set = function (this: Map<unknown, unknown>, name, value) {
    if (name === key) maps.add(this);
    return set.call(this, name, value);
  };
  try {
    await work();
  } finally {
    Map.prototype.set = set;
  }
  return [...maps];
}

Deno.test("LocalArtifacts: keys whose locks were given back are forgotten", async () => {
  const registry = new ArtifactRegistry<number>();
  const maps = await mapsWith("k0", async () => {
    for (let n = 0; n < 100; n++) await registry.withLock(`k${n}`, () => n);
  });
  assert(maps.length > 0);
  for (const { size } of maps) assert.equal(size, 0);
});

Deno.test("LocalArtifacts: keys whose leases ended by themselves are forgotten when they are many", async () => {
  const storage = new LocalArtifacts<number>();
  const maps = await mapsWith("0", async () => {
    for (let n = 0; n < 5000; n++) {
      await storage.acquire(String(n), { owner: "o", ttl: 1 });
      if (n % 1000 === 999) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  assert(maps.length > 0);
  for (const { size } of maps) assert(size <= 2000, String(size));
});

Deno.test("LocalArtifacts: the tokens of a key grow, though it was forgotten meanwhile", async (t) => {
  const storage = new LocalArtifacts<number>();
  let last = 0;
  const next = async (key: string, ttl: number): Promise<number> => {
    const { token } = await storage.acquire(key, { owner: crypto.randomUUID(), ttl });
    assert(token > last);
    return last = token;
  };
  await t.step("when it is given back", async () => {
    for (let n = 0; n < 1000; n++) await storage.release("k", await next("k", 1000));
    const lost = await next("k", 1000);
    await storage.release("k", lost);
    await storage.release("k", lost);
    await assert.rejects(storage.acquire("k", { owner: "o", ttl: 1, token: lost }), { code: "precondition-failed" });
  });
  await t.step("when it ended by itself", async () => {
    for (let round = 0; round < 3; round++) {
      await next("k", 1);
      for (let n = 0; n < 3000; n++) await storage.acquire(`${round}/${n}`, { owner: "o", ttl: 1 });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  await t.step("a lease that stands is kept", async () => {
    await storage.acquire("held", { owner: "a", ttl: 60_000 });
    for (let n = 0; n < 3000; n++) await storage.acquire(`h/${n}`, { owner: "o", ttl: 1 });
    await assert.rejects(storage.acquire("held", { owner: "b", ttl: 1 }), { code: "busy" });
  });
});
