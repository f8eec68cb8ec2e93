/**
 * {@linkcode Service}: what the routes of a server share, and what each knows about its request.
 *
 * @module
 */

import type { Context } from "hono";
import { RETRIED } from "../../../backends/stores/remote/wire.ts";
import type { StoredNamespaces } from "../stored_namespaces.ts";
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
  /** Notes what failed, and why. */
  readonly failed: (what: string, error: unknown, requestId: string) => void;
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
}

/** The types of the routes. */
export interface CallEnv {
  /** Of Hono. */
  Bindings: CallState;
}

/** A request that is being answered. */
export type Call = Context<CallEnv>;

/** Whether a request was made before, and perhaps done. */
export function isAgain(call: Call): boolean {
  return call.req.header(RETRIED) === "?1";
}

/**
 * Checks that the caller may do something.
 *
 * @param call The request.
 * @param place A namespace, or `files:<backend>`.
 * @param access What.
 * @throws {RequestError} 403 if not.
 */
export function permit(call: Call, place: string, access: Access): void {
  if (covers(call.env.scopes ?? [], place, access)) return;
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
  call.env.kind = kind;
  const namespace = checkNamespace(call.req.param("namespace")!);
  permit(call, namespace, access);
  return namespace;
}
