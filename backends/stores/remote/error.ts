/**
 * {@linkcode answeredError}: the error that a server tells, made again on this side.
 *
 * @module
 */

import { isErrorCode, StorageError } from "../../errors.ts";
import { retryAfter, statusError } from "../http/error.ts";
import { FRAMES, type Problem, SERVER_ID } from "./wire.ts";

/** The longest body of an error that is read. */
const MAX_PROBLEM = 64 * 1024;

/**
 * The error that an answer tells: with its code where a server of this package answered, else what the status means.
 *
 * @param response The answer, whose body is read or let go.
 * @param path The path it is about.
 * @returns The error to throw.
 */
export async function answeredError(response: Response, path: string): Promise<StorageError> {
  const problem = await problemOf(response);
  if (problem === undefined) return statusError(response, { path });
  return problemError({ retryAfter: retryAfter(response.headers), ...problem }, path);
}

/** The error for an answer that no server of this package gives. */
export function noServer(url: string, path: string, cause?: unknown): StorageError {
  return new StorageError("io", `what answers is no PolyStore server: is ${url} the right address?`, { path, cause });
}

/** Whether a server of this package answers: another one may say of anything that it is well. */
export function isServer({ headers }: Response): boolean {
  return headers.has(SERVER_ID) || headers.get("content-type") === FRAMES;
}

/** The error that a problem tells. */
export function problemError(problem: Partial<Problem>, path: string): StorageError {
  const { code, detail, retryable, retryAfter, context } = problem;
  const told: unknown = context?.path;
  return new StorageError(isErrorCode(code) ? code : "io", String(detail ?? "the server failed"), {
    path: typeof told === "string" ? told : path,
    retryable: retryable === true,
    retryAfter: typeof retryAfter === "number" ? retryAfter : undefined,
  });
}

async function problemOf(response: Response): Promise<Partial<Problem> | undefined> {
  const { headers, body } = response;
  const isProblem = headers.get("content-type")?.startsWith("application/problem+json") ?? false;
  if (!isProblem || !(Number(headers.get("content-length") ?? Infinity) <= MAX_PROBLEM)) {
    await body?.cancel();
    return undefined;
  }
  try {
    const problem: unknown = await response.json();
    return typeof problem === "object" && problem !== null && "code" in problem
      ? problem as Partial<Problem>
      : undefined;
  } catch {
    return undefined; // The status tells enough.
  }
}
