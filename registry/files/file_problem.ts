/**
 * Errors as answers.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9457
 *
 * @module
 */

import { type ErrorCode, isStorageError, StorageError } from "../../backends/errors.ts";
import { ERROR_CODE, type Problem } from "../../backends/stores/remote/wire.ts";

const STATUS: Readonly<Record<ErrorCode, readonly [status: number, title: string]>> = {
  "not-found": [404, "Not Found"],
  "already-exists": [409, "Conflict"],
  "is-a-directory": [409, "Conflict"],
  "not-a-directory": [409, "Conflict"],
  "not-empty": [409, "Conflict"],
  "precondition-failed": [412, "Precondition Failed"],
  "invalid-path": [400, "Bad Request"],
  "name-too-long": [414, "URI Too Long"],
  "too-many-links": [409, "Conflict"],
  "invalid-argument": [400, "Bad Request"],
  "invalid-value": [422, "Unprocessable Content"],
  "unknown-format": [422, "Unprocessable Content"],
  "unknown-backend": [404, "Not Found"],
  "unsupported": [501, "Not Implemented"],
  "permission-denied": [403, "Forbidden"],
  "read-only": [403, "Forbidden"],
  "no-space": [507, "Insufficient Storage"],
  "corrupt": [500, "Internal Server Error"],
  "busy": [503, "Service Unavailable"],
  "unavailable": [503, "Service Unavailable"],
  "closed": [503, "Service Unavailable"],
  "io": [500, "Internal Server Error"],
};

/** Details that come from the system may name places that are nobody's business: these are told instead. */
const DISCREET: Partial<Readonly<Record<ErrorCode, string>>> = {
  "permission-denied": "the server may not do that",
  "io": "the server failed",
  "unavailable": "the server cannot reach the backend now; try again",
  "closed": "the backend was closed at the server",
};

/** An error with a status of its own. */
export class RefusedRequest extends StorageError {
  /** The status. */
  readonly status: number;
  /** The status, in words. */
  readonly title: string;
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  /** Creates the error. */
  constructor(
    [status, title]: readonly [status: number, title: string],
    code: ErrorCode,
    detail: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(code, detail, { retryable: code === "unavailable" });
    this.status = status;
    this.title = title;
    this.headers = headers;
  }
}

/**
 * What is told about an error: its code, what happened, and the path; nothing about the machine. What is no error of this package
 * is told as `io`, and nothing about it.
 *
 * @param error Anything that was thrown.
 * @param requestId What the log calls the request.
 * @returns What is told.
 */
export function problemOf(error: unknown, requestId?: string | void): Problem {
  const known = isStorageError(error) ? error : new StorageError("io", "");
  const { code, path, retryable, retryAfter } = known;
  const [status, title] = known instanceof RefusedRequest ? [known.status, known.title] : STATUS[code];
  const detail = known instanceof RefusedRequest ? known.detail : DISCREET[code] ?? known.detail;
  // A path of a store is relative to its root; another is one of the system.
  const context = path === undefined || path.startsWith("/") ? undefined : { path };
  return {
    type: "about:blank",
    title,
    status,
    detail,
    code,
    ...(retryable && { retryable }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(context && { context }),
    ...(requestId && { requestId }),
  };
}

/** The answer that tells a problem. */
export function problemResponse(problem: Problem, headers: Readonly<Record<string, string>> = {}): Response {
  const { status, title, code, retryAfter } = problem;
  const wait = retryAfter === undefined ? {} : { "retry-after": String(Math.ceil(retryAfter / 1000)) };
  const body = new TextEncoder().encode(JSON.stringify(problem));
  const all = {
    ...headers,
    ...wait,
    "content-type": "application/problem+json",
    "content-length": String(body.length),
    [ERROR_CODE]: code,
  };
  return new Response(body, { status, statusText: title, headers: all });
}
