/**
 * Backends over HTTP: {@linkcode files} makes a handler of them, for `Deno.serve` or any other server, and `RemoteBackend` (of
 * `@polystore/polystore/remote`) is its client.
 *
 * ```ts
 * import { DiskBackend } from "@polystore/polystore/disk";
 * import { files } from "@polystore/polystore/files";
 * import { RemoteBackend } from "@polystore/polystore/remote";
 * import assert from "node:assert/strict";
 *
 * const root = await Deno.makeTempDir();
 * const handler = files({ results: new DiskBackend({ root }) });
 * const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
 *
 * const remote = new RemoteBackend({ url: `http://127.0.0.1:${server.addr.port}/v1/files/results` });
 * await remote.save({ n: 1 }, "plate/a.json");
 * assert.equal(await Deno.readTextFile(`${root}/plate/a.json`), '{"n":1}');
 *
 * await remote.close();
 * await server.shutdown();
 * await Deno.remove(root, { recursive: true });
 * ```
 *
 * There is no authentication in it: whoever reaches the handler may do what it offers. Listen on `127.0.0.1`, or put in front what asks for
 * a token; {@linkcode changesFiles} tells which requests only read.
 *
 * The wire, under `/v1/files/{name}`; every path is a parameter of the query, percent-encoded once, and never a part of the path of the URL:
 *
 * | request | does |
 * | --- | --- |
 * | `GET` | tells what the backend offers: `{name, members}` |
 * | `GET ?path=` | the content, or of a directory the listing; `Range`, `If-Range`, `If-Match`, `If-None-Match` |
 * | `HEAD ?path=` | the same without the content |
 * | `GET ?stat=` | `{kind, size, modified, etag, expires}`, times in milliseconds; `null` where nothing is |
 * | `GET ?list=&shallow&details&after&limit` | `{entries: [{path, kind, size, modified}], next}`; with `Accept: application/x-ndjson` all, line by line |
 * | `GET ?readlink=` | `{target}`; `..` for a link that leads out |
 * | `GET ?watch=` | server-sent events: what `stat` tells, at once and after every change |
 * | `PUT ?path=&expireIn` | writes; `If-None-Match: *`, `If-Match`; 201 for what was not there |
 * | `DELETE ?path=` | deletes; `If-Match` |
 * | `POST ?op=` | `makeDirectory`, `createSymlink`, `copy`, `move`, `deleteTree`, `readMany` (JSON), `writeMany` (frames) |
 * | `GET`, `DELETE ?write=&age` | what became of the change whose header `Write-Id` was this; `DELETE` stops it |
 *
 * Errors are `application/problem+json` (RFC 9457) with the `code` of the `StorageError`. A change with a header `Write-Id` is carried out once,
 * however often it is sent, by one server process; with a header `Server-Id`, only by that process: others answer 421.
 *
 * @module
 */

import { StorageError } from "../backends/errors.ts";
import { problemOf, problemResponse, RefusedRequest } from "./files/file_problem.ts";
import { respond } from "./files/respond.ts";
import { FileRequest, HARMLESS } from "./files/served_backend.ts";
import { type Served, ServedBackends } from "./files/served_backends.ts";
import { headOf } from "./head_of.ts";
import { SERVER_ID } from "../backends/stores/remote/wire.ts";

export type { Served } from "./files/served_backends.ts";
export type { BackendBase, BackendLookup } from "../backends/data_source.ts";
export type { Store } from "../backends/stores/store.ts";

/** Options of {@linkcode files}. */
export interface FilesOptions {
  /**
   * What is served to be read only: all, or these names.
   *
   * @default {false} what can be changed
   */
  readOnly?: boolean | Iterable<string> | undefined;
  /**
   * The path of the URLs, before the name of the backend.
   *
   * @default {"/v1/files"}
   */
  prefix?: string | undefined;
  /**
   * The longest content that is taken, in bytes.
   *
   * @default {Infinity} content is streamed, and takes no more memory for it
   */
  maxBodySize?: number | undefined;
  /**
   * The most entries in a page of a listing.
   *
   * @default {10000}
   */
  maxPageSize?: number | undefined;
  /**
   * The longest path, in bytes.
   *
   * @default {4096}
   */
  maxPathLength?: number | undefined;
  /**
   * Ends the answers that have no end by themselves (`watch`): abort it to shut down a server that is being watched.
   *
   * @default {undefined} they end when the client goes
   */
  signal?: AbortSignal | undefined;
  /**
   * Whether pages of other sites may change files: for a handler behind something that looks at where they are from.
   *
   * @default {false}
   */
  allowCrossSite?: boolean | undefined;
  /**
   * Told why a request failed, for a log: the answer does not say all of it. What it answers is told as `requestId`. It must not throw.
   *
   * @default {undefined} nobody is told
   */
  onError?: ((error: unknown, request: Request) => string | void) | undefined;
}

