/**
 * Routes of namespaces: which there are, how many entries they have, and removing all of them.
 *
 * @module
 */

import type { Hono } from "hono";
import { checkNamespace } from "../wire.ts";
import { pageLimit } from "./entry_routes.ts";
import { RequestError } from "./problem.ts";
import { covers } from "./scope.ts";
import { json } from "./answer.ts";
import { type Call, type CallEnv, isAgain, namespaceOf, type Service } from "./service.ts";

/** Adds the routes. */
export function namespaceRoutes(app: Hono<CallEnv>, service: Service): void {
  app.get("/v1/namespaces", (call) => list(call, service));
  app.get("/v1/namespaces/:namespace", (call) => show(call, service));
  app.delete("/v1/namespaces/:namespace", (call) => clear(call, service));
}

/** A namespace with something in it. */
export interface NamespaceSize {
  /** Its name. */
  readonly name: string;
  /** How many entries it has. */
  readonly entries: number;
}

/**
 * The namespaces that a caller may read, in order; those with nothing in them are none.
 *
 * @param call The request.
 * @param service Where they are.
 * @param options Which.
 */
export async function* namespaceSizes(
  call: Call,
  service: Service,
  options: { prefix?: string | undefined; after?: string | undefined } = {},
): AsyncGenerator<NamespaceSize, void> {
  const { scopes = [], signal } = call.env;
  for await (const name of service.namespaces.list({ ...options, signal })) {
    if (!covers(scopes, name, "read")) continue;
    const entries = await service.namespaces.open(name).count({ signal });
    if (entries > 0) yield { name, entries };
  }
}

async function list(call: Call, service: Service): Promise<Response> {
  call.env.kind = "namespaces";
  const limit = pageLimit(call);
  const after = call.req.query("after");
  if (after !== undefined) checkNamespace(after);
  const namespaces: NamespaceSize[] = [];
  let more = false;
  for await (const each of namespaceSizes(call, service, { prefix: call.req.query("prefix"), after })) {
    more = namespaces.length === limit;
    if (more) break;
    namespaces.push(each);
  }
  return json(call.env, JSON.stringify({ namespaces, next: more ? namespaces.at(-1)!.name : undefined }));
}

async function show(call: Call, service: Service): Promise<Response> {
  const name = namespaceOf(call, "namespaces", "read");
  const entries = await service.namespaces.open(name).count({ signal: call.env.signal });
  if (entries === 0) throw new RequestError(404, "not-found", "nothing is registered in this namespace");
  return json(call.env, JSON.stringify({ name, entries }));
}

async function clear(call: Call, service: Service): Promise<Response> {
  const name = namespaceOf(call, "clear", "admin");
  const count = await service.namespaces.open(name).clear({ again: isAgain(call), signal: call.env.signal });
  return json(call.env, JSON.stringify({ count }));
}
