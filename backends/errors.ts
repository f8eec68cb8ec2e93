/**
 * The one error type: {@linkcode StorageError}, its codes, and how context is added to it.
 *
 * @module
 */

import type { ErrorCode } from "./error_code.ts";

export * from "./error_code.ts";

/** Where an error happened. Every field is optional: the bottom knows the path, the top the rest. */
export interface ErrorContext {
  /** Name of the backend, as it is registered. */
  backend?: string | undefined;
  /** The operation that failed, as a verb: `load`, `save`, `copy`. */
  operation?: string | undefined;
  /** The path, as the caller wrote it or normalised. */
  path?: string | undefined;
}

/** Options of {@linkcode StorageError}. */
export interface StorageErrorOptions extends ErrorContext {
  /**
   * Whether the same call may succeed if it is made again.
   *
   * @default {false}
   */
  retryable?: boolean | undefined;
  /**
   * How long to wait before the next try, in milliseconds, if the place said so.
   *
   * @default {undefined} it did not
   */
  retryAfter?: number | undefined;
  /** The error of the engine underneath. */
  cause?: unknown;
}

const BRAND: unique symbol = Symbol.for("@polystore/polystore/StorageError");

/**
 * The error that every store, format, backend, registry and file manager of this package throws.
 *
 * Only an `AbortError` (or whatever reason the caller's `AbortSignal` carries) passes through untouched.
 *
 * @example Acting on the code
 * ```ts
 * import { FileManager, isStorageError, MemoryBackend } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * const fm = new FileManager({ memory: new MemoryBackend() });
 * try {
 *   await fm.load("missing.json", "memory");
 *   assert.fail("nothing is there");
 * } catch (error) {
 *   assert(isStorageError(error, "not-found"));
 *   assert.equal(error.message, 'Cannot load "missing.json" from backend "memory": not found');
 * }
 * ```
 */
export class StorageError extends Error {
  /** Why it failed. */
  readonly code: ErrorCode;
  /** What happened, without the context: the end of the message. */
  readonly detail: string;
  /** Whether the same call may succeed if it is made again. */
  readonly retryable: boolean;
  /** How long to wait before the next try, in milliseconds, if the place said so. */
  readonly retryAfter: number | undefined;
  #context: ErrorContext;

  /**
   * Creates an error.
   *
   * @param code Why it failed.
   * @param detail What happened and what to do about it; no final period.
   * @param options Context, cause and whether a retry makes sense.
   */
  constructor(code: ErrorCode, detail: string, options: StorageErrorOptions = {}) {
    const { cause, retryable = false, retryAfter, ...context } = options;
    super(describe(detail, context), cause === undefined ? undefined : { cause });
    this.name = "StorageError";
    this.code = code;
    this.detail = detail;
    this.retryable = retryable;
    this.retryAfter = retryAfter;
    this.#context = context;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Name of the backend, as it is registered; `undefined` below the registry. */
  get backend(): string | undefined {
    return this.#context.backend;
  }

  /** The operation that failed. */
  get operation(): string | undefined {
    return this.#context.operation;
  }

  /** The path concerned. */
  get path(): string | undefined {
    return this.#context.path;
  }

  /**
   * Adds what the caller of a lower layer knows. The operation becomes the outer one, which is what the
   * user called; a path and a backend that are known already stay. Once a backend is named, the context
   * is complete and nothing changes any more.
   *
   * @param context What to add.
   * @returns This error.
   */
  within(context: ErrorContext): this {
    const before = this.#context;
    if (before.backend !== undefined) return this;
    return this.#describe({
      backend: context.backend,
      operation: context.operation ?? before.operation,
      path: before.path ?? context.path,
    });
  }

  /**
   * Names the path as the caller of a layer knows it, where the layer translates paths.
   *
   * @param path The path the caller used.
   * @returns This error.
   */
  at(path: string): this {
    return this.#describe({ ...this.#context, path });
  }

  #describe(context: ErrorContext): this {
    this.#context = context;
    const message = describe(this.detail, context);
    // The stack begins with the message it was made with.
    if (this.stack !== undefined) this.stack = this.stack.replace(this.message, () => message);
    this.message = message;
    return this;
  }
}

function describe(detail: string, { backend, operation, path }: ErrorContext): string {
  if (operation === undefined && path === undefined && backend === undefined) {
    return detail.charAt(0).toUpperCase() + detail.slice(1);
  }
  const what = path === undefined ? "" : ` ${quote(path)}`;
  const preposition = operation && FROM.has(operation) ? "from" : "in";
  const where = backend === undefined ? "" : ` ${preposition} backend "${backend}"`;
  return `Cannot ${operation ?? "use"}${what}${where}: ${detail}`;
}

/** A path in quotes; a very long one without its middle. */
function quote(path: string): string {
  return JSON.stringify(
    path.length <= MAX_QUOTED ? path : `${path.slice(0, MAX_QUOTED / 2)}…${path.slice(-MAX_QUOTED / 2)}`,
  );
}

const MAX_QUOTED = 200;

const FROM: ReadonlySet<string> = new Set(["load", "read", "delete", "list", "copy", "move"]);

/**
 * Whether `error` is a {@linkcode StorageError}, of one of `codes` if any are given. It looks for a brand, not for the class, so
 * that an error of another copy of this package is recognised too.
 *
 * @typeParam C The codes asked for.
 * @param error Anything that was thrown.
 * @param codes The codes to accept; none accepts all.
 * @returns Whether it is one, narrowing its type.
 *
 * @example
 * ```ts
 * import { isStorageError, StorageError } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * const error: unknown = new StorageError("not-found", "not found", { path: "a" });
 * assert(isStorageError(error));
 * assert(isStorageError(error, "not-found", "already-exists"));
 * assert(!isStorageError(error, "corrupt"));
 * assert(!isStorageError(new Error("not found")));
 * ```
 */
export function isStorageError<C extends ErrorCode = ErrorCode>(
  error: unknown,
  ...codes: C[]
): error is StorageError & { readonly code: C } {
  return typeof error === "object" && error !== null && BRAND in error &&
    (codes.length === 0 || codes.includes((error as unknown as StorageError).code as C));
}

/**
 * Adds context to a {@linkcode StorageError} and leaves everything else as it is: what is not one of ours (an abort, a mistake
 * of the program) reaches the caller untouched.
 *
 * @param error Anything that was thrown.
 * @param context What to add.
 * @returns The same error.
 *
 * @example
 * ```ts
 * import { inContext, StorageError } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * const error = inContext(new StorageError("not-found", "not found"), { operation: "load", path: "a" });
 * assert.equal((error as Error).message, 'Cannot load "a": not found');
 * ```
 */
export function inContext(error: unknown, context: ErrorContext): unknown {
  return isStorageError(error) ? error.within(context) : error;
}

/**
 * Does something, and adds context to the {@linkcode StorageError} it may fail with: what a backend's methods begin with.
 *
 * @typeParam T What it answers.
 * @param context What to add.
 * @param work What to do.
 * @returns What `work` answers.
 *
 * @example
 * ```ts
 * import { StorageError, withContext } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * const loading = withContext({ operation: "load", path: "a" }, () => {
 *   throw new StorageError("not-found", "not found");
 * });
 * await assert.rejects(loading, { message: 'Cannot load "a": not found', operation: "load" });
 * ```
 */
export async function withContext<T>(context: ErrorContext, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inContext(error, context);
  }
}
