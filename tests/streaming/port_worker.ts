// A worker that receives, and tells the test what came.

import { receivePort, StreamReceiver } from "../../backends/streaming/mod.ts";

interface Scope {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: string, listener: (event: Event) => void): void;
  removeEventListener(type: string, listener: (event: Event) => void): void;
}

const report = new BroadcastChannel("polystore-port-worker");
receivePort(
  globalThis as unknown as Scope,
  new StreamReceiver(({ items }) => {
    for (const { path, value, metadata } of items) {
      if (path === "hang") return new Promise(() => {});
      if (path === "fail") throw new RangeError("it does not fit");
      report.postMessage({ path, value, metadata });
    }
  }),
);
