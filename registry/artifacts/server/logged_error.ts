/**
 * {@linkcode loggedError}: errors in the log of a server, which holds no token, key or value.
 *
 * @module
 */

import { isStorageError } from "../../../backends/errors.ts";

/**
 * An error as the log tells it: messages of ours name keys, and a parser quotes what it cannot parse.
 *
 * @param error Anything that was thrown.
 * @returns What is noted.
 */
export function loggedError(error: unknown): Record<string, string | undefined> {
  if (!(error instanceof Error)) return { error: String(error) };
  const cause = error.cause === undefined ? {} : { cause: causeOf(error.cause) };
  if (!isStorageError(error)) return { error: error.message, stack: error.stack, ...cause };
  const { code, detail, message, stack = "" } = error;
  const at = stack.indexOf(message);
  return { error: detail, code, stack: at < 0 ? undefined : stack.slice(at + message.length).trimStart(), ...cause };
}

function causeOf(cause: unknown): string {
  if (isStorageError(cause)) return `${cause.code}: ${cause.detail}`;
  return cause instanceof SyntaxError ? cause.name : String(cause);
}
