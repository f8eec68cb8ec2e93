/**
 * {@linkcode RemoteConnection}: the way to a backend that a server offers.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { bodyError, type HttpQuestion, reachError } from "../http/error.ts";
import { answeredError, isServer, noServer } from "./error.ts";
import { type Offer, SERVER_ID } from "./wire.ts";

/** How to reach a server. */
export interface RemoteConnectionOptions {
  /** Where the backend is: `http://host:port/v1/files/name`. */
  readonly url: URL;
  /** Says who asks. */
  readonly token?: string | undefined;
  /** How long the server may be silent, in milliseconds. */
  readonly timeout: number;
}

/** A request. */
export interface RemoteRequest extends HttpQuestion {
  /** What is asked, as parameters; what is `undefined` is left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>> | undefined;
  /**
   * @default {"GET"}
   */
  readonly method?: string | undefined;
  /** Headers; what is `undefined` is left out. */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** What is sent. */
  readonly body?: BodyInit | null | undefined;
  /**
   * Called when the server has been silent for too long: it has as much time again if this resolves.
   *
   * @default {undefined} it has not
   */
  readonly stillAlive?: (() => Promise<unknown>) | undefined;
}

/** An answer, and the clock that runs while its body is read. */
export interface RemoteAnswer extends Disposable {
  /** The answer. */
  readonly response: Response;
  /** Aborted when the time is over, too. */
  readonly signal: AbortSignal;
  /** Gives the server more time: so many milliseconds from now. */
  allow(milliseconds: number): void;
}

/** Keeps connections open between requests, and tells failures as errors of this package. */
export class RemoteConnection {
  /** Where the backend is. */
  readonly url: string;
  readonly #authorization: string | undefined;
  readonly #clocks = new Set<Clock>();
  #closed = false;
  #client: Deno.HttpClient | undefined;
  #offer: Promise<Offer> | undefined;
  /** How long the server may be silent, in milliseconds. */
  readonly timeout: number;
  /** The server process that answered last. */
  serverId: string | undefined;

  /** Nothing is asked yet. */
  constructor({ url, token, timeout }: RemoteConnectionOptions) {
    this.url = url.href;
    this.#authorization = token === undefined ? undefined : `Bearer ${token}`;
    this.timeout = timeout;
  }

  /** What the server offers; asked for once. */
  async offer(asked: HttpQuestion): Promise<Offer> {
    try {
      return await (this.#offer ??= this.#ask(asked.path));
    } catch (error) {
      this.#offer = undefined;
      throw error;
    }
  }

  async #ask(path: string): Promise<Offer> {
    const offer = await this.json<Offer>({ path });
    if (Array.isArray(offer?.members)) return offer;
    throw new StorageError("io", `${this.url} is no backend of a PolyStore server: is the address right?`, { path });
  }

  /** Asks for JSON. */
  async json<T>(request: RemoteRequest): Promise<T> {
    using answer = await this.request(request);
    try {
      return await answer.response.json();
    } catch (error) {
      throw this.bodyFailure(error, { path: request.path, signal: answer.signal });
    }
  }

  /**
   * Asks.
   *
   * @throws {StorageError} What the server answered, `unavailable`, `permission-denied`, `closed`.
   */
  async request(request: RemoteRequest): Promise<RemoteAnswer> {
    const { path, signal } = request;
    const answer = await this.send(request);
    const { response } = answer;
    if (response.ok && isServer(response)) return answer;
    using _ending = answer;
    if (response.ok) {
      await response.body?.cancel();
      throw noServer(this.url, path);
    }
    const error = await answeredError(response, path);
    signal?.throwIfAborted();
    throw error;
  }

