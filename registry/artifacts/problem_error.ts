/**
 * Errors of clients: what a server answered, and what kept it from answering, as the errors that everything else throws.
 *
 * @module
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457 RFC 9457}
 */

import { isErrorCode } from "../../backends/errors.ts";
import { ArtifactError } from "./artifact_error.ts";

/** The longest text of a stranger that goes into a message. */
const MAX_DETAIL = 500;

/**
 * The error that a server answered with.
 *
 * @param response The answer; its body is read.
 * @param base The address of the server.
 * @param key The key concerned.
 * @returns The error to throw: the one the server had, where it is a registry server.
 */
export async function errorOf(response: Response, base: string, key: string | undefined): Promise<ArtifactError> {
  const { status, headers } = response;
  if (status >= 300 && status < 400) {
    await response.body?.cancel();
    const location = headers.get("location")?.slice(0, MAX_DETAIL);
    return new ArtifactError(
      "io",
      `${base} answers with a redirect${location === undefined ? "" : ` to ${location}`}`,
      {
        path: key,
        suggestions: ["give the address that it leads to, as url"],
        context: { status, location },
      },
    );
  }
  const text = await response.text();
  const problem = isProblem(response) ? parse(text) : undefined;
  const transient = status === 429 || status === 408 || (status >= 502 && status <= 504);
  const retryable = transient || problem?.code === "busy";
  const retryAfter = retryable ? wait(headers.get("retry-after")) : undefined;
  if (problem === undefined) {
    return new ArtifactError(
      transient ? "unavailable" : status === 401 || status === 403 ? "permission-denied" : "io",
      `${base} answers ${status}, and not as a registry server does`,
      {
        path: key,
        retryable,
        retryAfter,
        suggestions: ["check the address: something else may listen there"],
        context: { status },
      },
    );
  }
  const { code, detail, suggestions, context, requestId } = problem;
  const known = status === 401 || status === 403 && code !== "read-only"
    ? "permission-denied"
    : isErrorCode(code)
    ? code
    : "io";
  return new ArtifactError(known, detail, {
    path: key,
    retryable,
    retryAfter,
    suggestions: status === 401 ? ["pass a token, or set REGISTRY_SERVER_TOKEN", ...suggestions] : suggestions,
    context: { ...context, status, ...(requestId !== undefined && { requestId }) },
  });
}

/** Whether an answer is a problem, told by a registry server. */
export function isProblem(response: Response): boolean {
  return /^application\/problem\+json\b/i.test(response.headers.get("content-type") ?? "");
}

interface Told {
  readonly code: string;
  readonly detail: string;
  readonly suggestions: readonly string[];
  readonly context: Readonly<Record<string, unknown>>;
  readonly requestId: string | undefined;
}

function parse(text: string): Told | undefined {
  let problem: Record<string, unknown>;
  try {
    problem = Object(JSON.parse(text));
  } catch {
    // Told as what is not a registry server.
    return undefined;
  }
  const { code, detail, title, suggestions, context, requestId } = problem;
  return typeof code !== "string"
    ? undefined
    : toldProblem({ code, detail: detail ?? title, suggestions, context, requestId });
}

/** A problem, as far as it is one. */
export function toldProblem(problem: Record<string, unknown>): Told {
  const { code, detail, suggestions, context, requestId } = problem;
  return {
    code: String(code),
    detail: (typeof detail === "string" ? detail : String(code)).slice(0, MAX_DETAIL),
    suggestions: Array.isArray(suggestions) ? suggestions.filter((each) => typeof each === "string").slice(0, 10) : [],
    context: context !== null && typeof context === "object" ? context as Record<string, unknown> : {},
    requestId: typeof requestId === "string" ? requestId : undefined,
  };
}

/** What an operation of a batch failed with. */
export function batchError(problem: unknown, key: string): ArtifactError {
  const { code, detail, suggestions, context } = toldProblem(Object(problem));
  return new ArtifactError(isErrorCode(code) ? code : "io", detail, { path: key, suggestions, context });
}

/** What keeps a server from telling more events. */
export function watchError(problem: Record<string, unknown>): ArtifactError {
  const { code, detail, suggestions, context, requestId } = toldProblem(problem);
  return new ArtifactError(isErrorCode(code) ? code : "io", detail, {
    retryable: PASSING.has(code),
    suggestions,
    context: { ...context, ...(requestId !== undefined && { requestId }) },
  });
}

/** Failures of a server that may pass. */
const PASSING: ReadonlySet<string> = new Set(["unavailable", "busy", "closed"]);

/** What `Retry-After` says, in milliseconds. */
function wait(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/**
 * The error for a request that was not answered.
 *
 * @param cause What `fetch` threw.
 * @param base The address of the server.
 * @param key The key concerned.
 * @returns The error to throw.
 */
export function unanswered(cause: unknown, base: string, key: string | undefined): ArtifactError {
  if ((cause as Error)?.name === "NotCapable") {
    return new ArtifactError(
      "permission-denied",
      `this program may not use the network: allow it with --allow-net=${new URL(base).host}`,
      {
        path: key,
        cause,
      },
    );
  }
  return new ArtifactError("unavailable", `cannot connect to the registry server at ${base}`, {
    path: key,
    retryable: true,
    cause,
    suggestions: ["start the server: deno task serve", "check REGISTRY_SERVER_HOST and REGISTRY_SERVER_PORT, or url"],
    context: { server: base },
  });
}

/**
 * The error for an answer that does not come.
 *
 * @param base The address of the server.
 * @param timeout How long was waited, in milliseconds.
 * @param key The key concerned.
 * @param changes Whether the request would have changed something.
 * @returns The error to throw.
 */
export function tooLate(base: string, timeout: number, key: string | undefined, changes: boolean): ArtifactError {
  const doubt = changes ? "; what was asked may have been done all the same" : "";
  return new ArtifactError("unavailable", `timeout: no answer from ${base} within ${timeout} ms${doubt}`, {
    path: key,
    suggestions: ["check that the server is not overloaded", "allow more time: timeout, or REGISTRY_SERVER_TIMEOUT"],
    context: { server: base, timeout },
  });
}
