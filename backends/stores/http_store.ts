/**
 * {@linkcode HttpStore}: what web servers serve.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { put } from "./http/body.ts";
import { HttpContent, isWeak } from "./http/content.ts";
import { changed, wrongAnswer } from "./http/error.ts";
import { findListing, type HttpListing } from "./http/listing.ts";
import { filesListing } from "./http/listing_files.ts";
import { nginxListing } from "./http/listing_nginx.ts";
import { s3Listing } from "./http/listing_s3.ts";
import { HttpMemory, type KeptContent } from "./http/memory.ts";
import { rangeHeader, sizeBehind } from "./http/range.ts";
import { discard, HttpSite, type HttpSiteOptions } from "./http/site.ts";
import { lookAt } from "./http/stat.ts";
import { streamContent } from "./http/stream.ts";
import { cut, extentOf } from "./range.ts";
import type { AbortOptions, ByteRange, Entry, Listable, ListOptions, ReadOptions, Stat, Store } from "./store.ts";
import { streamOf } from "./stream.ts";

export type { HttpQuestion } from "./http/error.ts";
export type { HttpListing } from "./http/listing.ts";
export { type HttpDocument, type HttpFetch, type HttpRequest, HttpSite, type HttpSiteOptions } from "./http/site.ts";

/** Options of {@linkcode HttpStore}. */
export interface HttpStoreOptions extends HttpSiteOptions {
  /**
   * How the server tells what it has: `nginx` (`autoindex_format json`), `s3` (ListObjectsV2, `url` being that of the bucket), `files` (the
   * handler `files()` of this package, `url` ending with `?path=`), or a way of your own. `auto` finds out with the first listing; with `none`, there is no `list`.
   *
   * @default {"auto"}
   */
  listing?: "auto" | "none" | "nginx" | "s3" | "files" | HttpListing | undefined;
  /**
   * How many bytes of what was read whole are kept, to ask with `If-None-Match`: what has not changed does not come again.
   *
   * @default {0}
   */
  revalidate?: number | undefined;
  /**
   * Believe weak etags (`W/"…"`) too, which a server need not change with every byte.
   *
   * @default {false} they are taken for none
   */
  trustWeakEtags?: boolean | undefined;
}

const CHOICES = { auto: undefined, none: null, nginx: nginxListing, s3: s3Listing, files: filesListing };

/** What is asked for besides a path. */
interface Wish extends AbortOptions {
  readonly range?: ByteRange | undefined;
  /** Content that need not come again. */
  readonly kept?: KeptContent | undefined;
  /** The etag that the content must have. */
  readonly etag?: string | undefined;
}

/**
 * The files of a web server, to be read: whole, in ranges, as streams. Needs `--allow-net` for its host.
 *
 * What comes is checked against what was asked for and what was announced: content that is cut short, longer, or not of the range is
 * an error, never an answer. A server that knows no ranges is read up to where the range ends. All bytes of a read or a stream are of one
 * version; a stream whose connection is cut goes on, up to three times, if the content has an etag.
 *
 * A path is a directory if the server redirects from it to the same with a `/`, as web servers do, or lists something in it. A server
 * that answers any path with a page cannot be told from one that has such files.
 *
 * Redirects are followed, ten at most, never from `https:` to `http:`; `headers` do not go to another origin.
 *
 * @example
 * ```ts
 * import { HttpStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const pages: Record<string, string> = { "/data/a.txt": "alpha" };
 * await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
 *   const page = pages[new URL(url).pathname];
 *   return new Response(page, { status: page === undefined ? 404 : 200 });
 * });
 * const store = new HttpStore({ url: `http://127.0.0.1:${server.addr.port}/data` });
 * const bytes = await store.read("a.txt", { range: { suffix: 3 } });
 * assert.equal(new TextDecoder().decode(bytes), "pha");
 * assert.equal(await store.read("b.txt"), undefined);
 * ```
 */
export class HttpStore implements Store {
  /** How the server is asked. */
  readonly site: HttpSite;
  /** See `Listable.list`. Not there with `listing: "none"`; throws `unsupported` if the server lists in no way that is known. */
  readonly list: Listable["list"] | undefined;
  readonly #memory: HttpMemory | undefined;
  readonly #trustWeak: boolean;
  /** How the server lists; `null` if it does not, `undefined` if that is not known yet. */
  #listing: HttpListing | null | undefined;

  /**
   * Creates a store; the server is not asked yet.
   *
   * @throws {StorageError} `invalid-argument` for a URL that is none, or not of the kind that is wanted.
   */
  constructor(options: HttpStoreOptions) {
    const { listing = "auto", revalidate = 0, trustWeakEtags = false } = options;
    this.site = new HttpSite(options);
    this.#trustWeak = trustWeakEtags;
    this.#memory = revalidate > 0 ? new HttpMemory(revalidate) : undefined;
    this.#listing = typeof listing === "object" ? listing : CHOICES[listing];
    this.list = this.#listing === null ? undefined : (prefix, options) => this.#list(prefix, options);
  }

  /**
   * See `Readable.read`.
   *
   * @throws {StorageError} `permission-denied`, `unavailable` (often retryable), `corrupt` for an answer that cannot be right.
   */
  async read(path: string, options: ReadOptions = {}): Promise<Uint8Array | undefined> {
    const { range, into, signal } = options;
    const kept = this.#memory?.get(path);
    const content = await this.#content(path, { range, signal, kept });
    if (!(content instanceof HttpContent)) return content && put(content.slice(), into);
    const bytes = await content.read(into);
    const etag = this.#memory && range === undefined ? content.etag : undefined;
    if (etag !== undefined) await this.#memory!.keep(path, etag, bytes);
    return bytes;
  }

