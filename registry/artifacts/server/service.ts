/**
 * {@linkcode Service}: what the routes of a server share, and what each knows about its request.
 *
 * @module
 */

import type { Context } from "hono";
import type { StoredNamespaces } from "../stored_namespaces.ts";
import { tokenIn } from "../../../backends/stores/remote/bearer.ts";
import { checkNamespace } from "../wire.ts";
import type { Answered } from "./answer.ts";
import type { ServerLimits } from "./limits.ts";
import type { Allowance } from "./allowance.ts";
import type { Metrics, RequestKind } from "./metrics.ts";
import { RequestError } from "./problem.ts";
import { type Access, covers, type Scope } from "./scope.ts";

/** What the routes of a server share. */
export interface Service {
  /** Where everything is. */
  readonly namespaces: StoredNamespaces;
  /** How much a request may take. */
  readonly limits: ServerLimits;
  /** What was done. */
  readonly metrics: Metrics;
  /** How often a miss may be told what was meant. */
  readonly hints: Allowance;
  /** Notes why something failed that was begun to be answered. */
  readonly failed: (error: unknown, requestId: string) => void;
  /** Aborted when the server shuts down. */
  readonly stopping: AbortSignal;
}

/** What is known about a request beside what it says. */
export interface CallState extends Answered {
  /** Aborted when it takes too long. */
  readonly signal: AbortSignal;
  /** What the caller may do; `undefined` for a stranger. */
  scopes: readonly Scope[] | undefined;
  /** What it is about, for the counters. */
  kind: RequestKind;
  /** Why it failed. */
  failure?: unknown;
  /** The request, as the log calls it, if it failed. */
  requestId?: string;
}

/** The types of the routes. */
export interface CallEnv {
  /** Of Hono. */
  Bindings: CallState;
}

/** A request that is being answered. */
export type Call = Context<CallEnv>;

/**
 * What the caller may do. Every route but those of health begins with it, or with what asks it.
 *
 * @param call The request.
 * @returns What the caller may do.
 * @throws {RequestError} 401 for a stranger.
 */
export function scopesOf(call: Call): readonly Scope[] {
  const { scopes } = call.env;
  if (scopes !== undefined) return scopes;
  const token = tokenIn(call.req.header("authorization"));
  const challenge = token === undefined ? "Bearer" : 'Bearer error="invalid_token"';
  const detail = token === undefined
    ? "give a token: Authorization: Bearer <token>"
    : "the token is unknown or has ended";
  throw new RequestError(401, "permission-denied", detail, { headers: { "www-authenticate": challenge } });
}

/**
 * Checks that the caller may do something.
 *
 * @param call The request.
 * @param place A namespace, or `files:<backend>`.
 * @param access What.
 * @throws {RequestError} 403 if not, 401 for a stranger.
 */
export function permit(call: Call, place: string, access: Access): void {
  if (covers(scopesOf(call), place, access)) return;
  throw new RequestError(403, "permission-denied", `the token does not allow "${access}" on ${JSON.stringify(place)}`);
}

/**
 * The namespace that a request names, for which the caller must have permission.
 *
 * @param call The request.
 * @param kind What it is about.
 * @param access What is done.
 * @returns The namespace.
 */
export function namespaceOf(call: Call, kind: RequestKind, access: Access): string {
  scopesOf(call);
  call.env.kind = kind;
  const namespace = checkNamespace(call.req.param("namespace")!);
  permit(call, namespace, access);
  return namespace;
}
