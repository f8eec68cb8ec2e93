/**
 * The routes of files: what serves them is given; here is who may use it, and what is counted of it.
 *
 * @module
 */

import type { Hono } from "hono";
import { problemOf, RefusedRequest } from "../../files/file_problem.ts";
import { changesFiles, files, type FilesHandler, type Served } from "../../files.ts";
import { passing } from "../../passing.ts";
import { isFailure } from "./problem.ts";
import { covers, type Scope } from "./scope.ts";
import { type Call, type CallEnv, permit, type Service } from "./service.ts";
import { checkWatchers } from "./watch_routes.ts";

/**
 * Serves files.
 *
 * @param served What.
 * @param service Ends it, and notes failures.
 * @returns Answers a request.
 */
export function serveFiles(served: Served, { stopping, failed }: Service): FilesHandler {
  return files(served, {
    signal: stopping,
    allowCrossSite: true, // pages were looked at before
    onError(error): string {
      const requestId = crypto.randomUUID();
      if (isFailure(problemOf(error).status)) failed("a request for files failed", error, requestId);
      return requestId;
    },
  });
}

/**
 * Adds the routes.
 *
 * @param app Where to.
 * @param service What they share.
 * @param handle What serves files.
 * @param scopesNow What a caller may do by now: a token can end while it is told news.
 */
export function filesRoutes(
  app: Hono<CallEnv>,
  service: Service,
  handle: FilesHandler,
  scopesNow: (call: Call) => readonly Scope[] | undefined,
): void {
  app.all("/v1/files/:backend", async (call) => {
    call.env.kind = "files";
    const place = `files:${call.req.param("backend")}`;
    permit(call, place, changesFiles(call.req.raw) ? "write" : "read");
    const response = await handle(arriving(call.req.raw, service));
    return leaving(response, call.req.method, service, () => covers(scopesNow(call) ?? [], place, "read"));
  });
}

/** A request whose body is counted, and fails when it pauses for too long: a large file may take its time, but not for ever. */
function arriving(request: Request, { limits, metrics }: Service): Request {
  if (!WITH_BODY.has(request.method) || request.body === null) return request;
  const body = passing(request.body, {
    counted: (bytes) => void (metrics.bytesIn += bytes),
    pause: { longest: limits.timeout, error: tooSlow },
  });
  const { url, method, headers } = request;
  return new Request(url, { method, headers, body });
}

const WITH_BODY: ReadonlySet<string> = new Set(["PUT", "POST", "DELETE", "PATCH"]);

/** A body that has told that it is longer may be left before its end. */
const SURE = 4 * 1024 * 1024;

function tooSlow(): RefusedRequest {
  return new RefusedRequest([408, "Request Timeout"], "unavailable", "the body came too slowly", {
    connection: "close",
  });
}

/** An answer whose body is counted; and which ends, if it is news, when the client may hear no more. */
async function leaving(
  response: Response,
  method: string,
  service: Service,
  mayHear: () => boolean,
): Promise<Response> {
  const { body, headers } = response;
  if (body === null || method === "HEAD") return response;
  const { metrics } = service;
  const length = Number(headers.get("content-length") ?? Infinity);
  if (length <= SURE) {
    metrics.bytesOut += length;
    return response;
  }
  const counted = (bytes: number): void => void (metrics.bytesOut += bytes);
  if (headers.get("content-type") !== "text/event-stream") return new Response(passing(body, { counted }), response);
  try {
    checkWatchers(service);
  } catch (error) {
    await body.cancel();
    throw error;
  }
  metrics.watchers++;
  const onEnd = (): void => void metrics.watchers--;
  return new Response(passing(body, { counted, mayPass: mayHear, onEnd }), response);
}
