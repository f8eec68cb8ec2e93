/**
 * {@linkcode SenderLink}: the sender's end of one connection.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { Connect, Connection } from "./connection.ts";
import { Deadline } from "./deadline.ts";
import type { Frame } from "./frame.ts";
import { FrameChannel, unexpected } from "./frame_channel.ts";
import {
  errorOf,
  type Hello,
  parseAcknowledgement,
  parseFailure,
  parseRefusal,
  parseWelcome,
  type Welcome,
} from "./message.ts";

/** What a {@linkcode SenderLink} tells. */
export interface LinkListener {
  /** A batch could not be handled. */
  refused(sequence: number, error: StorageError): void;
  /** Every batch up to this one is settled. */
  acknowledged(sequence: number): void;
  /** The link is of no more use; see `failure`. */
  failed(): void;
}

/** How long a {@linkcode SenderLink} waits, in milliseconds. */
export interface LinkTimeouts {
  /** For the connection and the welcome. */
  readonly connect: number;
  /** For a word of the receiver while batches are unanswered. */
  readonly acknowledge: number;
}

/** The sender's end of one connection, after the receiver has said `welcome`. */
export class SenderLink {
  readonly #channel: FrameChannel;
  readonly #listener: LinkListener;
  readonly #silence: Deadline;
  readonly #welcomed = Promise.withResolvers<Welcome>();
  #backlog = 0;
  #failure: StorageError | undefined;
  #welcome: Welcome | undefined;

  private constructor(connection: Connection, listener: LinkListener, timeouts: LinkTimeouts) {
    this.#listener = listener;
    this.#silence = new Deadline(timeouts.acknowledge, () => {
      // Something large over a slow line.
      if (this.#channel.backlog < this.#backlog) return this.#watch();
      this.#fail(silent(timeouts.acknowledge));
    });
    // Who does not wait for the welcome any more asks for the failure.
    this.#welcomed.promise.catch(() => {});
    this.#channel = new FrameChannel(connection, {
      frame: (frame) => this.#receive(frame),
      closed: (error) => this.#fail(error),
    }, false);
  }

  /**
   * Connects, and says hello.
   *
   * @throws {StorageError} `unavailable` with `retryable`, and what `connect` throws.
   */
  static async open(
    connect: Connect,
    hello: Hello,
    listener: LinkListener,
    timeouts: LinkTimeouts,
    signal: AbortSignal,
  ): Promise<SenderLink> {
    const late = new AbortController();
    const deadline = new Deadline(timeouts.connect, () => late.abort(unwelcome(timeouts.connect)));
    deadline.watch();
    const either = AbortSignal.any([signal, late.signal]);
    let link: SenderLink | undefined;
    const given = Promise.withResolvers<never>();
    const stop = (): void => given.reject(either.reason);
    either.addEventListener("abort", stop, { once: true });
    try {
      either.throwIfAborted();
      const connecting = connect(either).then(async (connection) => {
        if (!either.aborted) return connection;
        await connection.close(); // it came too late
        throw either.reason;
      });
      const connection = await Promise.race([connecting, given.promise]);
      link = new SenderLink(connection, listener, timeouts);
      await link.#channel.send("hello", hello);
      link.#welcome = await Promise.race([link.#welcomed.promise, given.promise]);
      return link;
    } catch (error) {
      await link?.close();
      throw error;
    } finally {
      deadline.stop();
      either.removeEventListener("abort", stop);
    }
  }

  /** What the receiver said. */
  get welcome(): Welcome {
    return this.#welcome!;
  }

  /** Why it is of no more use. */
  get failure(): StorageError | undefined {
    return this.#failure;
  }

  /** Sends a batch, and expects a word of the receiver from now on. */
  async send(parts: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
    this.#watch();
    await this.#channel.sendParts(parts, () => {
      this.#silence.touch();
      this.#backlog = this.#channel.backlog;
    });
  }

  /** Expects a word of the receiver, or nothing more. */
  expect(something: boolean): void {
    if (something && this.#failure === undefined) this.#watch();
    else this.#silence.stop();
  }

  /** Says that nothing more will come. */
  bye(): void {
    this.#channel.tell("bye", {});
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    this.#silence.stop();
    await this.#channel.close();
  }

  #watch(): void {
    this.#backlog = this.#channel.backlog;
    this.#silence.watch();
  }

  #receive({ kind, header }: Frame): void {
    this.#silence.touch();
    switch (kind) {
      case "hear":
        return;
      case "welcome":
        return this.#welcomed.resolve(parseWelcome(header));
      case "acknowledge":
        return this.#listener.acknowledged(parseAcknowledgement(header).sequence);
      case "refuse": {
        const refusal = parseRefusal(header);
        return this.#listener.refused(refusal.sequence, errorOf(refusal));
      }
      case "fail":
        throw errorOf(parseFailure(header));
    }
    throw unexpected(kind);
  }

  #fail(error: StorageError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#welcomed.reject(error);
    this.#silence.stop();
    this.#listener.failed();
  }
}

function silent(milliseconds: number): StorageError {
  return new StorageError(
    "unavailable",
    `the receiver has not acknowledged anything for ${milliseconds} ms (acknowledgeTimeout); it may have handled the batch or not`,
  );
}

function unwelcome(milliseconds: number): StorageError {
  return new StorageError("unavailable", `nobody answered within ${milliseconds} ms (connectTimeout)`, {
    retryable: true,
  });
}
