/**
 * {@linkcode HttpSite}: a place on the web, and how to ask it.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { normalizePath } from "../../path.ts";
import { bodyError, type HttpQuestion, reachError, statusError, wrongAnswer } from "./error.ts";
import { addsSlash, checkRedirect, redirectOf } from "./redirect.ts";

/** What is called instead of `fetch`; it must not follow redirects if it is told `redirect: "manual"`. */
export type HttpFetch = (url: string, init: RequestInit) => Promise<Response>;

/** How to reach a site. */
export interface HttpSiteOptions {
  /**
   * Where the root is: `http:` or `https:`, with or without a final `/`. A query is sent with every request, as those want it
   * who sign URLs; one that ends with `=`, like `https://example.org/v1/files/results?path=`, takes the path as the value of its last
   * parameter. User, password and fragment are refused.
   */
  url: string | URL;
  /**
   * Headers for every request, such as `Authorization`, or a function that makes them for each. They are sent to the origin of
   * `url` alone: never to another that it redirects to.
   *
   * @default {undefined} none
   */
  headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>) | undefined;
  /**
   * A client of Deno, for a proxy, a certificate or its own pool; it stays the caller's to close.
   *
   * @default {undefined} the one of `fetch`
   */
  client?: Deno.HttpClient | undefined;
  /**
   * What is called instead of `fetch`.
   *
   * @default {undefined} `fetch`
   */
  fetch?: HttpFetch | undefined;
  /**
   * Statuses that say that nothing is there. Add 403 for a bucket that may be read and not be listed: it says so of what is missing.
   *
   * @default {[404, 410, 414]}
   */
  absent?: readonly number[] | undefined;
}

/** A request for something at a path. */
export interface HttpRequest extends HttpQuestion {
  /**
   * Whether the content is wanted, or only what there is to say about it.
   *
   * @default {"GET"}
   */
  readonly method?: "GET" | "HEAD" | undefined;
  /** Headers of this request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The statuses that are answers. */
  readonly accept: readonly number[];
}

/** A document that lists. */
export interface HttpDocument {
  /** Its media type, in lower case, without parameters. */
  readonly type: string;
  /** What is in it. */
  readonly text: string;
}

const MAX_HOPS = 10;
/** What Deno's fetch takes; nothing has a longer name. */
const MAX_URL = 65_534;
/** Of the body of a refusal: what is shorter is read to its end, so that the connection can be used again. */
const MAX_DRAINED = 64 * 1024;
const MAX_DOCUMENT = 64 * 1024 * 1024;

/**
 * A place on the web: paths below a base URL.
 *
 * @example
 * ```ts
 * import { HttpSite } from "@polystore/polystore/http";
 * import assert from "node:assert/strict";
 *
 * const site = new HttpSite({ url: "https://example.org/data", headers: { authorization: "Bearer …" } });
 * assert.equal(site.urlOf("plate 1/a#b"), "https://example.org/data/plate%201/a%23b");
 * ```
 */
export class HttpSite {
  readonly #origin: string;
  readonly #base: string;
  readonly #query: string;
  readonly #inQuery: boolean;
  readonly #options: HttpSiteOptions;
  readonly #absent: readonly number[];

  /**
   * Names a place; nothing is asked yet.
   *
   * @throws {StorageError} `invalid-argument` if the URL is none, or not of the kind that is wanted.
   */
  constructor(options: HttpSiteOptions) {
    const { origin, pathname, search } = checked(options.url);
    this.#origin = origin;
    this.#inQuery = search.endsWith("=");
    this.#base = origin + (this.#inQuery || pathname.endsWith("/") ? pathname : `${pathname}/`);
    this.#query = search.slice(1);
    this.#options = options;
    this.#absent = options.absent ?? [404, 410, 414];
  }

