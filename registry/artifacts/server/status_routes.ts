/**
 * Routes about the server itself.
 *
 * @module
 */

import type { Hono } from "hono";
import { namespaceSizes } from "./namespace_routes.ts";
import { RequestError } from "./problem.ts";
import { json, text } from "./answer.ts";
import type { Call, CallEnv, Service } from "./service.ts";

/** For how long it is believed that the store can be reached, in milliseconds. */
const BELIEVED = 1000;

/** Adds the routes that anyone may ask: they tell nothing. */
export function healthRoutes(app: Hono<CallEnv>, service: Service): void {
  let looked = -Infinity;
  app.get("/health", (call) => {
    call.env.kind = "status";
    return json(call.env, '{"status":"healthy","service":"registry-server"}');
  });
  app.get("/ready", async (call) => {
    call.env.kind = "status";
    if (service.stopping.aborted) throw notReady();
    if (performance.now() - looked > BELIEVED) {
      try {
        for await (const _ of service.namespaces.list({ limit: 1, signal: call.env.signal })) break;
      } catch (cause) {
        throw notReady(cause);
      }
      looked = performance.now();
    }
    return json(call.env, '{"status":"ready"}');
  });
}

function notReady(cause?: unknown): RequestError {
  return new RequestError(503, "unavailable", "not ready", { headers: { "retry-after": "1" }, cause });
}

/** Adds the routes with numbers. */
export function statusRoutes(app: Hono<CallEnv>, service: Service): void {
  app.get("/stats", async (call) => {
    call.env.kind = "status";
    return json(call.env, JSON.stringify(await stats(call, service)));
  });
  app.get("/metrics", (call) => {
    call.env.kind = "status";
    const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
    return text(call.env, service.metrics.toPrometheus(), 200, headers);
  });
}

/** The namespaces are those that the caller may read, in the store that all servers share; the requests are those of this process. */
async function stats(call: Call, service: Service): Promise<Record<string, unknown>> {
  const { metrics } = service;
  const sizes: Record<string, number> = {};
  for await (const { name, entries } of namespaceSizes(call, service)) sizes[name] = entries;
  const startedAt = metrics.startedAt.toISOString();
  return {
    created_at: startedAt,
    startedAt,
    uptimeSeconds: metrics.uptime,
    namespaces: Object.keys(sizes).length,
    total_entries: Object.values(sizes).reduce((sum, entries) => sum + entries, 0),
    ...counters(service),
    namespace_sizes: sizes,
  };
}

/** What this process has done. */
export function counters({ metrics }: Pick<Service, "metrics">): Record<string, unknown> {
  return {
    total_requests: metrics.total,
    get_requests: metrics.count("get", "list"),
    set_requests: metrics.count("put"),
    delete_requests: metrics.count("delete", "clear"),
    requests: metrics.byKind(),
    bytes: { in: metrics.bytesIn, out: metrics.bytesOut },
  };
}
