/**
 * {@linkcode listen}: a server on a port, for which slow and silent clients are no burden.
 *
 * `Deno.serve` waits for the end of a request's headers for as long as it takes, so that silent connections pile up; on a port that
 * strangers reach it belongs behind a proxy. The listener here bounds the headers, the bodies and the number of connections.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { StorageError } from "../../../backends/errors.ts";
import type { ArtifactServer } from "../server.ts";
import { isLoopback } from "./hosts.ts";
import { checkTime } from "./limits.ts";
import { withBody } from "./incoming_body.ts";
import { send } from "./outgoing_body.ts";
import { hangUpOnStalled } from "./stalled.ts";

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
   * The most connections at a time; more are closed at once. With the files that are open they must stay below what the system allows the
   * process (`ulimit -n`, `LimitNOFILE`).
   *
   * @default {2048}
   */
  readonly maxConnections?: number | undefined;
  /**
   * How long a client may take nothing of what it is sent, in milliseconds; after that, and before twice as long, it is hung up on. What is sent
   * in one piece, of up to 4 MiB, must be taken within this time.
   *
   * @default {300_000}
   */
  readonly stallTimeout?: number | undefined;
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

/** A request, and what is answered to it, as `node:http` has them. */
interface Exchanged {
  readonly incoming: unknown;
  readonly outgoing: unknown;
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

/** What may not be done here is told as an error; the runtime would throw it where nobody can catch it. */
function checkPermission(address: string, port: number): void {
  const host = `${address.includes(":") ? `[${address}]` : address}:${port}`;
  const state = globalThis.Deno?.permissions?.querySync({ name: "net", host }).state;
  if (state !== "denied" && state !== "prompt") return;
  throw new StorageError(
    "permission-denied",
    `this program may not listen on ${host}: allow it with --allow-net=${host}`,
  );
}

/**
 * Listens.
 *
 * @param server What answers.
 * @param options Where.
 * @returns The listener, which listens already.
 * @throws {StorageError} `permission-denied` if strangers could come in: off loopback, and without tokens; or if the program may not listen
 * there; `invalid-argument` for a bad option; `unavailable` if the port is taken.
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
  const { hostname = "127.0.0.1", port = 8001, maxConnections = 2048, stallTimeout = 300_000 } = options;
  checkTime("stallTimeout", stallTimeout);
  if (!(maxConnections > 0)) {
    throw new StorageError("invalid-argument", `maxConnections must be a number above 0: received ${maxConnections}`);
  }
  const address = hostname === "localhost" ? "127.0.0.1" : hostname;
  const near = isLoopback(address);
  if (!near && !server.tokens?.size) {
    throw new StorageError(
      "permission-denied",
      `a server on ${JSON.stringify(hostname)} can be reached by others: give it tokens, or listen on 127.0.0.1`,
    );
  }
  checkPermission(address, port);
  const { createServer } = await import("node:http");
  const { getRequestListener } = await import("@hono/node-server");
  const { RESPONSE_ALREADY_SENT } = await import("@hono/node-server/utils/response");
  const cutOff = ({ message }: Error): void => server.note("error", "an answer was cut", { error: message });
  const answer = async (request: Request, exchanged: Exchanged): Promise<Response> => {
    const incoming = exchanged.incoming as IncomingMessage;
    const outgoing = exchanged.outgoing as ServerResponse;
    const from = near ? undefined : incoming.socket.remoteAddress; // tokens can be taken away
    const answer = await server.answer(withBody(request, incoming), from);
    if (answer instanceof Response) await send(answer, outgoing, cutOff);
    else {
      outgoing.writeHead(answer.status, answer.headers);
      outgoing.end(answer.body);
    }
    return RESPONSE_ALREADY_SENT;
  };
  const listener = getRequestListener(answer, {
    overrideGlobalObjects: false,
    autoCleanupIncoming: false,
    hostname: address, // HTTP/1.0 names none
  });
  const http = createServer({
    headersTimeout: server.limits.timeout,
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
  http.on("error", (error) => server.note("error", "the listener failed", { error: error.message }));
  const stopLooking = hangUpOnStalled(http, stallTimeout);
  let ending: Promise<void> | undefined;
  const shutdown = (): Promise<void> => ending ??= drain();
  async function drain(): Promise<void> {
    const closed = new Promise<void>((resolve) => http.close(() => resolve()));
    await server.close();
    http.closeIdleConnections();
    const timer = setTimeout(() => http.closeAllConnections(), server.limits.timeout);
    await closed;
    clearTimeout(timer);
    stopLooking();
  }
  const bound = http.address();
  return {
    hostname,
    port: typeof bound === "object" && bound !== null ? bound.port : port,
    shutdown,
    [Symbol.asyncDispose]: shutdown,
  };
}
