/** Servers on the loopback interface: one that serves files as web servers do, in three ways of listing, and one that sends anything. */

import { comparePaths, MemoryStore, type Store } from "@polystore/polystore/stores";

/** A server that is there until the end of `await using`. */
export interface TestServer extends AsyncDisposable {
  /** Its root. */
  readonly url: string;
  /** What it was asked, one line each: method, path, and range if there is one. */
  readonly log: string[];
  /** The last requests, headers and all. */
  readonly requests: Request[];
}

/** Answers a request. */
export type Handler = (request: Request, path: string) => Response | Promise<Response>;

/** Serves with a handler. */
export function serve(handler: Handler): TestServer {
  const log: string[] = [];
  const requests: Request[] = [];
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    onError: (error) => new Response(String(error), { status: 500 }),
  }, (request) => {
    const path = new URL(request.url).pathname.slice(1);
    const range = request.headers.get("range");
    log.push(`${request.method} ${path}${range === null ? "" : ` ${range}`}`);
    requests.push(request);
    return handler(request, path);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    log,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** How a server lists. */
export type Kind = "static" | "nginx" | "s3";

/** Serves the files of a store as web servers do: etags, conditions, ranges, HEAD, redirects of directories. */
export function fileHandler(store: Store, kind: Kind = "static", pageSize = 1000): Handler {
  return async (request, pathname) => {
    const path = pathname.split("/").map(decodeURIComponent).filter((name) => name !== "").join("/");
    const query = new URL(request.url).searchParams;
    if (kind === "s3" && query.has("list-type")) return await listKeys(store, query, pageSize);
    const stat = await store.stat(path);
    if (stat === undefined || (stat.kind === "file" && pathname.endsWith("/"))) return answer(request, 404, {}, "none");
    if (stat.kind === "directory") {
      if (kind === "s3") return answer(request, 404, {}, "none");
      if (pathname !== "" && !pathname.endsWith("/")) return answer(request, 301, { location: `/${pathname}/` });
      return kind === "nginx" ? await listChildren(store, path) : answer(request, 403, {}, "no listing");
    }
    return fileAnswer(request, (await store.read(path))!, {
      etag: JSON.stringify(stat.etag),
      "last-modified": stat.modified!.toUTCString(),
    });
  };
}

/** Answers with a content, or with what is asked for of it. */
export function fileAnswer(request: Request, bytes: Uint8Array, headers: Record<string, string>): Response {
  const asked = request.headers;
  if (asked.has("if-match") && asked.get("if-match") !== headers.etag) return answer(request, 412);
  if (asked.get("if-none-match") === headers.etag) return answer(request, 304, headers);
  const size = bytes.length;
  const range = /^bytes=(\d*)-(\d*)$/.exec(asked.get("range") ?? "");
  if (range === null) return answer(request, 200, headers, bytes);
  const first = range[1] === "" ? Math.max(0, size - Number(range[2])) : Number(range[1]);
  const last = range[1] === "" || range[2] === "" ? size - 1 : Math.min(size - 1, Number(range[2]));
  if (first > last) return answer(request, 416, { "content-range": `bytes */${size}` }, "beyond");
  const part = { ...headers, "content-range": `bytes ${first}-${last}/${size}` };
  return answer(request, 206, part, bytes.subarray(first, last + 1));
}

function answer(
  request: Request,
  status: number,
  headers: Record<string, string> = {},
  body?: Uint8Array | string,
): Response {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const length = bytes === undefined ? {} : { "content-length": String(bytes.length) };
  return new Response(request.method === "HEAD" ? null : bytes as Uint8Array<ArrayBuffer> | undefined, {
    status,
    headers: { ...headers, ...length },
  });
}

/** As nginx does: unordered. */
async function listChildren(store: Store, path: string): Promise<Response> {
  const rows: object[] = [];
  for await (const entry of store.list!(path, { shallow: true })) {
    const name = entry.path.slice(path === "" ? 0 : path.length + 1);
    const mtime = (entry.modified ?? new Date()).toUTCString();
    rows.unshift(
      entry.kind === "directory" ? { name, type: "directory", mtime } : { name, type: "file", mtime, size: entry.size },
    );
  }
  return Response.json(rows);
}

/** As S3 does: keys by their bytes, what is common up to the next `/` in one, page by page. */
async function listKeys(store: Store, query: URLSearchParams, pageSize: number): Promise<Response> {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter");
  const after = decodeURIComponent(query.get("continuation-token") ?? "") || (query.get("start-after") ?? "");
  const max = Math.min(pageSize, Number(query.get("max-keys") ?? 1000));
  const rows: [key: string, xml: string][] = [];
  for await (const { path, kind, size, modified } of store.list!("")) {
    if (kind !== "file" || !path.startsWith(prefix)) continue;
    const cutAt = delimiter === "/" ? path.indexOf("/", prefix.length) : -1;
    const key = cutAt < 0 ? path : path.slice(0, cutAt + 1);
    if (comparePaths(key, after) <= 0 || rows.at(-1)?.[0] === key) continue;
    const name = query.get("encoding-type") === "url"
      ? encodeURIComponent(key).replaceAll("%2F", "/").replaceAll("%20", "+")
      : key.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    rows.push([
      key,
      cutAt < 0
        ? `<Contents><Key>${name}</Key><LastModified>${
          new Date(modified!.toUTCString()).toISOString()
        }</LastModified><ETag>&quot;x&quot;</ETag><Size>${size}</Size></Contents>`
        : `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`,
    ]);
  }
  const unique = [...new Map(rows).entries()].sort(([a], [b]) => comparePaths(a, b));
  const page = unique.slice(0, max);
  const truncated = page.length < unique.length;
  return new Response(
    `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
      `<Name>bucket</Name><Prefix/><KeyCount>${page.length}</KeyCount><MaxKeys>${max}</MaxKeys>` +
      (query.has("encoding-type") ? "<EncodingType>url</EncodingType>" : "") +
      `<IsTruncated>${truncated}</IsTruncated>` +
      (truncated ? `<NextContinuationToken>${encodeURIComponent(page.at(-1)![0])}</NextContinuationToken>` : "") +
      page.map(([, xml]) => xml).join("") + "</ListBucketResult>",
    { headers: { "content-type": "application/xml" } },
  );
}

/** Files in memory, and a server of them. */
export function serveFiles(kind?: Kind, pageSize?: number): TestServer & { readonly files: MemoryStore } {
  const files = new MemoryStore();
  return { ...serve(fileHandler(files, kind, pageSize)), files };
}

/** What a liar sends: texts and bytes as they are; it closes the connection after them. */
export type Lie = readonly (string | Uint8Array)[];

/** A server of whatever bytes: `tell` gets the head of each request. */
export function lie(tell: (head: string, count: number) => Lie | Promise<Lie>): TestServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const log: string[] = [];
  const working = new Set<Promise<void>>();
  async function converse(connection: Deno.Conn): Promise<void> {
    try {
      const buffer = new Uint8Array(64 * 1024);
      const length = await connection.read(buffer) ?? 0;
      const head = new TextDecoder().decode(buffer.subarray(0, length));
      const range = /^range: (.*)$/im.exec(head)?.[1];
      log.push(`${head.split(" ", 2).join(" ").replace(" /", " ")}${range === undefined ? "" : ` ${range.trim()}`}`);
      for (const part of await tell(head, log.length)) {
        let bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
        while (bytes.length > 0) bytes = bytes.subarray(await connection.write(bytes));
      }
    } catch (error) {
      // Whoever hears enough goes away.
      if (!(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset)) throw error;
    } finally {
      connection.close();
    }
  }
  const listening = (async () => {
    for await (const connection of listener) {
      const work = converse(connection).finally(() => working.delete(work));
      working.add(work);
    }
  })();
  return {
    url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}/`,
    log,
    requests: [],
    async [Symbol.asyncDispose]() {
      listener.close();
      await listening;
      await Promise.all(working);
    },
  };
}

/** A head of an answer. */
export function head(status: number, headers: Readonly<Record<string, string | number>> = {}): string {
  const lines = Object.entries({ connection: "close", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join("")}\r\n`;
}
