/**
 * {@linkcode change}: a change at a server, carried out once, whose outcome is known.
 *
 * @module
 */

import { isStorageError, StorageError } from "../../errors.ts";
import { pause } from "../pause.ts";
import { answeredError, noServer, problemError } from "./error.ts";
import type { RemoteConnection, RemoteRequest } from "./connection.ts";
import { type ChangeResult, type Outcome, SERVER_ID, unquoteEtag, WRITE_ID } from "./wire.ts";

/** A change. */
export interface RemoteChange extends Omit<RemoteRequest, "stillAlive"> {
  /**
   * That it is carried out twice would do harm: it has a condition. It is meant for one server process, which knows it again.
   *
   * @default {false}
   */
  readonly once?: boolean | undefined;
}

/** How often a change is offered to a place where several server processes answer, each time another one. */
const ATTEMPTS = 16;

/** How long to wait before the server is asked once more what became of a change, in milliseconds; it doubles. */
const FIRST_PAUSE = 20;

/** How often. */
const PAUSES = 7;

/** The status of a server process that is not the one which is meant. */
const MISDIRECTED = 421;

/**
 * Changes something. What the connection loses on the way — the runtime sends a request again, or the answer never comes — is made good
 * by asking the server what became of the change, by its name.
 *
 * @returns What the server answered.
 * @throws {StorageError} What it answered, and nothing has changed then; `unavailable` if it cannot be asked any more: then, and only
 * then, the outcome is not known. That is `retryable` if it does no harm to change it once more.
 */
export async function change(connection: RemoteConnection, request: RemoteChange): Promise<ChangeResult> {
  const { once = false, path, signal } = request;
  if (once && connection.serverId === undefined) await connection.offer({ path, signal });
  let { serverId } = connection;
  for (let attempt = 1;; attempt++) {
    const result = await new Attempt(connection, request, serverId).run();
    if (result !== undefined) return result;
    // The one that was meant may answer the next time; or it is gone.
    if (attempt % 2 === 0) serverId = connection.serverId;
    if (attempt === ATTEMPTS || request.body instanceof ReadableStream) throw elsewhere(path);
  }
}

function elsewhere(path: string): StorageError {
  const detail = "another server process answers than the one that was asked: try again";
  return new StorageError("unavailable", detail, { path, retryable: true });
}

/** One try. */
class Attempt {
  readonly #connection: RemoteConnection;
  readonly #request: RemoteChange;
  readonly #id = crypto.randomUUID();
  readonly #started = performance.now();
  readonly #serverId: string | undefined;

  constructor(connection: RemoteConnection, request: RemoteChange, serverId: string | undefined) {
    this.#connection = connection;
    this.#request = request;
    this.#serverId = serverId;
  }

  /** Carries it out; `undefined` if another process must be asked. */
  async run(): Promise<ChangeResult | undefined> {
    const { once, ...request } = this.#request;
    const { path, signal } = request;
    signal?.throwIfAborted();
    const headers = { ...request.headers, [WRITE_ID]: this.#id, [SERVER_ID]: once ? this.#serverId : undefined };
    try {
      // It may take long, as long as the server says that it is at work.
      using answer = await this.#connection.send({ ...request, headers, stillAlive: () => this.#ask("GET") });
      const { response } = answer;
      const told = response.headers.has(SERVER_ID);
      if (response.ok && told) return await resultOf(response);
      if (response.status === MISDIRECTED && once) {
        await response.body?.cancel();
        return undefined;
      }
      if (response.ok) await response.body?.cancel();
      const error = response.ok ? noServer(this.#connection.url, path) : await answeredError(response, path);
      // A gateway on the way may tell something too, but not what became of it.
      if (told || response.status < 500) throw new Told(error);
      throw error;
    } catch (error) {
      if (error instanceof Told) throw error.error;
      return await this.#settle(error);
    }
  }

  /** Asks what became of it; with `DELETE`, it is stopped if it still can be. */
  async #ask(method: "GET" | "DELETE"): Promise<Outcome> {
    const age = Math.ceil(performance.now() - this.#started);
    const headers = { [SERVER_ID]: this.#serverId };
    const query = { write: this.#id, age };
    return await this.#connection.json<Outcome>({ method, query, headers, path: this.#request.path });
  }

  /** Finds out what became of a change whose answer did not come. */
  async #settle(error: unknown): Promise<ChangeResult> {
    const { path, signal, once } = this.#request;
    // What is refused on this side was never sent.
    if (isStorageError(error) && error.code !== "unavailable") throw error;
    const outcome = isUnsent(error) ? { state: "cancelled" as const } : await this.#outcome();
    if (outcome.state === "done" && outcome.result !== undefined) return outcome.result;
    if (signal?.aborted) throw signal.reason;
    if (outcome.state === "failed" && outcome.problem) throw problemError(outcome.problem, path);
    const retryable = outcome.state === "cancelled" || !once;
    const detail = outcome.state === "cancelled"
      ? "the connection to the server was lost before anything was changed: try again"
      : "the connection to the server was lost, and it cannot be asked what it has done: the outcome is not known";
    throw new StorageError("unavailable", detail, { path, cause: error, retryable });
  }

  async #outcome(): Promise<Outcome> {
    for (let attempt = 0; attempt < ATTEMPTS;) {
      try {
        const outcome = await this.#ask("DELETE");
        // It cannot be stopped any more, and the server is at it.
        if (outcome.state !== "pending") return outcome;
      } catch (error) {
        // What broke the connection once may do so again; where several processes answer, the next may be the one that is meant.
        const broken = isStorageError(error, "unavailable") && !isUnsent(error) && attempt < PAUSES;
        if (!broken && !isStorageError(error, "busy")) break;
        if (broken) await pause(FIRST_PAUSE * 2 ** attempt);
        attempt++;
      }
    }
    return { state: "unknown" };
  }
}

/** An error that the server told, so that nothing has changed. */
class Told extends Error {
  readonly error: StorageError;
  constructor(error: StorageError) {
    super();
    this.error = error;
  }
}

/** Whether a request did not even leave. */
function isUnsent(error: unknown): boolean {
  const cause = isStorageError(error, "unavailable") ? error.cause : undefined;
  const words = cause instanceof Error ? `${cause.message} ${(cause.cause as Error | undefined)?.message ?? ""}` : "";
  return /client error \(Connect\)/.test(words);
}

async function resultOf(response: Response): Promise<ChangeResult> {
  if (response.status === 200) return await response.json();
  await response.body?.cancel();
  return { etag: unquoteEtag(response.headers.get("etag")) };
}
