/**
 * {@linkcode json}: answers, and what is common to all of them.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** Headers of every answer: it is data of this moment, never a page. */
const COMMON: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** An answer that is complete. */
export interface WholeAnswer {
  /** Its status. */
  readonly status: number;
  /** Its headers. */
  readonly headers: Record<string, string>;
  /** Its body. */
  readonly body: string;
}

/** What the answers of this file are made of: to read it out of a `Response` takes longer than all the rest. */
const WHOLE = new WeakMap<Response, WholeAnswer>();

/**
 * An answer of JSON text.
 *
 * @param text The text.
 * @param status The status.
 * @param headers More headers.
 * @returns The answer; its headers do not change any more.
 */
export function json(text: string, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  const length = String(Buffer.byteLength(text));
  const all = { ...COMMON, "content-type": "application/json", "content-length": length, ...headers };
  const response = new Response(text, { status, headers: all });
  WHOLE.set(response, { status, headers: all, body: text });
  return response;
}

/**
 * What an answer is made of.
 *
 * @param response The answer.
 * @returns It, or `undefined` if it was made elsewhere.
 */
export function wholeAnswer(response: Response): WholeAnswer | undefined {
  return WHOLE.get(response);
}

/**
 * Adds what is common to an answer that has not got it yet.
 *
 * @param response The answer.
 * @returns The same.
 */
export function withCommon(response: Response): Response {
  const { headers } = response;
  if (WHOLE.has(response) || headers.has("referrer-policy")) return response;
  for (const [name, value] of Object.entries(COMMON)) if (!headers.has(name)) headers.set(name, value);
  return response;
}
