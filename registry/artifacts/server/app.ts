/**
 * {@linkcode createApp}: all routes behind one door.
 *
 * @module
 */

import { Hono } from "hono";
import { cors } from "hono/cors";
import type { FilesHandler } from "../../files.ts";
import { tokenIn } from "../../../backends/stores/remote/bearer.ts";
import {
  ENTRY_KIND,
  ERROR_CODE,
  RETRIED,
  SERVER_ID,
  WANT_ETAG,
  WRITE_ID,
} from "../../../backends/stores/remote/wire.ts";
import { batchRoutes } from "./batch_routes.ts";
import { entryRoutes } from "./entry_routes.ts";
import { filesRoutes } from "./files_routes.ts";
import { checkHost, checkOrigin } from "./hosts.ts";
import { legacyRoutes } from "./legacy_routes.ts";
import { namespaceRoutes } from "./namespace_routes.ts";
import { answerProblem, RequestError } from "./problem.ts";
import type { Scope } from "./scope.ts";
import type { Call, CallEnv, CallState, Service } from "./service.ts";
import { healthRoutes, statusRoutes } from "./status_routes.ts";
import type { Tokens } from "./tokens.ts";
import { watchRoutes } from "./watch_routes.ts";

/** What stands at the door. */
export interface AppOptions {
  /** Who may come in; `undefined` is anyone. */
  readonly tokens: () => Tokens | undefined;
  /** The names that the server goes by. */
  readonly hosts: ReadonlySet<string>;
  /** The pages that may use it. */
  readonly origins: ReadonlySet<string>;
  /** What serves files; `undefined` if there are none. */
  readonly files: FilesHandler | undefined;
}

/** What a page that is allowed may send and see. */
const SHARED = {
  allowMethods: ["GET", "HEAD", "PUT", "POST", "DELETE"],
  allowHeaders: [
    "Authorization",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "Last-Event-ID",
    "Range",
    RETRIED,
    SERVER_ID,
    WANT_ETAG,
    WRITE_ID,
  ],
  exposeHeaders: ["ETag", "Content-Range", "Retry-After", SERVER_ID, ERROR_CODE, ENTRY_KIND],
  maxAge: 600,
};

const EVERYTHING: readonly Scope[] = [{ prefix: "*", access: "admin" }];

/** Answers a request. */
export type App = (request: Request, state: CallState) => Response | Promise<Response>;

/** The routes over a service: all for those who may come in, and only those that tell nothing for strangers. */
export function createApp(service: Service, options: AppOptions): App {
  const scopesIn = (authorization: string | null | undefined): readonly Scope[] | undefined =>
    scopesOfToken(tokenIn(authorization), options.tokens());
  const scopesNow = (call: Call): readonly Scope[] | undefined => scopesIn(call.req.header("authorization"));
  const fail = (error: unknown, call: Call): Response => answerProblem(call.env, error, service);
  const [inside, outside] = [new Hono<CallEnv>(), new Hono<CallEnv>()];
  for (const app of [inside, outside]) {
    share(app, options.origins);
    healthRoutes(app, service);
    app.onError(fail);
  }
  outside.notFound((call) => fail(stranger(call), call));
  inside.notFound((call) => fail(noRoute(inside, call), call));
  statusRoutes(inside, service);
  namespaceRoutes(inside, service);
  entryRoutes(inside, service);
  batchRoutes(inside, service);
  watchRoutes(inside, service, scopesNow);
  legacyRoutes(inside, service);
  if (options.files !== undefined) filesRoutes(inside, service, options.files, scopesNow);
  return (request, state) => {
    const { url, headers } = request;
    const host = hostOf(url);
    checkHost(host, options.hosts);
    // A request can name two: one in its first line, one in the header.
    const named = headers.get("host");
    if (named !== null && named !== host) checkHost(named, options.hosts);
    checkOrigin(headers, options.origins);
    state.scopes = scopesIn(headers.get("authorization"));
    return (state.scopes === undefined ? outside : inside).fetch(request, state);
  };
}

/** Lets pages of other origins see the answers. */
function share(app: Hono<CallEnv>, origins: ReadonlySet<string>): void {
  if (origins.size === 0) return;
  const any = origins.has("*");
  app.use(cors({ origin: any ? "*" : [...origins], ...SHARED }));
  if (!any) return;
  // What a page only embeds, the browser asks this of.
  app.use(async (call, next) => {
    await next();
    call.header("cross-origin-resource-policy", "cross-origin");
  });
}

/** The refusal of who has no token, or none that is known. */
function stranger(call: Call): RequestError {
  const token = tokenIn(call.req.header("authorization"));
  const challenge = token === undefined ? "Bearer" : 'Bearer error="invalid_token"';
  const detail = token === undefined
    ? "give a token: Authorization: Bearer <token>"
    : "the token is unknown or has ended";
  return new RequestError(401, "permission-denied", detail, { headers: { "www-authenticate": challenge } });
}

/** The refusal of what no route answers: of this method, or of this address at all. */
function noRoute({ router }: Hono<CallEnv>, { req }: Call): RequestError {
  const routes = (method: string): number => router.match(method, req.path)[0].length;
  // What is for every method is none of the routes.
  const shared = routes("NONE");
  const allowed = METHODS.filter((method) => routes(method) > shared);
  if (allowed.length === 0) return new RequestError(404, "not-found", "there is no such route");
  const allow = allowed.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]).join(", ");
  return new RequestError(405, "unsupported", `the methods here are ${allow}`, { headers: { allow } });
}

const METHODS = ["GET", "PUT", "POST", "DELETE"];

/** What is between `//` and the next `/` of an address. */
function hostOf(url: string): string {
  const begin = url.indexOf("//") + 2;
  const end = url.indexOf("/", begin);
  return url.slice(begin, end < 0 ? undefined : end);
}

function scopesOfToken(token: string | undefined, tokens: Tokens | undefined): readonly Scope[] | undefined {
  if (tokens === undefined) return EVERYTHING;
  return token === undefined ? undefined : tokens.scopesOf(token);
}
