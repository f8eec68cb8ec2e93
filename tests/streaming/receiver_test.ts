import assert from "node:assert/strict";
import type { StorageError } from "../../mod.ts";
import { decodeFrame, encodeFrame, type Frame, FrameReader, StreamReceiver } from "../../backends/streaming/mod.ts";
import type { StreamReceiverOptions } from "../../backends/streaming/mod.ts";
import { wire, type WireEnd } from "./wire.ts";

const SESSION = "0123456789abcdef";

/** A stranger who speaks to a receiver. */
class Stranger {
  readonly answers: Frame[] = [];
  gone: StorageError | undefined;
  readonly #near: WireEnd;
  readonly #reader = new FrameReader();

  constructor(receiver: StreamReceiver) {
    const [near, far] = wire();
    near.listen({
      received: (pieces) => void this.answers.push(...pieces.flatMap((piece) => this.#reader.push(piece))),
      misread: (error) => this.gone = error,
      closed: (error) => this.gone = error,
    });
    receiver.accept(far);
    this.#near = near;
  }

  async says(kind: Frame["kind"], header: object, ...buffers: Uint8Array<ArrayBuffer>[]): Promise<void> {
    await this.sends(...encodeFrame(kind, header, buffers));
  }

  async sends(...parts: Uint8Array<ArrayBuffer>[]): Promise<void> {
    await this.#near.send(parts);
    for (let i = 0; i < 50; i++) await Promise.resolve();
  }

  get said(): string[] {
    return this.answers.map(({ kind, header }) => `${kind} ${JSON.stringify(header)}`);
  }
}

function batch(sequence: number, first = 1): object {
  return { sequence, first, items: [{ path: `n/${sequence}`, kind: "text" }] };
}

/** A receiver, what came to it and what it complained of. */
function receiving(options?: StreamReceiverOptions): { receiver: StreamReceiver; came: number[]; errors: string[] } {
  const came: number[] = [];
  const errors: string[] = [];
  const receiver = new StreamReceiver(({ sequence }) => void came.push(sequence), {
    ...options,
    onError: (error) => errors.push(error.code),
  });
  return { receiver, came, errors };
}

Deno.test("receiver: the protocol, as documented", async () => {
  const { receiver, came } = receiving();
  await using _ = receiver;
  const stranger = new Stranger(receiver);
  await stranger.says("hello", { session: SESSION, first: 1 });
  await stranger.says("batch", batch(1), new Uint8Array(0));
  await stranger.says("batch", batch(5), new Uint8Array(0)); // 2 to 4 were given up
  await stranger.says("batch", batch(5), new Uint8Array(0)); // again: nothing happens
  await stranger.says("batch", batch(3), new Uint8Array(0)); // too late
  assert.deepEqual(stranger.said, [
    'welcome {"received":0,"batches":16,"bytes":67108864,"frame":2147483648}',
    'acknowledge {"sequence":1}',
    'acknowledge {"sequence":5}',
  ]);
  const again = new Stranger(receiver);
  await again.says("hello", { session: SESSION, first: 5 });
  assert.deepEqual(again.said, [
    'welcome {"received":5,"batches":16,"bytes":67108864,"frame":2147483648}',
    'acknowledge {"sequence":5}',
  ]);
  assert.deepEqual(came, [1, 5]);
  assert.equal(stranger.gone?.code, "unavailable"); // the newer connection counts
  await again.says("bye", {});
  assert.equal(receiver.connections, 0);
});

Deno.test("receiver: what strangers say wrong ends their connection, with the reason, and nobody else's", async () => {
  const { receiver, came, errors } = receiving({ maxFrameBytes: 10_000 });
  await using _ = receiver;
  const good = new Stranger(receiver);
  await good.says("hello", { session: SESSION, first: 1 });
  const wrong: [what: (stranger: Stranger) => Promise<void>, code: string][] = [
    [(stranger) => stranger.sends(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a")), "corrupt"],
    [(stranger) => stranger.says("batch", batch(1), new Uint8Array(0)), "corrupt"],
    [(stranger) => stranger.says("welcome", {}), "corrupt"],
    [(stranger) => stranger.says("hello", { session: "short", first: 1 }), "corrupt"],
    [(stranger) => stranger.says("hello", { session: "__proto__________", first: 1, more: 2 }), "corrupt"],
    [(stranger) => stranger.says("hello", { session: SESSION.slice(1) + "x" }), "corrupt"],
    [(stranger) => stranger.sends(encodeFrame("bye", {})[0]!.fill(9, 4, 5)), "unsupported"],
    [(stranger) => stranger.says("batch", batch(1), new Uint8Array(20_000)), "corrupt"],
    [async (stranger) => {
      await stranger.says("hello", { session: SESSION + "x", first: 1 });
      await stranger.says("acknowledge", { sequence: 1 });
    }, "corrupt"],
    [async (stranger) => {
      await stranger.says("hello", { session: SESSION + "x", first: 1 });
      await stranger.says("batch", { sequence: 1, first: 1, items: {} });
    }, "corrupt"],
  ];
  for (const [what, code] of wrong) {
    const stranger = new Stranger(receiver);
    await what(stranger);
    const last = stranger.answers.at(-1);
    assert.equal(last?.kind, "fail", String(what));
    assert.equal((last.header as { code: string }).code, code);
    assert.equal(stranger.gone?.code, "unavailable");
    assert.equal(errors.pop(), code);
  }
  await good.says("batch", batch(1), new Uint8Array(0));
  assert.deepEqual(came, [1]);
  assert.equal(receiver.connections, 1);
});

Deno.test("receiver: an item that is wrong is refused as a batch; the connection stays", async () => {
  const { receiver, came } = receiving();
  await using _ = receiver;
  const stranger = new Stranger(receiver);
  await stranger.says("hello", { session: SESSION, first: 1 });
  await stranger.says("batch", { sequence: 1, first: 1, items: [{ path: "../x", kind: "text" }] }, new Uint8Array(0));
  await stranger.says("batch", batch(2), new Uint8Array(0));
  assert.match(
    stranger.said[1]!,
    /^refuse .*"code":"corrupt","detail":"not a frame of a stream: a path that is not normal/,
  );
  assert.deepEqual(came, [2]);
});

Deno.test("receiver: who sends more than he may is refused, and memory stays within the limits", async () => {
  const gate = Promise.withResolvers<void>();
  const receiver = new StreamReceiver(() => gate.promise, { maxPendingBatches: 3, maxPendingBytes: 5000 });
  await using _ = receiver;
  const stranger = new Stranger(receiver);
  await stranger.says("hello", { session: SESSION, first: 1 });
  for (let i = 1; i <= 10; i++) await stranger.says("batch", batch(i), new Uint8Array(2000));
  assert(receiver.pendingBytes <= 5000);
  assert.equal(stranger.said.filter((said) => said.startsWith("refuse") && said.includes('"busy"')).length, 8);
  gate.resolve();
  for (let i = 0; i < 50; i++) await Promise.resolve();
  assert.equal(receiver.pendingBytes, 0);
  const again = new Stranger(receiver);
  await again.says("hello", { session: SESSION, first: 9 });
  assert.match(again.said[0]!, /"received":10/);
  assert.deepEqual(again.said.slice(1).map((said) => said.slice(0, 22)), [
    'refuse {"sequence":9,"',
    'refuse {"sequence":10,',
  ]);
});

Deno.test("receiver: so many senders are known; those that are gone make room", async () => {
  const { receiver } = receiving({ maxSessions: 2 });
  await using _ = receiver;
  const [a, b, c] = Array.from({ length: 3 }, () => new Stranger(receiver));
  await a!.says("hello", { session: `${SESSION}a`, first: 1 });
  await b!.says("hello", { session: `${SESSION}b`, first: 1 });
  await c!.says("hello", { session: `${SESSION}c`, first: 1 });
  assert.equal((c!.answers[0]!.header as { code: string }).code, "busy");
  await a!.says("bye", {});
  const d = new Stranger(receiver);
  await d.says("hello", { session: `${SESSION}d`, first: 1 });
  assert.equal(d.answers[0]!.kind, "welcome");
});

Deno.test("receiver: close waits for what is being handled, and leaves the rest", async () => {
  const gate = Promise.withResolvers<void>();
  const came: number[] = [];
  const receiver = new StreamReceiver(async ({ sequence }) => {
    came.push(sequence);
    await gate.promise;
  });
  const stranger = new Stranger(receiver);
  await stranger.says("hello", { session: SESSION, first: 1 });
  await stranger.says("batch", batch(1), new Uint8Array(0));
  await stranger.says("batch", batch(2), new Uint8Array(0));
  let closed = false;
  const closing = receiver.close().then(() => closed = true);
  for (let i = 0; i < 50; i++) await Promise.resolve();
  assert.equal(closed, false);
  gate.resolve();
  await closing;
  assert.deepEqual(came, [1]);
  assert.throws(() => receiver.accept(wire()[1]), { code: "closed" });
  assert.equal(decodeFrame(encodeFrame("bye", {})[0]!).kind, "bye");
});
