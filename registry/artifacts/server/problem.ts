/**
 * {@linkcode problemOf}: errors as answers, in the form of RFC 9457, saying nothing that is the server's own business.
 *
 * @module
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457 RFC 9457}
 */

import { type Answered, text } from "./answer.ts";
import { type ErrorCode, isStorageError, StorageError } from "../../../backends/errors.ts";

/** What an error says on the wire. */
export interface Problem {
  /** The kind of problem: always `about:blank`; the code tells more. */
  readonly type: string;
  /** The status in words. */
  readonly title: string;
  /** The status of the answer. */
  readonly status: number;
  /** What happened, and what to do about it. */
  readonly detail: string;
  /** The code of the `StorageError` that the client throws. */
  readonly code: ErrorCode;
  /** What to try. */
  readonly suggestions?: readonly string[];
  /** What is known about the failure. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** The request, as the log of the server calls it. */
  readonly requestId?: string;
}

/** Options of {@linkcode RequestError}. */
export interface RequestErrorOptions {
  /** Headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What to try. */
  readonly suggestions?: readonly string[];
  /** Why, for the log. */
  readonly cause?: unknown;
}

/** A mistake of the request itself: its status is decided where it is found. */
export class RequestError extends StorageError {
  /** The status of the answer. */
  readonly status: number;
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** What to try. */
  readonly suggestions: readonly string[];

  /** Creates an error. */
  constructor(status: number, code: ErrorCode, detail: string, options: RequestErrorOptions = {}) {
    super(code, detail, { cause: options.cause });
    this.name = "RequestError";
    this.status = status;
    this.headers = options.headers ?? {};
    this.suggestions = options.suggestions ?? [];
  }
}

/** Failures that are the client's to mend; those that are missing here are the server's, and nobody is told more than the code. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  "not-found": 404,
  "already-exists": 412,
  "precondition-failed": 412,
  "is-a-directory": 409,
  "not-a-directory": 409,
  "not-empty": 409,
  "invalid-path": 400,
  "name-too-long": 400,
  "too-many-links": 400,
  "invalid-argument": 400,
  "invalid-value": 400,
  "unknown-format": 400,
  "unknown-backend": 404,
  "unsupported": 422,
  "read-only": 403,
};

/** Failures of the server that may pass. */
const PASSING: Partial<Record<ErrorCode, readonly [status: number, detail: string]>> = {
  "busy": [503, "others are changing the same thing; try again"],
  "unavailable": [503, "the store cannot be reached now; try again"],
  "closed": [503, "the server is shutting down; try again elsewhere"],
  "no-space": [507, "there is no room left"],
};

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  503: "Service Unavailable",
  507: "Insufficient Storage",
};

/** What an error says, and the headers that go with it. */
export interface Told {
  /** What it says. */
  readonly problem: Problem;
  /** The headers. */
  readonly headers: Record<string, string>;
}

/**
 * What an error says to the client: all about its own mistakes, and only a code about those of the server.
 *
 * @param error Anything that was thrown.
 * @param requestId The request, as the log calls it.
 * @returns The problem, and the headers of its answer.
 */
export function problemOf(error: unknown, requestId?: string): Told {
  const headers: Record<string, string> = {};
  const make = (status: number, code: ErrorCode, detail: string, more: Partial<Problem> = {}): Told => {
    const title = TITLES[status] ?? "Internal Server Error";
    return {
      problem: { type: "about:blank", title, status, detail, code, ...more, ...(requestId && { requestId }) },
      headers,
    };
  };
  if (!isStorageError(error)) return make(500, "io", HIDDEN);
  const { suggestions, context } = error as { suggestions?: readonly string[]; context?: Record<string, unknown> };
  const more = {
    ...(suggestions?.length && { suggestions }),
    ...(context && Object.keys(context).length && { context }),
  };
  if (error instanceof RequestError) {
    Object.assign(headers, error.headers);
    return make(error.status, error.code, error.detail, more);
  }
  if (typeof context?.etag === "string") headers["etag"] = `"${context.etag}"`;
  const passing = PASSING[error.code];
  if (passing !== undefined) {
    headers["retry-after"] = String(Math.ceil((error.retryAfter ?? 1000) / 1000));
    return make(passing[0], error.code, passing[1]);
  }
  const status = STATUS[error.code];
  if (status === undefined) return make(500, error.code === "corrupt" ? "corrupt" : "io", HIDDEN);
  return make(status, error.code, error.detail, more);
}

const HIDDEN = "the server failed; its log says why";

/** Whether a status tells of an error that is the server's to mend, and belongs into its log: what it never offers (501) is none. */
export function isFailure(status: number): boolean {
  return status >= 500 && status !== 501;
}

/** What notes failures. */
export interface FailureLog {
  /** Notes what failed, and why. */
  failed(what: string, error: unknown, requestId: string): void;
}

/**
 * Answers with an error, and notes it if it is the server's to mend.
 *
 * @param request What is answered.
 * @param error Anything that was thrown.
 * @param log What notes it.
 * @returns What the route returns.
 */
export function answerProblem(request: Answered, error: unknown, log: FailureLog): Response {
  const requestId = crypto.randomUUID();
  const { problem, headers } = problemOf(error, requestId);
  // What was refused here needs no mending, unless something else was the reason.
  const refused = error instanceof RequestError && error.cause === undefined;
  if (isFailure(problem.status) && !refused) log.failed("a request failed", error, requestId);
  const all = { ...headers, "content-type": "application/problem+json" };
  return text(request, JSON.stringify(problem), problem.status, all);
}
