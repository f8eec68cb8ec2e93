/**
 * {@linkcode receiveWebSocket}: receives over a WebSocket.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { StreamReceiver } from "./receiver.ts";
import { WebSocketConnection } from "./web_socket_connection.ts";

/** Options of {@linkcode receiveWebSocket} for a request. */
export interface ReceiveOptions {
  /**
   * Origins whose pages may connect: `https://lab.example`. A browser lets any page connect to any address that it can reach,
   * `localhost` included; what is no browser sends no origin, and is not concerned.
   *
   * @default {[]} only pages of the server itself
   */
  origins?: readonly string[] | undefined;
}

/**
 * Receives what a `WebSocketBackend` sends over a socket: one that a page has opened, or a server has accepted. It runs in a browser.
 *
 * @param socket The socket; nobody else takes its messages.
 * @param receiver Who takes it: one for all sockets.
 * @throws {StorageError} `closed` if the receiver is closed.
 */
export function receiveWebSocket(socket: WebSocket, receiver: StreamReceiver): void;
/**
 * Receives what a `WebSocketBackend` sends to a server of Deno.
 *
 * Whoever may connect may send: look at the request before, where not everybody is welcome.
 *
 * @param request A request of `Deno.serve`.
 * @param receiver Who takes it: one for all requests.
 * @param options Which pages may connect.
 * @returns The answer: 426 for a request that is none for a WebSocket, 403 for pages of others.
 * @throws {StorageError} `closed` if the receiver is closed.
 *
 * @example
 * ```ts
 * import { receiveWebSocket, StreamReceiver, WebSocketBackend } from "@polystore/polystore/streaming";
 * import assert from "node:assert/strict";
 *
 * const came: string[] = [];
 * await using receiver = new StreamReceiver(({ items }) => void came.push(...items.map(({ path }) => path)));
 * await using server = Deno.serve(
 *   { hostname: "127.0.0.1", port: 0, onListen() {} },
 *   (request) => receiveWebSocket(request, receiver),
 * );
 * await using backend = new WebSocketBackend(`ws://127.0.0.1:${server.addr.port}`);
 * await backend.saveBatch([new Uint8Array(3), "text"], ["a", "b"]);
 * assert.deepEqual(came, ["a", "b"]);
 * ```
 */
export function receiveWebSocket(request: Request, receiver: StreamReceiver, options?: ReceiveOptions): Response;
export function receiveWebSocket(
  source: WebSocket | Request,
  receiver: StreamReceiver,
  options: ReceiveOptions = {},
): Response | void {
  if (!(source instanceof Request)) return receiver.accept(new WebSocketConnection(source));
  if (source.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return new Response("A WebSocket is expected here.\n", { status: 426, headers: { upgrade: "websocket" } });
  }
  if (!isWelcome(source, options.origins ?? [])) {
    return new Response("Pages of this origin may not connect.\n", { status: 403 });
  }
  if (receiver.closed) throw new StorageError("closed", "the receiver is closed");
  const { socket, response } = Deno.upgradeWebSocket(source);
  receiver.accept(new WebSocketConnection(socket));
  return response;
}

function isWelcome({ url, headers }: Request, origins: readonly string[]): boolean {
  const origin = headers.get("origin");
  if (origin === null || origins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === (headers.get("host") ?? new URL(url).host);
}
