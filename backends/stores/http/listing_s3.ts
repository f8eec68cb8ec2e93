/**
 * {@linkcode s3Listing}: the listings of S3 and what is like it, for buckets that anybody may list.
 *
 * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html ListObjectsV2}
 * @module
 */

import { comparePaths } from "../../path.ts";
import { wrongAnswer } from "./error.ts";
import type { HttpListing } from "./listing.ts";
import type { HttpSite } from "./site.ts";
import { isName, sizeOf, timeOf } from "./told.ts";
import { parseXml, textOf, type XmlElement } from "./xml.ts";
import { isAfter } from "../order.ts";
import type { AbortOptions, Entry, ListOptions } from "../store.ts";

/**
 * How S3 lists: keys in the order of their bytes, page by page. Keys that are no paths here, such as `a//b`, are left out, and so
 * are those that stand for directories (`a/`) from listings of everything.
 */
export const s3Listing: HttpListing = {
  name: "S3",
  query: new URLSearchParams({ "list-type": "2", "max-keys": "1" }),
  recognises: ({ text }) => /^\s*(?:<\?xml[^>]*>\s*)?<ListBucketResult[\s>]/.test(text.slice(0, 1000)),
  async *list(site: HttpSite, prefix: string, options: ListOptions): AsyncGenerator<Entry> {
    const { limit = Infinity, signal } = options;
    let left = limit;
    if (left <= 0) return;
    for await (const entry of options.shallow ? children(site, prefix, options) : below(site, prefix, options)) {
      signal?.throwIfAborted();
      yield entry;
      if (--left <= 0) return;
    }
  },
  async isDirectory(site: HttpSite, path: string, options: AbortOptions): Promise<boolean> {
    for await (const { keys } of pages(site, path, { "max-keys": "1" }, options)) return keys.length > 0;
    return false;
  },
};

/** Everything below a directory, as it comes. */
async function* below(site: HttpSite, prefix: string, options: ListOptions): AsyncGenerator<Entry> {
  const { after, limit = Infinity } = options;
  let last: string | undefined;
  for await (const { keys } of pages(site, prefix, query(prefix, after, limit), options)) {
    for (const { key, size, modified } of keys) {
      if (!key.split("/").every(isName) || !isAfter(key, after)) continue;
      if (last !== undefined && comparePaths(key, last) <= 0) {
        throw wrongAnswer(prefix, "it does not list in the order of UTF-8 bytes: list with `shallow`");
      }
      last = key;
      yield { path: key, kind: "file", size, modified };
    }
  }
}

/**
 * The children of a directory. All are asked for before the first is told: S3 puts `a/` where its `/` belongs, behind `a-b`, and here a
 * directory is called `a`.
 */
async function* children(site: HttpSite, prefix: string, options: ListOptions): AsyncGenerator<Entry> {
  const { after } = options;
  const start = directory(prefix).length;
  const entries = new Map<string, Entry>();
  const asked = { ...query(prefix, after, Infinity), delimiter: "/" };
  for await (const { keys, prefixes } of pages(site, prefix, asked, options)) {
    for (const { key, size, modified } of keys) {
      // A key that is also the beginning of others is both: `stat` finds the file.
      if (isName(key.slice(start))) entries.set(key, { path: key, kind: "file", size, modified });
    }
    for (const key of prefixes) {
      const path = key.slice(0, -1);
      if (isName(path.slice(start)) && !entries.has(path)) entries.set(path, { path, kind: "directory" });
    }
  }
  for (const entry of [...entries.values()].sort((a, b) => comparePaths(a.path, b.path))) {
    if (isAfter(entry.path, after)) yield entry;
  }
}

/** What is listed in one answer. */
interface S3Page {
  readonly keys: readonly { key: string; size: number | undefined; modified: Date | undefined }[];
  /** What is common to keys that are not listed, with the `/` at their end. */
  readonly prefixes: readonly string[];
  /** Where the next page begins. */
  readonly next: string | undefined;
}

/** The pages of a listing, one after the other. */
async function* pages(
  site: HttpSite,
  path: string,
  query: Readonly<Record<string, string>>,
  { signal }: AbortOptions,
): AsyncGenerator<S3Page> {
  const search = new URLSearchParams({ "list-type": "2", "encoding-type": "url", prefix: directory(path), ...query });
  for (;;) {
    const document = await site.document(site.urlOf("", search), { path, signal });
    if (document === undefined) return;
    const page = await pageOf(document.text, directory(path));
    if (page === undefined || page.next === search.get("continuation-token")) {
      throw wrongAnswer(path, "what it lists is no page of a listing of S3");
    }
    yield page;
    if (page.next === undefined) return;
    search.set("continuation-token", page.next);
  }
}

/** Reads a page; `undefined` if it is none. Keys that were not asked for are left out. */
async function pageOf(text: string, prefix: string): Promise<S3Page | undefined> {
  let root: XmlElement;
  try {
    root = await parseXml(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const truncated = textOf(root, "IsTruncated")?.trim() === "true";
  const next = truncated ? textOf(root, "NextContinuationToken") : undefined;
  if (root.name !== "ListBucketResult" || (truncated && !next)) return undefined;
  const decode = textOf(root, "EncodingType")?.trim() === "url" ? decoded : (text: string) => text;
  const named = (name: string): XmlElement[] => root.children.filter((child) => child.name === name);
  const isAsked = (key: string | undefined): key is string => key?.startsWith(prefix) ?? false;
  return {
    keys: named("Contents").flatMap((content) => {
      const key = decode(textOf(content, "Key") ?? "");
      if (!isAsked(key)) return [];
      return [{ key, size: sizeOf(textOf(content, "Size")), modified: timeOf(textOf(content, "LastModified")) }];
    }),
    prefixes: named("CommonPrefixes").map((common) => decode(textOf(common, "Prefix") ?? "")).filter(isAsked),
    next,
  };
}

/** A key that is escaped, a space perhaps as `+`; `undefined` if it is no text. */
function decoded(key: string): string | undefined {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function query(prefix: string, after: string | undefined, limit: number): Record<string, string> {
  return {
    ...(after?.startsWith(directory(prefix)) && after !== "" && { "start-after": after }),
    ...(limit < 1000 && { "max-keys": String(limit) }),
  };
}

/** What the keys in a directory begin with. */
function directory(path: string): string {
  return path === "" ? "" : `${path}/`;
}
