/** What is done halfway, twice, or without an answer: nothing acknowledged is lost, and nobody is told what is not so. */

import { RemoteArtifacts, StoredArtifacts } from "@polystore/polystore/artifacts";
import { ArtifactServer } from "@polystore/polystore/server";
import { MemoryStore, type Store } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { StorageError } from "../../backends/errors.ts";

/** A store in memory, with some of its members replaced. */
function altered(change: (memory: MemoryStore) => Partial<Record<keyof Store, unknown>>): Store {
  const memory = new MemoryStore();
  const changed = change(memory) as Record<PropertyKey, unknown>;
  return new Proxy(memory, {
    get(target, name) {
      if (Object.hasOwn(changed, name)) return changed[name];
      const member = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  }) as unknown as Store;
}

/** Runs with a client of a server of which answers can be lost. */
async function withLossy(
  run: (
    artifacts: RemoteArtifacts,
    stored: StoredArtifacts,
    lose: (meanwhile?: () => Promise<unknown>) => void,
  ) => Promise<void>,
): Promise<void> {
  const store = new MemoryStore();
  await using server = new ArtifactServer({ store });
  let meanwhile: (() => Promise<unknown>) | undefined;
  await using listener = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const answer = await server.fetch(request);
    if (meanwhile === undefined) return answer;
    const then = meanwhile;
    meanwhile = undefined;
    await answer.body?.cancel();
    await then();
    return new Response("the way back is broken", { status: 502 });
  });
  const artifacts = new RemoteArtifacts("n", { port: listener.addr.port });
  await run(artifacts, new StoredArtifacts(store, "n"), (then = () => Promise.resolve()) => meanwhile = then);
  await artifacts.close();
}

Deno.test("half done: what was deleted by a server that ended before it told is told when it is asked again", () =>
  withLossy(async (artifacts, stored, lose) => {
    const events: string[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      for await (const { kind, key } of stored.watch({ signal: stop.signal })) events.push(`${kind} ${key ?? ""}`);
    })().catch(() => {/* it was stopped */});
    const heard = async (event: string): Promise<void> => {
      while (!events.includes(event)) await new Promise((resolve) => setTimeout(resolve, 5));
      events.length = 0;
    };
    await heard("reset ");
    // The first try is answered with an error of the gateway, as if its server had ended: only the second one can tell.
    lose(async () => await Promise.resolve(events.length = 0));
    assert.equal(await artifacts.delete("k"), true);
    await heard("delete k");
    lose(async () => await Promise.resolve(events.length = 0));
    assert.equal(await artifacts.clear(), 0);
    await heard("clear ");
    lose(async () => await Promise.resolve(events.length = 0));
    assert.deepEqual(await artifacts.batch([{ op: "delete", key: "b" }]), [{ op: "delete", deleted: true }]);
    await heard("delete b");
    // Who asks once makes no noise.
    assert.equal(await artifacts.delete("k"), false);
    await artifacts.put("last", "1");
    await heard("put last");
    stop.abort();
    await watching;
    assert.deepEqual(events, []);
  }));

Deno.test("half done: an atomic batch that fails after the first write puts back what was there", async () => {
  let full = false;
  const store = altered((memory) => ({
    writeMany: undefined,
    write: async (path: string, bytes: Uint8Array, options: object) => {
      if (full && path.endsWith("/entries/b")) throw new StorageError("no-space", "full");
      return await memory.write(path, bytes, options);
    },
  }));
  const artifacts = new StoredArtifacts(store, "n");
  for (const key of ["a", "b"]) await artifacts.put(key, '"old"');
  full = true;
  const both = ["a", "b"].map((key) => ({ op: "put" as const, key, value: '"new"' }));
  await assert.rejects(artifacts.batch(both, { atomic: true }), { code: "no-space" });
  assert.equal((await artifacts.get("a")).value, '"old"');
  assert.equal((await artifacts.get("b")).value, '"old"');
  // What was not there before is gone again.
  const created = [{ op: "put" as const, key: "0", value: "1" }, both[1]!];
  await assert.rejects(artifacts.batch(created, { atomic: true }), { code: "no-space" });
  assert.equal(await artifacts.has("0"), false);
});

Deno.test("half done: an atomic batch whose answer the store has lost is undone, not deleted", async () => {
  let lost = false;
  const store = altered((memory) => ({
    writeMany: async (writes: Parameters<MemoryStore["writeMany"]>[0], options: object) => {
      const results = await memory.writeMany(writes, options);
      if (lost) throw new StorageError("unavailable", "the connection was lost");
      return results;
    },
  }));
  const artifacts = new StoredArtifacts(store, "n");
  await artifacts.put("a", '"old"');
  lost = true;
  const batch = artifacts.batch([{ op: "put", key: "a", value: '"new"' }], { atomic: true });
  await assert.rejects(batch, { code: "unavailable" });
  assert.equal((await artifacts.get("a")).value, '"old"');
});

