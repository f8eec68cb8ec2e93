/**
 * {@linkcode headOf}: the answer to `HEAD`.
 *
 * @module
 */

/** Statuses of answers that never have a body. */
const EMPTY: ReadonlySet<number> = new Set([204, 304]);

/**
 * The answer to `HEAD`. Of what has not told its length none is told either: an answer that is known to have no body is sent as one of length 0.
 *
 * @param response What `GET` would be answered, with its body, which is let go, or without.
 * @returns The answer without it.
 */
export async function headOf(response: Response): Promise<Response> {
  const { body, headers, status } = response;
  await body?.cancel();
  return new Response(headers.has("content-length") || EMPTY.has(status) ? null : nothing(), response);
}

/** A body of unknown length with nothing in it. */
function nothing(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ pull: (controller) => controller.close() });
}
