/**
 * Routes of entries: one at a time, and page by page.
 *
 * @module
 */

import type { Hono } from "hono";
import type { Artifact, ListedArtifact } from "../artifact_storage.ts";
import { decodeValue, keySegment, segmentKey } from "../wire.ts";
import { readText } from "./body.ts";
import { deleteCondition, isFresh, putCondition, quoted } from "./conditions.ts";
import { RequestError } from "./problem.ts";
import { json, noBody } from "./answer.ts";
import { type Call, type CallEnv, isAgain, namespaceOf, type Service } from "./service.ts";

/** The most entries of a page, and how many there are if nothing is said. */
const MAX_PAGE = 1000;
const PAGE = 100;

/** Adds the routes. */
export function entryRoutes(app: Hono<CallEnv>, service: Service): void {
  app.get("/v1/namespaces/:namespace/entries", (call) => list(call, service));
  app.get("/v1/namespaces/:namespace/entries/:key", (call) => get(call, service));
  app.put("/v1/namespaces/:namespace/entries/:key", (call) => put(call, service));
  app.delete("/v1/namespaces/:namespace/entries/:key", (call) => remove(call, service));
}

async function get(call: Call, service: Service): Promise<Response> {
  const namespace = namespaceOf(call, "get", "read");
  const key = segmentKey(call.req.param("key")!);
  const { value, etag } = await readEntry(call, service, namespace, key);
  const headers = { etag: quoted(etag), "cache-control": "no-cache" };
  if (isFresh(call.req.header("if-none-match") ?? null, etag)) return noBody(call.env, 304, headers);
  return json(call.env, value, 200, headers);
}

/**
 * Reads an entry. To find the key that was meant takes a hundred times longer, so only so many misses are told it.
 *
 * @param call The request, which may read there.
 * @param service What the routes share.
 * @param namespace Where.
 * @param key The key.
 * @returns The entry.
 * @throws {StorageError} `not-found` if there is none.
 */
export async function readEntry(
  call: Call,
  service: Service,
  namespace: string,
  key: string,
): Promise<Artifact<string>> {
  const { signal } = call.env;
  const artifacts = service.namespaces.open(namespace);
  const found = await artifacts.find(key, { signal });
  if (found !== undefined) return found;
  if (call.req.method === "HEAD" || !service.hints.any) throw new RequestError(404, "not-found", NOTHING);
  service.hints.take();
  return await artifacts.get(key, { signal });
}

const NOTHING = "nothing is registered under this key";

async function put(call: Call, service: Service): Promise<Response> {
  const namespace = namespaceOf(call, "put", "write");
  const key = segmentKey(call.req.param("key")!);
  const condition = putCondition(call.req.raw.headers);
  const value = await readValue(call, service);
  const { etag, created } = await service.namespaces.open(namespace).put(key, value, {
    ...condition,
    writeId: call.req.header("write-id"),
    signal: call.env.signal,
  });
  return json(call.env, JSON.stringify({ etag, created }), created ? 201 : 200, { etag: quoted(etag) });
}

/** The value in a body: it must be one that a client can decode. */
async function readValue(call: Call, service: Service): Promise<string> {
  const text = await readText(call, service);
  checkValue(text);
  return text;
}

/**
 * Checks that clients can decode a value.
 *
 * @param text JSON text.
 * @throws {RequestError} 400 if they cannot.
 */
export function checkValue(text: string): void {
  try {
    // Without the sign and without an escape for it there is no tag in it.
    if (/\$tag|\\u/.test(text)) decodeValue(text);
    else JSON.parse(text);
  } catch {
    throw new RequestError(400, "invalid-value", "the value is not JSON, or has a tag that is not known");
  }
}

async function remove(call: Call, service: Service): Promise<Response> {
  const namespace = namespaceOf(call, "delete", "write");
  const key = segmentKey(call.req.param("key")!);
  const ifMatch = deleteCondition(call.req.raw.headers);
  const artifacts = service.namespaces.open(namespace);
  const any = ifMatch === "*";
  const was = await artifacts.delete(key, { again: isAgain(call), signal: call.env.signal, ...(!any && { ifMatch }) });
  if (was) return noBody(call.env, 204);
  throw new RequestError(
    any ? 412 : 404,
    any ? "precondition-failed" : "not-found",
    NOTHING,
  );
}

async function list(call: Call, service: Service): Promise<Response> {
  const namespace = namespaceOf(call, "list", "read");
  const limit = pageLimit(call);
  const after = call.req.query("after");
  const values = call.req.query("values") === "1";
  const listed = service.namespaces.open(namespace).list({
    prefix: call.req.query("prefix"),
    after: after === undefined ? undefined : segmentKey(after),
    limit: limit + 1,
    values,
    signal: call.env.signal,
  });
  const entries: string[] = [];
  let [room, last, more] = [service.limits.maxBody, "", false];
  for await (const entry of listed) {
    const text = entryText(entry);
    room -= text.length;
    more = entries.length === limit || (room < 0 && entries.length > 0);
    if (more) break;
    entries.push(text);
    last = entry.key;
  }
  const next = more ? `,"next":${JSON.stringify(keySegment(last))}` : "";
  return json(call.env, `{"entries":[${entries.join()}]${next}}`);
}

function entryText({ key, etag, value }: ListedArtifact<string>): string {
  const head = `{"key":${JSON.stringify(key)}`;
  return value === undefined ? `${head}}` : `${head},"etag":${JSON.stringify(etag)},"value":${value}}`;
}

/**
 * How many items a request wants on a page.
 *
 * @param call The request.
 * @returns The number.
 * @throws {RequestError} 400 if it is none.
 */
export function pageLimit(call: Call): number {
  const text = call.req.query("limit");
  if (text === undefined) return PAGE;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_PAGE) return limit;
  throw new RequestError(400, "invalid-argument", `limit must be a number from 1 to ${MAX_PAGE}`);
}
