/**
 * {@linkcode PortConnection}: a `MessagePort`, or either end of a worker, as a connection.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { Connection, ConnectionListener } from "./connection.ts";
import { corrupt } from "./frame.ts";

/** What messages go through: a `MessagePort`, a `Worker`, or `self` in a worker. */
export interface Port {
  /** Sends a message. */
  postMessage(message: unknown, transfer: Transferable[]): void;
  /** Listens. */
  addEventListener(type: "message" | "messageerror" | "error", listener: (event: Event) => void): void;
  /** Does not listen any more. */
  removeEventListener(type: "message" | "messageerror" | "error", listener: (event: Event) => void): void;
  /** Begins to give messages; only a `MessagePort` has it. */
  start?(): void;
}

/** A `MessagePort`, or either end of a worker: one message for each frame, whose buffers are transferred. */
export class PortConnection implements Connection {
  readonly #port: Port;
  readonly #owned: boolean;
  readonly #ended: (() => void) | undefined;
  #listener: ConnectionListener | undefined;
  #closed = false;

  /**
   * Does not listen yet.
   *
   * @param port The port.
   * @param owned Whether a `MessagePort` is closed with the connection.
   * @param ended Called when the connection is closed.
   */
  constructor(port: Port, owned: boolean, ended?: () => void) {
    this.#port = port;
    this.#owned = owned;
    this.#ended = ended;
  }

  /** See `Connection.listen`. */
  listen(listener: ConnectionListener): void {
    this.#listener = listener;
    this.#port.addEventListener("message", this.#receive);
    this.#port.addEventListener("messageerror", this.#fail);
    this.#port.addEventListener("error", this.#fail);
    this.#port.start?.();
  }

  /** See `Connection.send`. The buffers are gone afterwards. */
  // deno-lint-ignore require-await -- what is thrown must become a rejection
  async send(parts: readonly Uint8Array<ArrayBuffer>[], progress?: () => void): Promise<void> {
    if (this.#closed) throw gone("it is closed");
    // The rest of a larger buffer is not ours to give away.
    const whole = parts.map((part) => part.length === part.buffer.byteLength ? part : part.slice());
    this.#port.postMessage(whole, whole.map(({ buffer }) => buffer));
    progress?.();
  }

  /** See `Connection.close`. */
  // deno-lint-ignore require-await
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.removeEventListener("message", this.#receive);
    this.#port.removeEventListener("messageerror", this.#fail);
    this.#port.removeEventListener("error", this.#fail);
    if (this.#owned && this.#port instanceof MessagePort) this.#port.close();
    this.#ended?.();
  }

  readonly #receive = (event: Event): void => {
    const { data } = event as MessageEvent<unknown>;
    if (!Array.isArray(data) || !data.every(isBytes)) return this.#listener?.misread(corrupt("a message of others"));
    this.#listener?.received(data);
  };

  readonly #fail = (event: Event): void => {
    const why = event.type === "messageerror" ? "a message could not be read" : (event as ErrorEvent).message;
    this.#listener?.closed(gone(why));
  };
}

function isBytes(part: unknown): part is Uint8Array<ArrayBuffer> {
  // What others can change while it is looked at is not taken.
  return part instanceof Uint8Array && part.buffer instanceof ArrayBuffer;
}

function gone(why: string): StorageError {
  return new StorageError("unavailable", `the port is of no use: ${why}`);
}
