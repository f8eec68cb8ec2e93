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

/** An answer whose body is a text, in parts: to make a `Response`, and to take it apart again, takes longer than all the rest. */
export interface WholeAnswer {
  /** Its status. */
  readonly status: number;
  /** Its headers, names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  /** Its body; empty for none. */
  readonly body: string;
}

/** What is answered to a request, once that is known. */
export interface Answered {
  /** The answer; `undefined` if it is not a {@linkcode WholeAnswer}. */
  answer?: WholeAnswer | undefined;
}

/** What a route returns that has left its answer elsewhere. Whoever adds headers to it makes another one. */
export const ELSEWHERE: Response = new Response(null);

/**
 * Answers with JSON text.
 *
 * @param request What is answered.
 * @param content The text.
 * @param status The status.
 * @param headers More headers.
 * @returns What the route returns.
 */
export function json(
  request: Answered,
  content: string,
  status: number = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return text(request, content, status, { "content-type": "application/json", ...headers });
}

/**
 * Answers with a text.
 *
 * @param request What is answered.
 * @param content The text.
 * @param status The status.
 * @param headers More headers, among them its type.
 * @returns What the route returns.
 */
export function text(
  request: Answered,
  content: string,
  status: number,
  headers: Readonly<Record<string, string>>,
): Response {
  const length = String(Buffer.byteLength(content));
  request.answer = { status, headers: { ...COMMON, "content-length": length, ...headers }, body: content };
  return ELSEWHERE;
}

/**
 * Answers with a status alone.
 *
 * @param request What is answered.
 * @param status 204 or 304.
 * @param headers More headers.
 * @returns What the route returns.
 */
export function noBody(
  request: Answered,
  status: 204 | 304,
  headers: Readonly<Record<string, string>> = {},
): Response {
  request.answer = { status, headers: { ...COMMON, ...headers }, body: "" };
  return ELSEWHERE;
}

/** An answer in one piece. */
export function responseOf({ status, headers, body }: WholeAnswer): Response {
  return new Response(body === "" ? null : body, { status, headers });
}

/**
 * Adds what is common to an answer that was made elsewhere.
 *
 * @param response The answer.
 * @returns The same.
 */
export function withCommon(response: Response): Response {
  const { headers } = response;
  for (const [name, value] of Object.entries(COMMON)) if (!headers.has(name)) headers.set(name, value);
  return response;
}
