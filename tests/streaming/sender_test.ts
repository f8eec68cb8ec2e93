import assert from "node:assert/strict";
import { isStorageError, ndarray, StorageError } from "../../mod.ts";
import { type StreamedBatch, StreamReceiver } from "../../backends/streaming/mod.ts";
import { WireBackend } from "./wire.ts";

/** The values of all batches. */
function valuesOf(batches: readonly StreamedBatch[]): unknown[] {
  return batches.flatMap(({ items }) => items.map(({ value }) => value));
}

/** What became of a promise: asked for at once, so that no rejection is unhandled. */
function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => "done", (error) => isStorageError(error) ? error.code : error.name ?? error);
}

/** Lets everything happen that needs no time. */
async function settled(): Promise<void> {
  for (let i = 0; i < 500; i++) await Promise.resolve();
}

/** A receiver whose handler waits for permission. */
function gated(options?: ConstructorParameters<typeof StreamReceiver>[1]): {
  receiver: StreamReceiver;
  came: StreamedBatch[];
  open(): void;
} {
  const gate = Promise.withResolvers<void>();
  const came: StreamedBatch[] = [];
  const receiver = new StreamReceiver(async (batch) => {
    came.push(batch);
    await gate.promise;
  }, options);
  return { receiver, came, open: gate.resolve };
}

Deno.test("sender: batches arrive in order, and a call resolves when its batch has been handled", async () => {
  const log: string[] = [];
  await using receiver = new StreamReceiver(async ({ items }) => {
    await Promise.resolve();
    log.push(`handled ${items[0]!.value}`);
  });
  await using backend = new WireBackend(() => receiver);
  await Promise.all(Array.from({ length: 20 }, async (_, i) => {
    await backend.save(i, `n/${i}`);
    log.push(`saved ${i}`);
  }));
  assert.deepEqual(
    log.filter((line) => line.startsWith("handled")),
    Array.from({ length: 20 }, (_, i) => `handled ${i}`),
  );
  for (let i = 0; i < 20; i++) assert(log.indexOf(`saved ${i}`) > log.indexOf(`handled ${i}`));
  assert.equal(backend.wires.length, 1);
  assert.equal(backend.queuedBytes, 0);
});

Deno.test("sender: what the handler throws, the call of its batch throws, and only that", async () => {
  const came: unknown[] = [];
  await using receiver = new StreamReceiver(({ items: [item] }) => {
    came.push(item!.value);
    if (item!.value === 1) throw new StorageError("no-space", "the viewer is full");
    if (item!.value === 2) throw new TypeError("a mistake");
  });
  await using backend = new WireBackend(() => receiver);
  const calls = [0, 1, 2, 3].map((n) => backend.save(n, `n/${n}`));
  await calls[0];
  await assert.rejects(calls[1]!, {
    code: "no-space",
    path: "n/1",
    message: 'Cannot save "n/1": the receiver says: the viewer is full',
  });
  await assert.rejects(calls[2]!, { code: "io", message: /a mistake/ });
  await calls[3];
  assert.deepEqual(came, [0, 1, 2, 3]);
});

Deno.test("sender: a slow receiver slows the sender down, and memory stays within the limits", async () => {
  const MIB = 1024 * 1024;
  let [peakQueued, peakPending, peakBatches] = [0, 0, 0];
  await using receiver: StreamReceiver = new StreamReceiver(async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    peakPending = Math.max(peakPending, receiver.pendingBytes);
    peakQueued = Math.max(peakQueued, backend.queuedBytes);
    peakBatches = Math.max(peakBatches, backend.queuedBatches);
  }, { maxPendingBytes: 2.5 * MIB });
  await using backend: WireBackend = new WireBackend(() => receiver, { maxQueuedBytes: 4.5 * MIB });
  const image = new Uint8Array(MIB);
  const calls = Array.from({ length: 50 }, (_, i) => backend.save(image, `n/${i}`));
  peakQueued = Math.max(peakQueued, backend.queuedBytes);
  await Promise.all(calls);
  assert(peakQueued >= 4 * MIB && peakQueued <= 4.5 * MIB, `queued ${peakQueued}`);
  assert(peakPending >= 2 * MIB && peakPending <= 2.5 * MIB, `pending ${peakPending}`);
  assert.equal(peakBatches, 4);
});

