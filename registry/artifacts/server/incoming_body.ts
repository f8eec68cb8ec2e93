/**
 * {@linkcode withBody}: a request whose body can be left at any moment.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";

/**
 * Gives a request a body that stops reading when it is cancelled. The one that it has by itself goes on: what comes then is an error
 * that nobody can catch, and ends the process.
 *
 * @param request The request.
 * @param incoming Where it comes from; nothing was read of it yet.
 * @returns The same request.
 */
export function withBody(request: Request, incoming: IncomingMessage): Request {
  if (request.method === "GET" || request.method === "HEAD") return request;
  let body: ReadableStream<Uint8Array> | undefined;
  return Object.defineProperty(request, "body", {
    // What is left may still be let go by, so that the client reads the answer.
    get: () => body ??= ReadableStream.from<Uint8Array>(incoming.iterator({ destroyOnReturn: false })),
  });
}
