/**
 * The routes of files: what serves them is given; here is who may use it.
 *
 * @module
 */

import type { Hono } from "hono";
import { RefusedRequest } from "../../files/file_problem.ts";
import { changesFiles, files, type FilesHandler, type Served } from "../../files.ts";
import { covers, type Scope } from "./scope.ts";
import { type Call, type CallEnv, permit, scopesOf, type Service } from "./service.ts";

/** What serves files, and why requests for them failed. */
export interface ServedFiles {
  /** Answers a request. */
  readonly handle: FilesHandler;
  /** Why. */
  readonly failures: WeakMap<Request, unknown>;
}

/**
 * Serves files.
 *
 * @param served What.
 * @param signal Aborted when the server shuts down.
 * @returns What serves them.
 */
export function serveFiles(served: Served, signal: AbortSignal): ServedFiles {
  const failures = new WeakMap<Request, unknown>();
  return { handle: files(served, { signal, onError: (error, request) => failures.set(request, error) }), failures };
}

/**
 * Adds the routes.
 *
 * @param app Where to.
 * @param service What they share.
 * @param served What serves files.
 * @param scopesNow What a caller may do by now: a token can end while it is told news.
 */
export function filesRoutes(
  app: Hono<CallEnv>,
  service: Service,
  served: ServedFiles,
  scopesNow: (call: Call) => readonly Scope[] | undefined,
): void {
  app.all("/v1/files/:backend", async (call) => {
    scopesOf(call);
    call.env.kind = "files";
    const place = `files:${call.req.param("backend")}`;
    permit(call, place, changesFiles(call.req.raw) ? "write" : "read");
    const request = unpausing(call.req.raw, service.limits.timeout);
    const response = await served.handle(request);
    call.env.failure = served.failures.get(request);
    if (response.headers.get("content-type") !== "text/event-stream") return response;
    return whileAllowed(response, () => covers(scopesNow(call) ?? [], place, "read"));
  });
}

/** An answer that ends when the client may not be told more. */
function whileAllowed(response: Response, mayHear: () => boolean): Response {
  const gate = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, controller): void {
      if (mayHear()) controller.enqueue(piece);
      else controller.terminate();
    },
  });
  return new Response(response.body?.pipeThrough(gate) ?? null, response);
}

/** A request whose body ends with an error when it pauses for too long: a large file may take its time, but not forever. */
function unpausing(request: Request, timeout: number): Request {
  if (request.body === null) return request;
  const reader = request.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const pause = new Promise<never>((_, reject) => {
        const late = new RefusedRequest([408, "Request Timeout"], "unavailable", "the body came too slowly", {
          connection: "close",
        });
        timer = setTimeout(() => reject(late), timeout);
      });
      try {
        const { done, value } = await Promise.race([reader.read(), pause]);
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        controller.error(error);
        await reader.cancel(error).catch(() => {/* the client is gone */});
      } finally {
        clearTimeout(timer);
      }
    },
    async cancel(reason): Promise<void> {
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  const { url, method, headers } = request;
  return new Request(url, { method, headers, body });
}