/** Answers a request; it never rejects. */
export type FilesHandler = (request: Request) => Promise<Response>;

/**
 * Makes a handler that serves backends and stores over HTTP. See the module for the wire.
 *
 * Of a backend that is made of a store, the bytes of the store are served; of another, what its streams encode (`backendStore`).
 * A disk without a root is refused. Paths are held to the one rule for paths, so that none leads out; links are the store's to confine.
 *
 * @param backends What to serve, by name. It stays the caller's to close.
 * @param options Limits, and what may only be read.
 * @returns The handler.
 * @throws {StorageError} `invalid-argument` if a limit is not a number above 0.
 *
 * @example
 * ```ts
 * import { files } from "@polystore/polystore/files";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const handler = files({ lab: new MemoryStore() });
 * const url = "http://localhost/v1/files/lab";
 * const put = new Request(`${url}?path=plate%2Fa.txt`, { method: "PUT", body: "alpha" });
 * assert.equal((await handler(put)).status, 201);
 * const part = new Request(`${url}?path=plate%2Fa.txt`, { headers: { range: "bytes=1-2" } });
 * assert.equal(await (await handler(part)).text(), "lp");
 * assert.deepEqual((await (await handler(new Request(`${url}?list=plate`))).json()).entries[0].path, "plate/a.txt");
 * assert.equal((await handler(new Request(`${url}?path=../../etc/passwd`))).status, 400);
 * ```
 */
export function files(backends: Served, options: FilesOptions = {}): FilesHandler {
  const { readOnly = false, signal, allowCrossSite = false, onError } = options;
  const prefix = (options.prefix ?? "/v1/files").replace(/\/+$/, "");
  const readOnlyNames = typeof readOnly === "boolean" ? undefined : new Set(readOnly);
  const serverId = crypto.randomUUID();
  const served = new ServedBackends(backends, {
    serverId,
    limits: {
      body: positive("maxBodySize", options.maxBodySize ?? Infinity),
      page: positive("maxPageSize", options.maxPageSize ?? 10_000),
      path: positive("maxPathLength", options.maxPathLength ?? 4096),
    },
    signal,
    allowCrossSite,
    onError,
    isReadOnly: (name) => readOnlyNames?.has(name) ?? readOnly === true,
  });

  return async (request) => {
    let response: Response;
    try {
      response = await respond(new FileRequest(request, served.get(nameIn(request.url, prefix))));
    } catch (error) {
      const headers = error instanceof RefusedRequest ? error.headers : {};
      const all = { ...headers, ...Object.fromEntries(HARMLESS), [SERVER_ID]: serverId };
      response = problemResponse(problemOf(error, onError?.(error, request)), all);
    }
    return request.method === "HEAD" ? await headOf(response) : response;
  };
}

/**
 * Whether a request for {@linkcode files} changes something: for who asks for a token before.
 *
 * @param request The request.
 * @returns `false` if it only reads.
 *
 * @example
 * ```ts
 * import { changesFiles } from "@polystore/polystore/files";
 * import assert from "node:assert/strict";
 *
 * const url = "http://localhost/v1/files/lab";
 * assert.equal(changesFiles(new Request(`${url}?path=a`)), false);
 * assert.equal(changesFiles(new Request(`${url}?op=readMany`, { method: "POST" })), false);
 * assert.equal(changesFiles(new Request(`${url}?path=a`, { method: "DELETE" })), true);
 * ```
 */
export function changesFiles({ method, url }: Request): boolean {
  if (method === "POST") return new URL(url).search !== "?op=readMany";
  return method !== "GET" && method !== "HEAD";
}

/** The name of the backend: the one segment after the prefix. */
function nameIn(url: string, prefix: string): string {
  // Some runtimes leave `..` in an address: then it has more segments than a name, and names nothing.
  const [pathname = ""] = url.slice(url.indexOf("/", url.indexOf("//") + 2)).split(/[?#]/, 1);
  const rest = pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length + 1).replace(/\/$/, "") : "";
  if (rest !== "" && !rest.includes("/")) {
    try {
      return decodeURIComponent(rest);
    } catch { /* it is no name */ }
  }
  const detail = `there is nothing here: the address of a backend is ${prefix}/{name}, a path in it the parameter path`;
  throw new RefusedRequest([404, "Not Found"], "unknown-backend", detail);
}

function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw new StorageError("invalid-argument", `${name} must be a number above 0: received ${value}`);
}
