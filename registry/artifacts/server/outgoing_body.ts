/**
 * {@linkcode send}: an answer, as `node:http` sends it.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { ServerResponse } from "node:http";

/** A body that has told that it is no longer is sent in one piece. */
const AT_ONCE = 64 * 1024;

/** The longest piece that is sent at a time: that a client takes it can only be seen piece by piece. */
const PIECE = 1024 * 1024;

/**
 * Sends an answer. Of one that fails before its end the connection is cut, so that nobody takes it for whole, and nothing is told.
 *
 * @param response The answer.
 * @param outgoing Where to.
 * @param failed Told of content that is not as long as it was said to be; of one that fails by itself, whoever made it tells.
 */
export async function send(
  response: Response,
  outgoing: ServerResponse,
  failed: (error: Error) => void,
): Promise<void> {
  const { status, headers, body } = response;
  try {
    const announced = headers.get("content-length");
    const length = announced === null || body === null ? undefined : Number(announced);
    if (body === null || (length !== undefined && length <= AT_ONCE)) {
      const whole = Buffer.from(await response.arrayBuffer());
      if (whole.length !== (length ?? whole.length)) throw new WrongLength();
      outgoing.writeHead(status, Object.fromEntries(headers));
      outgoing.end(whole);
    } else {
      outgoing.writeHead(status, Object.fromEntries(headers));
      await stream(body.getReader(), outgoing, length);
    }
  } catch (error) {
    if (error instanceof WrongLength) failed(error);
    outgoing.destroy();
  }
}

/** Sends what is read, as fast as the client takes it, until it is gone. */
async function stream(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  outgoing: ServerResponse,
  length: number | undefined,
): Promise<void> {
  const leave = (): void => void reader.cancel().catch(() => {/* it has failed already */});
  if (outgoing.destroyed) return leave();
  outgoing.once("close", leave);
  outgoing.flushHeaders();
  let left = length ?? Infinity;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    left -= next.value.length;
    // What is beyond the length would be taken for the next answer.
    if (left < 0) throw new WrongLength();
    for (let at = 0; at < next.value.length; at += PIECE) {
      if (outgoing.destroyed) return; // it has been left
      if (!outgoing.write(next.value.subarray(at, at + PIECE))) await drained(outgoing);
    }
  }
  if (length !== undefined && left > 0) throw new WrongLength();
  outgoing.end();
}

class WrongLength extends Error {
  constructor() {
    super("the content is not as long as it was said to be");
  }
}

/** Waits until more can be written, or the client is gone. */
function drained(outgoing: ServerResponse): Promise<void> {
  if (outgoing.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const go = (): void => {
      outgoing.off("drain", go);
      outgoing.off("close", go);
      resolve();
    };
    outgoing.once("drain", go);
    outgoing.once("close", go);
  });
}
