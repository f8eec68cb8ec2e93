/**
 * {@linkcode FrameChannel}: frames over a connection.
 *
 * @module
 */

import { isStorageError, StorageError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { corrupt, encodeFrame, type Frame, type FrameKind } from "./frame.ts";
import { FrameReader, type FrameReaderOptions } from "./frame_reader.ts";
import { failureOf } from "./message.ts";

/** What a {@linkcode FrameChannel} tells. */
export interface ChannelListener {
  /** A frame has come. What it throws as a `StorageError` ends the channel. */
  frame(frame: Frame): void;
  /** The channel is gone, and nobody here closed it; told once. */
  closed(error: StorageError): void;
}

/** Short frames that wait to be sent because the other end does not read. */
const MAX_TELLING = 1000;

/** Frames over a connection. */
export class FrameChannel {
  readonly #connection: Connection;
  readonly #reader: FrameReader;
  readonly #listener: ChannelListener;
  readonly #tells: boolean;
  #open = true;
  #telling = 0;
  #closing: Promise<void> | undefined;

  /**
   * Listens to a connection.
   *
   * @param connection The connection.
   * @param listener Who is told.
   * @param tells Whether the other end is told that it is heard, and why the channel ends if that is its fault.
   * @param options The most bytes of a frame.
   */
  constructor(connection: Connection, listener: ChannelListener, tells: boolean, options?: FrameReaderOptions) {
    this.#connection = connection;
    this.#reader = new FrameReader(options);
    this.#listener = listener;
    this.#tells = tells;
    connection.listen({
      received: (pieces) => this.#received(pieces),
      misread: (error) => this.#misread(error),
      closed: (error) => this.#end(error),
    });
  }

  /** Whether frames can be sent. */
  get open(): boolean {
    return this.#open;
  }

  /** See {@linkcode Connection.backlog}. */
  get backlog(): number {
    return this.#connection.backlog ?? 0;
  }

  /** Sends a frame; see {@linkcode Connection.send}. */
  async send(kind: FrameKind, header: object): Promise<void> {
    await this.#connection.send(encodeFrame(kind, header));
  }

  /** Sends a frame that is made already. */
  async sendParts(parts: readonly Uint8Array<ArrayBuffer>[], progress: () => void): Promise<void> {
    await this.#connection.send(parts, progress);
  }

  /** Sends a short frame that nobody waits for: if it cannot be sent, the connection is gone, which is told anyway. */
  tell(kind: FrameKind, header: object): void {
    if (!this.#open) return;
    if (this.#telling >= MAX_TELLING) return this.#end(deaf());
    this.#telling++;
    this.send(kind, header).catch((error) => {
      if (!isStorageError(error)) throw error;
      this.#end(error);
    }).finally(() => this.#telling--);
  }

  /** Closes the connection, after what was sent. */
  async close(): Promise<void> {
    this.#open = false;
    await (this.#closing ??= this.#connection.close());
  }

  #received(pieces: readonly Uint8Array<ArrayBuffer>[]): void {
    if (!this.#open) return;
    try {
      for (const piece of pieces) {
        for (const frame of this.#reader.push(piece)) {
          if (!this.#open) return;
          this.#listener.frame(frame);
        }
      }
      if (this.#tells && this.#reader.within && this.#telling === 0) this.tell("hear", {});
    } catch (error) {
      if (!isStorageError(error)) throw error;
      this.#misread(error);
    }
  }

  #misread(error: StorageError): void {
    if (!this.#open) return;
    if (this.#tells) this.tell("fail", failureOf(error));
    this.#end(error);
  }

  #end(error: StorageError): void {
    if (!this.#open) return;
    // It may have gone by itself already.
    this.close().catch((failure) => {
      if (!isStorageError(failure)) throw failure;
    });
    this.#listener.closed(error);
  }
}

function deaf(): StorageError {
  return new StorageError("unavailable", "the other end does not read what it is told", { retryable: true });
}

/** The error for a frame that does not belong where it came. */
export function unexpected(kind: FrameKind): StorageError {
  return corrupt(`a frame of kind ${kind} does not belong here`);
}
