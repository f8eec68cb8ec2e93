/**
 * The WebSocket backend: sends values to a receiver over a WebSocket.
 *
 * Permissions: `--allow-net` of the host.
 *
 * @module
 */

import { StorageError } from "./errors.ts";
import { ConnectedBackend, type ConnectedBackendOptions } from "./streaming/connected_backend.ts";
import { WebSocketConnection } from "./streaming/web_socket_connection.ts";

/** Options of {@linkcode WebSocketBackend}. */
export interface WebSocketBackendOptions extends ConnectedBackendOptions {
  /**
   * Sub-protocols that are offered to the server.
   *
   * @default {[]}
   */
  protocols?: readonly string[] | undefined;
}

/**
 * Gives a socket, open or about to be: one that a server has accepted, one with headers of its own. It is asked again when the
 * connection breaks, and may take as long as `connectTimeout` (`Infinity` to wait for a page for as long as it takes).
 */
export type SocketSource = (signal: AbortSignal) => WebSocket | Promise<WebSocket>;

/**
 * Sends values over a WebSocket, to whoever calls {@linkcode receiveWebSocket} at the other end. See {@linkcode ConnectedBackend} for
 * what it promises: acknowledged batches, in order, each handled once, over connections that may break, with bounded memory.
 *
 * @example
 * ```ts
 * import { ndarray } from "@polystore/polystore/formats";
 * import { receiveWebSocket, StreamReceiver, WebSocketBackend } from "@polystore/polystore/streaming";
 * import assert from "node:assert/strict";
 *
 * const image = ndarray(new Uint16Array([1, 2, 3, 4]), [2, 2]);
 * await using receiver = new StreamReceiver(({ items: [item] }) => {
 *   assert.deepEqual(item, { path: "plate/A01.tif", value: image, metadata: { channel: 1 } });
 * });
 * await using server = Deno.serve(
 *   { hostname: "127.0.0.1", port: 0, onListen() {} },
 *   (request) => receiveWebSocket(request, receiver),
 * );
 * const skipped: string[] = [];
 * await using viewer = new WebSocketBackend(`ws://127.0.0.1:${server.addr.port}`, {
 *   extensions: [".tif", ".roi.zip"],
 *   onSkipped: (paths) => skipped.push(...paths),
 * });
 * const paths = ["plate/A01.tif", "plate/table.csv"];
 * await viewer.saveBatch([image, "a,b"], paths, { metadataOf: () => ({ channel: 1 }) });
 * assert.deepEqual(skipped, ["plate/table.csv"]);
 * ```
 */
export class WebSocketBackend extends ConnectedBackend {
  /** The name it is known by. */
  static readonly backendType: string = "websocket";

  /**
   * Creates a backend; nothing is connected yet.
   *
   * @param target The address (`ws:`, `wss:`, `http:` or `https:`), or what gives sockets.
   * @param options What is sent, how much is held, how long it tries.
   * @throws {StorageError} `invalid-argument` if the address or an option is not what it should be.
   */
  constructor(target: string | URL | SocketSource, options: WebSocketBackendOptions = {}) {
    const source = typeof target === "function" ? target : dialling(target, options.protocols ?? []);
    super(async (signal) => await new WebSocketConnection(await source(signal)).opened(signal), options);
  }
}

function dialling(target: string | URL, protocols: readonly string[]): SocketSource {
  const url = URL.parse(target);
  if (url === null || !/^(?:ws|http)s?:$/.test(url.protocol) || url.hash !== "") {
    throw new StorageError("invalid-argument", `not the address of a WebSocket: ${JSON.stringify(String(target))}`);
  }
  return () => {
    try {
      return new WebSocket(url, [...protocols]);
    } catch (cause) {
      throw refusal(cause);
    }
  };
}

/** What no further try would change. */
function refusal(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  if (cause.name === "NotCapable") return new StorageError("permission-denied", cause.message, { cause });
  return new StorageError("invalid-argument", cause.message, { cause });
}
