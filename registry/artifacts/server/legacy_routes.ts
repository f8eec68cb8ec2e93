/**
 * The paths of the original server, `/registry/<namespace>/<verb>`, over the same entries.
 *
 * An envelope is `{"type":"json","data":"<JSON text>","encoding":"json"}`. Pickles are refused with 415: to read one is to run
 * whatever it says. In a path a key is an envelope, percent-encoded; what does not begin with `{` is the key itself. A key that is a
 * text is the same key as in `/v1`; any other key is called `json:` and its JSON text, with the names in objects sorted.
 *
 * @module
 */

import type { Hono } from "hono";
import type { ArtifactStorage } from "../artifact_storage.ts";
import { checkKey } from "../wire.ts";
import { parseJson, readText } from "./body.ts";
import { checkValue, readEntry } from "./entry_routes.ts";
import { type Envelope, envelope, keyEnvelope, keyOf, openEnvelope } from "./envelope.ts";
import type { RequestKind } from "./metrics.ts";
import { RequestError } from "./problem.ts";
import type { Access } from "./scope.ts";
import { json } from "./answer.ts";
import { type Call, type CallEnv, namespaceOf, type Service } from "./service.ts";

/** Adds the routes. */
export function legacyRoutes(app: Hono<CallEnv>, service: Service): void {
  const base = "/registry/:namespace";
  app.post(`${base}/set`, (call) => set(call, service));
  app.get(`${base}/get/:key{.+}`, (call) => get(call, service));
  app.get(`${base}/contains/:key{.+}`, (call) => contains(call, service));
  app.delete(`${base}/delete/:key{.+}`, (call) => remove(call, service));
  app.get(`${base}/keys`, (call) => listing(call, service, "keys", keyEnvelope));
  app.get(`${base}/values`, (call) => listing(call, service, "values", (_, value) => envelope(value)));
  app.get(
    `${base}/items`,
    (call) => listing(call, service, "items", (key, value) => [keyEnvelope(key), envelope(value)]),
  );
  app.get(`${base}/length`, async (call) => {
    const { artifacts, signal } = open(call, service, "list", "read");
    return answer(call, { length: await artifacts.count({ signal }) });
  });
  app.delete(`${base}/clear`, async (call) => {
    const { artifacts, signal } = open(call, service, "clear", "admin");
    return answer(call, { status: "cleared", count: await artifacts.clear({ signal }) });
  });
}

function answer(call: Call, value: unknown): Response {
  return json(call.env, JSON.stringify(value));
}

function open(call: Call, service: Service, kind: RequestKind, access: Access): {
  artifacts: ArtifactStorage<string>;
  signal: AbortSignal;
} {
  return { artifacts: service.namespaces.open(namespaceOf(call, kind, access)), signal: call.env.signal };
}

async function set(call: Call, service: Service): Promise<Response> {
  const { artifacts, signal } = open(call, service, "put", "write");
  const { key, value } = Object(parseJson(await readText(call, service)));
  const text = openEnvelope(value, "value", service.limits.maxDepth);
  checkValue(text);
  await artifacts.put(keyOf(openEnvelope(key, "key", service.limits.maxDepth)), text, { signal });
  return answer(call, { status: "success" });
}

async function get(call: Call, service: Service): Promise<Response> {
  const namespace = namespaceOf(call, "get", "read");
  const { value } = await readEntry(call, service, namespace, pathKey(call, service));
  return answer(call, { value: envelope(value) });
}

async function contains(call: Call, service: Service): Promise<Response> {
  const { artifacts, signal } = open(call, service, "get", "read");
  return answer(call, { contains: await artifacts.has(pathKey(call, service), { signal }) });
}

async function remove(call: Call, service: Service): Promise<Response> {
  const { artifacts, signal } = open(call, service, "delete", "write");
  const key = pathKey(call, service);
  if (await artifacts.delete(key, { signal })) return answer(call, { status: "deleted" });
  throw new RequestError(404, "not-found", "nothing is registered under this key");
}

/** The key in a path, decoded once. Hono leaves alone what is no percent-encoding; that is no key. */
function pathKey(call: Call, { limits }: Service): string {
  const { pathname } = new URL(call.req.url);
  let text: string;
  try {
    text = decodeURIComponent(pathname.split("/").slice(4).join("/"));
  } catch {
    throw new RequestError(400, "invalid-argument", "the key in the path is not percent-encoded UTF-8");
  }
  return text.startsWith("{") ? keyOf(openEnvelope(parseJson(text, "key"), "key", limits.maxDepth)) : checkKey(text);
}

/** All entries in one answer, as the original has it; what would be too much is refused. */
async function listing(
  call: Call,
  service: Service,
  name: "keys" | "values" | "items",
  item: (key: string, value: string) => Envelope | readonly Envelope[],
): Promise<Response> {
  const { artifacts, signal } = open(call, service, "list", "read");
  const items: string[] = [];
  let room = service.limits.maxBody;
  for await (const { key, value = "" } of artifacts.list({ values: name !== "keys", signal })) {
    const text = JSON.stringify(item(key, value));
    room -= text.length;
    if (room < 0) {
      throw new RequestError(422, "unsupported", "this is too much for one answer: use the pages of /v1", {
        suggestions: ["GET /v1/namespaces/<namespace>/entries?values=1"],
      });
    }
    items.push(text);
  }
  return json(call.env, `{"${name}":[${items.join()}]}`);
}
