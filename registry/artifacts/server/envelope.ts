/**
 * Envelopes of the original server: JSON text in JSON.
 *
 * @module
 */

import { StorageError } from "../../../backends/errors.ts";
import { checkKey } from "../wire.ts";
import { checkDepth, parseJson } from "./body.ts";
import { RequestError } from "./problem.ts";

/** JSON text in JSON. */
export interface Envelope {
  /** What the data is. */
  readonly type: "json";
  /** JSON text. */
  readonly data: string;
  /** How the data is written. */
  readonly encoding: "json";
}

/** Begins the names of keys that are no text. */
const OTHER = "json:";

/** JSON text in an envelope. */
export function envelope(text: string): Envelope {
  return { type: "json", data: text, encoding: "json" };
}

/**
 * The JSON text in an envelope.
 *
 * @param value What should be an envelope.
 * @param what What it stands for, for the error.
 * @param maxDepth How deep the text may be nested.
 * @returns The text.
 * @throws {RequestError} 415 for a pickle, 400 for what is no envelope.
 */
export function openEnvelope(value: unknown, what: "key" | "value", maxDepth: number): string {
  const { type, data, encoding = "json" } = Object(value) as Partial<Record<keyof Envelope, unknown>>;
  if (typeof type === "string" && type !== "json") {
    throw new RequestError(
      415,
      "unsupported",
      `the ${what} must be JSON: an envelope of another type is never opened`,
      {
        suggestions: ['send {"type":"json","data":"<JSON text>","encoding":"json"}'],
      },
    );
  }
  if (type !== "json" || typeof data !== "string" || encoding !== "json") {
    throw new RequestError(
      400,
      "invalid-argument",
      `the ${what} must be {"type":"json","data":"<JSON text>","encoding":"json"}`,
    );
  }
  checkDepth(data, maxDepth);
  return data;
}

/**
 * The key that a JSON text stands for.
 *
 * @param text JSON text.
 * @returns The text that it is, or `json:` and the JSON text of anything else.
 * @throws {StorageError} `invalid-argument` for what is no JSON, for a number that no double holds, so that it would be the key of another
 * one, and for a text that looks like the name of another key.
 */
export function keyOf(text: string): string {
  const key = parseJson(text, "key");
  if (typeof key !== "string") {
    JSON.parse(text, checkNumber);
    return checkKey(OTHER + canonical(key));
  }
  if (key.startsWith(OTHER)) throw new StorageError("invalid-argument", `a key must not begin with "${OTHER}" here`);
  return checkKey(key);
}

/** The envelope of a key. */
export function keyEnvelope(key: string): Envelope {
  if (!key.startsWith(OTHER)) return envelope(JSON.stringify(key));
  const text = key.slice(OTHER.length);
  try {
    if (canonical(JSON.parse(text)) === text) return envelope(text);
  } catch {
    // It was not made here: then it is a text.
  }
  return envelope(JSON.stringify(key));
}

/** JSON text that is the same for all ways to write a value. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const entries = Object.entries(value).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`).join()}}`;
}

/** Checks that a number comes back, as a reviver of `JSON.parse`. */
function checkNumber(_name: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined) return value;
  if (decimal(context.source) === decimal(String(value))) return value;
  throw new StorageError("invalid-argument", "a number in a key cannot be told from another one: send it as a text");
}

/** A number so that each way to write it is the same: its digits, and the place of the point. */
function decimal(text: string): string {
  const [, sign = "", whole = "", part = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ??
    [];
  const digits = (whole + part).replace(/^0+/, "");
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return end === 0 ? "0" : `${sign}${digits.slice(0, end)}e${Number(exponent) - part.length + digits.length - end}`;
}
