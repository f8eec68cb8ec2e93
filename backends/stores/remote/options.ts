/**
 * What a {@linkcode RemoteStoreOptions | remote store} is told, and what it takes from the environment.
 *
 * @module
 */

import { isToken, TOKEN_RULE } from "./bearer.ts";
import { StorageError } from "../../errors.ts";
import type { RemoteConnectionOptions } from "./connection.ts";
import { ServerEnvironment } from "./environment.ts";

/** Options of `RemoteStore`. */
export interface RemoteStoreOptions {
  /**
   * Where the backend is: the address of the server, `/v1/files/`, and the name that the backend has there.
   *
   * @default {undefined} made of `host`, `port` and `name`
   */
  url?: string | URL | undefined;
  /**
   * The server, if there is no `url`.
   *
   * @default {REGISTRY_SERVER_HOST, else "127.0.0.1"}
   */
  host?: string | undefined;
  /**
   * Its port, if there is no `url`.
   *
   * @default {REGISTRY_SERVER_PORT, else 8001}
   */
  port?: number | undefined;
  /**
   * The name of the backend at the server, if there is no `url`.
   *
   * @default {"default"}
   */
  name?: string | undefined;
  /**
   * Says who asks: it is sent as `Authorization: Bearer`.
   *
   * @default {REGISTRY_SERVER_TOKEN, else none}
   */
  token?: string | undefined;
  /**
   * How long the server may be silent, in milliseconds, before `unavailable` is thrown. Large content has as much time for each MiB; a change
   * as much as it needs, while the server says that it is at work.
   *
   * @default {REGISTRY_SERVER_TIMEOUT, which is in seconds, else 5000}
   */
  timeout?: number | undefined;
}

/** The options, complete. */
export function remoteSettings(options: RemoteStoreOptions): RemoteConnectionOptions {
  const environment = new ServerEnvironment();
  const { timeout = environment.timeout ?? 5000, token = environment.token } = options;
  if (!(timeout > 0)) throw invalid(`timeout must be a number of milliseconds above 0: received ${timeout}`);
  // What is no token in a header must not be told by its error either.
  if (token !== undefined && !isToken(token)) throw invalid(TOKEN_RULE);
  return { url: options.url === undefined ? addressOf(options, environment) : parsed(options.url), token, timeout };
}

function addressOf(options: RemoteStoreOptions, environment: ServerEnvironment): URL {
  const { host = environment.host ?? "127.0.0.1", port = environment.port ?? 8001, name = "default" } = options;
  if (!isPort(port)) throw invalid(`port must be an integer from 1 to 65535: received ${port}`);
  // The one name that may be two addresses, of which a server has one.
  const bare = host === "localhost" ? "127.0.0.1" : host;
  const server = `http://${bare.includes(":") && !bare.startsWith("[") ? `[${bare}]` : bare}:${port}`;
  const url = URL.parse(`${server}/v1/files/${encodeURIComponent(name)}`);
  if (url === null || url.pathname.split("/").length !== 4 || name === "") {
    throw invalid(`no server can be reached as ${JSON.stringify(host)} with a backend ${JSON.stringify(name)}`);
  }
  return url;
}

function parsed(text: string | URL): URL {
  const url = URL.parse(text);
  const usable = url !== null && /^https?:$/.test(url.protocol) &&
    url.username + url.password + url.search + url.hash === "";
  if (!usable) {
    throw invalid("url must be http: or https:, without user, password, query and fragment; give a token as `token`");
  }
  url.pathname = url.pathname.replace(/\/+$/, "");
  return url;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

function invalid(detail: string): StorageError {
  return new StorageError("invalid-argument", detail);
}
