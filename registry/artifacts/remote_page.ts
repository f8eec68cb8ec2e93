/**
 * {@linkcode pageOf}: a page of a listing, as a server sends it.
 *
 * @module
 */

import type { ListedArtifact } from "./artifact_storage.ts";
import { memberOf, partsOf } from "./json_source.ts";

/** A page of a listing. */
export interface RemotePage {
  /** What is on it. */
  readonly entries: ListedArtifact<string>[];
  /** Where the next one begins; `undefined` if there is none. */
  readonly next: string | undefined;
}

/**
 * Reads a page; values are kept as they were written.
 *
 * @param text JSON text.
 * @param values Whether the values are on it.
 * @returns The page; `undefined` for what is none.
 */
export function pageOf(text: string, values: boolean): RemotePage | undefined {
  let page: unknown;
  try {
    page = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { entries, next } = Object(page) as Record<string, unknown>;
  if (!Array.isArray(entries) || (next !== undefined && typeof next !== "string")) return undefined;
  const sources = values ? Array.from(partsOf(memberOf(text, "entries")!), (part) => part.text) : [];
  const listed = entries.map((entry, index) => listedOf(entry, sources[index]));
  return listed.every((entry) => entry !== undefined) ? { entries: listed, next } : undefined;
}

function listedOf(entry: unknown, source: string | undefined): ListedArtifact<string> | undefined {
  const { key, etag } = Object(entry) as Record<string, unknown>;
  if (typeof key !== "string") return undefined;
  if (source === undefined) return { key };
  const value = memberOf(source, "value");
  return typeof etag !== "string" || value === undefined ? undefined : { key, etag, value };
}
