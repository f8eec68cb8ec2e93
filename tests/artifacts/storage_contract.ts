/** What every storage of artifacts promises, whatever it keeps them in. */

import { type ArtifactError, type ArtifactStorage, type BatchResult, MAX_KEY } from "@polystore/polystore/artifacts";
import { isStorageError } from "@polystore/polystore";
import { comparePaths } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import fc from "fast-check";

/** A storage and how to be rid of it. `again` is another one over the same place, as another process would have. */
export interface OpenedStorage<V> {
  storage: ArtifactStorage<V>;
  again: ArtifactStorage<V>;
  dispose?: () => Promise<unknown>;
}

/** Options of {@linkcode testArtifactStorage}. */
export interface ContractOptions<V> {
  /** Makes a value of a number: another for each, the same for the same. */
  value: (n: number) => V;
  /** How many random histories. */
  numRuns?: number;
}

/** Keys that something on the way might change. */
// deno-fmt-ignore
export const WEIRD = [
  "a",
  "A",
  "a%41",
  "a%2Fb",
  "a/../b",
  "..",
  ".",
  "../x",
  "x/contains/y",
  "/",
  "//",
  "a/",
  "/a",
  " ",
  "a b",
  "con",
  "a.b",
  "a+b",
  "a@b",
  "@a",
  "~7b",
  "=3a",
  "!20",
  "^5b",
  "`",
  "_",
  "-",
  "é",
  "e\u0301",
  "\u{1F600}",
  "\uFFFD",
  "\0",
  "\n",
  "\x7f",
  "\u2028",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "$tag",
  "$artifact",
  '"',
  "\\",
  "k".repeat(MAX_KEY),
  "K".repeat(MAX_KEY),
  "é".repeat(MAX_KEY / 2),
  "k".repeat(200),
  "k".repeat(201),
  "k".repeat(400),
  `${"k".repeat(200)}+`,
  `${"k".repeat(200)}/x`,
];

