/**
 * {@linkcode readEnvironment}: what the environment says about a server, read when it is asked for.
 *
 * @module
 */

import { StorageError } from "../../../backends/errors.ts";

/** What the environment may say. */
export interface ServerEnvironment {
  /** `REGISTRY_SERVER_HOST`: where to listen, or whom to call. */
  readonly host?: string | undefined;
  /** `REGISTRY_SERVER_PORT`. */
  readonly port?: number | undefined;
  /** `REGISTRY_SERVER_TIMEOUT`, in milliseconds; the variable is in seconds. */
  readonly timeout?: number | undefined;
  /** `REGISTRY_SERVER_TOKEN`. */
  readonly token?: string | undefined;
}

/** The longest time that is believed, in seconds. */
const MAX_TIMEOUT = 300;

/**
 * Reads the environment. A variable that may not be read, or is empty, counts as not set.
 *
 * @returns What it says.
 * @throws {StorageError} `invalid-argument`, naming the variable, for what cannot be a port or a time.
 */
export function readEnvironment(): ServerEnvironment {
  return {
    host: variable("REGISTRY_SERVER_HOST"),
    port: number("REGISTRY_SERVER_PORT", parsePort),
    timeout: number("REGISTRY_SERVER_TIMEOUT", parseTimeout),
    token: variable("REGISTRY_SERVER_TOKEN"),
  };
}

function variable(name: string): string | undefined {
  try {
    return Deno.env.get(name) || undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

function number(name: string, parse: (text: string, name: string) => number): number | undefined {
  const text = variable(name);
  return text === undefined ? undefined : parse(text, name);
}

/** Reads a port, naming where it came from if it cannot be one; 0 is any that is free. */
export function parsePort(text: string, name: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new StorageError(
    "invalid-argument",
    `${name} must be a port from 0 to 65535: received ${JSON.stringify(text)}`,
  );
}

/** Reads a time in seconds, naming where it came from if it cannot be one; answers milliseconds. */
export function parseTimeout(text: string, name: string): number {
  const seconds = text.trim() === "" ? NaN : Number(text);
  if (seconds > 0 && seconds <= MAX_TIMEOUT) return seconds * 1000;
  throw new StorageError(
    "invalid-argument",
    `${name} must be seconds, more than 0 and at most ${MAX_TIMEOUT}: received ${JSON.stringify(text)}`,
  );
}
