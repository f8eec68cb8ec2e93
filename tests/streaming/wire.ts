/** Connections in memory, which can be cut after any byte, and a backend that uses them. */

import { StorageError } from "../../mod.ts";
import {
  ConnectedBackend,
  type ConnectedBackendOptions,
  type Connection,
  type ConnectionListener,
  type StreamReceiver,
} from "../../backends/streaming/mod.ts";

/** One end of a connection in memory: what is sent arrives in a later turn, as a copy. */
export class WireEnd implements Connection {
  /** The other end. */
  other!: WireEnd;
  /** How many more bytes this end can send before the connection breaks. */
  budget: number = Infinity;
  /** What is said to wait in the line. */
  backlog = 0;
  #listener: ConnectionListener | undefined;
  #open = true;

  listen(listener: ConnectionListener): void {
    this.#listener = listener;
  }

  async send(parts: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
    for (const part of parts) {
      if (!this.#open) throw new StorageError("unavailable", "the wire is closed", { retryable: true });
      const rest = part.slice(0, Math.max(0, Math.min(part.length, this.budget)));
      this.budget -= part.length;
      queueMicrotask(() => this.other.#listener?.received([rest]));
      if (this.budget < 0) this.cut();
      await Promise.resolve();
    }
  }

  // deno-lint-ignore require-await
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#listener = undefined;
    queueMicrotask(() => this.other.#break());
  }

  /** Breaks the connection, for both ends. */
  cut(): void {
    queueMicrotask(() => {
      this.#break();
      this.other.#break();
    });
  }

  #break(): void {
    if (!this.#open) return;
    this.#open = false;
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.closed(new StorageError("unavailable", "the wire is cut", { retryable: true }));
  }
}

/** A new connection: the sender's end and the receiver's. */
export function wire(): [WireEnd, WireEnd] {
  const [a, b] = [new WireEnd(), new WireEnd()];
  a.other = b;
  b.other = a;
  return [a, b];
}

/** Sends over wires to a receiver. */
export class WireBackend extends ConnectedBackend {
  /** All wires that were made: the sender's ends. */
  readonly wires: WireEnd[];

  constructor(
    receiver: () => StreamReceiver,
    options?: ConnectedBackendOptions,
    prepare: (near: WireEnd, far: WireEnd) => void = () => {},
  ) {
    const wires: WireEnd[] = [];
    super(() => {
      const [near, far] = wire();
      wires.push(near);
      prepare(near, far);
      receiver().accept(far);
      return Promise.resolve(near);
    }, { delay: 0, ...options });
    this.wires = wires;
  }
}
