/**
 * {@linkcode ReceiverSession}: what a receiver knows of one sender.
 *
 * @module
 */

import type { StorageError } from "../errors.ts";
import { type BatchHeader, decodeBatch, parseBatchHeader, type StreamedBatch } from "./batch.ts";
import { corrupt, type Frame } from "./frame.ts";
import type { FrameChannel } from "./frame_channel.ts";
import { type Failure, failureOf, type Hello, type Welcome } from "./message.ts";

/**
 * Handles a batch. The batch is acknowledged when it resolves; what it throws is what the sender's `save` throws, with the same
 * code if it is a `StorageError`.
 */
export type StreamHandler = (batch: StreamedBatch) => void | Promise<void>;

/** How much a {@linkcode ReceiverSession} takes. */
export interface SessionLimits {
  /** The most batches that wait to be handled. */
  readonly batches: number;
  /** The most bytes of them, unless it is one. */
  readonly bytes: number;
  /** The most bytes of a frame. */
  readonly frame: number;
}

/** Refusals that are kept for a sender who comes back; who plays by the rules never has as many. */
const MAX_REFUSALS = 1000;

/** What a receiver knows of one sender, over all its connections: each batch is handled once, one after the other. */
export class ReceiverSession {
  /** Its name. */
  readonly name: string;
  readonly #handler: StreamHandler;
  readonly #limits: SessionLimits;
  readonly #refusals = new Map<number, Failure>();
  #received = 0;
  #settled = 0;
  #batches = 0;
  #bytes = 0;
  #ended = false;
  #channel: FrameChannel | undefined;
  #last: Promise<void> = Promise.resolve();

  /** A session of which nothing has come yet. */
  constructor(name: string, handler: StreamHandler, limits: SessionLimits) {
    this.name = name;
    this.#handler = handler;
    this.#limits = limits;
  }

  /** The connection at hand. */
  get channel(): FrameChannel | undefined {
    return this.#channel;
  }

  /** Whether nothing waits to be handled. */
  get idle(): boolean {
    return this.#batches === 0;
  }

  /** How many bytes wait to be handled. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Goes on over another connection: tells what has come and what has become of it. */
  attach(channel: FrameChannel, { first }: Hello): void {
    this.#channel = channel;
    this.#forget(first);
    const { batches, bytes, frame } = this.#limits;
    channel.tell("welcome", { received: this.#received, batches, bytes, frame } satisfies Welcome);
    for (const [sequence, failure] of this.#refusals) channel.tell("refuse", { sequence, ...failure });
    if (this.#settled >= first) channel.tell("acknowledge", { sequence: this.#settled });
  }

  /** The connection is gone. */
  detach(channel: FrameChannel): void {
    if (this.#channel === channel) this.#channel = undefined;
  }

  /**
   * Takes a batch, unless it has come before. What there is no room for is refused: a sender who keeps to the limits never comes
   * to that, unless he gave up waiting for what is still here.
   *
   * @throws {StorageError} `corrupt`.
   */
  take(frame: Frame): void {
    const header = parseBatchHeader(frame.header);
    this.#forget(header.first);
    // It came over an earlier connection; its answer comes, or came with the welcome.
    if (header.sequence <= this.#received) return;
    this.#received = header.sequence;
    const { batches, bytes } = this.#limits;
    if (this.#batches >= batches || (this.#batches > 0 && this.#bytes + frame.size > bytes)) {
      return this.#refuse(header.sequence, {
        code: "busy",
        detail: `${this.#batches} batches of ${this.#bytes} bytes wait to be handled already`,
      });
    }
    this.#batches++;
    this.#bytes += frame.size;
    this.#last = this.#last.then(() => this.#handle(header, frame));
  }

  /** Handles nothing more, and waits for what is being handled. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#last;
  }

  async #handle(header: BatchHeader, frame: Frame): Promise<void> {
    if (this.#ended) return;
    const { sequence } = header;
    let failure: Failure | undefined;
    try {
      await this.#handler(decodeBatch(this.name, header, frame));
    } catch (error) {
      failure = failureOf(error);
    }
    this.#settled = sequence;
    this.#batches--;
    this.#bytes -= frame.size;
    if (failure === undefined) this.#channel?.tell("acknowledge", { sequence });
    else this.#refuse(sequence, failure);
  }

  #refuse(sequence: number, failure: Failure): void {
    this.#refusals.set(sequence, failure);
    if (this.#refusals.size > MAX_REFUSALS) this.#refusals.delete(this.#refusals.keys().next().value!);
    this.#channel?.tell("refuse", { sequence, ...failure });
  }

  #forget(first: number): void {
    for (const sequence of this.#refusals.keys()) {
      if (sequence < first) this.#refusals.delete(sequence);
    }
  }
}

/** The error for a batch before the greeting. */
export function ungreeted(): StorageError {
  return corrupt("it comes before hello");
}