Deno.test("sender: the number of batches is limited, too", async () => {
  const { receiver, came, open } = gated({ maxPendingBatches: 2 });
  await using _ = receiver;
  await using backend = new WireBackend(() => receiver, { maxQueuedBatches: 3 });
  const calls = Array.from({ length: 10 }, (_, i) => backend.save(i, `n/${i}`));
  await settled();
  assert.equal(backend.queuedBatches, 3);
  assert.equal(came.length, 1);
  open();
  await Promise.all(calls);
  assert.deepEqual(valuesOf(came), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("sender: a batch larger than all limits goes alone; one that the receiver never takes fails at once", async () => {
  let came = 0;
  await using receiver = new StreamReceiver(() => void came++, { maxPendingBytes: 100, maxFrameBytes: 10_000 });
  await using backend = new WireBackend(() => receiver, { maxQueuedBytes: 100 });
  const calls = [5000, 20_000, 5000].map((size) => backend.save(new Uint8Array(size), `n/${size}/${Math.random()}`));
  await calls[0];
  await assert.rejects(calls[1]!, { code: "invalid-argument", message: /takes 10000 at most/ });
  await calls[2];
  assert.equal(came, 2);
});

Deno.test("sender: what has room is copied at once; the caller may change his own", async () => {
  const came: unknown[] = [];
  await using receiver = new StreamReceiver(({ items }) => void came.push(items[0]!.value));
  await using backend = new WireBackend(() => receiver);
  const frame = new Uint8Array([1]);
  const calls = [1, 2, 3].map((n) => {
    frame[0] = n;
    return backend.save(frame, `n/${n}`);
  });
  await Promise.all(calls);
  assert.deepEqual(came, [new Uint8Array([1]), new Uint8Array([2]), new Uint8Array([3])]);
});

Deno.test("sender: an array given away while it waits for room fails its own call", async () => {
  const { receiver, open } = gated();
  await using _ = receiver;
  await using backend = new WireBackend(() => receiver, { maxQueuedBatches: 1 });
  const first = backend.save(1, "a");
  const array = ndarray(new Uint8Array(10));
  const second = outcomeOf(backend.save(array, "b"));
  (array.data.buffer as ArrayBuffer).transfer();
  const third = backend.save(3, "c");
  open();
  await Promise.all([first, third]);
  assert.equal(await second, "invalid-value");
});

Deno.test("sender: a call that is aborted rejects at once; what was not sent is not sent", async () => {
  const { receiver, came, open } = gated({ maxPendingBatches: 1 });
  await using _ = receiver;
  await using backend = new WireBackend(() => receiver, { maxQueuedBatches: 2 });
  const aborts = Array.from({ length: 4 }, () => new AbortController());
  const calls = aborts.map(({ signal }, i) => outcomeOf(backend.save(i, `n/${i}`, { signal })));
  await settled(); // 0 is being handled, 1 is queued, 2 and 3 wait for room
  aborts[2]!.abort();
  assert.equal(await calls[2], "AbortError");
  aborts[1]!.abort();
  assert.equal(await calls[1], "AbortError");
  aborts[0]!.abort(new Error("enough"));
  assert.equal(await calls[0], "Error");
  assert.equal(backend.queuedBatches, 2); // what was sent counts until it is acknowledged, and 3 moved up
  open();
  assert.equal(await calls[3], "done");
  assert.deepEqual(valuesOf(came), [0, 3]);
  assert.equal(backend.queuedBytes, 0);
  await assert.rejects(backend.save(4, "n/4", { signal: AbortSignal.abort() }), { name: "AbortError" });
  await backend.flush();
  assert.equal(came.length, 2);
});

Deno.test("sender: who never answers is an error after acknowledgeTimeout, and frees the memory", async () => {
  const { receiver, came, open } = gated();
  await using _ = receiver;
  await using backend = new WireBackend(() => receiver, { acknowledgeTimeout: 50, maxQueuedBatches: 2 });
  const calls = [1, 2, 3].map((n) => outcomeOf(backend.save(new Uint8Array(1000), `n/${n}`)));
  assert.deepEqual(await Promise.all(calls), ["unavailable", "unavailable", "unavailable"]);
  assert.equal(backend.queuedBytes, 0);
  open();
  await backend.save("later", "n/4");
  assert.equal(valuesOf(came).at(-1), "later");
});

Deno.test("sender: a handler that takes its time is no silence as long as something is acknowledged", async () => {
  let count = 0;
  await using receiver = new StreamReceiver(async () => {
    count++;
    await new Promise((resolve) => setTimeout(resolve, 60));
  });
  await using backend = new WireBackend(() => receiver, { acknowledgeTimeout: 1500 });
  await Promise.all(Array.from({ length: 40 }, (_, i) => backend.save(i, `n/${i}`)));
  assert.equal(count, 40);
});

Deno.test("sender: a slow line is no silence as long as it takes something", async () => {
  const { receiver, open } = gated();
  await using _ = receiver;
  await using backend = new WireBackend(() => receiver, { acknowledgeTimeout: 40 });
  let calls = 0;
  const saving = outcomeOf(backend.save(1, "a"));
  await settled();
  // Each look finds less in the line: it is looked at after 40 ms, and when it is watched again.
  Object.defineProperty(backend.wires[0], "backlog", {
    get: () => {
      calls++;
      if (calls > 10) open();
      return 1000 - calls;
    },
  });
  const again = outcomeOf(backend.save(2, "b"));
  assert.deepEqual([await saving, await again], ["done", "done"]);
  assert(calls > 10);
});

Deno.test("sender: who is not there is an error after so many tries, and the next call tries anew", async () => {
  const came: StreamedBatch[] = [];
  await using receiver = new StreamReceiver((batch) => void came.push(batch));
  let down = true;
  await using backend = new WireBackend(() => {
    if (down) throw new StorageError("unavailable", "nobody is there", { retryable: true });
    return receiver;
  }, { tries: 4 });
  await assert.rejects(backend.saveBatch([1, 2], ["a", "b"]), {
    code: "unavailable",
    message: "Cannot save: nobody is there (gave up after 4 tries without an acknowledgement)",
    retryable: false,
  });
  assert.equal(backend.wires.length, 4);
  assert.equal(backend.queuedBytes, 0);
  down = false;
  await backend.save(3, "c");
  assert.deepEqual(valuesOf(came), [3]);
});

Deno.test("sender: what no further try would change is told at once", async () => {
  const receiver = (): StreamReceiver => {
    throw new StorageError("permission-denied", "no");
  };
  await using backend = new WireBackend(receiver);
  await assert.rejects(backend.save(1, "a"), { code: "permission-denied" });
  assert.equal(backend.wires.length, 1);
});

Deno.test("sender: it waits longer with every try, by chance, up to the longest", async () => {
  const waits: number[] = [];
  await using backend = new WireBackend(
    () => {
      throw new StorageError("unavailable", "down", { retryable: true });
    },
    {
      tries: 6,
      delay: 2,
      maxDelay: 8,
      random: () => {
        waits.push(performance.now());
        return 1;
      },
    },
  );
  const start = performance.now();
  await assert.rejects(backend.save(1, "a"), { code: "unavailable" });
  assert.equal(waits.length, 5);
  assert(performance.now() - start >= 2 + 4 + 8 + 8 + 8 - 5);
});

Deno.test("sender: a failure between acknowledgements begins the count anew", async () => {
  let count = 0;
  await using receiver = new StreamReceiver(() => void count++);
  // Each connection carries one small batch, and breaks.
  await using backend = new WireBackend(() => receiver, { tries: 2 }, (near) => near.budget = 700);
  for (let i = 0; i < 10; i++) await backend.save(new Uint8Array(300), `n/${i}`);
  assert.equal(count, 10);
  assert(backend.wires.length >= 5);
});

Deno.test("sender: flush waits for what was saved before it, and tells the first failure", async () => {
  const { receiver, came, open } = gated();
  await using _ = receiver;
  await using backend = new WireBackend(() => receiver);
  const saving = backend.save(1, "a");
  let flushed = false;
  const flushing = backend.flush().then(() => flushed = true);
  await settled();
  assert.equal(flushed, false);
  open();
  await flushing;
  await saving;
  assert.equal(came.length, 1);
  await using failing = new StreamReceiver(() => {
    throw new StorageError("read-only", "no");
  });
  await using other = new WireBackend(() => failing);
  const lost = outcomeOf(other.save(1, "a"));
  await assert.rejects(other.flush(), { code: "read-only" });
  assert.equal(await lost, "read-only");
  await other.flush();
});

Deno.test("sender: close waits for what is on its way, and takes nothing more", async () => {
  const { receiver, came, open } = gated();
  const backend = new WireBackend(() => receiver, { maxQueuedBatches: 1 });
  const calls = [1, 2].map((n) => backend.save(n, `n/${n}`));
  const closing = backend.close();
  await assert.rejects(backend.save(3, "n/3"), { code: "closed" });
  open();
  await closing;
  await Promise.all(calls);
  await backend.close();
  assert.deepEqual(valuesOf(came), [1, 2]);
  await settled();
  assert.equal(receiver.connections, 0);
  await receiver.close();
});

Deno.test("sender: abort fails what is on its way, and closes at once", async () => {
  const { receiver, open } = gated();
  await using _ = receiver;
  const backend = new WireBackend(() => receiver, { maxQueuedBatches: 2 });
  const calls = [1, 2, 3].map((n) => outcomeOf(backend.save(n, `n/${n}`)));
  await settled();
  await backend.abort();
  assert.deepEqual(await Promise.all(calls), ["closed", "closed", "closed"]);
  assert.equal(backend.queuedBytes, 0);
  await assert.rejects(backend.save(4, "n/4"), { code: "closed" });
  open();
});

Deno.test("sender: abort ends the tries to connect", async () => {
  const backend = new WireBackend(() => {
    throw new StorageError("unavailable", "down", { retryable: true });
  }, { delay: 1e6, maxDelay: 1e6, random: () => 1 });
  const call = outcomeOf(backend.save(1, "a"));
  await settled();
  await backend.abort();
  assert.equal(await call, "closed");
});

Deno.test("sender: close of one that was never used does nothing", async () => {
  await using receiver = new StreamReceiver(() => {});
  const backend = new WireBackend(() => receiver);
  await backend.close();
  await new WireBackend(() => receiver).abort();
  assert.equal(backend.wires.length, 0);
});

Deno.test("sender: options are checked", () => {
  const receiver = new StreamReceiver(() => {});
  for (
    const options of [
      { maxQueuedBytes: 0 },
      { maxQueuedBatches: NaN },
      { acknowledgeTimeout: -1 },
      { tries: 0 },
      { delay: -1 },
      { connectTimeout: 0 },
    ]
  ) assert.throws(() => new WireBackend(() => receiver, options), { code: "invalid-argument" });
  assert.throws(() => new StreamReceiver(() => {}, { maxPendingBatches: 0 }), { code: "invalid-argument" });
});

Deno.test("sender: ifMatch is refused, bad paths and values are the call's own", async () => {
  await using receiver = new StreamReceiver(() => {});
  await using backend = new WireBackend(() => receiver);
  await assert.rejects(backend.save(1, "a", { ifMatch: "x" }), { code: "unsupported" });
  await assert.rejects(backend.save(1, "../a"), { code: "invalid-path" });
  await assert.rejects(backend.save(() => 1, "a"), { code: "invalid-value", path: "a" });
  await assert.rejects(backend.saveBatch([1], []), { code: "invalid-argument" });
  assert.equal(backend.wires.length, 0);
});
