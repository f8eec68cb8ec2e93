/** What every registry promises, wherever it keeps its artifacts. */

import { type ArtifactError, ArtifactRegistry, type ArtifactRegistryOptions } from "@polystore/polystore/artifacts";
import { isStorageError } from "@polystore/polystore";
import assert from "node:assert/strict";
import fc from "fast-check";

/** What is registered. */
export interface Item {
  n: number;
  more?: unknown;
}

/** Where a registry is, and how to be rid of the place. */
export interface Place {
  options: ArtifactRegistryOptions<Item>;
  /** The options of another registry over the same place, if there can be one. */
  again?: ArtifactRegistryOptions<Item>;
  dispose?: () => Promise<unknown>;
}

interface Opened {
  registry: ArtifactRegistry<Item>;
  again: ArtifactRegistry<Item>;
}

/** Runs the contract. */
export function testRegistry(name: string, open: () => Promise<Place> | Place, numRuns = 20): void {
  function test(promise: string, body: (opened: Opened) => Promise<void>): void {
    Deno.test(`${name}: ${promise}`, async () => {
      const { options, again: others, dispose } = await open();
      const registry = new ArtifactRegistry<Item>(options);
      const again = others ? new ArtifactRegistry<Item>(others) : registry;
      try {
        await body({ registry, again });
      } finally {
        await registry.close();
        await again.close();
        await dispose?.();
      }
    });
  }

  test("register and get", async ({ registry, again }) => {
    assert.deepEqual(await registry.register("a", { n: 1 }), { n: 1 });
    assert.deepEqual(await again.get("a"), { n: 1 });
  });

  test("registering shows in has, size and identifiers", async ({ registry, again }) => {
    assert.equal(await again.has("a"), false);
    assert.equal(await again.size(), 0);
    await registry.register("b", { n: 1 });
    await registry.register("a", { n: 2 });
    assert.equal(await again.has("a"), true);
    assert.equal(await again.size(), 2);
    assert.deepEqual(await Array.fromAsync(again.identifiers()), ["a", "b"]);
    assert.deepEqual(await Array.fromAsync(again.identifiers({ prefix: "b" })), ["b"]);
    assert.deepEqual(await Array.fromAsync(again.entries()), [["a", { n: 2 }], ["b", { n: 1 }]]);
  });

  test("unregister removes that key only", async ({ registry, again }) => {
    await registry.registerBatch({ a: { n: 1 }, b: { n: 2 } });
    await again.unregister("a");
    await assert.rejects(again.get("a"), { code: "not-found" });
    await assert.rejects(again.unregister("a"), { code: "not-found" });
    assert.deepEqual(await again.get("b"), { n: 2 });
    assert.equal(await registry.has("a"), false);
  });

  test("registering a key twice fails, and the first stays", async ({ registry, again }) => {
    await registry.register("a", { n: 1 });
    await assert.rejects(again.register("a", { n: 2 }), (error) => {
      assert(isStorageError(error, "already-exists"));
      assert.equal((error as ArtifactError).context.key, "a");
      assert((error as ArtifactError).suggestions.length > 0);
      assert.match(error.message, /^Cannot register "a": /);
      return true;
    });
    assert.deepEqual(await again.get("a"), { n: 1 });
  });

  test("onDuplicate replaces, or keeps", async ({ registry, again }) => {
    await registry.register("a", { n: 1 });
    assert.deepEqual(await again.register("a", { n: 2 }, { onDuplicate: "keep" }), { n: 1 });
    assert.deepEqual(await again.get("a"), { n: 1 });
    assert.deepEqual(await again.register("a", { n: 3 }, { onDuplicate: "replace" }), { n: 3 });
    assert.deepEqual(await again.get("a"), { n: 3 });
    const kept = await again.registerBatch({ a: { n: 4 }, b: { n: 5 } }, { onDuplicate: "keep" });
    assert.deepEqual(kept.successful, ["a", "b"]);
    assert.deepEqual(await again.get("a"), { n: 3 });
    await again.registerBatch({ a: { n: 6 } }, { onDuplicate: "replace" });
    assert.deepEqual(await again.get("a"), { n: 6 });
  });

  test("a miss suggests what was meant", async ({ registry }) => {
    await registry.register("momentum", { n: 1 });
    await assert.rejects(registry.get("momentun"), (error) => {
      assert(isStorageError(error, "not-found"));
      assert.deepEqual((error as ArtifactError).suggestions, ['did you mean "momentum"?']);
      assert.equal(
        error.message,
        'Cannot get "momentun": nothing is registered under this key; did you mean "momentum"?',
      );
      return true;
    });
  });

  test("what was meant is found among many, with another first letter, and for every call", async ({ registry }) => {
    const many = Array.from({ length: 500 }, (_, n): [string, Item] => [`model-${String(n).padStart(3, "0")}`, { n }]);
    await registry.registerBatch([...many, ["moment", { n: 1 }]]);
    for (
      const [missed, meant] of [["model-478x", "model-478"], ["nodel-001", "model-001"], ["momend", "moment"]] as const
    ) {
      for (
        const [verb, call] of [
          ["get", () => registry.get(missed)],
          ["replace", () => registry.replace(missed, { n: 1 })],
          ["unregister", () => registry.unregister(missed)],
          ["update", () => registry.update(missed, (item) => item)],
        ] as const
      ) {
        await assert.rejects(call, (error: ArtifactError) => {
          assert.deepEqual([error.code, error.operation], ["not-found", verb]);
          assert.deepEqual(error.suggestions, [`did you mean "${meant}"?`], verb);
          return true;
        });
      }
    }
  });

  test("what cannot be a key is refused by writes, and is not there", async ({ registry }) => {
    for (const key of ["", "\udc00", 7, null] as string[]) {
      await assert.rejects(() => registry.replace(key, { n: 1 }), { code: "invalid-argument" });
      await assert.rejects(() => registry.get(key), { code: "invalid-argument" });
      assert.equal(await registry.has(key), false);
    }
    await assert.rejects(() => registry.register("", { n: 1 }), { code: "invalid-argument" });
    await assert.rejects(() => registry.register({ n: 1 }), /has no name of its own/);
  });

  test("replace wants something there", async ({ registry, again }) => {
    await assert.rejects(registry.replace("a", { n: 1 }), { code: "not-found" });
    await registry.register("a", { n: 1 });
    assert.deepEqual(await again.replace("a", { n: 2 }), { n: 2 });
    assert.deepEqual(await again.get("a"), { n: 2 });
  });

  test("update loses no change", async ({ registry, again }) => {
    await assert.rejects(registry.update("a", () => ({ n: 1 })), { code: "not-found" });
    await registry.register("a", { n: 0 });
    const add = ({ n }: Item): Item => ({ n: n + 1 });
    await Promise.all(Array.from({ length: 12 }, (_, i) => (i % 2 ? registry : again).update("a", add)));
    assert.deepEqual((await Array.fromAsync(again.entries()))[0], ["a", { n: 12 }]);
  });

  test("clear empties, and tells how many", async ({ registry, again }) => {
    await registry.registerBatch({ a: { n: 1 }, b: { n: 2 } });
    assert.equal(await again.clear(), 2);
    assert.equal(await again.size(), 0);
    await assert.rejects(again.get("a"), { code: "not-found" });
  });

  test("a batch reports on each", async ({ registry, again }) => {
    await registry.register("taken", { n: 0 });
    const report = await again.registerBatch([
      ["a", { n: 1 }],
      ["taken", { n: 2 }],
      ["", { n: 3 }],
      ["promise", Promise.resolve({ n: 4 }) as unknown as Item],
      ["z", { n: 5 }],
    ]);
    assert.deepEqual(report.successful, ["a", "z"]);
    assert.deepEqual(report.failed, ["taken", "", "promise"]);
    assert.equal(report.total, 5);
    assert.deepEqual(report.errors.map(({ key, code }) => [key, code]), [
      ["taken", "already-exists"],
      ["", "invalid-argument"],
      ["promise", "invalid-value"],
    ]);
    for (const { error, suggestions, context } of report.errors) {
      assert(typeof error === "string" && Array.isArray(suggestions) && typeof context === "object");
    }
    assert.deepEqual(await Array.fromAsync(registry.identifiers()), ["a", "taken", "z"]);
    assert.deepEqual(await registry.registerBatch({}), { successful: [], failed: [], total: 0, errors: [] });
  });

  test("an atomic batch is all or nothing", async ({ registry, again }) => {
    await registry.register("b", { n: 0 });
    for (const bad of [["b", { n: 2 }], ["", { n: 2 }], ["p", Promise.resolve()]] as [string, Item][]) {
      const report = await again.registerBatch([["a", { n: 1 }], bad, ["c", { n: 3 }]], { atomic: true });
      assert.deepEqual(report.successful, []);
      assert.deepEqual(report.failed, ["a", bad[0], "c"]);
      assert.deepEqual(await Array.fromAsync(registry.identifiers()), ["b"]);
    }
    const report = await again.registerBatch({ a: { n: 1 }, c: { n: 3 } }, { atomic: true });
    assert.deepEqual(report.successful, ["a", "c"]);
  });

  test("of racing registrations one wins", async ({ registry, again }) => {
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => (n % 2 ? registry : again).register("a", { n })),
    );
    const won = results.filter(({ status }) => status === "fulfilled");
    assert.equal(won.length, 1);
    for (const result of results) {
      if (result.status === "rejected") assert(isStorageError(result.reason, "already-exists"));
    }
    assert.deepEqual(await again.get("a"), (won[0] as PromiseFulfilledResult<Item>).value);
  });

  test("decorators and wrappers register at once or on the way", async ({ registry, again }) => {
    const item = registry.entry("a")({ n: 1 });
    assert.deepEqual(item, { n: 1 });
    assert.deepEqual(await registry.get("a"), { n: 1 });
    await registry.settled();
    assert.deepEqual(await again.get("a"), { n: 1 });
    // Locally it throws where it stands; elsewhere the next call does.
    await assert.rejects(async () => {
      registry.entry("a")({ n: 2 });
      await registry.settled();
    }, { code: "already-exists" });
    assert.deepEqual(await registry.get("a"), { n: 1 });
  });

  test("validate and validateBatch register nothing", async ({ registry }) => {
    assert.deepEqual(await registry.validate({ n: 1 }), { n: 1 });
    await assert.rejects(registry.validate(Promise.resolve() as unknown as Item), { code: "invalid-value" });
    const report = await registry.validateBatch({ a: { n: 1 }, "": { n: 2 } });
    assert.deepEqual([report.successful, report.failed], [["a"], [""]]);
    assert.equal(await registry.size(), 0);
  });

  test("audit looks at all", async ({ registry, again }) => {
    await registry.registerBatch(Array.from({ length: 120 }, (_, n): [string, Item] => [`k${n}`, { n }]));
    const report = await again.audit();
    assert.deepEqual([report.total, report.successful.length, report.errors], [120, 120, []]);
  });

  test("withLock lets one work at a time", async ({ registry, again }) => {
    const log: string[] = [];
    let inside = 0;
    const tokens: number[] = [];
    await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        (i % 2 ? registry : again).withLock("a", async ({ token }) => {
          assert.equal(++inside, 1);
          tokens.push(token);
          await new Promise((resolve) => setTimeout(resolve, 1));
          log.push(String(i));
          inside--;
        })),
    );
    assert.equal(log.length, 6);
    assert.deepEqual(tokens, tokens.toSorted((a, b) => a - b));
    assert.equal(new Set(tokens).size, 6);
    assert.equal(await registry.withLock("a", () => "done"), "done");
    await assert.rejects(registry.withLock("a", () => Promise.reject(new RangeError("mine"))), RangeError);
    assert.equal(await again.withLock("a", () => 7), 7);
    assert.equal(await registry.size(), 0);
  });

  test("who waits for a lock can give up, and is not in the way then", async ({ registry, again }) => {
    for (const other of [registry, again]) {
      const controller = new AbortController();
      let waiting: Promise<void> | undefined;
      await registry.withLock("a", async () => {
        waiting = other.withLock("a", () => assert.fail("gave up"), { signal: controller.signal });
        waiting.catch(() => {/* asserted below */});
        await new Promise((resolve) => setTimeout(resolve, 20));
        controller.abort(new Error("no patience"));
        await assert.rejects(waiting, /no patience/);
      });
      assert.equal(await other.withLock("a", () => 1), 1);
    }
  });

  test("watch tells what happens", async ({ registry, again }) => {
    const events = registry.watch();
    assert.equal((await events.next()).value!.kind, "reset");
    await again.register("a", { n: 1 });
    await again.unregister("a");
    const told: unknown[] = [];
    for await (const { kind, key } of events) if (told.push([kind, key]) === 2) break;
    assert.deepEqual(told, [["put", "a"], ["delete", "a"]]);
  });

  test("an aborted call changes nothing", async ({ registry }) => {
    const signal = AbortSignal.abort();
    for (
      const call of [
        () => registry.get("a", { signal }),
        () => registry.has("a", { signal }),
        () => registry.register("a", { n: 1 }, { signal }),
        () => registry.registerBatch({ a: { n: 1 } }, { signal }),
        () => registry.unregister("a", { signal }),
        () => registry.size({ signal }),
        () => registry.clear({ signal }),
        () => registry.audit({ signal }),
        () => registry.withLock("a", () => 1, { signal }),
        () => Array.fromAsync(registry.identifiers({ signal })),
      ]
    ) await assert.rejects(call, { name: "AbortError" });
    assert.equal(await registry.size(), 0);
  });

  test("what JSON has no word for comes back exactly", async ({ registry, again }) => {
    const more = [
      undefined,
      NaN,
      -0,
      -Infinity,
      2n ** 70n,
      new Date(0),
      new Uint8Array([1, 2]),
      new Map<unknown, unknown>([[1n, new Set([undefined])]]),
      { $tag: ["x"], $artifact: { specifier: "x" } },
      JSON.parse('{"__proto__":{"polluted":true},"constructor":1}'),
      "\ud800",
    ];
    for (const [n, each] of more.entries()) await registry.register(`k${n}`, { n, more: each });
    for (const [n, each] of more.entries()) assert.deepStrictEqual(await again.get(`k${n}`), { n, more: each });
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
    const top = [...more, null, "text", 1, true, [], ...more.slice(8, 9)];
    const any = registry as ArtifactRegistry<unknown>;
    for (const [n, each] of top.entries()) await any.register(`t${n}`, each);
    for (const [n, each] of top.entries()) assert.deepStrictEqual(await (again as typeof any).get(`t${n}`), each);
  });

  test("random histories agree with a Map", async ({ registry, again }) => {
    const keys = ["a", "b", "c/d"];
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.constantFrom("register", "unregister", "replace", "clear"), fc.constantFrom(...keys), fc.nat(9)),
        ),
        async (history) => {
          await registry.clear();
          const model = new Map<string, Item>();
          for (const [step, [what, key, n]] of history.entries()) {
            const place = step % 2 ? registry : again;
            const known = model.has(key);
            if (what === "clear") {
              await place.clear();
              model.clear();
            } else if (what === "register") {
              const call = place.register(key, { n });
              if (known) await assert.rejects(call, { code: "already-exists" });
              else await call;
              if (!known) model.set(key, { n });
            } else {
              const call = what === "replace" ? place.replace(key, { n }) : place.unregister(key);
              if (!known) await assert.rejects(call, { code: "not-found" });
              else await call;
              if (known && what === "replace") model.set(key, { n });
              else model.delete(key);
            }
          }
          for (const key of keys) {
            assert.equal(await registry.has(key), model.has(key));
            if (model.has(key)) assert.deepEqual(await registry.get(key), model.get(key));
          }
          assert.equal(await again.size(), model.size);
        },
      ),
      { numRuns },
    );
  });
}
