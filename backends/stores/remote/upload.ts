/**
 * {@linkcode uploading}: a stream to write to, which becomes the body of a request.
 *
 * @module
 */

import { bytesHead, endFrame, jsonFrame } from "../frames.ts";
import { guarded } from "../stream.ts";

/** How many bytes may wait to be sent. */
const WAITING = 1024 * 1024;

/**
 * A stream whose content goes into the body of a request, in frames, so that only its close can publish it.
 *
 * @param send Sends the body; resolves when all of it is published.
 * @param signal Aborts the stream.
 * @returns The stream.
 */
export function uploading(
  send: (body: ReadableStream<Uint8Array>) => Promise<unknown>,
  signal?: AbortSignal,
): WritableStream<Uint8Array> {
  const body = new TransformStream<Uint8Array, Uint8Array>(
    undefined,
    new ByteLengthQueuingStrategy({ highWaterMark: WAITING }),
    new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
  );
  const writer = body.writable.getWriter();
  writer.closed.catch(() => {/* the answer tells why */});
  const answer = send(body.readable);
  // What the server refuses at once stops the writer, who waits for room in vain.
  const refused = answer.then(() => undefined, async (error) => {
    await writer.abort(error).catch(() => {/* it has ended */});
    throw error;
  });
  refused.catch(() => {/* told by the next write, or the close */});

  /** Sends something, unless the server has answered. */
  async function put(...chunks: readonly Uint8Array[]): Promise<void> {
    try {
      for (const chunk of chunks) {
        await writer.ready;
        writer.write(chunk).catch(() => {/* the answer tells why */});
      }
    } catch (error) {
      await refused;
      throw error;
    }
  }

  return guarded({
    async write(chunk): Promise<void> {
      if (chunk.length > 0) await put(bytesHead(chunk.length), chunk.slice());
    },
    async close(): Promise<void> {
      await put(endFrame());
      writer.close().catch(() => {/* the answer tells why */});
      await refused;
    },
    async abort(): Promise<void> {
      await put(jsonFrame({ detail: "the writer gave up" }, "error")).catch(() => {/* it has ended */});
      writer.close().catch(() => {/* the same */});
      await answer.catch(() => {/* it is not to be published, and it is not */});
    },
  }, signal);
}
