/**
 * {@linkcode ArtifactServer}: artifacts and files over HTTP, for `Deno.serve`, for Deno Deploy, and for `deno task serve`.
 *
 * @module
 */

import { StorageError } from "../../backends/errors.ts";
import type { Served } from "../files.ts";
import { headOf } from "../head_of.ts";
import { Allowance } from "./server/allowance.ts";
import { ELSEWHERE, responseOf, type WholeAnswer, withCommon } from "./server/answer.ts";
import { type App, createApp } from "./server/app.ts";
import { Deadlines } from "./server/deadlines.ts";
import { serveFiles } from "./server/files_routes.ts";
import { checkNear, knownOrigins } from "./server/hosts.ts";
import { loggedError } from "./server/logged_error.ts";
import { completeLimits, type ServerLimits } from "./server/limits.ts";
import { Metrics } from "./server/metrics.ts";
import { answerProblem } from "./server/problem.ts";
import type { CallState, Service } from "./server/service.ts";
import { counters } from "./server/status_routes.ts";
import type { ArtifactServerOptions, ServerNote } from "./server/server_options.ts";
import type { Tokens } from "./server/tokens.ts";
import { StoredNamespaces } from "./stored_namespaces.ts";

export * from "./server/listen.ts";
export * from "./server/scope.ts";
export * from "./server/server_options.ts";
export * from "./server/tokens.ts";
export type { WholeAnswer } from "./server/answer.ts";
export type { Served, ServerLimits };

/** How many misses a second are told what was meant. */
const HINTS = 20;

/**
 * A registry of artifacts over HTTP: `/health`, `/ready`, `/stats`, `/metrics`, `/v1/…`, and the paths of the original under `/registry`.
 *
 * Everything is in the store, nothing in the process: of several servers over one store any can be asked, and any can be stopped.
 *
 * @example
 * ```ts
 * import { ArtifactServer } from "@polystore/polystore/server";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * await using server = new ArtifactServer({ store: new MemoryStore() });
 * const entry = "http://localhost/v1/namespaces/research.losses/entries/bXNl"; // base64url of "mse"
 * const put = await server.fetch(new Request(entry, {
 *   method: "PUT",
 *   headers: { "content-type": "application/json", "if-none-match": "*" },
 *   body: '{"weight":0.5}',
 * }));
 * assert.equal(put.status, 201);
 * const got = await server.fetch(new Request(entry));
 * assert.deepEqual(await got.json(), { weight: 0.5 });
 * assert.equal(got.headers.get("etag"), put.headers.get("etag"));
 * ```
 *
 * @example On a port
 * ```ts
 * import { ArtifactServer } from "@polystore/polystore/server";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * await using server = new ArtifactServer({ store: new MemoryStore() });
 * await using listener = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, server.fetch);
 * const response = await fetch(`http://127.0.0.1:${listener.addr.port}/health`);
 * assert.deepEqual(await response.json(), { status: "healthy", service: "registry-server" });
 * ```
 */
export class ArtifactServer implements AsyncDisposable {
  readonly #app: App;
  readonly #service: Service;
  readonly #stopping = new AbortController();
  readonly #deadlines = new Deadlines();
  readonly #debug: boolean;
  readonly #open: boolean;
  readonly #log: ((note: ServerNote) => void) | undefined;
  #tokens: Tokens | undefined;

