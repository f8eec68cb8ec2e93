/**
 * {@linkcode WebSocketConnection}: a WebSocket as a connection.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { pause } from "../stores/pause.ts";
import type { Connection, ConnectionListener } from "./connection.ts";
import { cutMessages } from "./cut_messages.ts";
import { corrupt } from "./frame.ts";

/** Bytes that wait in the socket before the next are given to it: enough to keep it busy. */
const HIGH_WATER = 16 * 1024 * 1024;
/** There is no event for less bytes waiting, so it is looked up, after so many milliseconds. */
const LOOK = 2;
/** How long the other end may take to say good-bye, in milliseconds. */
const GRACE = 1000;

/** A WebSocket, of a client or of a server. */
export class WebSocketConnection implements Connection {
  readonly #socket: WebSocket;
  readonly #gone = Promise.withResolvers<void>();
  #listener: ConnectionListener | undefined;
  #error: StorageError | undefined;
  #message: string | undefined;

  /** Listens to a socket, open or about to be, of which nobody else takes messages. */
  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.#receive(data);
    // In Deno the reason is only in this event.
    socket.onerror = (event) => this.#message = (event as ErrorEvent).message || undefined;
    socket.onclose = ({ code, reason }) => this.#close(code, reason);
    if (socket.readyState >= WebSocket.CLOSING) this.#close(0, "");
  }

  /**
   * Waits until the socket is open.
   *
   * @throws {StorageError} `unavailable` with `retryable`.
   */
  async opened(signal: AbortSignal): Promise<this> {
    if (this.#socket.readyState === WebSocket.CONNECTING) {
      const opened = new Promise<void>((resolve) => this.#socket.onopen = () => resolve());
      const abort = (): void => this.#socket.close();
      signal.addEventListener("abort", abort, { once: true });
      await Promise.race([opened, this.#gone.promise]);
      signal.removeEventListener("abort", abort);
    }
    signal.throwIfAborted();
    if (this.#error !== undefined) throw this.#error;
    return this;
  }

  /** See `Connection.listen`. */
  listen(listener: ConnectionListener): void {
    this.#listener = listener;
    if (this.#error !== undefined) queueMicrotask(() => this.#tell());
  }

  /** See `Connection.send`. */
  async send(parts: readonly Uint8Array<ArrayBuffer>[], progress?: () => void): Promise<void> {
    for (const message of cutMessages(parts)) {
      while (this.#socket.bufferedAmount >= HIGH_WATER && this.#socket.readyState === WebSocket.OPEN) await pause(LOOK);
      if (this.#socket.readyState !== WebSocket.OPEN) throw this.#error ?? gone("it is being closed");
      this.#socket.send(message);
      progress?.();
    }
  }

  /** See `Connection.backlog`. */
  get backlog(): number {
    return this.#socket.bufferedAmount;
  }

  /** See `Connection.close`. */
  async close(): Promise<void> {
    this.#listener = undefined;
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    this.#socket.close();
    const late = new AbortController();
    const waiting = pause(GRACE, late.signal).catch(() => {/* it is closed */});
    await Promise.race([this.#gone.promise, waiting]);
    late.abort();
  }

  #receive(data: unknown): void {
    if (data instanceof ArrayBuffer) this.#listener?.received([new Uint8Array(data)]);
    else this.#listener?.misread(corrupt("a message of text"));
  }

  #close(code: number, reason: string): void {
    const why = this.#message ?? (reason || (code === 0 || code === 1005 ? "" : `code ${code}`));
    this.#error = gone(why);
    this.#gone.resolve();
    this.#tell();
  }

  #tell(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.closed(this.#error!);
  }
}

function gone(why: string): StorageError {
  return new StorageError("unavailable", `the WebSocket is closed${why === "" ? "" : `: ${why}`}`, { retryable: true });
}
