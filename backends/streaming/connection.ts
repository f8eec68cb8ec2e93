/**
 * The seam of streaming: {@linkcode Connection}, which carries bytes both ways. A WebSocket and a `MessagePort` are connections;
 * implement it for anything else.
 *
 * @module
 */

import type { StorageError } from "../errors.ts";

/** What a {@linkcode Connection} tells. */
export interface ConnectionListener {
  /** Bytes have come, in one message; they are the listener's own. */
  received(pieces: readonly Uint8Array<ArrayBuffer>[]): void;
  /** Something has come that is no bytes at all: the connection is of no use. */
  misread(error: StorageError): void;
  /**
   * The connection is gone, though nobody here closed it. It is told once, and nothing after it.
   *
   * @param error Why: `unavailable` where nobody knows more.
   */
  closed(error: StorageError): void;
}

/** Carries bytes both ways, in order: what comes is what was sent, or the connection is gone. It may cut the bytes anywhere. */
export interface Connection {
  /** Names the one who is told; called once, and before anything else. What came before is told now. */
  listen(listener: ConnectionListener): void;
  /**
   * Sends bytes. The caller waits for one call before he makes the next.
   *
   * @param parts The bytes, in parts that nobody changes any more; a connection that can, gives their buffers away.
   * @param progress Called whenever some of the bytes are under way.
   * @returns When there is room for more.
   * @throws {StorageError} `unavailable` if the connection is gone.
   */
  send(parts: readonly Uint8Array<ArrayBuffer>[], progress?: () => void): Promise<void>;
  /** How many bytes of what was sent are not under way yet, where that is known: while they get fewer, the line is slow, not dead. */
  readonly backlog?: number;
  /** Closes it, after what was sent; calling it again does nothing. */
  close(): Promise<void>;
}

/**
 * Makes a connection.
 *
 * @param signal Nobody waits for it any more.
 * @returns The connection, open.
 * @throws {StorageError} `unavailable` with `retryable` if it makes sense to try again.
 */
export type Connect = (signal: AbortSignal) => Promise<Connection>;