  /**
   * Creates a server; nothing is read or written yet.
   *
   * @throws {StorageError} `invalid-argument` for a limit or an origin that is none, `unsupported` if the store cannot list, write and delete.
   */
  constructor(options: ArtifactServerOptions) {
    const { store, tokens, allowedHosts = [], allowedOrigins = [], limits, log } = options;
    this.#tokens = tokens;
    this.#log = log;
    this.#debug = options.debug ?? false;
    this.#open = options.open ?? false;
    this.#service = {
      namespaces: new StoredNamespaces(store),
      limits: completeLimits(limits),
      metrics: new Metrics(),
      hints: new Allowance(HINTS),
      failed: (what, error, requestId) => this.note("error", what, { requestId, ...loggedError(error) }),
      stopping: this.#stopping.signal,
    };
    this.#app = createApp(this.#service, {
      tokens: () => this.#tokens,
      hosts: new Set(allowedHosts.map((host) => host.toLowerCase())),
      origins: knownOrigins(allowedOrigins),
      files: options.files && serveFiles(options.files, this.#service),
    });
  }

  /** Who may come in; setting it counts from the next request on. */
  get tokens(): Tokens | undefined {
    return this.#tokens;
  }
  set tokens(tokens: Tokens | undefined) {
    this.#tokens = tokens;
  }

  /** How much a request may take. */
  get limits(): ServerLimits {
    return this.#service.limits;
  }

  /** What was done since the start. */
  get statistics(): Record<string, unknown> {
    return counters(this.#service);
  }

  /**
   * Answers a request; it never rejects. It needs no `this`, so it can be handed to `Deno.serve` as it is: that tells it where requests come
   * from, so that without tokens only this machine is answered, unless the server is `open`.
   *
   * @param request The request.
   * @param info Who asks, as `Deno.serve` tells it.
   * @returns The answer.
   */
  readonly fetch = async (request: Request, info?: { readonly remoteAddr?: Deno.Addr }): Promise<Response> => {
    const from = this.#tokens === undefined ? info?.remoteAddr : undefined;
    const answer = await this.answer(request, from !== undefined && "hostname" in from ? from.hostname : undefined);
    return answer instanceof Response ? answer : responseOf(answer);
  };

  /**
   * As {@linkcode ArtifactServer.fetch}, for what writes the answer out itself.
   *
   * @param request The request.
   * @param from The address of who asks; `undefined` if that was looked at already, or cannot be told.
   * @returns The answer, in parts if its body is a text.
   *
   * @example
   * ```ts
   * import { ArtifactServer } from "@polystore/polystore/server";
   * import { MemoryStore } from "@polystore/polystore/stores";
   * import assert from "node:assert/strict";
   *
   * await using server = new ArtifactServer({ store: new MemoryStore() });
   * const answer = await server.answer(new Request("http://localhost/ready"));
   * assert(!(answer instanceof Response));
   * assert.deepEqual([answer.status, answer.body], [200, '{"status":"ready"}']);
   * ```
   */
  async answer(request: Request, from?: string): Promise<WholeAnswer | Response> {
    const { metrics, limits } = this.#service;
    const begin = performance.now();
    const late = new AbortController();
    const state: CallState = { signal: late.signal, scopes: undefined, kind: "other" };
    this.#deadlines.add(late, begin + limits.timeout);
    metrics.inFlight++;
    let answer: WholeAnswer | Response;
    try {
      answer = await this.#answer(request, state, from);
    } finally {
      metrics.inFlight--;
      this.#deadlines.delete(late);
    }
    const { status } = answer;
    metrics.add(state.kind, status, performance.now() - begin);
    if (this.#debug) this.note("debug", "answered", { kind: state.kind, status, method: request.method });
    // Of what is no text, the route counts.
    if (!(answer instanceof Response) && answer.body !== "") {
      metrics.bytesOut += Number(answer.headers["content-length"]);
    }
    return answer;
  }

  async #answer(request: Request, state: CallState, from: string | undefined): Promise<WholeAnswer | Response> {
    let response: Response;
    try {
      if (this.#tokens === undefined && !this.#open) checkNear(from);
      response = await this.#app(request, state);
    } catch (error) {
      // What is thrown before a route is found.
      response = answerProblem(state, error, this.#service);
    }
    const { answer } = state;
    if (answer === undefined) return withCommon(request.method === "HEAD" ? await headOf(response) : response);
    if (response === ELSEWHERE && request.method !== "HEAD") return answer;
    // Pages of other origins need more headers; and who asks for the head only gets no more.
    const body = request.method === "HEAD" ? "" : answer.body;
    return { ...answer, headers: { ...answer.headers, ...Object.fromEntries(response.headers) }, body };
  }

  /** Writes a line into the log. */
  note(level: ServerNote["level"], message: string, more: Readonly<Record<string, unknown>> = {}): void {
    this.#log?.({ time: new Date().toISOString(), level, message, ...more });
  }

  /** Ends all watching; what else is being answered goes on. Calling it again does nothing. */
  async close(): Promise<void> {
    this.#stopping.abort(new StorageError("closed", "the server is shutting down"));
    this.#deadlines.close();
    await Promise.resolve();
  }

  /** The same as {@linkcode ArtifactServer.close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
