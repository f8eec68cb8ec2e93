/**
 * {@linkcode readText}: the body of a request, of bounded size, in bounded time.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { ServerLimits } from "./limits.ts";
import { RequestError } from "./problem.ts";
import type { Call, Service } from "./service.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a body of JSON text, which is not parsed yet.
 *
 * @param call The request.
 * @param service What it may be, and what counts it.
 * @param depth How much deeper than a value it may be nested.
 * @returns The text.
 * @throws {RequestError} 415 for another type, 413 for too much, 408 for too slow, 400 for what is not whole or not UTF-8.
 */
export async function readText(call: Call, { limits, metrics }: Service, depth: number = 0): Promise<string> {
  const request = call.req.raw;
  const type = request.headers.get("content-type") ?? "";
  if (!JSON_TYPE.test(type)) {
    throw new RequestError(415, "invalid-argument", "a body must be JSON: send it with Content-Type: application/json");
  }
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") throw new RequestError(415, "invalid-argument", "a body must not be compressed");
  const length = Number(request.headers.get("content-length") ?? 0);
  if (length > limits.maxBody) throw tooLarge(limits.maxBody);
  const bytes = await readBytes(request, limits, call.env.signal);
  metrics.bytesIn += bytes.length;
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new RequestError(400, "invalid-argument", "a body must be UTF-8");
  }
  checkDepth(text, limits.maxDepth + depth);
  return text;
}

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

function tooLarge(maxBody: number): RequestError {
  return new RequestError(413, "invalid-argument", `a body may have at most ${maxBody} bytes`, { headers: LAST });
}

function tooSlow(): RequestError {
  return new RequestError(408, "unavailable", "the body came too slowly", { headers: LAST });
}

/** What comes after it on the connection would be taken for a request. */
const LAST = { connection: "close" };

/** Reads a body that is announced to be small at once, another part by part. */
async function readBytes(request: Request, { maxBody }: ServerLimits, signal: AbortSignal): Promise<Uint8Array> {
  const late = Promise.withResolvers<never>();
  const stop = (): void => late.reject(tooSlow());
  late.promise.catch(() => {/* nobody waits for it any more */});
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (!request.headers.has("content-length")) {
      // To look whether there is a body makes a stream of it, which takes longer than to read it.
      const { body } = request;
      return body === null ? new Uint8Array() : await readParts(body.getReader(), maxBody, late.promise);
    }
    const bytes = new Uint8Array(await Promise.race([request.arrayBuffer(), late.promise]));
    if (bytes.length > maxBody) throw tooLarge(maxBody);
    return bytes;
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw new RequestError(400, "invalid-argument", "the body was cut off");
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function readParts(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBody: number,
  late: Promise<never>,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for (
      let next = await Promise.race([reader.read(), late]);
      !next.done;
      next = await Promise.race([reader.read(), late])
    ) {
      size += next.value.length;
      if (size > maxBody) throw tooLarge(maxBody);
      parts.push(next.value);
    }
  } catch (error) {
    void reader.cancel().catch(() => {/* the client is gone */});
    throw error;
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Looks at the brackets outside of strings, before anything is made of them.
 *
 * @param text JSON text.
 * @param maxDepth How deep it may be nested.
 * @throws {RequestError} 400 if it is deeper.
 */
export function checkDepth(text: string, maxDepth: number): void {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > maxDepth) {
          throw new RequestError(400, "invalid-argument", `JSON may be nested at most ${maxDepth} deep`);
        }
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
      case QUOTE:
        for (at++; at < text.length && text.charCodeAt(at) !== QUOTE; at++) {
          if (text.charCodeAt(at) === BACKSLASH) at++;
        }
    }
  }
}

/**
 * Parses JSON that a client sent.
 *
 * @param text The text.
 * @param what What it stands for, for the error.
 * @returns The value.
 * @throws {RequestError} 400 if it is not JSON.
 */
export function parseJson(text: string, what: string = "body"): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(400, "invalid-argument", `the ${what} is not JSON`);
  }
}
