/** The log of changes: stalled listeners, long logs, and what is left of namespaces that nobody uses. */

import { StoredArtifacts, StoredNamespaces } from "@polystore/polystore/artifacts";
import { faulty } from "@polystore/polystore/layers";
import { layered, MemoryStore, StorageError, type Store } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { Inbox } from "../../registry/artifacts/inbox.ts";

/** A store in memory of which some methods are others. */
function changed(memory: MemoryStore, methods: Partial<Store>): Store {
  return { ...layered(memory, faulty([])), ...methods };
}

async function files(store: Store): Promise<string[]> {
  const entries = await Array.fromAsync(store.list!(""));
  return entries.filter(({ kind }) => kind === "file").map(({ path }) => path);
}

/** Lets the time be another one, and takes it back. */
async function atTime(test: (pass: (milliseconds: number) => void) => Promise<void>): Promise<void> {
  const now = Date.now;
  let time = now();
  Date.now = () => time;
  try {
    await test((milliseconds) => time += milliseconds);
  } finally {
    Date.now = now;
  }
}

Deno.test("a listener that stands still while the store fails does not keep others from watching", async () => {
  const memory = new MemoryStore();
  let down = false;
  let failed = 0;
  const store = changed(memory, {
    list(prefix, options) {
      if (down && prefix.endsWith("/log")) {
        failed++;
        throw new StorageError("unavailable", "the place is down", { retryable: true });
      }
      return memory.list(prefix, options);
    },
  });
  const artifacts = new StoredArtifacts(store, "a");
  const stalled = artifacts.watch();
  await stalled.next();
  down = true;
  while (failed === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  down = false;
  const events = artifacts.watch();
  assert.equal((await events.next()).value!.kind, "reset");
  const next = events.next();
  await artifacts.put("k", "1");
  assert.equal((await next).value!.key, "k");
  await assert.rejects(stalled.next(), { code: "unavailable" });
  // The one that failed has left; the other is still told.
  const last = events.next();
  await artifacts.put("l", "1");
  assert.equal((await last).value!.key, "l");
  await events.return(undefined);
});

Deno.test("a long log is read some records at a time, and all of it is told once", async () => {
  const memory = new MemoryStore();
  const sizes: number[] = [];
  const store = changed(memory, {
    readMany(paths, options) {
      sizes.push(paths.length);
      return memory.readMany(paths, options);
    },
  });
  await atTime(async (pass) => {
    const artifacts = new StoredArtifacts(store, "a");
    const watching = artifacts.watch();
    const { id } = (await watching.next()).value!;
    await watching.return(undefined);
    for (let n = 0; n < 1200; n++) {
      await artifacts.put(`k${n}`, "1");
      if (n % 400 === 399) pass(60_000);
    }
    sizes.length = 0;
    const resumed = artifacts.watch({ since: id });
    assert.equal((await resumed.next()).value!.key, "k0");
    assert(sizes.reduce((sum, size) => sum + size, 0) < 1000, `${sizes} records were read for one event`);
    // What is written while it is told comes after it.
    await artifacts.put("last", "1");
    const told = ["k0"];
    while (told.at(-1) !== "last") told.push((await resumed.next()).value!.key!);
    assert.deepEqual(told, [...Array.from({ length: 1200 }, (_, n) => `k${n}`), "last"]);
    assert(Math.max(...sizes) <= 500);
    const next = resumed.next();
    await artifacts.put("after", "1");
    assert.equal((await next).value!.key, "after");
    await resumed.return(undefined);
  });
});

Deno.test("who is told the log so slowly that some of it is deleted meanwhile begins anew", async () => {
  await atTime(async (pass) => {
    const artifacts = new StoredArtifacts(new MemoryStore(), "a");
    const watching = artifacts.watch();
    const { id } = (await watching.next()).value!;
    await watching.return(undefined);
    for (let n = 0; n < 1000; n++) {
      await artifacts.put(`k${n}`, "1");
      if (n === 500) pass(60_000);
    }
    const resumed = artifacts.watch({ since: id });
    await resumed.next();
    pass(20 * 60_000);
    await artifacts.put("sweeps", "1");
    const kinds: string[] = [];
    while (kinds.at(-1) !== "reset") kinds.push((await resumed.next()).value!.kind);
    assert(kinds.length < 1000);
    assert.equal((await resumed.next()).value!.key, "sweeps");
    await resumed.return(undefined);
  });
});

Deno.test("what waits for a listener is counted by its changes", async () => {
  const inbox = new Inbox<string>();
  inbox.push("a", 9999);
  inbox.push("b", 10_000);
  assert.deepEqual(await inbox.take(), ["a", "b"]);
  inbox.push("c", 10_000);
  inbox.push("d", 1);
  assert.equal(await inbox.take(), undefined);
  inbox.push("e", 1);
  assert.deepEqual(await inbox.take(), ["e"]);
  const artifacts = new StoredArtifacts(new MemoryStore(), "a");
  const events = artifacts.watch();
  await events.next();
  const operations = Array.from({ length: 4000 }, (_, n) => ({ op: "put" as const, key: `k${n}`, value: "1" }));
  for (let round = 0; round < 5; round++) await artifacts.batch(operations);
  assert.equal((await events.next()).value!.kind, "reset");
  await events.return(undefined);
});

Deno.test("the logs of namespaces that nobody uses are deleted while namespaces are listed", async () => {
  await atTime(async (pass) => {
    const memory = new MemoryStore();
    let looks = 0;
    const store = changed(memory, {
      list(prefix, options) {
        if (prefix.endsWith("/log")) looks++;
        return memory.list(prefix, options);
      },
    });
    const namespaces = new StoredNamespaces(store);
    for (let n = 0; n < 20; n++) {
      await namespaces.open(`n${n}`).put("k", "1");
      await namespaces.open(`n${n}`).clear();
    }
    await namespaces.open("z").put("k", "1");
    const before = await files(memory);
    pass(12 * 60_000);
    looks = 0;
    assert.deepEqual(await Array.fromAsync(namespaces.list()), ["z"]);
    assert.deepEqual(await files(memory), ["z/entries/k"], `of ${before.length}`);
    const once = looks;
    await Array.fromAsync(namespaces.list());
    assert.equal(looks, once, "it looks again within the minute");
  });
});

Deno.test("namespaces are listed where nothing may be deleted", async () => {
  await atTime(async (pass) => {
    const memory = new MemoryStore();
    await new StoredArtifacts(memory, "a").put("k", "1");
    pass(12 * 60_000);
    const refuse = (): Promise<never> => Promise.reject(new StorageError("permission-denied", "no"));
    const store = changed(memory, { delete: refuse, deleteTree: refuse });
    assert.deepEqual(await Array.fromAsync(new StoredNamespaces(store).list()), ["a"]);
  });
});