  /** Asks; every answer is one. */
  async send({ query, method = "GET", headers, body, stillAlive, ...asked }: RemoteRequest): Promise<RemoteAnswer> {
    asked.signal?.throwIfAborted();
    if (this.#closed) throw closed(asked.path);
    const clock = new Clock(this.timeout, asked, this.#clocks, stillAlive);
    try {
      const response = await fetch(this.#address(query, asked.path), {
        method,
        headers: this.#headers(headers),
        signal: clock.signal,
        redirect: "manual", // a token goes nowhere else
        ...(body !== undefined && { body }),
        ...this.#clientOption(),
      } as RequestInit);
      this.serverId = response.headers.get(SERVER_ID) ?? this.serverId;
      return {
        response,
        signal: clock.signal,
        allow: (milliseconds) => clock.allow(milliseconds),
        [Symbol.dispose]: () => clock.end(),
      };
    } catch (error) {
      clock.end();
      throw this.#failure(error, { ...asked, signal: clock.signal });
    }
  }

  /** The error for what a body threw. */
  bodyFailure(error: unknown, asked: HttpQuestion): unknown {
    if (this.#closed) return closed(asked.path);
    return error instanceof SyntaxError ? noServer(this.url, asked.path, error) : bodyError(error, asked);
  }

  #failure(error: unknown, asked: HttpQuestion): unknown {
    if (this.#closed) return closed(asked.path);
    return reachError(error, this.url, asked);
  }

  #address(query: RemoteRequest["query"], path: string): string {
    if (query === undefined) return this.url;
    let address = this.url;
    let sign = "?";
    for (const [name, value] of Object.entries(query)) {
      if (value === undefined) continue;
      address += `${sign}${name}=${encodeURIComponent(value)}`;
      sign = "&";
    }
    if (address.length > MAX_ADDRESS) {
      throw new StorageError("name-too-long", "the path is longer than a server can be asked for", { path });
    }
    return address;
  }

  #headers(headers: RemoteRequest["headers"] = {}): [string, string][] {
    const all: [string, string][] = [];
    if (this.#authorization !== undefined) all.push(["authorization", this.#authorization]);
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) all.push([name, value]);
    return all;
  }

  /** Its own connections in Deno, so that they can be closed; elsewhere, those of the runtime. */
  #clientOption(): { client?: Deno.HttpClient } {
    if (globalThis.Deno?.createHttpClient === undefined) return {};
    return { client: this.#client ??= Deno.createHttpClient({}) };
  }

  /** Ends every request, and closes the connections. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const clock of this.#clocks) clock.stop(closed());
    this.#client?.close();
    this.#client = undefined;
  }
}

function closed(path?: string): StorageError {
  return new StorageError("closed", "the store was closed", { path });
}

/** Aborts a request when its time is over, when the caller does, and when the store is closed. */
class Clock {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #path: string;
  readonly #running: Set<Clock>;
  readonly #stillAlive: RemoteRequest["stillAlive"];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Starts; as long as it runs it is one of those that run. */
  constructor(
    milliseconds: number,
    { signal, path }: HttpQuestion,
    running: Set<Clock>,
    stillAlive: RemoteRequest["stillAlive"],
  ) {
    this.#stillAlive = stillAlive;
    this.#path = path;
    this.#outer = signal;
    this.#running = running.add(this);
    signal?.addEventListener("abort", this.#follow);
    this.allow(milliseconds);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly #follow = (): void => this.stop(this.#outer!.reason);

  readonly #expire = (milliseconds: number): void => {
    if (this.#stillAlive !== undefined) {
      this.#stillAlive().then(() => this.#running.has(this) && this.allow(milliseconds), (error) => this.stop(error));
      return;
    }
    const detail = `the server was silent for ${milliseconds} ms`;
    this.stop(new StorageError("unavailable", detail, { path: this.#path, retryable: true }));
  };

  stop(reason: unknown): void {
    this.#controller.abort(reason);
  }

  allow(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (milliseconds > MAX_DELAY || this.signal.aborted) return;
    this.#timer = setTimeout(this.#expire, milliseconds, milliseconds);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#running.delete(this);
    this.#outer?.removeEventListener("abort", this.#follow);
  }
}

/** Servers take addresses up to 64 KiB, and many a proxy less. */
const MAX_ADDRESS = 32 * 1024;

/** No timer lasts longer: 2^31 - 1 ms. */
const MAX_DELAY = 2 ** 31 - 1;
