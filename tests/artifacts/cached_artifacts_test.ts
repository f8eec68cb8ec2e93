import {
  type ArtifactEvent,
  ArtifactRegistry,
  CachedArtifacts,
  LocalArtifacts,
  RemoteArtifacts,
} from "@polystore/polystore/artifacts";
import { MemoryStore, StorageError } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { serving } from "./serving.ts";
import { testArtifactStorage } from "./storage_contract.ts";

testArtifactStorage("CachedArtifacts", () => {
  const inner = new LocalArtifacts<{ n: number }>();
  const storage = new CachedArtifacts(inner);
  return Promise.resolve({ storage, again: storage });
}, { value: (n) => ({ n }) });

testArtifactStorage("CachedArtifacts that watch", () => {
  const inner = new LocalArtifacts<{ n: number }>();
  const storage = new CachedArtifacts(inner, { watch: true });
  return Promise.resolve({ storage, again: storage });
}, { value: (n) => ({ n }) });

/** Counts what is asked of it, and waits for a word if told so. */
class Far extends LocalArtifacts<number> {
  gets = 0;
  gate: Promise<void> | undefined;
  override async get(
    ...parameters: Parameters<LocalArtifacts<number>["get"]>
  ): ReturnType<LocalArtifacts<number>["get"]> {
    this.gets++;
    const got = await super.get(...parameters);
    await this.gate;
    return got;
  }
}

/** Waits until something holds. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

Deno.test("what was got is not asked for again, until its time has come", async () => {
  const far = new Far();
  await far.put("k", 1);
  const near = new CachedArtifacts(far, { ttl: 30 });
  assert.equal(await near.get("k"), await near.get("k"));
  assert.equal(far.gets, 1);
  await far.put("k", 2);
  await until(async () => (await near.get("k")).value === 2);
  assert(far.gets >= 2);
  await near.close();
  await assert.rejects(near.get("k"), { code: "closed" });
});

Deno.test("those who ask at the same time make one request; that nothing is there is not kept", async () => {
  const far = new Far();
  const near = new CachedArtifacts(far);
  await assert.rejects(near.get("k"), { code: "not-found" });
  await far.put("k", 1);
  assert.equal((await near.get("k")).value, 1);
  far.gets = 0;
  await far.put("x", 1);
  await Promise.all(Array.from({ length: 10 }, () => near.get("x")));
  assert.equal(far.gets, 1);
  await near.close();
});

Deno.test("at most max values are kept", async () => {
  const far = new Far();
  const near = new CachedArtifacts(far, { max: 2 });
  for (const key of ["a", "b", "c"]) {
    await far.put(key, 1);
    await near.get(key);
  }
  assert.deepEqual(["a", "b", "c"].map((key) => near.find(key) !== undefined), [false, true, true]);
  for (const options of [{ ttl: 0 }, { ttl: NaN }, { max: 0 }, { max: 1.5 }]) {
    assert.throws(() => new CachedArtifacts(far, options), { code: "invalid-argument" });
  }
  await near.close();
});

Deno.test("what is on its way when it changes is not kept", async () => {
  const far = new Far();
  await far.put("k", 1);
  const near = new CachedArtifacts(far);
  const gate = Promise.withResolvers<void>();
  far.gate = gate.promise;
  const old = near.get("k");
  await until(() => far.gets === 1);
  await near.put("k", 2);
  far.gate = undefined;
  assert.equal((await near.get("k")).value, 2);
  gate.resolve();
  assert.equal((await old).value, 1);
  assert.equal((await near.get("k")).value, 2);
  await near.close();
});

Deno.test("with watch, what others change is forgotten", async () => {
  await using server = serving();
  const options = { namespace: "a", remote: { port: server.port } };
  await using here = new ArtifactRegistry<number>({ ...options, cache: { watch: true, ttl: 3_600_000 } });
  await using there = new ArtifactRegistry<number>(options);
  await there.register("k", 1);
  // Once it listens, a second get makes no request.
  const asked = (): number => server.requests.filter((line) => line.startsWith("GET /v1/namespaces/a/entries/")).length;
  await until(async () => {
    await here.get("k");
    const before = asked();
    await here.get("k");
    return asked() === before;
  });
  await there.replace("k", 2);
  await until(async () => await here.get("k") === 2);
  await there.clear();
  await until(() => here.get("k").then(() => false, () => true));
});

Deno.test("while nothing can be told nothing is taken for true, and all is asked again then", async () => {
  const far = new Far();
  let fail = (_: Error): void => {};
  const watched: (string | undefined)[] = [];
  const near = new CachedArtifacts(
    Object.assign(Object.create(far), {
      get: far.get.bind(far),
      async *watch({ since, signal }: { since?: string; signal: AbortSignal }): AsyncGenerator<ArtifactEvent> {
        watched.push(since);
        const { promise, reject } = Promise.withResolvers<never>();
        fail = reject;
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        yield { id: "1", kind: "reset" };
        await promise;
      },
      close: () => Promise.resolve(),
    }) as LocalArtifacts<number>,
    { watch: true, ttl: 3_600_000 },
  );
  await far.put("k", 1);
  await near.get("k");
  await until(async () => {
    await near.get("k");
    return near.find("k") !== undefined;
  });
  await far.put("k", 2);
  assert.equal((await near.get("k")).value, 1);
  fail(new StorageError("unavailable", "cut", { retryable: true }));
  await until(async () => (await near.get("k")).value === 2);
  await until(() => watched.length === 2);
  assert.deepEqual(watched, [undefined, undefined]);
  // What will not pass is told to whoever asks.
  await until(async () => {
    await near.get("k").catch(() => {/* asserted below */});
    return near.find("k") !== undefined;
  });
  fail(new StorageError("permission-denied", "no longer"));
  await until(() => near.get("k").then(() => false, () => true));
  await assert.rejects(near.get("k"), { code: "permission-denied" });
  await near.close();
});

Deno.test("a hit needs no server", async () => {
  const store = new MemoryStore();
  const server = serving({ store });
  const registry = new ArtifactRegistry<number>({ namespace: "a", remote: { port: server.port, tries: 1 }, cache: {} });
  await registry.register("k", 1);
  assert.equal(await registry.get("k"), 1);
  await server[Symbol.asyncDispose]();
  assert.equal(await registry.get("k"), 1);
  await assert.rejects(registry.get("other"), { code: "unavailable" });
  await registry.close();
  assert.equal(new RemoteArtifacts("a").server, "http://127.0.0.1:8001");
});