Deno.test("half done: a batch of which a part fails tells what was done of it", async () => {
  let failing = false;
  const store = altered((memory) => ({
    delete: async (path: string, options: object) => {
      if (failing) throw new StorageError("no-space", "full");
      await memory.delete(path, options);
    },
  }));
  const artifacts = new StoredArtifacts(store, "n");
  await artifacts.put("gone", "1");
  failing = true;
  const results = await artifacts.batch([{ op: "put", key: "a", value: "1" }, { op: "delete", key: "gone" }]);
  assert.deepEqual(results.map(({ op }) => op), ["put", "error"]);
  assert.equal((await artifacts.get("a")).value, "1");
});

Deno.test("half done: a change is told although noting it fails at first", async () => {
  let failures = 0;
  const store = altered((memory) => ({
    write: async (path: string, bytes: Uint8Array, options: object) => {
      if (path.includes("/log/") && failures-- > 0) throw new StorageError("busy", "others", { retryable: true });
      return await memory.write(path, bytes, options);
    },
  }));
  const artifacts = new StoredArtifacts(store, "n");
  const { etag } = await artifacts.put("a", "1");
  await artifacts.put("b", "1");
  const notes = async (): Promise<number> =>
    (await Array.fromAsync(store.list!("n/log"))).filter(({ kind }) => kind === "file").length;
  const before = await notes();
  failures = 2;
  await artifacts.put("a", "2", { ifMatch: etag });
  failures = 2;
  await artifacts.delete("b");
  failures = 2;
  await artifacts.clear();
  assert.equal(await notes() - before, 3);
});

Deno.test("half done: a listing reads no more than a few large values at a time", async () => {
  let read = 0;
  const store = altered((memory) => ({
    readMany: async (paths: readonly string[]) => {
      const contents = await memory.readMany(paths);
      for (const content of contents) read += content?.length ?? 0;
      return contents;
    },
  }));
  const artifacts = new StoredArtifacts(store, "n");
  const value = JSON.stringify("x".repeat(1024 * 1024));
  for (let n = 0; n < 20; n++) await artifacts.put(`k${n}`, value);
  read = 0;
  for await (const listed of artifacts.list({ values: true })) {
    assert.equal(listed.value, value);
    break;
  }
  assert(read <= 5 * 1024 * 1024, `${read} bytes were read for one value`);
  assert.equal((await Array.fromAsync(artifacts.list({ values: true }))).length, 20);
});

Deno.test("half done: a batch whose answer was lost tells what it did, or that it does not know", () =>
  withLossy(async (artifacts, stored, lose) => {
    await stored.put("a", "1");
    lose();
    assert.deepEqual(await artifacts.batch([{ op: "delete", key: "a" }]), [{ op: "delete", deleted: true }]);
    const second = await stored.put("b", "1");
    // Another changes it before it is asked again.
    lose(() => stored.put("b", "3"));
    const [result] = await artifacts.batch([{ op: "put", key: "b", value: "2", ifMatch: second.etag }]);
    assert(result?.op === "error");
    assert.equal((result.error as StorageError).code, "unavailable");
    assert.match(result.error.message, /the outcome is not known/);
    assert.equal((await stored.get("b")).value, "3");
    lose();
    const [created] = await artifacts.batch([{ op: "put", key: "c", value: "1", ifAbsent: true }]);
    assert(created?.op === "put" && created.created);
  }));

Deno.test("half done: a batch that is more than a server takes or answers at once is done in parts", () =>
  withLossy(async (artifacts, stored) => {
    const value = JSON.stringify("é".repeat(400_000));
    const keys = Array.from({ length: 12 }, (_, n) => `k${n}`);
    const puts = await artifacts.batch(keys.map((key) => ({ op: "put", key, value, ifAbsent: true })));
    assert(puts.every((result) => result.op === "put" && result.created));
    assert.equal(await stored.count(), 12);
    const gets = await artifacts.batch(keys.map((key) => ({ op: "get", key })));
    assert(gets.every((result) => result.op === "get" && result.value === value));
  }));

Deno.test("half done: what a later part of a batch fails with is told of its operations only", () =>
  withLossy(async (artifacts) => {
    const large = JSON.stringify("x".repeat(900_000));
    const tooLarge = JSON.stringify("x".repeat(5_000_000));
    const results = await artifacts.batch([
      { op: "put", key: "a", value: large },
      { op: "put", key: "b", value: large },
      { op: "put", key: "c", value: tooLarge },
    ]);
    assert.deepEqual(results.map(({ op }) => op), ["put", "put", "error"]);
    assert.deepEqual(await Array.fromAsync(artifacts.list(), ({ key }) => key), ["a", "b"]);
  }));

Deno.test("half done: a server that has room for nothing is not asked for ever", async () => {
  let asked = 0;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    asked++;
    const problem = { code: "invalid-argument", detail: "no room" };
    return Response.json({ results: [{ status: 413, problem }, { status: 413, problem }] });
  });
  const artifacts = new RemoteArtifacts("n", { port: server.addr.port });
  const results = await artifacts.batch([{ op: "get", key: "a" }, { op: "get", key: "b" }]);
  assert.deepEqual(results.map(({ op }) => op), ["error", "error"]);
  assert.equal(asked, 1);
  await artifacts.close();
});
