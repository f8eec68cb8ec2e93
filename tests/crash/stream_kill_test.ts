import assert from "node:assert/strict";
import { WebSocketBackend } from "../../backends/streaming/mod.ts";
import { LONG, withBox } from "../disk/setup.ts";
import { Child } from "./child.ts";

const BATCHES = LONG ? 2000 : 150;
const KILLS = LONG ? 20 : 3;
const SIZE = 50_000;

Deno.test("a receiver is killed, again and again: nothing is lost, doubled or out of order", async () => {
  await withBox(async ({ root }) => {
    let child = new Child("stream_receiver.ts", [0, root]);
    const port = Number(await child.line());
    try {
      await using backend = new WebSocketBackend(`ws://127.0.0.1:${port}`, {
        maxQueuedBytes: 8 * SIZE,
        maxDelay: 500,
        tries: 50,
      });
      const acknowledged = new Set<number>();
      const enough = Array.from({ length: KILLS }, () => Promise.withResolvers<void>());
      const saving = Array.from({ length: BATCHES }, async (_, i) => {
        await backend.saveBatch([new Uint8Array(SIZE).fill(i), new Uint8Array([i])], [`${i}/a`, `${i}/b`]);
        acknowledged.add(i + 1);
        enough[Math.floor(acknowledged.size * (KILLS + 1) / BATCHES) - 1]?.resolve();
      });
      const doubles: number[] = [];
      for (const { promise } of enough) {
        await promise;
        await child.kill();
        const answered = new Set(acknowledged);
        const seen = await seenIn(root);
        child = new Child("stream_receiver.ts", [port, root]);
        assert.equal(await child.line(), String(port));
        // Whatever is seen twice had not been answered.
        doubles.push(...seen.filter((sequence) => !answered.has(sequence)));
      }
      await Promise.all(saving);
      const kept = (await Deno.readTextFile(`${root}/kept`)).trimEnd().split("\n");
      assert.deepEqual(
        kept,
        Array.from({ length: BATCHES }, (_, i) => `${i + 1} ${i}/a=${SIZE * (i & 255)} ${i}/b=${i & 255}`),
      );
      const seen = await seenIn(root);
      const twice = seen.filter((sequence, index) => seen.indexOf(sequence) < index);
      assert.deepEqual(twice.filter((sequence) => !doubles.includes(sequence)), []);
      assert.equal(backend.queuedBytes, 0);
    } finally {
      await child.kill();
    }
  });
});

Deno.test("a receiver is killed and does not come back: the calls fail, and the memory is free", async () => {
  await withBox(async ({ root }) => {
    const child = new Child("stream_receiver.ts", [0, root]);
    const port = Number(await child.line());
    await using backend = new WebSocketBackend(`ws://127.0.0.1:${port}`, { tries: 3, delay: 1 });
    const killed = Promise.withResolvers<void>();
    const calls = Array.from({ length: 100 }, async (_, i) => {
      await backend.save(new Uint8Array(SIZE), `${i}`);
      killed.resolve();
    });
    const outcomes = Promise.allSettled(calls);
    await killed.promise;
    await child.kill();
    const failed = (await outcomes).filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    assert(failed.length > 0);
    for (const { reason } of failed) assert.equal(reason.code, "unavailable");
    assert.match(failed[0]!.reason.message, /gave up after 3 tries/);
    assert.equal(backend.queuedBytes, 0);
  });
});

Deno.test("a receiver stands still: the call fails after acknowledgeTimeout, and close does not wait for it", async () => {
  await withBox(async ({ root }) => {
    const child = new Child("stream_receiver.ts", [0, root]);
    const port = Number(await child.line());
    try {
      await using backend = new WebSocketBackend(`ws://127.0.0.1:${port}`, { acknowledgeTimeout: 500 });
      const calls = ["hang", "a", "b"].map((path) => backend.save(new Uint8Array(SIZE), path));
      for (const outcome of await Promise.allSettled(calls)) {
        assert.equal((outcome as PromiseRejectedResult).reason.code, "unavailable");
        assert.match((outcome as PromiseRejectedResult).reason.message, /acknowledgeTimeout/);
      }
      assert.equal(backend.queuedBytes, 0);
      await backend.close();
    } finally {
      await child.kill();
    }
  });
});

async function seenIn(root: string): Promise<number[]> {
  return (await Deno.readTextFile(`${root}/seen`)).split("\n").filter((line) => line !== "").map(Number);
}
