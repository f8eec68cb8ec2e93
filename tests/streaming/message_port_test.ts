import assert from "node:assert/strict";
import { ndarray } from "../../mod.ts";
import {
  encodeFrame,
  MessagePortBackend,
  receivePort,
  type StreamedBatch,
  StreamReceiver,
} from "../../backends/streaming/mod.ts";

/** A worker that receives, and what it says came. */
function working(): { worker: Worker; came: unknown[]; heard(count: number): Promise<void> } & Disposable {
  const came: unknown[] = [];
  const channel = new BroadcastChannel("polystore-port-worker");
  let told = (): void => {};
  channel.onmessage = ({ data }) => {
    came.push(data);
    told();
  };
  const worker = new Worker(new URL("port_worker.ts", import.meta.url), { type: "module" });
  return {
    worker,
    came,
    async heard(count): Promise<void> {
      while (came.length < count) await new Promise<void>((resolve) => told = resolve);
    },
    [Symbol.dispose](): void {
      worker.terminate();
      channel.close();
    },
  };
}

/** Both ends in one thread. */
function ported(handler: (batch: StreamedBatch) => void | Promise<void>): [MessagePort, StreamReceiver] {
  const { port1, port2 } = new MessageChannel();
  const receiver = new StreamReceiver(handler);
  receivePort(port2, receiver);
  return [port1, receiver];
}

Deno.test("message port: a worker gets values as they were, and the caller keeps his", async () => {
  using thread = working();
  await using backend = new MessagePortBackend(thread.worker);
  const image = ndarray(Float32Array.from({ length: 1000 }, Math.random), [10, 100]);
  const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(5);
  await backend.saveBatch([image, shared, { a: new Map([[1, "x"]]) }], ["a", "b", "c"], { metadataOf: (path) => path });
  await thread.heard(3);
  assert.deepEqual(thread.came, [
    { path: "a", value: image, metadata: "a" },
    { path: "b", value: new Uint8Array(4).fill(5), metadata: "b" },
    { path: "c", value: { a: new Map([[1, "x"]]) }, metadata: "c" },
  ]);
  await assert.rejects(backend.save(1, "fail"), { code: "io", message: /it does not fit/ });
});

Deno.test("message port: with transfer, the caller's array is given away, and is the very memory that arrives", async () => {
  using thread = working();
  await using backend = new MessagePortBackend(thread.worker);
  const image = ndarray(new Uint8Array(100).fill(7));
  await backend.save(image, "a", { transfer: true });
  await thread.heard(1);
  assert.equal(image.data.length, 0);
  assert.deepEqual(thread.came, [{ path: "a", value: ndarray(new Uint8Array(100).fill(7)), metadata: undefined }]);
});

Deno.test("message port: a worker that is gone, or hangs, is noticed after acknowledgeTimeout", async () => {
  using thread = working();
  await using backend = new MessagePortBackend(thread.worker);
  await backend.save("x", "a");
  await backend.close();
  await using impatient = new MessagePortBackend(thread.worker, { acknowledgeTimeout: 100 });
  await assert.rejects(impatient.save("x", "hang"), {
    code: "unavailable",
    message: /acknowledged anything for 100 ms/,
  });
  assert.equal(impatient.queuedBytes, 0);
  thread.worker.terminate();
  await assert.rejects(impatient.save("y", "b"), { code: "unavailable", message: /within 100 ms/ });
});

Deno.test("message port: a worker that dies of an error is noticed at once", async () => {
  const program = URL.createObjectURL(new Blob(['self.onmessage = () => { throw new Error("dead"); };']));
  const worker = new Worker(program, { type: "module" });
  worker.onerror = (event) => event.preventDefault();
  try {
    await using backend = new MessagePortBackend(worker);
    await assert.rejects(backend.save("x", "a"), { code: "unavailable", message: /dead/ });
  } finally {
    worker.terminate();
    URL.revokeObjectURL(program);
  }
});

Deno.test("message port: a slow receiver slows the sender down", async () => {
  let peak = 0;
  const [port, receiver] = ported(async () => {
    peak = Math.max(peak, backend.queuedBytes);
    await new Promise((resolve) => setTimeout(resolve, 1));
  });
  await using _ = receiver;
  await using backend: MessagePortBackend = new MessagePortBackend(port, { maxQueuedBytes: 350_000 });
  await Promise.all(Array.from({ length: 30 }, (_, i) => backend.save(new Uint8Array(100_000), `${i}`)));
  assert(peak > 250_000 && peak <= 350_000, `${peak}`);
});

Deno.test("message port: what others say over it is refused", async () => {
  for (const nonsense of ["hello", { a: 1 }, [1], [new Uint8Array(new SharedArrayBuffer(8))], [new Uint8Array(50)]]) {
    const errors: string[] = [];
    const { port1, port2 } = new MessageChannel();
    await using receiver = new StreamReceiver(() => {}, { onError: ({ code }) => errors.push(code) });
    receivePort(port2, receiver);
    const answer = new Promise<MessageEvent>((resolve) => port1.onmessage = resolve);
    port1.postMessage(nonsense);
    assert.match(new TextDecoder().decode((await answer).data[0]), /"code":"corrupt"/);
    assert.deepEqual(errors, ["corrupt"]);
    assert.equal(receiver.connections, 0);
    port1.close();
  }
});

Deno.test("message port: a receiver that says what it should not: corrupt", async () => {
  const { port1, port2 } = new MessageChannel();
  port2.onmessage = () => port2.postMessage(encodeFrame("hello", {}));
  await using backend = new MessagePortBackend(port1);
  await assert.rejects(backend.save(1, "a"), { code: "corrupt" });
  port2.close();
});

Deno.test("message port: both ends are closed with the backend", async () => {
  const [port, receiver] = ported(() => {});
  const backend = new MessagePortBackend(port);
  await backend.save(1, "a");
  await backend.close();
  await assert.rejects(backend.save(1, "a"), { code: "closed" });
  while (receiver.connections > 0) await new Promise((resolve) => setTimeout(resolve));
  await receiver.close();
});
