/**
 * {@linkcode BatchReport}: what became of many artifacts.
 *
 * @module
 */

import { type ErrorCode, isStorageError } from "../../backends/errors.ts";

/** Why one of many failed. */
export interface BatchFailure {
  /** Its key. */
  readonly key: string;
  /** What happened: the message. */
  readonly error: string;
  /** Why, for programs. */
  readonly code: ErrorCode;
  /** What to try. */
  readonly suggestions: readonly string[];
  /** What is known about it. */
  readonly context: Readonly<Record<string, unknown>>;
}

/** What became of many artifacts, in the order in which they were given. */
export interface BatchReport {
  /** The keys of those that are well. */
  readonly successful: readonly string[];
  /** The keys of those that failed. */
  readonly failed: readonly string[];
  /** How many there were. */
  readonly total: number;
  /** Why they failed. */
  readonly errors: readonly BatchFailure[];
}

/**
 * The report of an outcome.
 *
 * @param outcome What each key failed with, or `undefined`.
 * @returns The report.
 * @throws What is not a failure of an artifact, but a mistake of the program.
 */
export function reportOf(outcome: Iterable<readonly [key: string, error: unknown]>): BatchReport {
  const all = [...outcome];
  const bad = all.filter(([, error]) => error !== undefined);
  return {
    successful: all.filter(([, error]) => error === undefined).map(([key]) => key),
    failed: bad.map(([key]) => key),
    total: all.length,
    errors: bad.map(([key, error]) => failureOf(key, error)),
  };
}

function failureOf(key: string, error: unknown): BatchFailure {
  if (!isStorageError(error)) throw error;
  const { suggestions = [], context = {} } = error as Partial<Pick<BatchFailure, "suggestions" | "context">>;
  return { key, error: error.message, code: error.code, suggestions, context };
}
