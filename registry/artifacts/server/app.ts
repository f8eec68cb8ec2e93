/**
 * {@linkcode createApp}: all routes behind one door.
 *
 * @module
 */

import { Hono } from "hono";
import { cors } from "hono/cors";
import { tokenIn } from "../../../backends/stores/remote/bearer.ts";
import { ENTRY_KIND, ERROR_CODE, SERVER_ID, WANT_ETAG, WRITE_ID } from "../../../backends/stores/remote/wire.ts";
import { batchRoutes } from "./batch_routes.ts";
import { entryRoutes } from "./entry_routes.ts";
import { filesRoutes, type ServedFiles } from "./files_routes.ts";
import { checkHost, checkOrigin } from "./hosts.ts";
import { legacyRoutes } from "./legacy_routes.ts";
import { namespaceRoutes } from "./namespace_routes.ts";
import { answerProblem, RequestError } from "./problem.ts";
import type { Scope } from "./scope.ts";
import { type Call, type CallEnv, type CallState, scopesOf, type Service } from "./service.ts";
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
  readonly files: ServedFiles | undefined;
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

/** The routes over a service. */
export function createApp(service: Service, options: AppOptions): App {
  const app = new Hono<CallEnv>();
  const scopesIn = (authorization: string | null | undefined): readonly Scope[] | undefined =>
    scopesOfToken(tokenIn(authorization), options.tokens());
  const scopesNow = (call: Call): readonly Scope[] | undefined => scopesIn(call.req.header("authorization"));
  if (options.origins.size > 0) {
    app.use(cors({ origin: options.origins.has("*") ? "*" : [...options.origins], ...SHARED }));
  }
  healthRoutes(app, service);
  statusRoutes(app, service);
  namespaceRoutes(app, service);
  entryRoutes(app, service);
  batchRoutes(app, service);
  watchRoutes(app, service, scopesNow);
  legacyRoutes(app, service);
  if (options.files !== undefined) filesRoutes(app, service, options.files, scopesNow);
  const fail = (error: unknown, call: Call): Response => {
    call.env.failure = error;
    return answerProblem(call.env, error, call.env.requestId = crypto.randomUUID());
  };
  // What is thrown here would lose the headers for pages.
  app.notFound((call) => {
    try {
      scopesOf(call);
    } catch (error) {
      return fail(error, call);
    }
    return fail(new RequestError(404, "not-found", "there is no such route"), call);
  });
  app.onError(fail);
  return (request, state) => {
    const { url, headers } = request;
    const host = hostOf(url);
    checkHost(host, options.hosts);
    // A request can name two: one in its first line, one in the header.
    const named = headers.get("host");
    if (named !== null && named !== host) checkHost(named, options.hosts);
    checkOrigin(headers, options.origins);
    state.scopes = scopesIn(headers.get("authorization"));
    return app.fetch(request, state);
  };
}

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
