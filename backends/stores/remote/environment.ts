/**
 * {@linkcode ServerEnvironment}: what the environment says about a server, to the server and to its clients.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";

/** The longest time that is believed, in seconds. */
const MAX_TIMEOUT = 300;

/**
 * What the environment says, each variable read when it is asked for: one that is not needed may be wrong. A variable that may not
 * be read, or is empty, counts as not set; nobody is asked for a permission.
 */
export class ServerEnvironment {
  /** `REGISTRY_SERVER_HOST`: where to listen, or whom to call. */
  get host(): string | undefined {
    return variable("REGISTRY_SERVER_HOST");
  }

  /**
   * `REGISTRY_SERVER_PORT`.
   *
   * @throws {StorageError} `invalid-argument`, naming the variable.
   */
  get port(): number | undefined {
    return parsed("REGISTRY_SERVER_PORT", parsePort);
  }

  /**
   * `REGISTRY_SERVER_PORT`, where 0 stands for any port that is free.
   *
   * @throws {StorageError} `invalid-argument`, naming the variable.
   */
  get portToListen(): number | undefined {
    return parsed("REGISTRY_SERVER_PORT", (text, name) => parsePort(text, name, 0));
  }

  /**
   * `REGISTRY_SERVER_TIMEOUT`, in milliseconds; the variable is in seconds.
   *
   * @throws {StorageError} `invalid-argument`, naming the variable.
   */
  get timeout(): number | undefined {
    return parsed("REGISTRY_SERVER_TIMEOUT", parseTimeout);
  }

  /** `REGISTRY_SERVER_TOKEN`. */
  get token(): string | undefined {
    return variable("REGISTRY_SERVER_TOKEN");
  }
}

function variable(name: string): string | undefined {
  const granted = globalThis.Deno?.permissions?.querySync({ name: "env", variable: name }).state === "granted";
  return granted ? Deno.env.get(name) || undefined : undefined;
}

function parsed(name: string, parse: (text: string, name: string) => number): number | undefined {
  const text = variable(name);
  return text === undefined ? undefined : parse(text, name);
}

/**
 * Reads a port.
 *
 * @param text The text.
 * @param name Where it came from, for the error.
 * @param least 0 where any port that is free may be meant.
 * @returns The port.
 * @throws {StorageError} `invalid-argument`.
 */
export function parsePort(text: string, name: string, least: 0 | 1 = 1): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port >= least && port <= 65_535) return port;
  throw wrong(`${name} must be a port from ${least} to 65535: received ${JSON.stringify(text)}`);
}

/**
 * Reads a time in seconds.
 *
 * @param text The text.
 * @param name Where it came from, for the error.
 * @returns Milliseconds.
 * @throws {StorageError} `invalid-argument`.
 */
export function parseTimeout(text: string, name: string): number {
  const seconds = text.trim() === "" ? NaN : Number(text);
  if (seconds > 0 && seconds <= MAX_TIMEOUT) return seconds * 1000;
  throw wrong(`${name} must be seconds, more than 0 and at most ${MAX_TIMEOUT}: received ${JSON.stringify(text)}`);
}

function wrong(detail: string): StorageError {
  return new StorageError("invalid-argument", detail);
}
