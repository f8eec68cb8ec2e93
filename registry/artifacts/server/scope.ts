/**
 * {@linkcode Scope}: what a token may do, and where.
 *
 * @module
 */

import { StorageError } from "../../../backends/errors.ts";

/** What may be done: each includes those before it. `admin` may clear a whole namespace. */
export type Access = "read" | "write" | "admin";

/** What a token may do, and where. */
export interface Scope {
  /**
   * Where: a namespace and all below it (`team` covers `team` and `team.models`, never `teams`), `files:<backend>` for the files
   * of a backend, `files:*` for those of all, `*` for everything.
   */
  readonly prefix: string;
  /** What. */
  readonly access: Access;
}

const RANK: Readonly<Record<Access, number>> = { read: 0, write: 1, admin: 2 };
const PREFIX = /^(?:\*|files:(?:\*|[A-Za-z0-9_-]+)|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)$/;

/**
 * Reads a scope as it is written: `<prefix>:<access>`.
 *
 * @param text The scope.
 * @returns What it says.
 * @throws {StorageError} `invalid-argument` if it says nothing.
 *
 * @example
 * ```ts
 * import { parseScope } from "@polystore/polystore/server";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseScope("team.models:write"), { prefix: "team.models", access: "write" });
 * assert.deepEqual(parseScope("files:images:read"), { prefix: "files:images", access: "read" });
 * assert.throws(() => parseScope("team"), { code: "invalid-argument" });
 * ```
 */
export function parseScope(text: string): Scope {
  const colon = text.lastIndexOf(":");
  const [prefix, access] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)];
  if (!PREFIX.test(prefix) || !isAccess(access)) {
    throw new StorageError(
      "invalid-argument",
      `a scope is "<prefix>:<access>", like "team.models:write", "files:images:read" or "*:admin": received ${
        JSON.stringify(text)
      }`,
    );
  }
  return { prefix, access };
}

function isAccess(text: string): text is Access {
  return Object.hasOwn(RANK, text);
}

/**
 * Whether one of the scopes covers a place.
 *
 * @param scopes What was granted.
 * @param place A namespace, or `files:<backend>`.
 * @param access What is to be done there.
 * @returns Whether it may be done.
 *
 * @example
 * ```ts
 * import { covers } from "@polystore/polystore/server";
 * import assert from "node:assert/strict";
 *
 * const scopes = [{ prefix: "team", access: "write" }] as const;
 * assert(covers(scopes, "team.models", "read"));
 * assert(!covers(scopes, "teams", "read"));
 * assert(!covers(scopes, "team", "admin"));
 * ```
 */
export function covers(scopes: readonly Scope[], place: string, access: Access): boolean {
  return scopes.some((scope) => RANK[scope.access] >= RANK[access] && includes(scope.prefix, place));
}

function includes(prefix: string, place: string): boolean {
  if (prefix === "*" || prefix === place) return true;
  if (prefix === "files:*") return place.startsWith("files:");
  return !prefix.startsWith("files:") && place.startsWith(`${prefix}.`);
}
