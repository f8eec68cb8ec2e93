/**
 * {@linkcode readText}: the body of a request, of bounded size, in bounded time.
 *
 * @module
 */

import { RequestError } from "./problem.ts";

/** What a body may be. */
export interface BodyLimits {
  /** The most bytes. */
  readonly maxBody: number;
  /** The deepest nesting of JSON. */
  readonly maxDepth: number;
  /** How long it may take to come, in milliseconds. */
  readonly timeout: number;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a body of JSON text, which is not parsed yet.
 *
 * @param request The request.
 * @param limits What it may be.
 * @returns The text.
 * @throws {RequestError} 415 for another type, 413 for too much, 408 for too slow, 400 for what is not whole or not UTF-8.
 */
export async function readText(request: Request, limits: BodyLimits): Promise<string> {
  const type = request.headers.get("content-type") ?? "";
  if (!JSON_TYPE.test(type)) {
    throw new RequestError(415, "invalid-argument", "a body must be JSON: send it with Content-Type: application/json");
  }
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") throw new RequestError(415, "invalid-argument", "a body must not be compressed");
  const length = Number(request.headers.get("content-length") ?? 0);
  if (length > limits.maxBody) throw tooLarge(limits);
  const bytes = await readBytes(request, limits);
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new RequestError(400, "invalid-argument", "a body must be UTF-8");
  }
  checkDepth(text, limits.maxDepth);
  return text;
}

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

function tooLarge({ maxBody }: BodyLimits): RequestError {
  return new RequestError(413, "invalid-argument", `a body may have at most ${maxBody} bytes`, {
    headers: { connection: "close" },
  });
}

async function readBytes(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void reader.cancel().catch(() => {/* the client is gone */});
  }, limits.timeout);
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      size += next.value.length;
      if (size > limits.maxBody) throw tooLarge(limits);
      parts.push(next.value);
    }
  } catch (error) {
    void reader.cancel().catch(() => {/* the client is gone */});
    if (error instanceof RequestError) throw error;
    if (!late) throw new RequestError(400, "invalid-argument", "the body was cut off");
  } finally {
    clearTimeout(timer);
  }
  if (late) {
    const headers = { connection: "close" };
    throw new RequestError(408, "invalid-argument", "the body came too slowly", { headers });
  }
  return parts.length === 1 ? parts[0]! : joined(parts, size);
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
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
 * @returns The value.
 * @throws {RequestError} 400 if it is not JSON.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(400, "invalid-argument", "the body is not JSON");
  }
}
