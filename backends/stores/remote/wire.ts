/**
 * What the two ends of the wire agree on: names of headers, and how a stat, an etag and an entry are written.
 *
 * @module
 */

import type { Entry, EntryKind, Stat, Store } from "../store.ts";

/** Header of a request that was made before, and perhaps answered. */
export const RETRIED = "retried";

/** Header of a change: its name, by which the server knows it again. */
export const WRITE_ID = "write-id";

/** Header: the server process. On a request, the only one that may carry it out; on an answer, the one that answers. */
export const SERVER_ID = "server-id";

/** Header of an error: its code, for who does not read the body. */
export const ERROR_CODE = "error-code";

/** Header: what is there, `file` or `directory`. */
export const ENTRY_KIND = "entry-kind";

/** Header of an upload: the answer must tell the etag, whatever that costs. */
export const WANT_ETAG = "want-etag";

/** Media type of content and batches in frames. */
export const FRAMES = "application/vnd.polystore.frames";

/** Media type of a listing, a line for each entry. */
export const LINES = "application/x-ndjson";

/** How often a server that has no news says that it is still there, in milliseconds. */
export const HEARTBEAT = 15_000;

/** The members of a store that a server may offer besides `read` and `stat`. */
export const MEMBERS = [
  "list",
  "write",
  "delete",
  "makeDirectory",
  "createSymlink",
  "readSymlink",
  "writeExpiring",
  "watch",
  "copy",
  "move",
  "deleteTree",
  "readMany",
  "writeMany",
  "writeParts",
  "openRead",
  "openWrite",
] as const satisfies readonly (keyof Store)[];

/** What a server tells about one of its backends. */
export interface Offer {
  /** Its name there. */
  readonly name: string;
  /** The members its store has. */
  readonly members: readonly string[];
}

/** What became of a change. */
export interface Outcome {
  /**
   * `pending`: it is under way; `done`; `failed`, and nothing has changed; `cancelled`, and it never will be carried out; `unknown`:
   * it was so long ago that nobody knows.
   */
  readonly state: "pending" | "done" | "failed" | "cancelled" | "unknown";
  /** What it answered. */
  readonly result?: ChangeResult | undefined;
  /** Why it failed. */
  readonly problem?: Problem | undefined;
}

/** What a change answers. */
export interface ChangeResult {
  /** Of one file. */
  readonly etag?: string | undefined;
  /** Of many, in order. */
  readonly etags?: readonly string[] | undefined;
}

/** The body of an error: RFC 9457, with the code of this package. */
export interface Problem {
  /** What kind of problem it is: there is no page about it. */
  readonly type: "about:blank";
  /** The status, in words. */
  readonly title: string;
  /** The status. */
  readonly status: number;
  /** What happened. */
  readonly detail: string;
  /** Code of the error. */
  readonly code: string;
  /** Whether the same request may succeed the next time. */
  readonly retryable?: boolean | undefined;
  /** How long to wait before, in milliseconds. */
  readonly retryAfter?: number | undefined;
  /** What it was about. */
  readonly context?: { readonly path?: string | undefined } | undefined;
  /** The request, as the log of the server calls it. */
  readonly requestId?: string | undefined;
}

/** A stat as JSON: times in milliseconds since the epoch. */
export interface StatJson {
  /** What it is. */
  readonly kind: "file" | "directory";
  /** In bytes. */
  readonly size?: number | undefined;
  /** When it last changed. */
  readonly modified?: number | undefined;
  /** The etag. */
  readonly etag?: string | undefined;
  /** When it goes. */
  readonly expires?: number | undefined;
}

/** An entry as JSON. */
export interface EntryJson {
  /** The path. */
  readonly path: string;
  /** What it is. */
  readonly kind: EntryKind;
  /** In bytes. */
  readonly size?: number | undefined;
  /** When it last changed. */
  readonly modified?: number | undefined;
}

/** An etag as a header has it: in quotes, and of letters that no header objects to. */
export function quoteEtag(etag: string): string {
  return `"${encodeURIComponent(etag)}"`;
}

/** The etag in the quotes; `undefined` if it is not one of {@linkcode quoteEtag}: a weak one, for example. */
export function unquoteEtag(quoted: string | null | undefined): string | undefined {
  const text = /^"([^"]*)"$/.exec(quoted ?? "")?.[1];
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined; // It is another's.
  }
}

/** A stat, to be sent. */
export function statToJson({ kind, size, modified, etag, expires }: Stat): StatJson {
  return { kind, size, modified: modified?.getTime(), etag, expires: expires?.getTime() };
}

/** A stat that was sent. */
export function statFromJson({ kind, size, modified, etag, expires }: StatJson): Stat {
  return {
    kind,
    ...(size !== undefined && { size }),
    ...(modified !== undefined && { modified: new Date(modified) }),
    ...(etag !== undefined && { etag }),
    ...(expires !== undefined && { expires: new Date(expires) }),
  };
}

/** An entry, to be sent. */
export function entryToJson({ path, kind, size, modified }: Entry): EntryJson {
  return { path, kind, size, modified: modified?.getTime() };
}

/** An entry that was sent. */
export function entryFromJson({ path, kind, size, modified }: EntryJson): Entry {
  return {
    path,
    kind,
    ...(size !== undefined && { size }),
    ...(modified !== undefined && { modified: new Date(modified) }),
  };
}
