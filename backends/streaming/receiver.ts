/**
 * {@linkcode StreamReceiver}: the other end of the streaming backends. It needs nothing of Deno: it runs in a browser, too.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import type { Frame } from "./frame.ts";
import { FrameChannel, unexpected } from "./frame_channel.ts";
import { MAX_FRAME } from "./frame_reader.ts";
import { parseHello } from "./message.ts";
import { ReceiverSession, type SessionLimits, type StreamHandler, ungreeted } from "./receiver_session.ts";

/** Options of {@linkcode StreamReceiver}. */
export interface StreamReceiverOptions {
  /**
   * The most bytes of one sender that wait to be handled: it sends no more until some are acknowledged. A single batch may be larger.
   *
   * @default {67108864} 64 MiB
   */
  maxPendingBytes?: number | undefined;
  /**
   * The most batches of one sender that wait to be handled.
   *
   * @default {16}
   */
  maxPendingBatches?: number | undefined;
  /**
   * The most bytes of a batch. What says that it is larger is refused before memory is taken for it.
   *
   * @default {2147483648} 2 GiB
   */
  maxFrameBytes?: number | undefined;
  /**
   * The most senders that are known at once. Beyond that, those that are gone for longest are forgotten; if none is gone, new
   * ones are refused with `busy`.
   *
   * @default {1000}
   */
  maxSessions?: number | undefined;
  /**
   * Told why a connection was given up: it broke, or what came was not right. Nothing needs to be done.
   *
   * @default {undefined} nobody is told
   */
  onError?: ((error: StorageError) => void) | undefined;
}

/**
 * Takes what streaming backends send, over any number of connections, and hands it to a function: batch after batch of one sender, in
 * order; different senders at the same time. A batch is acknowledged when the function has handled it. As long as this object
 * lives, each batch is handled once, however often the connection breaks: keep one for all connections.
 *
 * @example
 * ```ts
 * import { MessagePortBackend, receivePort, StreamReceiver } from "@polystore/polystore/streaming";
 * import assert from "node:assert/strict";
 *
 * const { port1, port2 } = new MessageChannel();
 * const came: unknown[] = [];
 * await using receiver = new StreamReceiver(({ items }) => {
 *   for (const { path, value } of items) came.push([path, value]);
 * });
 * receivePort(port2, receiver);
 * await using backend = new MessagePortBackend(port1);
 * await backend.save(new Uint16Array([1, 2]), "plate/A01");
 * assert.deepEqual(came, [["plate/A01", new Uint16Array([1, 2])]]);
 * ```
 */
export class StreamReceiver implements AsyncDisposable {
  readonly #handler: StreamHandler;
  readonly #limits: SessionLimits;
  readonly #maxSessions: number;
  readonly #onError: ((error: StorageError) => void) | undefined;
  readonly #channels = new Set<FrameChannel>();
  /** Those that were connected last come last. */
  readonly #sessions = new Map<string, ReceiverSession>();
  #closed = false;

  /**
   * Takes nothing yet.
   *
   * @param handler What is done with a batch.
   * @param options Limits.
   * @throws {StorageError} `invalid-argument` if a limit is not a positive integer.
   */
  constructor(handler: StreamHandler, options: StreamReceiverOptions = {}) {
    this.#handler = handler;
    this.#limits = {
      batches: limit("maxPendingBatches", options.maxPendingBatches ?? 16),
      bytes: limit("maxPendingBytes", options.maxPendingBytes ?? 64 * 1024 * 1024),
      frame: limit("maxFrameBytes", options.maxFrameBytes ?? MAX_FRAME),
    };
    this.#maxSessions = limit("maxSessions", options.maxSessions ?? 1000);
    this.#onError = options.onError;
  }

  /** Whether it takes nothing any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#channels.size;
  }

  /** How many bytes wait to be handled. */
  get pendingBytes(): number {
    return this.#sessions.values().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Takes what comes over a connection.
   *
   * @throws {StorageError} `closed`.
   */
  accept(connection: Connection): void {
    if (this.#closed) throw new StorageError("closed", "the receiver is closed");
    let session: ReceiverSession | undefined;
    const channel = new FrameChannel(
      connection,
      {
        frame: (frame) => {
          if (frame.kind === "hello") session = this.#greet(channel, frame);
          else if (session === undefined) throw ungreeted();
          else if (frame.kind === "batch") session.take(frame);
          else if (frame.kind === "bye") this.#leave(channel, session);
          else throw unexpected(frame.kind);
        },
        closed: (error) => {
          this.#channels.delete(channel);
          session?.detach(channel);
          this.#onError?.(error);
        },
      },
      true,
      { maxFrameBytes: this.#limits.frame },
    );
    this.#channels.add(channel);
  }

  /** Closes all connections, and waits for what is being handled; what waits is not handled, and not acknowledged. */
  async close(): Promise<void> {
    this.#closed = true;
    const channels = [...this.#channels];
    this.#channels.clear();
    await Promise.all(channels.map((channel) => channel.close()));
    await Promise.all(this.#sessions.values().map((session) => session.end()));
  }

  /** The same as {@linkcode StreamReceiver.close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Finds the session that a sender names, or begins it. */
  #greet(channel: FrameChannel, { header }: Frame): ReceiverSession {
    const hello = parseHello(header);
    for (const other of this.#sessions.values()) other.detach(channel);
    const session = this.#sessions.get(hello.session) ?? this.#begin(hello.session);
    // The connection before this one may not know yet that it is dead.
    if (session.channel !== undefined) this.#close(session.channel);
    this.#sessions.delete(hello.session);
    this.#sessions.set(hello.session, session);
    session.attach(channel, hello);
    return session;
  }

  #begin(name: string): ReceiverSession {
    if (this.#sessions.size >= this.#maxSessions) {
      const gone = this.#sessions.entries().find(([, session]) => session.channel === undefined && session.idle);
      if (gone === undefined) throw new StorageError("busy", `there are ${this.#maxSessions} senders already`);
      this.#sessions.delete(gone[0]);
    }
    return new ReceiverSession(name, this.#handler, this.#limits);
  }

  /** Nothing more comes of a session. */
  #leave(channel: FrameChannel, session: ReceiverSession): void {
    session.detach(channel);
    if (session.idle) this.#sessions.delete(session.name);
    this.#close(channel);
  }

  #close(channel: FrameChannel): void {
    this.#channels.delete(channel);
    channel.close().catch((error) => this.#onError?.(error));
  }
}

function limit(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new StorageError("invalid-argument", `${name} must be a positive integer: received ${value}`);
}
