// A service at the edge: documents of JSON over HTTP, kept in Deno KV. Locally:
//
//   deno serve --unstable-kv examples/edge.ts          # the default database of this program
//   curl -X PUT -d '{"title":"hello"}' http://localhost:8000/notes/1.json
//
// Deno Deploy runs it as it is, with the database of the project.

import { FileManager, isStorageError, type SaveOptions } from "@polystore/polystore";
import { KvBackend } from "@polystore/polystore/kv";

/** What an error is called in HTTP. */
const STATUS: Readonly<Record<string, number>> = {
  "not-found": 404,
  "is-a-directory": 404,
  "not-a-directory": 404,
  "invalid-path": 400,
  "invalid-value": 400,
  "invalid-argument": 400,
  "unknown-format": 415,
  "name-too-long": 414,
  "already-exists": 412,
  "precondition-failed": 412,
  "no-space": 507,
  "busy": 503,
  "unavailable": 503,
};

/**
 * Makes the handler of a database.
 *
 * - `GET /a/b.json`: the document, with its ETag; `GET /a/`: the paths of the documents below `a`.
 * - `PUT /a/b.json`: keeps the document; `If-Match` and `If-None-Match: *` are kept to; `?seconds=60` keeps it that long.
 * - `POST /a/b.json`: counts; however many do at once, none is lost.
 * - `DELETE /a/b.json`.
 */
export function edge(kv: KvBackend): (request: Request) => Promise<Response> {
  const fm = new FileManager({ kv });

  async function answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const path = decodeURIComponent(url.pathname).slice(1);
    switch (request.method) {
      case "GET": {
        if (path === "" || path.endsWith("/")) {
          return Response.json(await fm.listFiles(path, "kv", { recursive: true }));
        }
        const { etag } = await fm.stat(path, "kv");
        if (request.headers.get("If-None-Match") === `"${etag}"`) return new Response(null, { status: 304 });
        return Response.json(await fm.load(path, "kv"), { headers: { ETag: `"${etag}"` } });
      }
      case "PUT": {
        const seconds = url.searchParams.get("seconds");
        const { etag } = await fm.save(await documentOf(request), path, "kv", {
          ...conditionsOf(request),
          expireIn: seconds === null ? undefined : Number(seconds) * 1000,
        });
        return new Response(null, { status: 204, headers: { ETag: `"${etag}"` } });
      }
      case "POST":
        return Response.json(await fm.update<number>(path, "kv", (count) => (count ?? 0) + 1));
      case "DELETE":
        await fm.delete(path, "kv");
        return new Response(null, { status: 204 });
      default:
        return new Response(null, { status: 405, headers: { Allow: "GET, PUT, POST, DELETE" } });
    }
  }

  return async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof URIError) {
        return new Response(error.message, { status: 400 });
      }
      if (!isStorageError(error)) throw error;
      return new Response(error.detail, { status: STATUS[error.code] ?? 500 });
    }
  };
}

async function documentOf(request: Request): Promise<unknown> {
  return JSON.parse(await request.text());
}

function conditionsOf(request: Request): SaveOptions {
  const match = request.headers.get("If-Match");
  return {
    overwrite: request.headers.get("If-None-Match") !== "*",
    ifMatch: match === null ? undefined : match.replaceAll('"', ""),
  };
}

const handle = edge(new KvBackend());

export default { fetch: handle } satisfies Deno.ServeDefaultExport;
