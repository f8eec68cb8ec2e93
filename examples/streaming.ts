// Arrays stream to a receiver: over a WebSocket, as to a viewer, and through a port, as to a worker.
//
//   deno run --allow-net=127.0.0.1 examples/streaming.ts

import { FileManager, MemoryBackend, type NdArray, ndarray } from "@polystore/polystore";
import {
  MessagePortBackend,
  receivePort,
  receiveWebSocket,
  StreamReceiver,
  WebSocketBackend,
} from "@polystore/polystore/streaming";
import assert from "node:assert/strict";

// The receiver shows what comes, and is slower than the sender: the sender waits for it.
const shown: string[] = [];
let brightest = 0;
await using viewer = new StreamReceiver(async ({ items }) => {
  for (const { path, value, metadata } of items) {
    const { data, shape } = value as NdArray<"uint16">;
    brightest = Math.max(brightest, data.reduce((a, b) => Math.max(a, b)));
    shown.push(`${path} ${shape.join("×")} ${JSON.stringify(metadata)}`);
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
});
await using server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen() {} },
  (request) => receiveWebSocket(request, viewer),
);

// The sender knows what the viewer can show; the rest is skipped, and told.
const skipped: string[] = [];
await using stream = new WebSocketBackend(`ws://127.0.0.1:${server.addr.port}`, {
  extensions: [".tif", ".roi.zip"],
  maxQueuedBytes: 4 * 1024 * 1024,
  onSkipped: (paths) => skipped.push(...paths),
});
const fm = new FileManager({ memory: new MemoryBackend(), stream });

const frame = ndarray(new Uint16Array(512 * 512), [512, 512]);
const saving: Promise<unknown>[] = [];
for (let time = 0; time < 20; time++) {
  frame.data[time] = 100 * time;
  const path = `plate/A01/t${time}.tif`;
  // Nobody waits here: the queue fills up to its limit, and no further.
  saving.push(
    fm.save({ ...frame, data: frame.data.slice() }, path, "stream", {
      metadata: { time },
      metadataOf: () => ({ time }),
    }),
  );
  assert(stream.queuedBytes <= 4 * 1024 * 1024);
}
await fm.saveBatch([frame, "well,count"], ["plate/A01/last.tif", "plate/counts.csv"], "stream");
await Promise.all(saving);
assert.equal(shown.length, 21);
assert.equal(shown[0], 'plate/A01/t0.tif 512×512 {"time":0}');
assert.equal(shown[20], "plate/A01/last.tif 512×512 undefined");
assert.equal(brightest, 1900);
assert.deepEqual(skipped, ["plate/counts.csv"]);

// Through a port, an array can be given away: nothing is copied, and the caller's is empty afterwards.
const { port1, port2 } = new MessageChannel();
receivePort(port2, viewer);
await using port = new MessagePortBackend(port1);
await port.save(frame, "plate/A01/given.tif", { transfer: true });
assert.equal(frame.data.length, 0);
assert.equal(shown.length, 22);

// What the receiver cannot handle is the sender's error.
await using broken = new StreamReceiver(() => {
  throw new Error("the window is closed");
});
const channel = new MessageChannel();
receivePort(channel.port2, broken);
await using other = new MessagePortBackend(channel.port1);
await assert.rejects(other.save("text", "note.txt"), { code: "io", message: /the window is closed/ });
