/**
 * {@linkcode ArtifactError}: a `StorageError` that also says what to try.
 *
 * @module
 */

import { type ErrorCode, isStorageError, StorageError, type StorageErrorOptions } from "../../backends/errors.ts";
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
 * An error of what is below a registry, as the registry tells it.
 *
 * @param error Anything that was thrown.
 * @returns The same failure as an {@linkcode ArtifactError}; what is no `StorageError` (an abort, a mistake of the program) as it is.
 *
 * @example
 * ```ts
 * import { StorageError } from "@polystore/polystore";
 * import { ArtifactError, artifactError } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * const error = artifactError(new StorageError("io", "the disk is gone", { path: "k" }));
 * assert(error instanceof ArtifactError);
 * assert.deepEqual([error.code, error.context], ["io", { key: "k" }]);
 * ```
 */
export function artifactError(error: unknown): unknown {
  if (!isStorageError(error) || "suggestions" in error) return error;
  const { code, detail, backend, operation, path, retryable, retryAfter } = error;
  const context = path === undefined ? {} : { key: path };
  return new ArtifactError(code, detail, { backend, operation, path, retryable, retryAfter, context, cause: error });
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
const MAX_LOOKED_AT = 20_000;

/** The keys that are worth a comparison: those that begin and end as the key does. */
function* comparable(key: string, known: Iterable<string>): Generator<string, void> {
  const byLikeness = Array.from({ length: key.length + 1 }, (): string[] => []);
  let looked = 0;
  for (const candidate of known) {
    if (++looked > MAX_LOOKED_AT) break;
    if (Math.abs(candidate.length - key.length) <= key.length / 2) {
      byLikeness[likeness(key, candidate)]!.push(candidate);
    }
  }
  let left = MAX_CANDIDATES;
  for (const candidates of byLikeness.reverse()) {
    yield* candidates.slice(0, left);
    left -= candidates.length;
    if (left <= 0) return;
  }
}

/** How much of a key another one has at its beginning and at its end. */
function likeness(key: string, other: string): number {
  const length = Math.min(key.length, other.length);
  let [begin, end] = [0, 0];
  while (begin < length && key[begin] === other[begin]) begin++;
  while (end < length - begin && key.at(-1 - end) === other.at(-1 - end)) end++;
  return begin + end;
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
