/**
 * {@linkcode cutStream}: a stream that ends early.
 *
 * @module
 */

/**
 * Ends a stream after so many bytes.
 *
 * @param stream The stream.
 * @param length How many bytes are left of it.
 * @param error What it fails with then; `undefined` if it just ends.
 * @returns What is left.
 */
export function cutStream(
  stream: ReadableStream<Uint8Array>,
  length: number,
  error?: unknown,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let left = length;
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const { done, value } = left > 0 ? await reader.read() : { done: true, value: undefined };
      if (!done && value !== undefined) {
        const part = value.slice(0, left);
        left -= part.length;
        return controller.enqueue(part);
      }
      await reader.cancel(error);
      if (error !== undefined) controller.error(error);
      else controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
