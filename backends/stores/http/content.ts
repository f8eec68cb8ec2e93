/**
 * {@linkcode HttpContent}: the content of a file, or a part of it, on its way.
 *
 * @module
 */

import { HttpBody } from "./body.ts";
import { type HttpQuestion, wrongAnswer } from "./error.ts";
import { partOf } from "./range.ts";
import { discard } from "./site.ts";
import { sizeOf } from "./told.ts";
import { extentOf } from "../range.ts";
import type { ByteRange } from "../store.ts";
import { StorageError } from "../../errors.ts";

/** What is asked for. */
export interface ContentRequest extends HttpQuestion {
  /** Which part; not empty. */
  readonly range?: ByteRange | undefined;
  /** Whether weak etags are believed. */
  readonly trustWeak: boolean;
}

/** The content of a file, or the part of it that was asked for: all of one version. */
export class HttpContent {
  /** Where it begins in the content; `undefined` if that is not known before its end. */
  readonly start: number | undefined;
  /** The size of the whole content, if it is known. */
  readonly size: number | undefined;
  readonly #response: Response;
  readonly #trustWeak: boolean;
  readonly #body: HttpBody;
  readonly #suffix: number | undefined;
  #tail: Uint8Array | undefined;

  private constructor(response: Response, request: ContentRequest) {
    const { range, path } = request;
    this.#response = response;
    this.#trustWeak = request.trustWeak;
    const length = lengthOf(response.headers);
    checkPlain(response, length, path);
    if (response.status === 206) {
      if (range === undefined) throw wrongAnswer(path, "206 where no range was asked for");
      const { start, end, size } = partOf(response.headers, range, path);
      if (length !== undefined && length !== end - start) {
        throw wrongAnswer(path, `a Content-Length of ${length} for the bytes from ${start} to ${end}`);
      }
      this.start = start;
      this.size = size;
      this.#body = new HttpBody(response, { skip: 0, whole: end - start }, request);
      return;
    }
    // The server takes no notice of ranges: the part is cut out on the way.
    this.size = length;
    if (range !== undefined && "suffix" in range && length === undefined) {
      this.#suffix = range.suffix;
      this.#body = new HttpBody(response, { skip: 0, whole: undefined }, request);
      return;
    }
    const { start, end } = extentOf(length ?? Number.MAX_SAFE_INTEGER, range);
    this.start = start;
    const open = range === undefined || "suffix" in range || range.length === undefined;
    this.#body = new HttpBody(
      response,
      { skip: start, length: open ? undefined : end - start, whole: length },
      request,
    );
  }

  /**
   * Takes an answer with 200 or 206 for what it is.
   *
   * @throws {StorageError} `corrupt` if it cannot be right; the answer is discarded then.
   */
  static async of(response: Response, request: ContentRequest): Promise<HttpContent> {
    try {
      return new HttpContent(response, request);
    } catch (error) {
      await discard(response, request);
      throw error;
    }
  }

  /** The etag of the whole content. */
  get etag(): string | undefined {
    return etagOf(this.#response.headers, this.#trustWeak);
  }

  /** All of it, in `into` if it fits. */
  async read(into?: Uint8Array): Promise<Uint8Array> {
    if (this.#suffix !== undefined) return await this.#body.tail(this.#suffix);
    return await this.#body.read(into);
  }

  /** The next bytes; `undefined` at the end. */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#suffix === undefined) return await this.#body.next();
    if (this.#tail !== undefined) return undefined;
    this.#tail = await this.#body.tail(this.#suffix);
    return this.#tail;
  }

  /** Lets go of what has not come yet. */
  async cancel(reason?: unknown): Promise<void> {
    await this.#body.cancel(reason);
  }
}

/** Refuses bytes that are packed, and those whose end cannot be told from a cut. */
function checkPlain(response: Response, length: number | undefined, path: string): void {
  const { headers } = response;
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  if (encoding !== "" && encoding !== "identity") {
    const detail = `the bytes come packed (Content-Encoding: ${encoding}), although they were wanted as they are: ` +
      "have the server send them so";
    throw new StorageError("corrupt", detail, { path });
  }
  // Without a length, HTTP/1 ends with the connection; where there is TLS, that tells an end from a cut.
  if (length === undefined && response.url.startsWith("http:") && !headers.has("transfer-encoding")) {
    const detail = "the server tells neither a length nor chunks, so that nobody would notice a cut: " +
      "have it send a Content-Length";
    throw new StorageError("unavailable", detail, { path });
  }
}

/** How long the body is, if it was told. */
export function lengthOf(headers: Headers): number | undefined {
  return sizeOf(headers.get("content-length")?.trim());
}

/**
 * The etag, if it changes with every byte.
 *
 * @param trustWeak Whether weak ones, which need not, are believed.
 */
export function etagOf(headers: Headers, trustWeak: boolean): string | undefined {
  const etag = headers.get("etag")?.trim();
  if (etag === undefined || etag === "" || (isWeak(etag) && !trustWeak)) return undefined;
  return etag;
}

/** Whether an etag may stay when bytes change. */
export function isWeak(etag: string): boolean {
  return etag.startsWith("W/");
}
