/**
 * What the promises of backends are checked with.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { DataSource } from "../../backends/data_source.ts";
import type { AbortOptions } from "../../backends/stores/store.ts";
import { type ErrorCode, isStorageError, type StorageError } from "../../backends/errors.ts";
import { normalizePath } from "../../backends/path.ts";
import { assertBytes, collect, shown } from "./assertions.ts";
import type { BackendTrial } from "./backend_promise.ts";

/**
 * Asserts that `pending` rejects with a `StorageError` of one of `codes` which says what could not be done.
 *
 * @param pending What is tried.
 * @param codes One code or several.
 * @param path The path that it must name, in any spelling; `undefined` if there is none to name.
 * @returns The error.
 */
export async function fails(
  pending: Promise<unknown>,
  codes: ErrorCode | readonly ErrorCode[],
  path?: string | readonly string[],
): Promise<StorageError> {
  const wanted = [codes].flat() as ErrorCode[];
  let value: unknown;
  try {
    value = await pending;
  } catch (error) {
    if (!isStorageError(error, ...wanted)) {
      const got = isStorageError(error) ? `${error.code} (${error.message})` : String(error);
      const message = `expected ${wanted.join(" or ")}, got ${got}`;
      throw new assert.AssertionError({ message, actual: error, expected: wanted });
    }
    assertExplained(error, path === undefined ? [] : [path].flat() as string[]);
    return error;
  }
  assert.fail(`expected ${wanted.join(" or ")}, but it succeeded with ${String(value)}`);
}

function assertExplained(error: StorageError, paths: readonly string[]): void {
  const { code, message, operation, path } = error;
  assert(message.startsWith("Cannot "), `the message of ${code} does not begin with "Cannot ": ${message}`);
  assert(operation !== undefined, `${code} does not say which operation failed: ${message}`);
  assert(message.startsWith(`Cannot ${operation}`), `the message does not name the operation ${operation}: ${message}`);
  if (paths.length === 0) return;
  assert(path !== undefined, `${code} does not say which path it is about: ${message}`);
  const own = paths.some((other) => path === other || normal(path) === normal(other));
  assert(own, `${code} is about ${JSON.stringify(path)}, expected ${JSON.stringify(paths)}`);
  assert(message.includes(JSON.stringify(path)), `the message does not name ${JSON.stringify(path)}: ${message}`);
}

/** The normal form of a path, or itself if it has none. */
function normal(path: string): string {
  try {
    return normalizePath(path);
  } catch {
    return path;
  }
}

/** Asserts that a value is exactly another one: order of keys, `-0`, prototypes and the bits of numbers too. */
export function assertSame(actual: unknown, expected: unknown, what: string): void {
  if (ArrayBuffer.isView(expected) && ArrayBuffer.isView(actual)) {
    assert.equal(Object.getPrototypeOf(actual), Object.getPrototypeOf(expected), `${what}: another class`);
    const [a, b] = [actual, expected].map((v) => new Uint8Array(v.buffer, v.byteOffset, v.byteLength));
    return assertBytes(a, b!, what);
  }
  // Explaining a difference costs far more than finding one.
  if (!isDeepStrictEqual(actual, expected)) assert.deepEqual(actual, expected, what);
  if (typeof expected !== "object" || expected === null) return;
  assert.deepEqual(Object.keys(actual as object), Object.keys(expected), `${what}: order of keys`);
  for (const [key, value] of Object.entries(expected)) {
    assertSame((actual as Record<string, unknown>)[key], value, `${what}.${key}`);
  }
}

/** Asserts that the file at `path` holds the value of `text`; `undefined` asserts that nothing is there. */
export async function assertHolds({ source, value }: BackendTrial, path: string, text: string | undefined) {
  if (text !== undefined) assertSame(await source.load(path), value(text), `the value of ${JSON.stringify(path)}`);
  else assert.equal(await source.exists(path), false, `${JSON.stringify(path)} is there`);
}

/**
 * Asserts that listing `directory` yields exactly `expected`, in this order: `a/` is a directory, `a@` a link, `a` a file.
 * Where directories are not real they need not be among everything below.
 */
export async function assertEntries(
  { source, has }: BackendTrial,
  directory: string,
  expected: readonly string[],
  options?: { readonly recursive?: boolean },
): Promise<void> {
  const all = has("directories") || options?.recursive !== true;
  const counts = (entry: string): boolean => all || !entry.endsWith("/");
  const actual = (await collect(source.entries(directory, options))).map(shown);
  assert.deepEqual(actual.filter(counts), expected.filter(counts), `the entries of ${JSON.stringify(directory)}`);
}

/** Asserts what there is, all in all. */
export async function assertTree(trial: BackendTrial, expected: readonly string[]): Promise<void> {
  await assertEntries(trial, "", expected, { recursive: true });
}

/** All there is to see: to compare before and after. */
export async function snapshot(source: DataSource, paths: readonly string[] = []): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {};
  for (const path of paths) seen[`? ${path}`] = await look(source, path);
  try {
    for await (const { path, kind } of source.entries("", { recursive: true })) {
      seen[`${kind} ${path}`] = await look(source, path);
    }
  } catch (error) {
    if (!isStorageError(error, "unsupported")) throw error;
  }
  return seen;
}

async function look(source: DataSource, path: string): Promise<unknown> {
  try {
    const { kind, etag, target } = await source.stat(path);
    const own = { kind, etag, target };
    return { ...own, value: kind === "file" ? await source.load(path) : undefined };
  } catch (error) {
    if (isStorageError(error)) return error.code;
    throw error;
  }
}

/** Asserts that `action` is refused with one of `codes`, naming `path`, and changes nothing that can be seen. */
export async function refuses(
  source: DataSource,
  action: () => Promise<unknown>,
  codes: ErrorCode | readonly ErrorCode[],
  path?: string | readonly string[],
): Promise<void> {
  const before = await snapshot(source);
  await fails(action(), codes, path);
  assert.deepEqual(await snapshot(source), before, `after ${codes} something has changed`);
}

/** Options whose signal is aborted once it was asked for `budget` times: what does not end, ends. */
export function bounded(budget: number): AbortOptions {
  const controller = new AbortController();
  return {
    get signal() {
      if (--budget < 0) controller.abort(new Error("it does not end"));
      return controller.signal;
    },
  };
}
