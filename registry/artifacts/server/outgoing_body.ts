/**
 * {@linkcode send}: an answer, as `node:http` sends it.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { ServerResponse } from "node:http";

/** A body that has told that it is no longer is sent in one piece. */
const AT_ONCE = 64 * 1024;

/**
 * Sends an answer. Of one that fails before its end the connection is cut, so that nobody takes it for whole, and nothing is told.
 *
 * @param response The answer.
 * @param outgoing Where to.
 */
export async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  const { status, headers, body } = response;
  try {
    const length = Number(headers.get("content-length") ?? Infinity);
    const whole = body === null || length <= AT_ONCE ? Buffer.from(await response.arrayBuffer()) : undefined;
    outgoing.writeHead(status, Object.fromEntries(headers));
    if (whole !== undefined) outgoing.end(whole);
    else await stream(body!.getReader(), outgoing);
  } catch {
    // Whoever made the body has told why.
    outgoing.destroy();
  }
}

/** Sends what is read, as fast as the client takes it, until it is gone. */
async function stream(reader: ReadableStreamDefaultReader<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const leave = (): void => void reader.cancel().catch(() => {/* it has failed already */});
  if (outgoing.destroyed) return leave();
  outgoing.once("close", leave);
  outgoing.flushHeaders();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (outgoing.destroyed) return; // it has been left
    if (!outgoing.write(next.value)) await drained(outgoing);
  }
  outgoing.end();
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
