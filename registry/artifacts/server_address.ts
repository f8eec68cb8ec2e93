/**
 * {@linkcode ServerAddress}: where a registry server is, from options and the environment.
 *
 * @module
 */

import { ServerEnvironment } from "../../backends/stores/remote/environment.ts";
import { ArtifactError, artifactError } from "./artifact_error.ts";
import { isToken, TOKEN_RULE } from "../../backends/stores/remote/bearer.ts";

/** Options of what talks to a registry server. What is not given is taken from the environment, when the object is made. */
export interface RemoteOptions {
  /**
   * The address, with `http:` or `https:`; it may have a path. It takes the place of `host` and `port`.
   *
   * @default {undefined} `http://` with `host` and `port`
   */
  url?: string | URL | undefined;
  /**
   * The name or the address of the machine; not an URL. `localhost` is `127.0.0.1`.
   *
   * @default {"localhost"} or `REGISTRY_SERVER_HOST`
   */
  host?: string | undefined;
  /**
   * The port, from 1 to 65535.
   *
   * @default {8001} or `REGISTRY_SERVER_PORT`
   */
  port?: number | undefined;
  /**
   * How long a call may take, with all its tries, in milliseconds: more than 0, at most 300 000.
   *
   * @default {5000} or `REGISTRY_SERVER_TIMEOUT`, which is in seconds
   */
  timeout?: number | undefined;
  /**
   * The token that the server knows: at most 512 of the characters `A-Z a-z 0-9 - . _ ~ + /`, and perhaps `=` at its end. It is only sent
   * to this server.
   *
   * @default {undefined} or `REGISTRY_SERVER_TOKEN`
   */
  token?: string | undefined;
  /**
   * How often a request is tried, if it can be made twice: 1 or more.
   *
   * @default {3}
   */
  tries?: number | undefined;
}

/** Where a server is, and how to talk to it. */
export interface ServerAddress {
  /** The address, without a slash at its end. */
  readonly base: string;
  /** How long a call may take, in milliseconds. */
  readonly timeout: number;
  /** The token. */
  readonly token: string | undefined;
  /** How often a request is tried. */
  readonly tries: number;
}

const MAX_TIMEOUT = 300_000;

/**
 * Where a server is.
 *
 * @param options What was said.
 * @returns The address, complete.
 * @throws {StorageError} `invalid-argument`, naming the option or the variable.
 */
export function serverAddress(options: RemoteOptions = {}): ServerAddress {
  try {
    return completed(options);
  } catch (error) {
    throw artifactError(error);
  }
}

function completed(options: RemoteOptions): ServerAddress {
  const environment = new ServerEnvironment();
  const { timeout = environment.timeout ?? 5000, token = environment.token, tries = 3 } = options;
  if (!(typeof timeout === "number" && timeout > 0 && timeout <= MAX_TIMEOUT)) {
    throw wrong(`timeout must be milliseconds, more than 0 and at most ${MAX_TIMEOUT}: received ${timeout}`);
  }
  if (!(Number.isInteger(tries) && tries >= 1)) throw wrong(`tries must be 1 or more: received ${tries}`);
  if (token !== undefined && !isToken(token)) throw wrong(TOKEN_RULE);
  const base = options.url === undefined
    ? fromParts(options.host ?? environment.host ?? "localhost", options.port ?? environment.port ?? 8001)
    : fromUrl(options.url);
  return { base, timeout, token, tries };
}

function fromParts(host: string, port: number): string {
  if (!(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    throw wrong(`port must be an integer from 1 to 65535: received ${port}`);
  }
  if (typeof host !== "string" || host.includes("/") || host.includes("@")) {
    throw wrong(`host must be a name or an address, not a URL: received ${JSON.stringify(host)}; use url for one`);
  }
  const bare = host === "localhost" ? "127.0.0.1" : host.includes(":") ? `[${host.replace(/^\[|\]$/g, "")}]` : host;
  const url = URL.parse(`http://${bare}:${port}`);
  if (url === null || host === "" || url.hostname === "") throw wrong(`no host can be called ${JSON.stringify(host)}`);
  return url.origin;
}

function fromUrl(url: string | URL): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw wrong(`url must be an address with http: or https:: received ${JSON.stringify(String(url))}`);
  }
  if (parsed.username || parsed.password || parsed.search || parsed.hash) {
    throw wrong("url must be an address without user, query or fragment; pass a token as token");
  }
  return parsed.href.replace(/\/+$/, "");
}

function wrong(detail: string): ArtifactError {
  return new ArtifactError("invalid-argument", detail);
}
