/**
 * {@linkcode listen}: a server on a port, for which slow and silent clients are no burden.
 *
 * `Deno.serve` waits for the end of a request's headers for as long as it takes, so that silent connections pile up; on a port that
 * strangers reach it belongs behind a proxy. The listener here bounds the headers, the bodies and the number of connections.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { StorageError } from "../../../backends/errors.ts";
import type { ArtifactServer } from "../server.ts";
import { isLoopback } from "./hosts.ts";
import { withBody } from "./incoming_body.ts";

/** Options of {@linkcode listen}. */
export interface ListenOptions {
  /**
   * The address to listen on. Off loopback the server must have tokens.
   *
   * @default {"127.0.0.1"}
   */
  readonly hostname?: string | undefined;
  /**
   * The port; 0 is any that is free.
   *
   * @default {8001}
   */
  readonly port?: number | undefined;
  /**
   * The most connections at a time; more are closed at once.
   *
   * @default {4096}
   */
  readonly maxConnections?: number | undefined;
}

/** A server that listens. */
export interface Listener extends AsyncDisposable {
  /** Where. */
  readonly hostname: string;
  /** The port. */
  readonly port: number;
  /**
   * Accepts nothing new, ends watching, waits for what is being answered, and closes what takes longer than a request may take. Calling
   * it again waits too.
   */
  shutdown(): Promise<void>;
}

/** What an answer is written to. */
interface Outgoing {
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown;
  end(body: string): unknown;
}

/** A request, and what is answered to it, as `node:http` has them. */
interface Exchanged {
  readonly incoming: unknown;
  readonly outgoing: Outgoing;
}

/** How long a connection may be idle between requests, in milliseconds. */
const KEEP_ALIVE = 60_000;
/** How often slow connections are looked for, in milliseconds. */
const CHECK = 1000;
/** For how long what nobody reads is let go by, in milliseconds. */
const LINGER = 500;
/** The most bytes of headers; the longest path of the original is in them. */
const MAX_HEADERS = 32 * 1024;

/** A body that nobody read is let go by for a moment, so that the client reads the answer before the connection ends. */
function linger(request: IncomingMessage, socket: Socket): void {
  if (request.complete || socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), LINGER);
  const end = (): void => clearTimeout(timer);
  socket.once("close", end);
  request.once("end", end);
  request.resume();
}

/**
 * Listens.
 *
 * @param server What answers.
 * @param options Where.
 * @returns The listener, which listens already.
 * @throws {StorageError} `permission-denied` if strangers could come in: off loopback, and without tokens; `unavailable` if the port is
 * taken.
 *
 * @example
 * ```ts
 * import { ArtifactServer, listen } from "@polystore/polystore/server";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * await using server = new ArtifactServer({ store: new MemoryStore() });
 * await assert.rejects(listen(server, { hostname: "0.0.0.0" }), { code: "permission-denied" });
 * await using listener = await listen(server, { port: 0 });
 * const response = await fetch(`http://127.0.0.1:${listener.port}/ready`);
 * assert.deepEqual(await response.json(), { status: "ready" });
 * ```
 */
export async function listen(server: ArtifactServer, options: ListenOptions = {}): Promise<Listener> {
  const { hostname = "127.0.0.1", port = 8001, maxConnections = 4096 } = options;
  const address = hostname === "localhost" ? "127.0.0.1" : hostname;
  if (!isLoopback(address) && !server.tokens?.size) {
    throw new StorageError(
      "permission-denied",
      `a server on ${JSON.stringify(hostname)} can be reached by others: give it tokens, or listen on 127.0.0.1`,
    );
  }
  const { createServer } = await import("node:http");
  const { getRequestListener } = await import("@hono/node-server");
  const { RESPONSE_ALREADY_SENT } = await import("@hono/node-server/utils/response");
  const answer = async (request: Request, { incoming, outgoing }: Exchanged): Promise<Response> => {
    const answer = await server.answer(withBody(request, incoming as IncomingMessage));
    if (answer instanceof Response) return answer;
    outgoing.writeHead(answer.status, answer.headers);
    outgoing.end(answer.body);
    return RESPONSE_ALREADY_SENT;
  };
  const listener = getRequestListener(answer, { overrideGlobalObjects: false, autoCleanupIncoming: false });
  const http = createServer({
    headersTimeout: server.timeout,
    requestTimeout: 0, // bodies are bounded where they are read: a large file may take its time
    keepAliveTimeout: KEEP_ALIVE,
    connectionsCheckingInterval: CHECK,
    maxHeaderSize: MAX_HEADERS,
  }, (request, response) => {
    const { socket } = request; // the request forgets it when it ends
    response.once("close", () => linger(request, socket));
    listener(request, response).catch((error) => {
      server.note("error", "an answer could not be sent", { error: String(error) });
      socket.destroy();
    });
  });
  http.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    http.once("error", (cause) => {
      reject(new StorageError("unavailable", `cannot listen on ${hostname}:${port}: ${cause.message}`, { cause }));
    });
    http.listen(port, address, resolve);
  });
  let ending: Promise<void> | undefined;
  const shutdown = (): Promise<void> => ending ??= drain();
  async function drain(): Promise<void> {
    const closed = new Promise<void>((resolve) => http.close(() => resolve()));
    await server.close();
    http.closeIdleConnections();
    const timer = setTimeout(() => http.closeAllConnections(), server.timeout);
    await closed;
    clearTimeout(timer);
  }
  const bound = http.address();
  return {
    hostname,
    port: typeof bound === "object" && bound !== null ? bound.port : port,
    shutdown,
    [Symbol.asyncDispose]: shutdown,
  };
}
