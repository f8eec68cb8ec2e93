/**
 * {@linkcode Exchange}: requests to a registry server, and their answers.
 *
 * @module
 */

import { isStorageError } from "../../backends/errors.ts";
import { RETRIED } from "../../backends/stores/remote/wire.ts";
import { Tries } from "../../backends/layers/tries.ts";
import type { AbortOptions } from "./artifact_storage.ts";
import { ArtifactError } from "./artifact_error.ts";
import { errorOf, tooLate, unanswered } from "./problem_error.ts";
import type { ServerAddress } from "./server_address.ts";

/** The wait before the second try, at most, and before any other, in milliseconds. */
const DELAY = 50;
const MAX_DELAY = 2000;

/** One request. */
export interface Call extends AbortOptions {
  /** The method. */
  readonly method?: string;
  /** The path, below the address of the server. */
  readonly path: string;
  /** Headers of this request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
  /** Whether it must not be sent again by the engine. */
  readonly once?: boolean;
  /** Whether it has a condition, which it may break itself. */
  readonly conditional?: boolean;
  /** The key it is about, for the error. */
  readonly key?: string;
  /** Statuses that are an answer, beside those below 300. */
  readonly accept?: readonly number[];
}

const encoder = new TextEncoder();

/** Talks to one server. */
export class Exchange {
  readonly #address: ServerAddress;
  readonly #closed = new AbortController();
  readonly #underWay = new Set<AbortController>();

  /**
   * @param address Where it is.
   */
  constructor(address: ServerAddress) {
    this.#address = address;
  }

  /** The address of the server. */
  get base(): string {
    return this.#address.base;
  }

  /**
   * Asks, again where that may help, and reads the answer; all within the time that there is.
   *
   * @param call What to ask.
   * @param read Makes something of the answer; it is told whether an earlier try may have done the same.
   * @returns What was made of it.
   * @throws {StorageError} What the server answered; `unavailable` if it does not answer; `permission-denied`, `closed`.
   */
  async ask<R>(call: Call, read: (response: Response, again: boolean) => Promise<R>): Promise<R> {
    call.signal?.throwIfAborted();
    if (this.#closed.signal.aborted) throw this.#closed.signal.reason;
    const { timeout, tries, base } = this.#address;
    // One signal for all that ends a call: AbortSignal.any would take a quarter of the time of a request.
    const ended = new AbortController();
    const { signal } = ended;
    const giveUp = (): void => ended.abort(call.signal!.reason);
    call.signal?.addEventListener("abort", giveUp, { once: true });
    const changes = call.method !== undefined && call.method !== "HEAD";
    const timer = setTimeout(() => ended.abort(tooLate(base, timeout, call.key, changes)), timeout);
    this.#underWay.add(ended);
    const policy = { tries, delay: DELAY, maxDelay: MAX_DELAY, random: Math.random, counters: undefined };
    let again = false;
    try {
      return await new Tries(policy, call.conditional ?? false, signal).run(async () => {
        try {
          const response = await this.send(
            again ? { ...call, headers: { ...call.headers, [RETRIED]: "?1" } } : call,
            signal,
          );
          if (response.ok || call.accept?.includes(response.status)) return await read(response, again);
          throw await errorOf(response, base, call.key);
        } catch (error) {
          // What is cut off while it is read is as good as not answered.
          const failure = error instanceof TypeError ? unanswered(error, base, call.key) : error;
          // Who is told that others are busy has changed nothing.
          again ||= !isStorageError(failure, "busy");
          throw failure;
        }
      });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw withSuggestions(error);
    } finally {
      clearTimeout(timer);
      call.signal?.removeEventListener("abort", giveUp);
      this.#underWay.delete(ended);
    }
  }

  /**
   * Sends a request once.
   *
   * @param call The request.
   * @param signal Ends it.
   * @returns The answer, whatever it is.
   */
  async send(call: Call, signal: AbortSignal): Promise<Response> {
    const { base, token } = this.#address;
    const headers: Record<string, string> = { ...call.headers };
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    if (call.body !== undefined) headers["content-type"] = "application/json";
    try {
      return await fetch(base + call.path, {
        method: call.method ?? "GET",
        headers,
        redirect: "manual", // a token goes nowhere else
        signal,
        ...bodyOf(call),
      });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw unanswered(error, base, call.key);
    }
  }

  /** Ends what is under way with `signal`, and with this object. */
  until(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#closed.signal]) : this.#closed.signal;
  }

  /** The error for an answer that makes no sense. */
  nonsense(key: string | undefined, cause?: unknown): ArtifactError {
    return new ArtifactError("corrupt", `the answer of ${this.base} is not that of a registry server`, {
      path: key,
      cause,
      suggestions: ["check the address: something else may listen there"],
    });
  }

  /** Ends what is under way, and whatever is asked from now on. */
  close(): void {
    if (this.#closed.signal.aborted) return;
    const reason = new ArtifactError("closed", "the registry was closed");
    this.#closed.abort(reason);
    for (const call of this.#underWay) call.abort(reason);
  }
}

/**
 * The body of a request. Deno sends a request with a body of bytes again by itself if a connection that it kept is cut, also after the server has
 * done what it says; a stream is sent once.
 */
function bodyOf({ body, conditional, once }: Call): RequestInit {
  if ((conditional || once) && "Deno" in globalThis) return { body: new Blob([body ?? ""]).stream() };
  return body === undefined ? {} : { body: encoder.encode(body) };
}

/** The error of the last try, with what was suggested then. */
function withSuggestions(error: unknown): unknown {
  if (!isStorageError(error) || error instanceof ArtifactError || !(error.cause instanceof ArtifactError)) return error;
  const { code, detail, path, cause } = error;
  return new ArtifactError(code, detail, {
    path,
    cause,
    suggestions: error.cause.suggestions,
    context: error.cause.context,
  });
}
