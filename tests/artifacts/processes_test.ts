import { ArtifactRegistry, type LockHeld, StoredArtifacts } from "@polystore/polystore/artifacts";
import { MemoryStore, SqliteStore } from "@polystore/polystore/stores";
import assert from "node:assert/strict";

Deno.test("across processes, one registers, no update is lost, and one at a time has the lock", async () => {
  const directory = await Deno.makeTempDir({ prefix: "polystore-artifacts-" });
  const path = `${directory}/a.db`;
  const store = new SqliteStore({ path });
  const registry = new ArtifactRegistry<number | string>({ storage: new StoredArtifacts(store, "race") });
  await registry.registerBatch({ counter: 0, guarded: 0 });
  const [rounds, processes] = [8, 3];
  const outputs = await Promise.all(Array.from({ length: processes }, (_, n) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", new URL("racer.ts", import.meta.url).href, path, `p${n}`, String(rounds)],
    }).output()));
  const won = outputs.flatMap(({ success, stdout, stderr }, n) => {
    assert(success, new TextDecoder().decode(stderr));
    return (JSON.parse(new TextDecoder().decode(stdout)) as string[]).map((key): [string, string] => [key, `p${n}`]);
  });
  assert.equal(won.length, rounds);
  for (const [key, name] of won) assert.equal(await registry.get(key), name);
  assert.equal(await registry.get("counter"), rounds * processes);
  assert.equal(await registry.get("guarded"), rounds * processes);
  await registry.close();
  await store.close();
  await Deno.remove(directory, { recursive: true });
});

Deno.test("what another process writes is told too", async () => {
  const directory = await Deno.makeTempDir({ prefix: "polystore-artifacts-" });
  const path = `${directory}/a.db`;
  const store = new SqliteStore({ path });
  const registry = new ArtifactRegistry<number | string>({ storage: new StoredArtifacts(store, "race") });
  await registry.registerBatch({ counter: 0, guarded: 0 });
  const events = registry.watch();
  assert.equal((await events.next()).value!.kind, "reset");
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", new URL("racer.ts", import.meta.url).href, path, "p", "1"],
  }).output();
  assert(success);
  const keys: unknown[] = [];
  for await (const { key } of events) if (keys.push(key) === 3) break;
  assert.deepEqual(keys, ["k0", "counter", "guarded"]);
  await registry.close();
  await store.close();
  await Deno.remove(directory, { recursive: true });
});

Deno.test("a lock outlives its time while the work goes on, and who lost it is told", async () => {
  const storage = new StoredArtifacts(new MemoryStore(), "a");
  const registry = new ArtifactRegistry<number>({ storage });
  await registry.withLock("k", async ({ token, signal }) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await assert.rejects(storage.acquire("k", { owner: "other", ttl: 1000 }), { code: "busy" });
    assert((await storage.acquire("x", { owner: "other", ttl: 1000 })).token > 0 && token > 0);
    assert.equal(signal.aborted, false);
  }, { ttl: 1000 });

  let held: LockHeld | undefined;
  const work = registry.withLock("k", async (lock) => {
    held = lock;
    // As if this process had stood still for too long, and someone else had come.
    await storage.release("k", lock.token);
    await storage.acquire("k", { owner: "thief", ttl: 60_000 });
    await new Promise<void>((resolve) => lock.signal.addEventListener("abort", () => resolve(), { once: true }));
    return "done all the same";
  }, { ttl: 1000 });
  await assert.rejects(work, /the lock was lost while the work went on/);
  assert(held!.signal.aborted);
  await assert.rejects(storage.acquire("k", { owner: "third", ttl: 1 }), { code: "busy" });
});
