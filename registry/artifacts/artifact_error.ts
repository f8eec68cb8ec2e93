/**
 * {@linkcode ArtifactError}: a `StorageError` that also says what to try.
 *
 * @module
 */

import { type ErrorCode, StorageError, type StorageErrorOptions } from "../../backends/errors.ts";
import { nearest } from "../nearest.ts";

/** Options of {@linkcode ArtifactError}. */
export interface ArtifactErrorOptions extends StorageErrorOptions {
  /**
   * What to try, the most promising first.
   *
   * @default {[]}
   */
  suggestions?: readonly string[] | undefined;
  /**
   * What is known about the failure: plain data.
   *
   * @default {{}}
   */
  context?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The error of a registry of artifacts: a {@linkcode StorageError} with suggestions, and the circumstances as data.
 *
 * @example
 * ```ts
 * import { ArtifactError, FunctionalRegistry } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * const losses = new FunctionalRegistry();
 * await losses.register("mse", (a: number, b: number) => (a - b) ** 2);
 * const error = await losses.get("ms").catch((error) => error);
 * assert(error instanceof ArtifactError);
 * assert.equal(error.code, "not-found");
 * assert.deepEqual(error.suggestions, ['did you mean "mse"?']);
 * assert.equal(error.context.key, "ms");
 * ```
 */
export class ArtifactError extends StorageError {
  /** What to try, the most promising first. */
  readonly suggestions: readonly string[];
  /** What is known about the failure. */
  readonly context: Readonly<Record<string, unknown>>;

  /**
   * Creates an error.
   *
   * @param code Why it failed.
   * @param detail What happened; no final period.
   * @param options Suggestions and circumstances, and what every error has.
   */
  constructor(code: ErrorCode, detail: string, options: ArtifactErrorOptions = {}) {
    const { suggestions = [], context = {}, ...rest } = options;
    super(code, detail, rest);
    this.name = "ArtifactError";
    this.suggestions = suggestions;
    this.context = context;
  }
}

/**
 * The error for a key under which nothing is registered.
 *
 * @param key The key.
 * @param known Keys there are, to find the one that was meant.
 * @returns The error to throw.
 *
 * @example
 * ```ts
 * import { missing } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * assert.match(missing("ms", ["mse", "mae"]).message, /did you mean "mse"/);
 * ```
 */
export function missing(key: string, known: Iterable<string>): ArtifactError {
  const similar = key.length > MAX_COMPARED ? undefined : nearest(key, comparable(key, known));
  const suggestions = similar === undefined ? [] : [`did you mean ${JSON.stringify(similar)}?`];
  const hint = suggestions.map((suggestion) => `; ${suggestion}`).join("");
  return new ArtifactError("not-found", `nothing is registered under this key${hint}`, {
    path: key,
    suggestions,
    context: { key },
  });
}

/** Comparing takes the product of two lengths and of how many there are: strangers must not make it long. */
const MAX_COMPARED = 64;
const MAX_CANDIDATES = 200;

/** The keys that are worth a comparison. */
function* comparable(key: string, known: Iterable<string>): Generator<string, void> {
  let count = 0;
  for (const candidate of known) {
    if (Math.abs(candidate.length - key.length) > key.length / 2) continue;
    yield candidate;
    if (++count === MAX_CANDIDATES) return;
  }
}

/**
 * The error for a key that is taken.
 *
 * @param key The key.
 * @returns The error to throw.
 */
export function taken(key: string): ArtifactError {
  return new ArtifactError("already-exists", "something is registered under this key already", {
    path: key,
    suggestions: ['pass { onDuplicate: "replace" } to take its place', "unregister it first", "choose another key"],
    context: { key },
  });
}

/**
 * The error for content that is not the one a condition names.
 *
 * @param key The key.
 * @param etag The etag of the content that is there, if any.
 * @returns The error to throw.
 */
export function mismatch(key: string, etag: string | undefined): ArtifactError {
  const detail = etag === undefined
    ? "there is nothing to replace or remove under this key"
    : "the content was changed by someone else meanwhile";
  return new ArtifactError("precondition-failed", detail, {
    path: key,
    suggestions: ["get it again and retry"],
    context: { key, ...(etag !== undefined && { etag }) },
  });
}
