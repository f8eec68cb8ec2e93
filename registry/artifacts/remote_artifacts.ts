/**
 * {@linkcode RemoteArtifacts}: artifacts on a registry server.
 *
 * @module
 */

import { ArtifactError } from "./artifact_error.ts";
import type {
  AbortOptions,
  AgainOptions,
  Artifact,
  ArtifactEvent,
  ArtifactStorage,
  BatchOperation,
  BatchOptions,
  BatchResult,
  Lease,
  LeaseRequest,
  ListArtifactsOptions,
  ListedArtifact,
  PutOptions,
  PutResult,
  RemoveOptions,
  WatchArtifactsOptions,
} from "./artifact_storage.ts";
import { readEvents } from "./event_stream.ts";
import { type Call, Exchange } from "./exchange.ts";
import { errorOf, isProblem } from "./problem_error.ts";
import { RemoteBatch } from "./remote_batch.ts";
import { pageOf } from "./remote_page.ts";
import { type RemoteOptions, serverAddress } from "./server_address.ts";
import { checkKey, checkNamespace, keySegment, wrongKey } from "./wire.ts";

/** The most entries of a page. */
const PAGE = 1000;

/**
 * Artifacts on a registry server, as JSON text. Each operation is one request, over connections that are kept; listing makes one a thousand entries.
 *
 * Nothing is sent before the first operation. What can be asked twice is tried again if the server cannot be reached or is busy; a write is
 * known to the server by a name, so that one with a condition whose answer was lost is not done twice; one without a condition may be.
 *
 * @example
 * ```ts
 * import { RemoteArtifacts } from "@polystore/polystore/artifacts";
 * import { ArtifactServer } from "@polystore/polystore/server";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * await using server = new ArtifactServer({ store: new MemoryStore() });
 * await using listener = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, server.fetch);
 * const artifacts = new RemoteArtifacts("research.config", { port: listener.addr.port });
 * await artifacts.put("sgd", '{"lr":0.1}', { ifAbsent: true });
 * assert.equal((await artifacts.get("sgd")).value, '{"lr":0.1}');
 * await artifacts.close();
 * ```
 */
export class RemoteArtifacts implements ArtifactStorage<string> {
  readonly #exchange: Exchange;
  readonly #path: string;

  /**
   * Names a namespace on a server; nothing is sent yet.
   *
   * @param namespace The namespace.
   * @param options Where the server is; what is missing comes from the environment.
   * @throws {StorageError} `invalid-argument` for a namespace that cannot be one, and for bad options or variables.
   */
  constructor(namespace: string, options: RemoteOptions = {}) {
    this.#path = `/v1/namespaces/${checkNamespace(namespace)}`;
    this.#exchange = new Exchange(serverAddress(options));
  }

  /** The address of the server. */
  get server(): string {
    return this.#exchange.base;
  }