  /** See `Readable.stat`. */
  async stat(path: string, options: AbortOptions = {}): Promise<Stat | undefined> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (path === "") return { kind: "directory" };
    const found = await lookAt(this.site, { path, signal }, this.#trustWeak);
    if (found !== "nothing") return found;
    const listing = await this.#lister(path, signal);
    return await listing?.isDirectory?.(this.site, path, options) ? { kind: "directory" } : undefined;
  }

  /**
   * See `Accelerated.openRead`.
   *
   * @throws {StorageError} What `read` throws.
   */
  async openRead(path: string, options: ReadOptions = {}): Promise<ReadableStream<Uint8Array> | undefined> {
    const { range, signal } = options;
    const content = await this.#content(path, { range, signal });
    if (!(content instanceof HttpContent)) return content && streamOf(content, signal);
    const end = range !== undefined && "offset" in range && range.length !== undefined
      ? range.offset + range.length
      : undefined;
    return streamContent(content, async ({ etag, size }, position) => {
      const rest = { offset: position, length: end === undefined ? undefined : end - position };
      const more = await this.#content(path, { range: rest, signal, etag });
      return await sameSize(more, size, path);
    });
  }

  /** See `Closable.close`. Forgets what was kept. */
  // deno-lint-ignore require-await
  async close(): Promise<void> {
    this.#memory?.clear();
  }

  /** Asks for content: `undefined` if there is none, bytes if they are known already. */
  async #content(path: string, wish: Wish): Promise<HttpContent | Uint8Array | undefined> {
    const { range, kept, etag, signal } = wish;
    signal?.throwIfAborted();
    if (path === "") return undefined;
    if (range !== undefined && isEmpty(range)) {
      return (await this.stat(path, { signal }))?.kind === "file" ? new Uint8Array() : undefined;
    }
    const header = rangeHeader(range);
    const answer = await this.site.ask(this.site.urlOf(path), {
      path,
      signal,
      headers: {
        ...(header !== undefined && { range: header }),
        ...(etag !== undefined && !isWeak(etag) && { "if-match": etag }),
        ...(kept && { "if-none-match": kept.etag }),
      },
      accept: [200, 206, ...(header === undefined ? [] : [416]), ...(etag ? [412] : []), ...(kept ? [304] : [])],
    });
    if (typeof answer === "string") return undefined;
    const { status, headers } = answer;
    if (status === 200 || status === 206) {
      const asked = header === undefined ? undefined : range;
      const content = await HttpContent.of(answer, { path, signal, range: asked, trustWeak: this.#trustWeak });
      if (etag === undefined || content.etag === etag) return content;
      await content.cancel();
      throw changed(path);
    }
    await discard(answer, { signal });
    if (status === 412) throw changed(path);
    if (status === 416) return await this.#pastEnd(path, wish, sizeBehind(headers));
    if ((headers.get("etag") ?? kept!.etag) !== kept!.etag) throw wrongAnswer(path, "304 for another etag");
    return cut(kept!.bytes, range);
  }

  /** What a range is of which the server says that nothing is there. */
  async #pastEnd(path: string, wish: Wish, told: number | undefined): Promise<HttpContent | Uint8Array | undefined> {
    const { range, signal } = wish;
    const stat = told === undefined || (range && "suffix" in range) ? await this.stat(path, { signal }) : undefined;
    if (stat !== undefined && stat.kind !== "file") return undefined;
    const size = told ?? stat?.size;
    if (size === undefined) throw wrongAnswer(path, "416 without the size of the content");
    const { start, end } = extentOf(size, range);
    if (start === end) return new Uint8Array();
    if (range && "offset" in range) throw wrongAnswer(path, `416 for ${start} of ${size} bytes`);
    // Some know ranges and no suffixes.
    const rest = { offset: start, length: end - start };
    return await sameSize(await this.#content(path, { range: rest, signal, etag: stat?.etag }), size, path);
  }

  async *#list(prefix: string, options: ListOptions = {}): AsyncGenerator<Entry> {
    options.signal?.throwIfAborted();
    const listing = await this.#lister(prefix, options.signal);
    if (listing === undefined) {
      const detail = "the server lists in no way that is known: give `listing`, or ask for paths that you know";
      throw new StorageError("unsupported", detail, { path: prefix });
    }
    yield* listing.list(this.site, prefix, options);
  }

  /** How the server lists, if it does. */
  async #lister(path: string, signal: AbortSignal | undefined): Promise<HttpListing | undefined> {
    if (this.#listing === undefined) {
      const known = this.site.pathInQuery ? [filesListing] : [nginxListing, s3Listing];
      this.#listing = await findListing(this.site, known, { path, signal }) ?? null;
    }
    return this.#listing ?? undefined;
  }
}

/** Makes sure that more of a content is there, and that its size is still the same, as far as that is known. */
async function sameSize(
  content: HttpContent | Uint8Array | undefined,
  size: number | undefined,
  path: string,
): Promise<HttpContent> {
  if (!(content instanceof HttpContent)) throw changed(path);
  if ((content.size ?? size) === (size ?? content.size)) return content;
  await content.cancel();
  throw changed(path);
}

/** Whether a range has no bytes, whatever the content; throws for one that is none. */
function isEmpty(range: ByteRange): boolean {
  const { start, end } = extentOf(Number.MAX_SAFE_INTEGER, range);
  return start === end && ("suffix" in range || range.length === 0);
}
