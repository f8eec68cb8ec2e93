/**
 * {@linkcode streamContent}: content as a stream, which goes on when its connection is cut.
 *
 * @module
 */

import { isStorageError } from "../../errors.ts";
import type { HttpContent } from "./content.ts";

/** How often a stream goes on. */
const RESUMPTIONS = 3;

/**
 * A stream of content. Where its connection is cut it goes on, if the content has an etag: only with the very same content.
 *
 * @param content The content.
 * @param resume Opens the same content, from a byte on.
 * @returns The stream.
 */
export function streamContent(
  content: HttpContent,
  resume: (content: HttpContent, position: number) => Promise<HttpContent>,
): ReadableStream<Uint8Array> {
  let current = content;
  let position = content.start;
  let left = content.etag === undefined || position === undefined ? 0 : RESUMPTIONS;

  async function next(): Promise<Uint8Array | undefined> {
    for (;;) {
      try {
        return await current.next();
      } catch (error) {
        if (left-- <= 0 || !isStorageError(error, "unavailable") || !error.retryable) throw error;
        current = await resume(content, position!);
      }
    }
  }

  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const chunk = await next();
      if (chunk === undefined) return controller.close();
      if (position !== undefined) position += chunk.length;
      controller.enqueue(chunk);
    },
    async cancel(reason): Promise<void> {
      await current.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
