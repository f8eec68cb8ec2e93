/**
 * Routes of what takes time: events, and leases.
 *
 * @module
 */

import type { Hono } from "hono";
import { isStorageError } from "../../../backends/errors.ts";
import { eventBody, eventText } from "../../event_body.ts";
import { passing } from "../../passing.ts";
import type { ArtifactEvent } from "../artifact_storage.ts";
import { segmentKey } from "../wire.ts";
import { parseJson, readText } from "./body.ts";
import { problemOf, RequestError } from "./problem.ts";
import { json, noBody } from "./answer.ts";
import { covers, type Scope } from "./scope.ts";
import { type Call, type CallEnv, namespaceOf, type Service } from "./service.ts";

/**
 * Adds the routes.
 *
 * @param app Where to.
 * @param service What they are about.
 * @param scopesNow What a caller may do by now: a token can end while it is told events.
 */
export function watchRoutes(
  app: Hono<CallEnv>,
  service: Service,
  scopesNow: (call: Call) => readonly Scope[] | undefined,
): void {
  app.get("/v1/namespaces/:namespace/watch", (call) => watch(call, service, scopesNow));
  app.post("/v1/namespaces/:namespace/locks/:key", (call) => acquire(call, service));
  app.delete("/v1/namespaces/:namespace/locks/:key", (call) => release(call, service));
}

const HEADERS = { "content-type": "text/event-stream", "x-accel-buffering": "no" };

function watch(
  call: Call,
  service: Service,
  scopesNow: (call: Call) => readonly Scope[] | undefined,
): Response {
  const namespace = namespaceOf(call, "watch", "read");
  // Nobody would read the events, nor end them.
  if (call.req.method === "HEAD") return new Response(null, { headers: HEADERS });
  const { metrics, limits, stopping } = service;
  checkWatchers(service);
  const since = call.req.header("last-event-id") ?? call.req.query("since");
  const stop = new AbortController();
  const shutDown = (): void => stop.abort(stopping.reason);
  if (stopping.aborted) shutDown();
  else stopping.addEventListener("abort", shutDown, { once: true });
  metrics.watchers++;
  const events = service.namespaces.open(namespace).watch({ since: since || undefined, signal: stop.signal });
  const body = eventBody(told(events, service, stop.signal), {
    heartbeat: limits.heartbeat,
    mayHear: () => covers(scopesNow(call) ?? [], namespace, "read"),
    onEnd(): void {
      metrics.watchers--;
      stopping.removeEventListener("abort", shutDown);
      stop.abort();
    },
  });
  const counted = (bytes: number): void => void (metrics.bytesOut += bytes);
  return new Response(passing(body, { counted }), { headers: HEADERS });
}

/**
 * Checks that there is room for one more watcher.
 *
 * @param service Where.
 * @throws {RequestError} 503 if there is none.
 */
export function checkWatchers({ metrics, limits }: Service): void {
  if (metrics.watchers < limits.maxWatchers) return;
  const headers = { "retry-after": "5" };
  throw new RequestError(503, "unavailable", "there are too many watchers; try again later", { headers });
}

/** Events as they are sent, until somebody stops them, which is no error; of one the client is told by an event, too. */
async function* told(
  events: AsyncIterable<ArtifactEvent>,
  { failed }: Service,
  signal: AbortSignal,
): AsyncGenerator<string> {
  try {
    for await (const { id, kind, key, etag } of events) yield eventText(kind, { key, etag }, id);
  } catch (error) {
    if (signal.aborted) return;
    const requestId = crypto.randomUUID();
    failed("watching failed", error, requestId);
    yield eventText("problem", problemOf(error, requestId).problem);
  }
}

async function acquire(call: Call, service: Service): Promise<Response> {
  const namespace = namespaceOf(call, "lock", "write");
  const key = segmentKey(call.req.param("key")!);
  const { owner, ttl, token } = Object(parseJson(await readText(call, service)));
  if (token !== undefined && !Number.isSafeInteger(token)) throw wrongToken();
  if (typeof ttl !== "number") throw new RequestError(400, "invalid-argument", "ttl must be milliseconds");
  try {
    const request = { owner, ttl, token, signal: call.env.signal };
    return json(call.env, JSON.stringify(await service.namespaces.open(namespace).acquire(key, request)));
  } catch (error) {
    if (!isStorageError(error, "busy")) throw error;
    const headers = { "retry-after": String(Math.ceil((error.retryAfter ?? 1000) / 1000)) };
    throw Object.assign(new RequestError(409, "busy", error.detail, { headers }), {
      context: (error as { context?: unknown }).context,
    });
  }
}

async function release(call: Call, service: Service): Promise<Response> {
  const namespace = namespaceOf(call, "lock", "write");
  const key = segmentKey(call.req.param("key")!);
  const text = call.req.query("token") ?? "";
  const token = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(token)) throw wrongToken();
  await service.namespaces.open(namespace).release(key, token, { signal: call.env.signal });
  return noBody(call.env, 204);
}

function wrongToken(): RequestError {
  return new RequestError(400, "invalid-argument", "token must be the number that the lease has");
}
