/**
 * The MessagePort backend: sends values to another thread.
 *
 * @module
 */

import { ConnectedBackend, type ConnectedBackendOptions } from "./streaming/connected_backend.ts";
import { type Port, PortConnection } from "./streaming/port_connection.ts";

export type { Port } from "./streaming/port_connection.ts";

/** Options of {@linkcode MessagePortBackend}. */
export interface MessagePortBackendOptions
  extends Omit<ConnectedBackendOptions, "tries" | "delay" | "maxDelay" | "random" | "connectTimeout"> {}

/**
 * Sends values through a `MessagePort`, or to a `Worker`, to whoever calls {@linkcode receivePort} at the other end. Buffers are
 * transferred: of an array a copy, or with `transfer` the array itself, which costs nothing and leaves the caller with an empty one.
 *
 * See {@linkcode ConnectedBackend} for what it promises. A port does not tell when its other end is gone: that is noticed when nothing
 * has been acknowledged for `acknowledgeTimeout`.
 *
 * The port belongs to the backend, and is closed with it; a worker stays the caller's.
 *
 * @example
 * ```ts
 * import { ndarray } from "@polystore/polystore/formats";
 * import { MessagePortBackend, receivePort, StreamReceiver } from "@polystore/polystore/streaming";
 * import assert from "node:assert/strict";
 *
 * const { port1, port2 } = new MessageChannel(); // port2 usually goes to a worker
 * let sum = 0;
 * await using receiver = new StreamReceiver(({ items }) => {
 *   for (const n of (items[0]!.value as { data: Uint8Array }).data) sum += n;
 * });
 * receivePort(port2, receiver);
 *
 * await using backend = new MessagePortBackend(port1);
 * const array = ndarray(new Uint8Array([1, 2, 3]));
 * await backend.save(array, "kept");
 * assert.equal(array.data.length, 3);
 * await backend.save(array, "given away", { transfer: true });
 * assert.equal(array.data.length, 0);
 * assert.equal(sum, 12);
 * ```
 */
export class MessagePortBackend extends ConnectedBackend {
  /** The name it is known by. */
  static readonly backendType: string = "message_port";

  readonly #port: Port;

  /**
   * Creates a backend; nothing is sent yet.
   *
   * @param port The port, or the worker.
   * @param options What is sent, how much is held, how long it waits.
   * @throws {StorageError} `invalid-argument` if an option is not what it should be.
   */
  constructor(port: Port, options: MessagePortBackendOptions = {}) {
    // A worker may take its time to start, and a port that is of no use stays so.
    super(() => Promise.resolve(new PortConnection(port, false)), {
      ...options,
      tries: 1,
      connectTimeout: options.acknowledgeTimeout ?? 30_000,
    });
    this.#port = port;
  }

  /** See `ConnectedBackend.close`. */
  override async close(): Promise<void> {
    await super.close();
    this.#release();
  }

  /** See `ConnectedBackend.abort`. */
  override async abort(): Promise<void> {
    await super.abort();
    this.#release();
  }

  #release(): void {
    if (this.#port instanceof MessagePort) this.#port.close();
  }
}
