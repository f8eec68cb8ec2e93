/**
 * {@linkcode ServedBackend}: a backend, as the requests for it meet it.
 *
 * @module
 */

import { isStorageError } from "../../backends/errors.ts";
import { FRAMES, type Problem, SERVER_ID } from "../../backends/stores/remote/wire.ts";
import { passing } from "../passing.ts";
import type { ChangeLog } from "./change_log.ts";
import { FileQuery } from "./file_query.ts";
import { problemOf, RefusedRequest } from "./file_problem.ts";
import type { ServedStore } from "./served_store.ts";

const encoder = new TextEncoder();

/** What is stored here is never run as a part of this site. */
export const HARMLESS: readonly [string, string][] = [
  ["x-content-type-options", "nosniff"],
  ["content-security-policy", "sandbox; default-src 'none'"],
];

/** What a request may not exceed. */
export interface FileLimits {
  /** Bytes of one content. */
  readonly body: number;
  /** Entries of a page. */
  readonly page: number;
  /** Bytes of a path. */
  readonly path: number;
}

/** What is served under one name. */
export interface ServedBackend {
  /** The name. */
  readonly name: string;
  /** The server process. */
  readonly serverId: string;
  /** Its store. */
  readonly served: ServedStore;
  /** Its changes. */
  readonly changes: ChangeLog;
  /** Limits. */
  readonly limits: FileLimits;
  /** Ends what has no end by itself. */
  readonly signal: AbortSignal | undefined;
  /** Whether pages of other sites may change files. */
  readonly allowCrossSite: boolean;
  /** Told why a request failed; answers what the log calls it. */
  readonly onError: ((error: unknown, request: Request) => string | void) | undefined;
}

/** A request for something in a backend. */
export class FileRequest {
  /** The request. */
  readonly request: Request;
  /** The backend. */
  readonly backend: ServedBackend;
  /** The parameters. */
  readonly query: FileQuery;

  /** Checks the parameters. */
  constructor(request: Request, backend: ServedBackend) {
    this.request = request;
    this.backend = backend;
    const { url } = request;
    const mark = url.indexOf("?");
    this.query = new FileQuery(mark < 0 ? "" : url.slice(mark).replace(/#.*$/, ""), backend.limits.path);
  }

  /** What the server has. */
  get served(): ServedStore {
    return this.backend.served;
  }

  /** Whether it is the client of this package that asks for content. */
  get isOurs(): boolean {
    return this.header("accept")?.includes(FRAMES) ?? false;
  }

  /** Makes an answer. */
  answer(
    body: BodyInit | null,
    headers: Readonly<Record<string, string>>,
    status: number = 200,
  ): Response {
    const all = Object.entries(headers);
    // No page can have a browser ask for frames; and each header takes its time.
    if (!this.isOurs) all.push([SERVER_ID, this.backend.serverId], ...HARMLESS);
    return new Response(body, { status, headers: all });
  }

  /** Makes an answer of JSON. */
  json(value: unknown, headers: Readonly<Record<string, string>> = {}): Response {
    const body = encoder.encode(JSON.stringify(value));
    return this.answer(body, {
      ...headers,
      "content-type": "application/json",
      "content-length": String(body.length),
      "cache-control": "no-store, no-transform",
    });
  }

  /** What is told of a failure after the answer has begun. */
  problem(error: unknown): Problem {
    return problemOf(error, this.backend.onError?.(error, this.request));
  }

  /** A body that fails, which the client only sees as one that was cut, is told of here. */
  reported(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> {
    return passing(body, { failed: (error) => void this.backend.onError?.(error, this.request) });
  }

  /** A header. */
  header(name: string): string | null {
    return this.request.headers.get(name);
  }

  /** The media type of the body. */
  get mediaType(): string {
    return (this.header("content-type") ?? "").split(";", 1)[0]!.trim().toLowerCase();
  }

  /** How long the body is, if that is told. */
  get length(): number | undefined {
    const text = this.header("content-length");
    return text === null ? undefined : Number(text);
  }

  /** Refuses a body that is too long, or that is not what it seems. */
  checkBody(most: number): void {
    const encoding = this.header("content-encoding");
    if (encoding !== null && encoding !== "identity") {
      throw new RefusedRequest(
        [415, "Unsupported Media Type"],
        "unsupported",
        "content is taken as it is, not encoded",
      );
    }
    if ((this.length ?? 0) > most) throw tooLarge(most);
  }

  /**
   * The body, in chunks.
   *
   * @param most How long it may be.
   * @param signal Stops it.
   */
  async *body(most: number, signal: AbortSignal): AsyncGenerator<Uint8Array, undefined> {
    this.checkBody(most);
    const reader = this.request.body?.getReader();
    if (reader === undefined) return;
    const stop = (): void => void reader.cancel().catch(() => {/* it has ended */});
    signal.addEventListener("abort", stop);
    let length = 0;
    try {
      for (let part = await this.#read(reader); part !== undefined; part = await this.#read(reader)) {
        signal.throwIfAborted();
        length += part.length;
        if (length > most) throw tooLarge(most);
        yield part;
      }
      signal.throwIfAborted();
      if (length !== (this.length ?? length)) throw cut();
    } finally {
      signal.removeEventListener("abort", stop);
      await reader.cancel().catch(() => {/* it has ended */});
    }
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
    try {
      return (await reader.read()).value;
    } catch (error) {
      // The runtime only tells that the connection has ended; who ends a body on purpose says why.
      throw isStorageError(error) ? error : cut();
    }
  }
}

/** The refusal of a body that is too long. */
export function tooLarge(most: number): RefusedRequest {
  return new RefusedRequest([413, "Content Too Large"], "invalid-argument", `the server takes ${most} bytes at most`);
}

function cut(): RefusedRequest {
  return new RefusedRequest([400, "Bad Request"], "unavailable", "the body ended before all of it was there");
}
