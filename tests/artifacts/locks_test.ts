import {
  ArtifactRegistry,
  type Lease,
  type LeaseRequest,
  LocalArtifacts,
  type LockHeld,
} from "@polystore/polystore/artifacts";
import { StorageError } from "@polystore/polystore/stores";
import assert from "node:assert/strict";

const LOST = { code: "precondition-failed", message: /the lock was lost/ };

/** Leases that are given as the test says. */
class Leasing extends LocalArtifacts<string> {
  /** What becomes of a request for a lease; `give` is what would. */
  onAcquire: (give: () => Promise<Lease>, request: LeaseRequest) => Promise<Lease> = (give) => give();
  /** What becomes of a lease that is given back. */
  onRelease: (take: () => Promise<void>) => Promise<void> = (take) => take();

  override acquire(key: string, request: LeaseRequest): Promise<Lease> {
    return this.onAcquire(() => super.acquire(key, request), request);
  }

  override release(key: string, token: number): Promise<void> {
    return this.onRelease(() => super.release(key, token));
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

Deno.test("who cannot renew a lock is told before another gets it, and fails though the network heals", async () => {
  const storage = new Leasing();
  const healed = Promise.withResolvers<void>();
  storage.onAcquire = async (give, { token }) => {
    if (token !== undefined) await healed.promise; // it hears of no signal
    return await give();
  };
  const [one, other] = [new ArtifactRegistry<number>({ storage }), new ArtifactRegistry<number>({ storage })];
  const started = Promise.withResolvers<LockHeld>();
  const first = one.withLock("k", async (held) => {
    started.resolve(held);
    await Promise.race([aborted(held.signal), healed.promise]);
    await healed.promise;
    return "done all the same";
  }, { ttl: 1000 });
  const second = started.promise.then((held) =>
    other.withLock("k", async ({ token }) => {
      await sleep(10); // a timer that was due before has had its turn
      const told = held.signal.aborted;
      healed.resolve();
      assert(told, "two work, and the first is not told");
      assert(token > held.token);
    }, { ttl: 30_000 })
  );
  await Promise.all([assert.rejects(first, LOST), second]);
});

Deno.test("work that went on for longer than its lock fails, though nothing had a turn meanwhile", async () => {
  const registry = new ArtifactRegistry<number>({ storage: new Leasing() });
  const work = registry.withLock("k", () => {
    const end = Date.now() + 60;
    while (Date.now() < end);
    return "done all the same";
  }, { ttl: 50 });
  await assert.rejects(work, LOST);
});

Deno.test("a lock that comes when its time is over is none", async () => {
  const storage = new Leasing();
  storage.onAcquire = async (give) => {
    const lease = await give();
    await sleep(80);
    return lease;
  };
  const registry = new ArtifactRegistry<number>({ storage });
  await assert.rejects(registry.withLock("k", () => assert.fail("it may be another's"), { ttl: 50 }), LOST);
});

Deno.test("a lock is not lost because its store is busy, or its server stops", async () => {
  const failures = [
    new StorageError("busy", "others write", { retryable: true }),
    new StorageError("closed", "the server is shutting down", { retryable: true }),
    new StorageError("unavailable", "no answer"),
  ];
  const storage = new Leasing();
  const renewed = Promise.withResolvers<void>();
  storage.onAcquire = async (give, { token }) => {
    const failure = token === undefined ? undefined : failures.shift();
    if (failure) throw failure;
    const lease = await give();
    if (token !== undefined) renewed.resolve();
    return lease;
  };
  const registry = new ArtifactRegistry<number>({ storage });
  const done = await registry.withLock("k", async ({ signal }) => {
    await Promise.race([renewed.promise, aborted(signal)]);
    return "done";
  }, { ttl: 3000 });
  assert.deepEqual([done, failures.length], ["done", 0]);
});

Deno.test("a lock that cannot be given back hides neither the result nor the error of the work", async () => {
  const storage = new Leasing();
  const registry = new ArtifactRegistry<number>({ storage });
  storage.onRelease = () => Promise.reject(new StorageError("unavailable", "502"));
  assert.equal(await registry.withLock("k", () => "done", { ttl: 1000 }), "done");
  await assert.rejects(registry.withLock("k", () => Promise.reject(new RangeError("mine")), { ttl: 1000 }), /mine/);
  storage.onRelease = () => new Promise(() => {/* no answer ever comes */});
  assert.equal(await registry.withLock("k", () => "done", { ttl: 1000 }), "done");
  storage.onRelease = (take) => take();
  assert.equal(await registry.withLock("k", () => "again"), "again");
});
