import assert from "node:assert/strict";
import fc from "fast-check";
import { StorageError } from "../../mod.ts";
import { type StreamedBatch, StreamReceiver } from "../../backends/streaming/mod.ts";
import { WireBackend } from "./wire.ts";

Deno.test("reconnect: wherever connections break, each batch is handled once, in order, and answered rightly", async () => {
  const sizes = fc.array(fc.nat(400), { minLength: 1, maxLength: 20 });
  const budgets = fc.array(fc.tuple(fc.nat(1500), fc.nat(400)), { maxLength: 12 });
  const property = fc.asyncProperty(
    sizes,
    budgets,
    fc.nat(3),
    fc.integer({ min: 1, max: 4 }),
    async (sizes, budgets, slow, window) => {
      const came: number[] = [];
      await using receiver = new StreamReceiver(async ({ items: [item], sequence }) => {
        came.push(Number(item!.path.slice(2)));
        for (let i = 0; i < slow * 20; i++) await Promise.resolve();
        if (sequence % 3 === 0) throw new StorageError("no-space", `refused ${item!.path}`);
      }, { maxPendingBatches: window });
      let made = 0;
      await using backend = new WireBackend(() => receiver, { tries: 20 }, (near, far) => {
        const [there, back] = budgets[made++] ?? [Infinity, Infinity];
        near.budget = there;
        far.budget = back;
      });
      const outcomes = await Promise.allSettled(
        sizes.map((size, i) => backend.save(new Uint8Array(size + 1).fill(i), `n/${i}`)),
      );
      assert.deepEqual(came, sizes.map((_, i) => i));
      for (const [i, outcome] of outcomes.entries()) {
        if ((i + 1) % 3 !== 0) {
          assert.equal(
            outcome.status,
            "fulfilled",
            `${(outcome as PromiseRejectedResult).reason}`,
          );
        } else assert.match(String((outcome as PromiseRejectedResult).reason), new RegExp(`refused n/${i}$`));
      }
      assert.equal(backend.queuedBytes, 0);
      assert.equal(receiver.pendingBytes, 0);
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

Deno.test("reconnect: a batch that is being handled when the connection breaks is not handled again", async () => {
  const gate = Promise.withResolvers<void>();
  let count = 0;
  await using receiver = new StreamReceiver(async () => {
    count++;
    await gate.promise;
  });
  await using backend = new WireBackend(() => receiver);
  const saving = backend.save("x", "a");
  while (count === 0) await Promise.resolve();
  backend.wires[0]!.cut();
  while (backend.wires.length < 2) await new Promise((resolve) => setTimeout(resolve));
  gate.resolve();
  await saving;
  assert.equal(count, 1);
});

Deno.test("reconnect: a receiver that starts anew gets what was not acknowledged, in order", async () => {
  const lives: StreamedBatch[][] = [[], []];
  const never = new Promise<void>(() => {});
  let life = 0;
  const first = new StreamReceiver((batch) => {
    lives[0]!.push(batch);
    if (lives[0]!.length > 2) return never; // it will be gone before it is done
  });
  await using second = new StreamReceiver((batch) => void lives[1]!.push(batch));
  await using backend = new WireBackend(() => life === 0 ? first : second);
  const calls = [1, 2, 3, 4, 5].map((n) => backend.save(n, `n/${n}`));
  await calls[1];
  while (lives[0]!.length < 3) await Promise.resolve();
  life = 1;
  backend.wires[0]!.cut();
  await Promise.all(calls);
  assert.deepEqual(lives[0]!.map(({ sequence }) => sequence), [1, 2, 3]);
  assert.deepEqual(lives[1]!.map(({ sequence }) => sequence), [3, 4, 5]);
  assert.equal(lives[0]![0]!.session, lives[1]![0]!.session);
});

Deno.test("reconnect: what was aborted and did not arrive is not sent again", async () => {
  const came: string[] = [];
  await using receiver = new StreamReceiver(({ items }) => void came.push(items[0]!.path));
  await using backend = new WireBackend(() => receiver, { tries: 5 }, (near, far) => {
    if (backend.wires.length > 1) return;
    near.budget = 5000; // in the middle of the first batch
    far.budget = 1000;
  });
  const abort = new AbortController();
  const aborted = assert.rejects(backend.save(new Uint8Array(100_000), "a", { signal: abort.signal }), {
    name: "AbortError",
  });
  const kept = backend.save("b", "b");
  while (backend.wires.length < 1 || backend.wires[0]!.budget > 0) await Promise.resolve();
  abort.abort();
  await aborted;
  await kept;
  assert.deepEqual(came, ["b"]);
});
