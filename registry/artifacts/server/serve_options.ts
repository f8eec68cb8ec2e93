/**
 * {@linkcode parseServeOptions}: the command line of `deno task serve`, and what the environment adds to it.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { StorageError } from "../../../backends/errors.ts";
import { parsePort, parseTimeout, ServerEnvironment } from "../../../backends/stores/remote/environment.ts";

/** What the command line tells people. */
export const USAGE = `Serves artifacts over HTTP.

  deno task serve [options]
  deno task serve token [--scope <prefix>:<access>]… [--expires <days>] [--id <name>] [--token-file <file>]

  --host <address>      where to listen (REGISTRY_SERVER_HOST, 127.0.0.1); off loopback a token is needed
  --port <port>         the port, 0 for any that is free (REGISTRY_SERVER_PORT, 8001)
  --timeout <seconds>   how long a request may take (REGISTRY_SERVER_TIMEOUT, 5)
  --database <file>     the SQLite database (registry.db), shared by any number of servers
  --kv <path or URL>    Deno KV instead, in a file or behind KV Connect; needs --unstable-kv
  --memory              nothing is kept
  --token-file <file>   the tokens that may come in, hashed; read again on SIGHUP
  --allow-host <name>   a name that the server goes by; may be repeated, "*" is any
  --allow-origin <url>  an origin whose pages may use it; may be repeated
  --files <name>=<dir>  serves a directory at /v1/files/<name>; may be repeated
  --debug               logs every request; changes nothing else
  --help                this

A new token without --scope may do everything ("*:admin"), without --expires for ever. One token that may do everything can be given as
REGISTRY_SERVER_TOKEN. \`deno task serve\` may only use port 8001 and registry.db: for others run registry/artifacts/serve.ts. Permissions:
--allow-net=<host>:<port>, --allow-read and --allow-write of the database (and of what --files serves), --allow-read of
the token file, and --allow-env of the variables above.
`;

/** Where a server keeps what it is given. */
export type Keeping =
  | { readonly engine: "sqlite" | "kv"; readonly path: string }
  | { readonly engine: "memory" };

/** What a server is asked to do. */
export interface ServeOptions {
  /** Where to listen. */
  readonly host: string;
  /** The port. */
  readonly port: number;
  /** How long a request may take, in milliseconds. */
  readonly timeout: number | undefined;
  /** Where everything is kept. */
  readonly keeping: Keeping;
  /** The file of tokens. */
  readonly tokenFile: string | undefined;
  /** A token that may do everything. */
  readonly token: string | undefined;
  /** Names that the server goes by. */
  readonly allowedHosts: readonly string[];
  /** Origins whose pages may use it. */
  readonly allowedOrigins: readonly string[];
  /** Directories to serve, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Whether to log every request. */
  readonly debug: boolean;
}

/** What the command line asks for. */
export type Command =
  | { readonly name: "help" }
  | { readonly name: "serve"; readonly options: ServeOptions }
  | { readonly name: "token"; readonly options: TokenOptions };

/** What kind of token is asked for. */
export interface TokenOptions {
  /** What it may do. */
  readonly scopes: readonly string[] | undefined;
  /** When it ends. */
  readonly expires: Date | undefined;
  /** A name to know it by. */
  readonly id: string | undefined;
  /** The file to add it to. */
  readonly file: string | undefined;
}

const FLAGS = {
  host: { type: "string" },
  port: { type: "string" },
  timeout: { type: "string" },
  database: { type: "string" },
  kv: { type: "string" },
  memory: { type: "boolean" },
  "token-file": { type: "string" },
  "allow-host": { type: "string", multiple: true },
  "allow-origin": { type: "string", multiple: true },
  files: { type: "string", multiple: true },
  debug: { type: "boolean" },
  help: { type: "boolean" },
  scope: { type: "string", multiple: true },
  expires: { type: "string" },
  id: { type: "string" },
} as const;

/**
 * Reads the command line and the environment; a flag counts more than a variable.
 *
 * @param args The arguments.
 * @returns What is asked.
 * @throws {StorageError} `invalid-argument`, naming the flag or the variable.
 */
export function parseServeOptions(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { name: "help" };
  const [command = "serve", ...more] = positionals;
  if (more.length > 0 || (command !== "serve" && command !== "token")) {
    throw wrong(`there is no command ${JSON.stringify(positionals.join(" "))}; --help tells what there is`);
  }
  if (command === "token") {
    const { scope, expires, id } = values;
    return { name: "token", options: { scopes: scope, expires: parseDays(expires), id, file: values["token-file"] } };
  }
  const environment = new ServerEnvironment();
  return {
    name: "serve",
    options: {
      host: values.host ?? environment.host ?? "127.0.0.1",
      port: values.port === undefined ? environment.portToListen ?? 8001 : parsePort(values.port, "--port", 0),
      timeout: values.timeout === undefined ? environment.timeout : parseTimeout(values.timeout, "--timeout"),
      keeping: parseKeeping(values),
      tokenFile: values["token-file"],
      token: environment.token,
      allowedHosts: values["allow-host"] ?? [],
      allowedOrigins: values["allow-origin"] ?? [],
      files: parseFiles(values.files ?? []),
      debug: values.debug ?? false,
    },
  };
}

// The return type is that of the flags, which has no name.
// deno-lint-ignore explicit-module-boundary-types
function parse(
  args: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof FLAGS; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: true });
  } catch (error) {
    throw wrong(`${(error as Error).message}; --help tells what there is`);
  }
}

function parseKeeping(
  { database, kv, memory }: { database?: string | undefined; kv?: string | undefined; memory?: boolean | undefined },
): Keeping {
  if ([database !== undefined, kv !== undefined, memory].filter(Boolean).length > 1) {
    throw wrong("give one of --database, --kv and --memory");
  }
  if (memory) return { engine: "memory" };
  return kv === undefined ? { engine: "sqlite", path: database ?? "registry.db" } : { engine: "kv", path: kv };
}

function parseFiles(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map((text) => {
    const [, name, directory] = /^([A-Za-z0-9_-]+)=(.+)$/.exec(text) ?? [];
    if (name === undefined || directory === undefined) {
      throw wrong(`--files is <name>=<directory>: received ${JSON.stringify(text)}`);
    }
    return [name, directory];
  }));
}

function parseDays(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const days = /^\d{1,5}(?:\.\d+)?$/.test(text) ? Number(text) : 0;
  if (days > 0) return new Date(Date.now() + days * 86_400_000);
  throw wrong(`--expires must be a number of days, more than 0: received ${JSON.stringify(text)}`);
}

function wrong(detail: string): StorageError {
  return new StorageError("invalid-argument", detail);
}