  #entry(key: string): string {
    return `${this.#path}/entries/${keySegment(checkKey(key))}`;
  }

  /** See `ArtifactStorage.get`. */
  async get(key: string, options?: AbortOptions): Promise<Artifact<string>> {
    return await this.#exchange.ask({ path: this.#entry(key), key, signal: options?.signal }, async (response) => {
      const etag = etagOf(response);
      if (etag === undefined || !isJson(response)) {
        await response.body?.cancel();
        throw this.#exchange.nonsense(key);
      }
      return { value: await response.text(), etag };
    });
  }

  /** See `ArtifactStorage.has`. */
  async has(key: string, options?: AbortOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    if (wrongKey(key) !== undefined) return false;
    const call: Call = { method: "HEAD", path: this.#entry(key), key, accept: [404], signal: options?.signal };
    return await this.#exchange.ask(call, async (response) => {
      if (response.ok && etagOf(response) !== undefined) return true;
      if (response.status === 404 && isProblem(response)) return false;
      throw response.ok ? this.#exchange.nonsense(key) : await errorOf(response, this.server, key);
    });
  }

  /** See `ArtifactStorage.put`. */
  async put(key: string, value: string, options: PutOptions = {}): Promise<PutResult> {
    const { ifAbsent, ifMatch, writeId = crypto.randomUUID(), signal } = options;
    const conditional = ifAbsent === true || ifMatch !== undefined;
    const headers = {
      "write-id": writeId,
      ...(ifAbsent && { "if-none-match": "*" }),
      ...(ifMatch !== undefined && { "if-match": ifMatch === "*" ? "*" : `"${ifMatch}"` }),
    };
    const call: Call = { method: "PUT", path: this.#entry(key), key, headers, body: value, conditional, signal };
    return await this.#exchange.ask(call, async (response) => {
      const { etag, created } = await this.#json(response, key);
      if (typeof etag !== "string" || typeof created !== "boolean") throw this.#exchange.nonsense(key);
      return { etag, created };
    });
  }

  /** See `ArtifactStorage.delete`. A delete whose answer was lost counts as done if nothing is there at the second try. */
  async delete(key: string, { ifMatch, signal }: RemoveOptions = {}): Promise<boolean> {
    const headers: Record<string, string> = ifMatch === undefined ? {} : { "if-match": `"${ifMatch}"` };
    const call: Call = {
      method: "DELETE",
      path: this.#entry(key),
      key,
      headers,
      once: true,
      conditional: ifMatch !== undefined,
      accept: [404],
      signal,
    };
    return await this.#exchange.ask(call, async (response, again) => {
      if (response.status !== 404) {
        await response.body?.cancel();
        if (response.status !== 204) throw this.#exchange.nonsense(key);
        return true;
      }
      const error = await errorOf(response, this.server, key);
      if (error.code !== "not-found") throw error;
      return again;
    });
  }

  /** See `ArtifactStorage.list`. */
  async *list(options: ListArtifactsOptions = {}): AsyncGenerator<ListedArtifact<string>, void> {
    const { prefix, values, limit = Infinity, signal } = options;
    let after = options.after === undefined || options.after === "" ? undefined : keySegment(options.after);
    let left = limit;
    while (left > 0) {
      const query = new URLSearchParams({ limit: String(Math.min(left, PAGE)) });
      if (prefix) query.set("prefix", prefix);
      if (after !== undefined) query.set("after", after);
      if (values) query.set("values", "1");
      const page = await this.#exchange.ask({ path: `${this.#path}/entries?${query}`, signal }, async (response) => {
        const page = pageOf(await response.text(), values ?? false);
        // A server that never comes to an end is not asked for ever.
        const stuck = page?.next !== undefined && (page.entries.length === 0 || page.next === after);
        if (page === undefined || stuck) throw this.#exchange.nonsense(undefined);
        return page;
      });
      yield* page.entries;
      left -= page.entries.length;
      if (page.next === undefined) return;
      after = page.next;
    }
  }

  /** See `ArtifactStorage.count`. */
  async count(options?: AbortOptions): Promise<number> {
    const call: Call = { path: this.#path, accept: [404], signal: options?.signal };
    return await this.#exchange.ask(call, async (response) => {
      if (response.status === 404) {
        const error = await errorOf(response, this.server, undefined);
        if (error.code === "not-found") return 0;
        throw error;
      }
      return this.#number((await this.#json(response))["entries"]);
    });
  }

  /** See `ArtifactStorage.batch`. One request, or one for about each MiB of it. */
  async batch(operations: readonly BatchOperation<string>[], options?: BatchOptions): Promise<BatchResult<string>[]> {
    return await new RemoteBatch(operations, options).run(this.#exchange, `${this.#path}/batch`);
  }

  /** See `ArtifactStorage.clear`. */
  async clear(options?: AgainOptions): Promise<number> {
    const call: Call = { method: "DELETE", path: this.#path, signal: options?.signal };
    return await this.#exchange.ask(call, async (response) => this.#number((await this.#json(response))["count"]));
  }

  /** See `ArtifactStorage.watch`. That the events begin takes no longer than a call may. */
  async *watch({ since, signal }: WatchArtifactsOptions = {}): AsyncGenerator<ArtifactEvent, void> {
    const headers: Record<string, string> = since === undefined ? {} : { "last-event-id": since };
    const ended = this.#exchange.until(signal);
    try {
      const call: Call = { path: `${this.#path}/watch`, headers, signal };
      const response = await this.#exchange.ask(call, (response) => Promise.resolve(response));
      if (!/^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "") || response.body === null) {
        await response.body?.cancel();
        throw this.#exchange.nonsense(undefined);
      }
      yield* readEvents(response.body, ended);
      throw new ArtifactError("unavailable", "the server ended the events", { retryable: true });
    } catch (error) {
      if (ended.aborted) throw ended.reason;
      if (error instanceof TypeError) {
        throw new ArtifactError("unavailable", "the connection to the server was cut", {
          retryable: true,
          cause: error,
        });
      }
      // A call gives up after some tries; who watches may go on to ask.
      if (!(error instanceof ArtifactError) || error.retryable) throw error;
      const { code, detail, cause, suggestions, context } = error;
      if (code !== "unavailable" && !(cause instanceof ArtifactError && cause.retryable)) throw error;
      throw new ArtifactError(code, detail, { retryable: true, cause: error, suggestions, context });
    }
  }

  /** See `ArtifactStorage.acquire`. */
  async acquire(key: string, request: LeaseRequest): Promise<Lease> {
    const { owner, ttl, token, signal } = request;
    const path = `${this.#path}/locks/${keySegment(checkKey(key))}`;
    const body = JSON.stringify({ owner, ttl, token });
    const call: Call = { method: "POST", path, key, body, accept: [409], signal };
    const answer = await this.#exchange.ask(call, async (response) => {
      // Not thrown here: whether to wait for a lock is for the caller to say.
      if (response.status === 409) return await errorOf(response, this.server, key);
      const { token, expires } = await this.#json(response, key);
      return { token: this.#number(token), expires: this.#number(expires) };
    });
    if (answer instanceof ArtifactError) throw answer;
    return answer;
  }

  /** See `ArtifactStorage.release`. */
  async release(key: string, token: number, options?: AbortOptions): Promise<void> {
    const path = `${this.#path}/locks/${keySegment(checkKey(key))}?token=${token}`;
    await this.#exchange.ask({ method: "DELETE", path, key, signal: options?.signal }, async (response) => {
      await response.body?.cancel();
    });
  }

  /** See `ArtifactStorage.close`. Ends what is under way. */
  // deno-lint-ignore require-await
  async close(): Promise<void> {
    this.#exchange.close();
  }

  async #json(response: Response, key?: string): Promise<Record<string, unknown>> {
    const text = await response.text();
    try {
      return Object(JSON.parse(text));
    } catch (cause) {
      throw this.#exchange.nonsense(key, cause);
    }
  }

  #number(value: unknown): number {
    if (typeof value === "number") return value;
    throw this.#exchange.nonsense(undefined);
  }
}

function etagOf(response: Response): string | undefined {
  return /^"([\x21\x23-\x7e]+)"$/.exec(response.headers.get("etag") ?? "")?.[1];
}

function isJson(response: Response): boolean {
  return /^application\/json\b/i.test(response.headers.get("content-type") ?? "");
}
