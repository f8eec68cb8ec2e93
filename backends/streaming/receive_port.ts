/**
 * {@linkcode receivePort}: receives from a `MessagePort`, or in a worker.
 *
 * @module
 */

import { type Port, PortConnection } from "./port_connection.ts";
import type { StreamReceiver } from "./receiver.ts";

/**
 * Receives what a `MessagePortBackend` sends. It needs no permission, and runs in a browser, too.
 *
 * No other messages may come over the port: give it one of its own where a worker has others. A `MessagePort` is closed when the
 * sender or the receiver is; in a worker, one sender can come after the other.
 *
 * @param port The port; in a worker `self`.
 * @param receiver Who takes it.
 * @throws {StorageError} `closed` if the receiver is closed.
 *
 * @example In a worker
 * ```ts ignore
 * import { receivePort, StreamReceiver } from "@polystore/polystore/streaming";
 *
 * receivePort(self, new StreamReceiver(({ items }) => draw(items)));
 * ```
 *
 * @example
 * ```ts
 * import { MessagePortBackend, receivePort, StreamReceiver } from "@polystore/polystore/streaming";
 * import assert from "node:assert/strict";
 *
 * const { port1, port2 } = new MessageChannel();
 * let last: unknown;
 * await using receiver = new StreamReceiver(({ items }) => void (last = items[0]?.value));
 * receivePort(port2, receiver);
 * await using backend = new MessagePortBackend(port1);
 * await backend.save({ well: "A01", mask: new Uint8Array([1, 0]) }, "plate/A01");
 * assert.deepEqual(last, { well: "A01", mask: new Uint8Array([1, 0]) });
 * ```
 */
export function receivePort(port: Port, receiver: StreamReceiver): void {
  if (port instanceof MessagePort) return receiver.accept(new PortConnection(port, true));
  // In a worker there is nothing to close: after one sender comes the next.
  const again = (): void => {
    if (!receiver.closed) receivePort(port, receiver);
  };
  receiver.accept(new PortConnection(port, true, again));
}
