/**
 * What sender and receiver tell each other, apart from batches: the headers of frames. See `frame.ts`.
 *
 * @module
 */

import { type ErrorCode, isErrorCode, isStorageError, StorageError } from "../errors.ts";
import { corrupt } from "./frame.ts";
import { checkFields, count, ordinal, string } from "./fields.ts";

/** The header of `hello`. */
export interface Hello {
  /** The name of the session: unguessable, the sender's own. */
  readonly session: string;
  /** No batch before this one will come. */
  readonly first: number;
}

/** The header of `welcome`. */
export interface Welcome {
  /** The last batch of the session that came here; 0 for none. */
  readonly received: number;
  /** How many batches may be unanswered. */
  readonly batches: number;
  /** How many bytes they may have together, unless it is one. */
  readonly bytes: number;
  /** The most bytes of a frame. */
  readonly frame: number;
}

/** The header of `acknowledge`. */
export interface Acknowledgement {
  /** Every batch up to this one was handled or refused. */
  readonly sequence: number;
}

/** The header of `fail`. */
export interface Failure {
  /** The code of the error. */
  readonly code: ErrorCode;
  /** What happened. */
  readonly detail: string;
}

/** The header of `refuse`. */
export interface Refusal extends Failure {
  /** The batch. */
  readonly sequence: number;
}

const MAX_DETAIL = 1000;

/** Reads the header of `hello`. */
export function parseHello(header: unknown): Hello {
  return checkFields<Hello>(header, { session, first: ordinal });
}

function session(value: unknown, name: string): string {
  if (!/^[\w-]{16,64}$/.test(string(value, name))) throw corrupt("session is no name");
  return value as string;
}

/** Reads the header of `welcome`. */
export function parseWelcome(header: unknown): Welcome {
  return checkFields<Welcome>(header, { received: count, batches: ordinal, bytes: ordinal, frame: ordinal });
}

/** Reads the header of `acknowledge`. */
export function parseAcknowledgement(header: unknown): Acknowledgement {
  return checkFields<Acknowledgement>(header, { sequence: count });
}

/** Reads the header of `refuse`. */
export function parseRefusal(header: unknown): Refusal {
  return checkFields<Refusal>(header, { sequence: ordinal, code, detail });
}

/** Reads the header of `fail`. */
export function parseFailure(header: unknown): Failure {
  return checkFields<Failure>(header, { code, detail });
}

/** The header that tells an error. */
export function failureOf(error: unknown): Failure {
  if (isStorageError(error)) return { code: error.code, detail: error.detail.slice(0, MAX_DETAIL) };
  const message = error instanceof Error ? error.message : String(error);
  return { code: "io", detail: message.slice(0, MAX_DETAIL) };
}

/** The error that a header tells. */
export function errorOf({ code, detail }: Failure): StorageError {
  return new StorageError(code, `the receiver says: ${detail}`);
}

function detail(value: unknown, name: string): string {
  return string(value, name).slice(0, MAX_DETAIL);
}

/** A code that this version does not know is a failure all the same. */
function code(value: unknown, name: string): ErrorCode {
  const text = string(value, name);
  return isErrorCode(text) ? text : "io";
}