  /**
   * The URL of a path. Every name is escaped whole, so that none means anything to a URL, and none leads out of the site.
   *
   * @param path The path.
   * @param query What to ask for; it follows the query of the site.
   * @throws {StorageError} `invalid-path` if it leads above the root.
   */
  urlOf(path: string, query?: URLSearchParams): string {
    const names = normalizePath(path).split("/").map(encodeURIComponent).join("/");
    if (this.#inQuery) return `${this.#base}?${this.#query}${names}${query === undefined ? "" : `&${query}`}`;
    const search = [this.#query, query?.toString() ?? ""].filter((part) => part !== "").join("&");
    return this.#base + names + (search && `?${search}`);
  }

  /** Whether the path is the value of a parameter. */
  get pathInQuery(): boolean {
    return this.#inQuery;
  }

  /** The URL of the site with a query instead of a path, where a path would be the value of a parameter. */
  queryUrlOf(query: URLSearchParams): string {
    return `${this.#base}?${this.#query.slice(0, this.#query.lastIndexOf("&") + 1)}${query}`;
  }

  /** The URL of a directory, which ends with `/` where the path is one of the URL. */
  directoryUrlOf(path: string): string {
    if (this.#inQuery) return this.urlOf(path);
    const [url, search] = splitAt(this.urlOf(path), "?");
    return (url.endsWith("/") ? url : `${url}/`) + search;
  }

  /**
   * Asks. Redirects are followed, for each `https:` to `https:` only; one that adds a `/` to the path, as servers do for directories,
   * is an answer.
   *
   * @returns The answer, whose body is to be read or cancelled; `nothing` if nothing is there.
   * @throws {StorageError} `permission-denied`, `unavailable`, `unsupported`, `io`.
   */
  async ask(url: string, request: HttpRequest): Promise<Response | "nothing" | "directory"> {
    if (url.length > MAX_URL) return "nothing";
    for (let hops = 0; hops <= MAX_HOPS; hops++) {
      const response = await this.#fetch(url, request);
      if (request.accept.includes(response.status)) return response;
      await discard(response, request);
      if (this.#absent.includes(response.status)) return "nothing";
      const next = redirectOf(response, url, request.path);
      if (next === undefined) throw statusError(response, request);
      if (addsSlash(url, next)) return "directory";
      checkRedirect(url, next, request.path);
      url = next.href;
    }
    throw new StorageError("unavailable", "the server redirects again and again", { path: request.path });
  }

  /**
   * Asks for a document, of at most 64 MiB.
   *
   * @param url Its URL.
   * @param asked What it is for.
   * @param refusals Other statuses that say that there is none.
   * @returns It, or `undefined` if there is none.
   */
  async document(
    url: string,
    asked: HttpQuestion,
    refusals: readonly number[] = [],
  ): Promise<HttpDocument | undefined> {
    const headers = { accept: "*/*" };
    const response = await this.ask(url, { ...asked, headers, accept: [200, ...refusals] });
    if (typeof response === "string") return undefined;
    if (response.status !== 200) return void await discard(response, asked);
    const type = (response.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
    const decoder = new TextDecoder();
    let text = "";
    let length = 0;
    try {
      for await (const chunk of response.body ?? []) {
        length += chunk.length;
        if (length > MAX_DOCUMENT) throw wrongAnswer(asked.path, "the listing is longer than 64 MiB");
        text += decoder.decode(chunk, { stream: true });
      }
    } catch (error) {
      throw bodyError(error, asked);
    }
    return { type, text: text + decoder.decode() };
  }

  async #fetch(url: string, request: HttpRequest): Promise<Response> {
    const { method = "GET", signal } = request;
    const { client, fetch: call = fetch } = this.#options;
    // Content, and no page about it.
    const own = this.#inQuery ? { accept: "application/octet-stream", ...request.headers } : request.headers;
    const headers = this.#options.headers === undefined ? asIs(own) : await this.#headers(url, own);
    try {
      return await call(url, {
        method,
        headers,
        redirect: "manual",
        ...(signal && { signal }),
        ...(client && { client }),
      });
    } catch (error) {
      throw reachError(error, url, request);
    }
  }

  async #headers(url: string, own: Readonly<Record<string, string>> | undefined): Promise<HeadersInit> {
    const fixed = asIs(own);
    const { headers } = this.#options;
    if (new URL(url).origin !== this.#origin) return fixed;
    const all = new Headers(typeof headers === "function" ? await headers() : headers);
    for (const [name, value] of Object.entries(fixed)) all.set(name, value);
    return all;
  }
}

/** The bytes are wanted as they are: what is packed for the way has other lengths, and no ranges. */
function asIs(headers: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return { ...headers, "accept-encoding": "identity" };
}

function checked(url: string | URL): URL {
  if (!URL.canParse(url)) throw refused(`url must be a URL: received ${JSON.stringify(String(url))}`);
  const base = new URL(url);
  if (base.protocol !== "http:" && base.protocol !== "https:") {
    throw refused(`url must begin with http: or https: received ${base.protocol}`);
  }
  if (base.username !== "" || base.password !== "") {
    throw refused("url must not hold a user or a password: give them in `headers`, as `Authorization`");
  }
  if (base.hash !== "") throw refused("url must not hold a fragment, which no server sees");
  return base;
}

function refused(detail: string): StorageError {
  return new StorageError("invalid-argument", detail);
}

function splitAt(text: string, mark: string): [before: string, rest: string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at)];
}

/** Lets go of an answer that is not wanted. */
export async function discard(response: Response, { signal }: Pick<HttpQuestion, "signal"> = {}): Promise<void> {
  const length = Number(response.headers.get("content-length") ?? NaN);
  const end = length <= MAX_DRAINED ? response.arrayBuffer() : response.body?.cancel();
  await end?.catch(() => {/* its status counts, not what it says */});
  signal?.throwIfAborted();
}
