/**
 * Ranges of HTTP: asking for one, and checking what comes.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-14 RFC 9110, range requests}
 * @module
 */

import { wrongAnswer } from "./error.ts";
import type { ByteRange } from "../store.ts";

/**
 * The header that asks for a range.
 *
 * @param range A range that is not empty.
 * @returns The header; `undefined` if it is all there is.
 */
export function rangeHeader(range: ByteRange | undefined): string | undefined {
  if (range === undefined) return undefined;
  if ("suffix" in range) return `bytes=-${range.suffix}`;
  const { offset, length } = range;
  if (length !== undefined) return `bytes=${offset}-${lastOf(offset, length)}`;
  return offset === 0 ? undefined : `bytes=${offset}-`;
}

function lastOf(offset: number, length: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, offset + length - 1);
}

/** A part of a content. */
export interface ContentPart {
  /** Its first byte. */
  readonly start: number;
  /** The byte after its last. */
  readonly end: number;
  /** The size of the content; `undefined` if it was not told. */
  readonly size: number | undefined;
}

const PART = /^bytes +(\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/i;
const BEYOND = /^bytes +\*\/(\d{1,16})$/i;

/**
 * Which part a server sends with 206: it must be the one that was asked for, to the last byte.
 *
 * @param headers The headers of its answer.
 * @param range What was asked for; not empty.
 * @param path The path, for messages.
 * @returns The part.
 * @throws {StorageError} `corrupt`.
 */
export function partOf(headers: Headers, range: ByteRange, path: string): ContentPart {
  const text = headers.get("content-range")?.trim();
  const match = PART.exec(text ?? "");
  if (match === null) throw wrongAnswer(path, `206 with the Content-Range ${JSON.stringify(text ?? "")}`);
  const start = Number(match[1]);
  const end = Number(match[2]) + 1;
  const size = match[3] === "*" ? undefined : Number(match[3]);
  const wanted = wantedOf(range, size);
  if (wanted === undefined || start !== wanted.start || end !== wanted.end || start >= end) {
    throw wrongAnswer(path, `it sends ${text} where ${rangeHeader(range)} was asked for`);
  }
  return { start, end, size };
}

/** The part that is wanted; `undefined` where that depends on a size which is not known. */
function wantedOf(range: ByteRange, size: number | undefined): { start: number; end: number } | undefined {
  if ("suffix" in range) return size === undefined ? undefined : { start: Math.max(0, size - range.suffix), end: size };
  const { offset, length } = range;
  const end = length === undefined ? size : Math.min(size ?? Infinity, lastOf(offset, length) + 1);
  return end === undefined ? undefined : { start: offset, end };
}

/** The size of the content, as a server tells it with 416; `undefined` if it does not. */
export function sizeBehind(headers: Headers): number | undefined {
  const match = BEYOND.exec(headers.get("content-range")?.trim() ?? "");
  return match === null ? undefined : Number(match[1]);
}

/** The size of the content, as a server tells it with 206; `undefined` if it does not. */
export function sizeAround(headers: Headers): number | undefined {
  const size = PART.exec(headers.get("content-range")?.trim() ?? "")?.[3];
  return size === undefined || size === "*" ? undefined : Number(size);
}