/** Runs the contract. */
export function testArtifactStorage<V>(
  name: string,
  open: () => Promise<OpenedStorage<V>>,
  { value, numRuns = 30 }: ContractOptions<V>,
): void {
  function test(promise: string, body: (opened: OpenedStorage<V>) => Promise<void>): void {
    Deno.test(`${name}: ${promise}`, async () => {
      const opened = await open();
      try {
        await body(opened);
      } finally {
        await opened.storage.close();
        await opened.again.close();
        await opened.dispose?.();
      }
    });
  }

  test("what is put is got, by another too", async ({ storage, again }) => {
    const { etag, created } = await storage.put("mse", value(1));
    assert.equal(created, true);
    assert.deepEqual(await storage.get("mse"), { value: value(1), etag });
    assert.deepEqual(await again.get("mse"), { value: value(1), etag });
    assert.equal(await again.has("mse"), true);
    assert.equal(await storage.count(), 1);
  });

  test("every put gives another etag", async ({ storage }) => {
    const first = await storage.put("k", value(1));
    const second = await storage.put("k", value(1));
    assert.equal(second.created, false);
    assert.notEqual(second.etag, first.etag);
    assert.match(first.etag, /^[\x21\x23-\x7e]{1,64}$/);
  });

  test("reading makes nothing come into being", async ({ storage }) => {
    assert.equal(await storage.has("k"), false);
    await assert.rejects(storage.get("k"), { code: "not-found" });
    assert.deepEqual(await Array.fromAsync(storage.list({ values: true })), []);
    assert.equal(await storage.count(), 0);
    assert.equal(await storage.delete("k"), false);
    assert.equal(await storage.clear(), 0);
  });

  test("a miss suggests what may have been meant", async ({ storage }) => {
    for (const key of ["mse", "mae", "huber"]) await storage.put(key, value(1));
    const error = await storage.get("ms").catch((error) => error) as ArtifactError;
    assert(isStorageError(error, "not-found"));
    assert.deepEqual(error.suggestions, ['did you mean "mse"?']);
    assert.equal(error.context.key, "ms");
    assert.match(error.message, /did you mean "mse"\?/);
  });

  test("ifAbsent only creates", async ({ storage, again }) => {
    const { etag } = await storage.put("k", value(1), { ifAbsent: true });
    await assert.rejects(again.put("k", value(2), { ifAbsent: true }), { code: "already-exists" });
    assert.deepEqual(await again.get("k"), { value: value(1), etag });
  });

  test("ifMatch only replaces what has the etag", async ({ storage, again }) => {
    await assert.rejects(storage.put("k", value(1), { ifMatch: "*" }), { code: "precondition-failed" });
    await assert.rejects(storage.put("k", value(1), { ifMatch: "x" }), { code: "precondition-failed" });
    const { etag } = await storage.put("k", value(1));
    const second = await again.put("k", value(2), { ifMatch: etag });
    assert.equal(second.created, false);
    await assert.rejects(storage.put("k", value(3), { ifMatch: etag }), { code: "precondition-failed" });
    await storage.put("k", value(4), { ifMatch: "*" });
    assert.deepEqual((await again.get("k")).value, value(4));
  });

  test("delete tells whether something was there, and heeds ifMatch", async ({ storage, again }) => {
    const { etag } = await storage.put("k", value(1));
    await assert.rejects(storage.delete("k", { ifMatch: "x" }), { code: "precondition-failed" });
    assert.equal(await again.has("k"), true);
    assert.equal(await again.delete("k", { ifMatch: etag }), true);
    assert.equal(await storage.delete("k"), false);
    await assert.rejects(storage.delete("k", { ifMatch: etag }), { code: "precondition-failed" });
    assert.equal(await storage.has("k"), false);
  });

  test("a write that is repeated under its name succeeds", async ({ storage, again }) => {
    const writeId = crypto.randomUUID();
    const first = await storage.put("k", value(1), { ifAbsent: true, writeId });
    assert.deepEqual(await again.put("k", value(1), { ifAbsent: true, writeId }), first);
    await assert.rejects(again.put("k", value(1), { ifAbsent: true, writeId: "other" }), { code: "already-exists" });
    const next = crypto.randomUUID();
    const second = await storage.put("k", value(2), { ifMatch: first.etag, writeId: next });
    assert.deepEqual(await again.put("k", value(2), { ifMatch: first.etag, writeId: next }), second);
    const batch = crypto.randomUUID();
    for (const atomic of [true, false]) {
      const operations = [1, 2].map((n) => ({
        op: "put" as const,
        key: `${atomic}${n}`,
        value: value(n),
        ifAbsent: true,
      }));
      const results = await storage.batch(operations, { atomic, writeId: batch });
      assert.deepEqual(await again.batch(operations, { atomic, writeId: batch }), results);
    }
    await assert.rejects(storage.put("x", value(1), { writeId: "no spaces" }), { code: "invalid-argument" });
  });

  test("of many that create a key, one wins", async ({ storage, again }) => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => (n % 2 ? storage : again).put("k", value(n), { ifAbsent: true })),
    );
    const winners = results.flatMap(({ status }, n) => status === "fulfilled" ? [n] : []);
    assert.equal(winners.length, 1);
    for (const result of results) {
      if (result.status === "rejected") assert(isStorageError(result.reason, "already-exists"));
    }
    assert.deepEqual((await again.get("k")).value, value(winners[0]!));
  });

  test("no update is lost", async ({ storage, again }) => {
    const seen = new Set<string>();
    await storage.put("k", value(0));
    async function step(place: ArtifactStorage<V>, n: number): Promise<void> {
      while (true) {
        const { etag } = await place.get("k");
        try {
          await place.put("k", value(n), { ifMatch: etag });
          assert(!seen.has(etag), "two replaced the same content");
          seen.add(etag);
          return;
        } catch (error) {
          if (!isStorageError(error, "precondition-failed")) throw error;
        }
      }
    }
    await Promise.all(Array.from({ length: 10 }, (_, n) => step(n % 2 ? storage : again, n)));
    assert.equal(seen.size, 10);
  });

  test("any key is kept, and the order is that of its bytes", async ({ storage, again }) => {
    for (const [n, key] of WEIRD.entries()) {
      assert.equal((await storage.put(key, value(n), { ifAbsent: true })).created, true, key);
    }
    for (const [n, key] of WEIRD.entries()) assert.deepEqual((await again.get(key)).value, value(n), key);
    const keys = WEIRD.toSorted(comparePaths);
    assert.deepEqual(await Array.fromAsync(again.list(), ({ key }) => key), keys);
    for (const after of WEIRD) {
      const rest = keys.slice(keys.indexOf(after) + 1);
      assert.deepEqual(await Array.fromAsync(storage.list({ after }), ({ key }) => key), rest, after);
      const inside = keys.filter((key) => key.startsWith(after));
      assert.deepEqual(await Array.fromAsync(storage.list({ prefix: after }), ({ key }) => key), inside, after);
      assert.equal(await storage.delete(after), true);
      assert.equal(await again.has(after), false);
      await storage.put(after, value(0));
    }
    assert.equal(await storage.clear(), WEIRD.length);
    assert.equal(await again.count(), 0);
  });

  test("what cannot be a key is refused, and is not there", async ({ storage }) => {
    for (
      const key of ["", "\ud800", "x".repeat(MAX_KEY + 1), "é".repeat(MAX_KEY / 2 + 1), 7, null, undefined] as string[]
    ) {
      for (
        const call of [
          () => storage.get(key),
          () => storage.put(key, value(1)),
          () => storage.delete(key),
          () => storage.acquire(key, { owner: "o", ttl: 1 }),
        ]
      ) await assert.rejects(call, { code: "invalid-argument" });
      assert.equal(await storage.has(key), false);
    }
    assert.equal(await storage.count(), 0);
  });

  test("list has pages, and values if asked", async ({ storage }) => {
    const keys = Array.from({ length: 250 }, (_, n) => `k${String(n).padStart(3, "0")}`);
    await storage.batch(keys.map((key, n) => ({ op: "put", key, value: value(n) })));
    assert.deepEqual(await Array.fromAsync(storage.list({ limit: 0 })), []);
    const page = await Array.fromAsync(storage.list({ after: "k009", limit: 5, values: true }));
    assert.deepEqual(page.map(({ key }) => key), ["k010", "k011", "k012", "k013", "k014"]);
    assert.deepEqual(page[0], { key: "k010", ...await storage.get("k010") });
    assert.deepEqual(
      (await Array.fromAsync(storage.list({ values: true }))).map(({ value }) => value),
      keys.map((_, n) => value(n)),
    );
    assert.equal((await Array.fromAsync(storage.list({ prefix: "k24" }))).length, 10);
    assert.deepEqual(await Array.fromAsync(storage.list({ prefix: "k1", after: "k198" })), [{ key: "k199" }]);
    assert.deepEqual(await Array.fromAsync(storage.list({ prefix: "k1", after: "k2" })), []);
  });

  test("a batch does each for itself", async ({ storage, again }) => {
    const { etag } = await storage.put("there", value(1));
    const results = await again.batch([
      { op: "put", key: "new", value: value(2), ifAbsent: true },
      { op: "put", key: "there", value: value(3), ifAbsent: true },
      { op: "get", key: "none" },
      { op: "put", key: "x", value: value(4), ifMatch: etag },
      { op: "delete", key: "nothing" },
      { op: "put", key: "", value: value(5) },
      { op: "put", key: "plain", value: value(6) },
    ]);
    assert.deepEqual(results.map(outcome), [
      "created",
      "already-exists",
      "not-found",
      "precondition-failed",
      false,
      "invalid-argument",
      "created",
    ]);
    assert.deepEqual((await storage.get("there")).value, value(1));
    const second = await storage.batch([
      { op: "put", key: "there", value: value(7), ifMatch: etag },
      { op: "put", key: "new", value: value(8) },
      { op: "get", key: "plain" },
    ]);
    assert.deepEqual(second.map(outcome).slice(0, 2), ["replaced", "replaced"]);
    assert.deepEqual(second[2], { op: "get", ...await again.get("plain") });
    assert.deepEqual(await storage.batch([]), []);
    assert.deepEqual(
      (await again.batch([{ op: "delete", key: "plain" }, { op: "delete", key: "new", ifMatch: "x" }])).map(outcome),
      [true, "precondition-failed"],
    );
  });

  test("an atomic batch is all or nothing", async ({ storage, again }) => {
    await storage.put("b", value(0));
    const puts = ["a", "b", "c"].map((key, n) => ({ op: "put" as const, key, value: value(n), ifAbsent: true }));
    const failed = await again.batch(puts, { atomic: true });
    assert.deepEqual(failed.map(outcome), ["precondition-failed", "already-exists", "precondition-failed"]);
    assert.deepEqual(await Array.fromAsync(storage.list()), [{ key: "b" }]);
    assert.deepEqual((await storage.get("b")).value, value(0));
    const bad = await storage.batch(
      [{ op: "put", key: "a", value: value(1) }, { op: "put", key: "", value: value(1) }],
      { atomic: true },
    );
    assert.deepEqual(bad.map(outcome), ["precondition-failed", "invalid-argument"]);
    assert.equal(await storage.has("a"), false);
    await storage.delete("b");
    assert.deepEqual((await storage.batch(puts, { atomic: true })).map(outcome), ["created", "created", "created"]);
    const again2 = await storage.batch(puts.map(({ ifAbsent: _, ...put }) => put), { atomic: true });
    assert.deepEqual(again2.map(outcome), ["replaced", "replaced", "replaced"]);
    for (
      const operations of [
        [{ op: "delete" as const, key: "a" }],
        [{ ...puts[0]!, ifAbsent: false, ifMatch: "x" }],
        [puts[0]!, { ...puts[1]!, ifAbsent: false }],
      ]
    ) await assert.rejects(storage.batch(operations, { atomic: true }), { code: "unsupported" });
    await assert.rejects(storage.batch([puts[0]!, puts[0]!]), { code: "invalid-argument" });
  });

  test("of atomic batches that race, one wins whole", async ({ storage, again }) => {
    const batches = await Promise.all(Array.from({ length: 6 }, (_, n) =>
      (n % 2 ? storage : again).batch(
        ["a", "b", "c", "d"].slice(n % 3).map((key) => ({ op: "put", key, value: value(n), ifAbsent: true })),
        { atomic: true },
      )));
    const won = batches.flatMap((results, n) => results.every(({ op }) => op === "put") ? [n] : []);
    assert.equal(won.length, 1);
    const held = await Array.fromAsync(storage.list({ values: true }), (each) => each.value);
    assert.deepEqual(held, held.map(() => value(won[0]!)));
    assert.equal(held.length, batches[won[0]!]!.length);
  });

  test("watch tells what others do, from the reset on", async ({ storage, again }) => {
    await storage.put("before", value(0));
    const controller = new AbortController();
    const events = storage.watch({ signal: controller.signal })[Symbol.asyncIterator]();
    const reset = (await events.next()).value!;
    assert.equal(reset.kind, "reset");
    const { etag } = await again.put("k", value(1));
    await again.delete("k");
    await again.batch([1, 2].map((n) => ({ op: "put", key: `b${n}`, value: value(n) })));
    await again.clear();
    const told: unknown[] = [];
    const ids: string[] = [];
    while (told.length < 5) {
      const { id, kind, key, etag } = (await events.next()).value!;
      ids.push(id);
      told.push(kind === "put" ? [kind, key, typeof etag] : [kind, key]);
      if (kind === "put" && key === "k") assert.equal(etag, etag);
    }
    assert.deepEqual(told, [["put", "k", "string"], ["delete", "k"], ["put", "b1", "string"], ["put", "b2", "string"], [
      "clear",
      undefined,
    ]]);
    assert.equal(new Set(ids).size, 5);
    assert(etag);
    controller.abort();
    await assert.rejects(async () => await events.next(), { name: "AbortError" });

    // Going on after the first: at least the rest is told, in order.
    const seen: string[] = [];
    for await (const event of again.watch({ since: ids[0] })) {
      seen.push(event.id);
      if (event.id === ids[4]) break;
    }
    for (const id of ids.slice(1)) assert(seen.includes(id), id);
    for await (const event of again.watch({ since: "from another world" })) {
      assert.equal(event.kind, "reset");
      break;
    }
  });

  test("a lease is one owner's, until it ends", async ({ storage, again }) => {
    const lease = await storage.acquire("k", { owner: "a", ttl: 60_000 });
    await assert.rejects(again.acquire("k", { owner: "b", ttl: 60_000 }), (error) => {
      assert(isStorageError(error, "busy"));
      assert(error.retryable && error.retryAfter! > 0);
      return true;
    });
    assert.equal((await again.acquire("k", { owner: "a", ttl: 60_000 })).token, lease.token);
    assert.equal((await again.acquire("k", { owner: "a", ttl: 60_000, token: lease.token })).token, lease.token);
    await again.release("k", lease.token + 1);
    await assert.rejects(storage.acquire("k", { owner: "b", ttl: 1 }), { code: "busy" });
    await again.release("k", lease.token);
    const next = await storage.acquire("k", { owner: "b", ttl: 1 });
    assert(next.token > lease.token);
    await assert.rejects(storage.acquire("k", { owner: "a", ttl: 1, token: lease.token }), {
      code: "precondition-failed",
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert((await again.acquire("k", { owner: "c", ttl: 1000 })).token > next.token);
    for (const ttl of [0, -1, NaN, Infinity, 1e9]) {
      await assert.rejects(storage.acquire("k", { owner: "c", ttl }), { code: "invalid-argument" });
    }
    assert.equal(await storage.count(), 0);
  });

  test("an aborted call changes nothing", async ({ storage }) => {
    const signal = AbortSignal.abort();
    for (
      const call of [
        () => storage.get("k", { signal }),
        () => storage.has("k", { signal }),
        () => storage.put("k", value(1), { signal }),
        () => storage.put("k", value(1), { signal, ifAbsent: true }),
        () => storage.delete("k", { signal }),
        () => storage.count({ signal }),
        () => storage.clear({ signal }),
        () => Array.fromAsync(storage.list({ signal })),
        () => storage.batch([{ op: "put", key: "k", value: value(1) }], { signal }),
        () => storage.acquire("k", { owner: "o", ttl: 1, signal }),
        async () => {
          for await (const _ of storage.watch({ signal })) return;
        },
      ]
    ) await assert.rejects(call, { name: "AbortError" });
    assert.equal(await storage.count(), 0);
  });

  test("random histories agree with a Map", async ({ storage, again }) => {
    const keys = ["a", "B", "b/c", "é", "__proto__"];
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.constantFrom("put", "create", "replace", "delete", "clear", "batch"),
            fc.nat(keys.length - 1),
            fc.nat(9),
          ),
        ),
        async (history) => {
          await storage.clear();
          const model = new Map<string, V>();
          for (const [step, [what, k, n]] of history.entries()) {
            const place = step % 2 ? storage : again;
            const key = keys[k]!;
            if (what === "put") {
              assert.equal((await place.put(key, value(n))).created, !model.has(key));
              model.set(key, value(n));
            } else if (what === "create") {
              const call = place.put(key, value(n), { ifAbsent: true });
              if (model.has(key)) await assert.rejects(call, { code: "already-exists" });
              else await call;
              if (!model.has(key)) model.set(key, value(n));
            } else if (what === "replace") {
              const call = place.put(key, value(n), { ifMatch: "*" });
              if (!model.has(key)) await assert.rejects(call, { code: "precondition-failed" });
              else await call;
              if (model.has(key)) model.set(key, value(n));
            } else if (what === "delete") assert.equal(await place.delete(key), model.delete(key));
            else if (what === "clear") {
              assert.equal(await place.clear(), model.size);
              model.clear();
            } else {
              await place.batch(keys.slice(0, k + 1).map((key) => ({ op: "put", key, value: value(n) })));
              for (const key of keys.slice(0, k + 1)) model.set(key, value(n));
            }
          }
          const listed = await Array.fromAsync(storage.list({ values: true }), ({ key, value }) => [key, value]);
          assert.deepEqual(listed, [...model].sort(([a], [b]) => comparePaths(a, b)));
          assert.equal(await again.count(), model.size);
        },
      ),
      { numRuns },
    );
  });
}

/** What became of an operation, in a word. */
function outcome(result: BatchResult<unknown>): unknown {
  if (result.op === "error") return isStorageError(result.error) ? result.error.code : result.error;
  if (result.op === "put") return result.created ? "created" : "replaced";
  return result.op === "delete" ? result.deleted : "got";
}
