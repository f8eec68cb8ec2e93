/**
 * `deno task serve`: an {@linkcode ArtifactServer} on a port, over SQLite unless told otherwise.
 *
 * @module
 */

import { isStorageError, StorageError } from "../../backends/errors.ts";
import type { Store } from "../../backends/stores/store.ts";
import { type Command, type Keeping, parseServeOptions, type ServeOptions, USAGE } from "./server/serve_options.ts";
import { addToken, readTokens } from "./server/token_file.ts";
import { ArtifactServer, createToken, listen, type ServerNote, Tokens } from "./server.ts";

const encoder = new TextEncoder();

/** What people asked for goes to standard output, the log to standard error. */
function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}

async function openStore(keeping: Keeping): Promise<Store> {
  switch (keeping.engine) {
    case "sqlite": {
      const { SqliteStore } = await import("../../backends/stores/sqlite_store.ts");
      return new SqliteStore({ path: keeping.path, groupCommit: true });
    }
    case "kv": {
      const { KvStore } = await import("../../backends/stores/kv_store.ts");
      return new KvStore({ path: keeping.path, prefix: ["registry"] });
    }
    case "memory": {
      const { MemoryStore } = await import("../../backends/stores/memory_store.ts");
      return new MemoryStore();
    }
  }
}

/** Opens the database now: that it cannot be is for its owner to know, not for those who ask. */
async function open(store: Store, keeping: Keeping): Promise<void> {
  try {
    // A write that cannot succeed: it opens everything that one needs.
    await store.write!("registry", new Uint8Array(), { ifMatch: "nothing" });
  } catch (error) {
    if (!isStorageError(error)) throw error;
    if (error.code === "precondition-failed") return;
    const name = keeping.engine === "memory" ? "the memory" : JSON.stringify(keeping.path);
    throw new StorageError(error.code, `cannot open ${name}: ${error.detail}`, { cause: error });
  }
}

async function openFiles(directories: ServeOptions["files"]): Promise<Record<string, Store> | undefined> {
  const names = Object.keys(directories);
  if (names.length === 0) return undefined;
  const { DiskStore } = await import("../../backends/stores/disk_store.ts");
  return Object.fromEntries(names.map((name) => [name, new DiskStore({ root: directories[name]! })]));
}

async function tokensOf({ token, tokenFile }: ServeOptions): Promise<Tokens | undefined> {
  const given = token === undefined ? undefined : Tokens.of(token);
  const filed = tokenFile === undefined ? undefined : await readTokens(tokenFile);
  return given && filed ? given.and(filed) : given ?? filed;
}

/** Serves until it is told to stop; then what is being answered is answered first. */
async function serve(options: ServeOptions): Promise<void> {
  const tokens = await tokensOf(options);
  const store = await openStore(options.keeping);
  const files = await openFiles(options.files);
  const { debug, allowedHosts, allowedOrigins, timeout } = options;
  await using server = new ArtifactServer({
    store,
    tokens,
    files,
    allowedHosts: [...allowedHosts, options.host],
    allowedOrigins,
    limits: { ...(timeout !== undefined && { timeout }) },
    log: (note: ServerNote) => write(Deno.stderr, `${JSON.stringify(note)}\n`),
    debug,
  });
  try {
    await open(store, options.keeping);
    const listener = await listen(server, { hostname: options.host, port: options.port });
    const { hostname, port } = listener;
    server.note("info", "listening", { hostname, port, engine: options.keeping.engine, tokens: tokens?.size ?? 0 });
    const told = Promise.withResolvers<string>();
    const stop = (): void => told.resolve("told to stop");
    const reload = (): void => void reloadTokens(server, options);
    Deno.addSignalListener("SIGTERM", stop);
    Deno.addSignalListener("SIGINT", stop);
    Deno.addSignalListener("SIGHUP", reload);
    server.note("info", await told.promise);
    await listener.shutdown();
    Deno.removeSignalListener("SIGHUP", reload);
    Deno.removeSignalListener("SIGINT", stop);
    Deno.removeSignalListener("SIGTERM", stop);
    server.note("info", "stopped", server.statistics);
  } finally {
    await store.close?.();
  }
}

/** Reads the file of tokens again; if it cannot be read, the old ones stay. */
async function reloadTokens(server: ArtifactServer, options: ServeOptions): Promise<void> {
  try {
    server.tokens = await tokensOf(options);
    server.note("info", "read the tokens again", { tokens: server.tokens?.size ?? 0 });
  } catch (error) {
    server.note("error", "the old tokens stay", { error: String(error) });
  }
}

async function makeToken(options: Extract<Command, { name: "token" }>["options"]): Promise<void> {
  const { token, record } = createToken(options);
  if (options.file === undefined) write(Deno.stderr, `${JSON.stringify(record)}\n`);
  else await addToken(options.file, record);
  write(Deno.stdout, `${token}\n`);
}

/** Does what the command line asks for. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const command = parseServeOptions(args);
    if (command.name === "help") write(Deno.stdout, USAGE);
    else if (command.name === "token") await makeToken(command.options);
    else await serve(command.options);
    return 0;
  } catch (error) {
    if (!isStorageError(error)) throw error;
    write(Deno.stderr, `${error.message}\n`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
