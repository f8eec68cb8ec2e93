/**
 * What the promises are checked with: bytes to write, and assertions that say what went wrong.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type ErrorCode, isStorageError } from "../../backends/errors.ts";
import type { Entry, ListOptions, Readable, Store } from "../../backends/stores/store.ts";
import type { StoreWith } from "./promise.ts";

/** 1024 bytes. */
export const KIB = 1024;
/** 1024 KiB. */
export const MIB = 1024 * KIB;

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** `length` bytes without a pattern that repeats; another `seed` gives others. */
export function noise(length: number, seed = 1): Uint8Array {
  // Four bytes at a time: the suite makes hundreds of megabytes of it.
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = (seed * 0x9e3779b1) >>> 0 || 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  const bytes = new Uint8Array(words.buffer, 0, length);
  return length === words.byteLength ? bytes : bytes.slice();
}

/** Whether two contents are the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Asserts that `actual` is exactly `expected`, without printing megabytes if it is not. */
export function assertBytes(actual: Uint8Array | undefined, expected: Uint8Array, what: string): void {
  if (actual === undefined) assert.fail(`${what}: expected ${expected.length} bytes, got undefined`);
  if (sameBytes(actual, expected)) return;
  if (actual.length !== expected.length) {
    assert.fail(`${what}: expected ${expected.length} bytes, got ${actual.length}`);
  }
  const at = actual.findIndex((byte, i) => byte !== expected[i]);
  assert.fail(`${what}: byte ${at} of ${actual.length} is ${actual[at]}, expected ${expected[at]}`);
}

/** Asserts that the file at `path` holds this text; `undefined` asserts that there is no file. */
export async function assertText(store: Readable, path: string, expected: string | undefined): Promise<void> {
  const bytes = await store.read(path);
  assert.equal(bytes && new TextDecoder().decode(bytes), expected, `content of ${JSON.stringify(path)}`);
}

/** Asserts that `pending` rejects with a `StorageError` of one of `codes`. */
export async function rejectsWith(pending: Promise<unknown>, ...codes: ErrorCode[]): Promise<void> {
  const wanted = codes.join(" or ");
  let value: unknown;
  try {
    value = await pending;
  } catch (error) {
    if (isStorageError(error, ...codes)) return;
    const got = isStorageError(error) ? error.code : String(error);
    throw new assert.AssertionError({ message: `expected ${wanted}, got ${got}`, actual: error, expected: wanted });
  }
  assert.fail(`expected ${wanted}, but it succeeded with ${String(value)}`);
}

/** Everything an iterable yields. */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of iterable) {
    all.push(item);
    assert(all.length < 1_000_000, "it yields without end");
  }
  return all;
}

/** Waits for all, also if one fails: nothing may still be under way when the store is closed. */
export async function together<T>(pending: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(pending);
  return await Promise.all(pending);
}

/** A whole stream, as one piece. */
export async function drain(stream: ReadableStream<Uint8Array> | undefined): Promise<Uint8Array> {
  assert(stream !== undefined, "expected a stream, got undefined");
  return Buffer.concat(await collect(stream));
}

/** How an entry is shown: `a/` is a directory, `a@` a link, `a` a file. */
export function shown({ path, kind }: Entry): string {
  return kind === "directory" ? `${path}/` : kind === "symlink" ? `${path}@` : path;
}

/**
 * Asserts that listing `prefix` yields exactly `expected`, shown as {@linkcode shown} does, in this order. Where
 * directories are not real they need not be listed, except by a shallow listing, which has no other way to tell.
 */
export async function assertListed(
  store: StoreWith<"list">,
  prefix: string,
  expected: readonly string[],
  options?: ListOptions,
): Promise<void> {
  const all = store.makeDirectory !== undefined || options?.shallow === true;
  const counts = (entry: string): boolean => all || !entry.endsWith("/");
  const actual = (await collect(store.list(prefix, options))).map(shown);
  const what = `list(${JSON.stringify(prefix)}, ${JSON.stringify(options ?? {})})`;
  assert.deepEqual(actual.filter(counts), expected.filter(counts), what);
}

/** All there is to see of a store: to compare before and after. Without `list`, only `paths` are looked at. */
export async function snapshot(store: Store, paths: readonly string[] = []): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  for (const path of paths) {
    const bytes = await store.read(path);
    seen[path] = bytes === undefined ? `${(await store.stat(path))?.kind}` : Buffer.from(bytes).toString("latin1");
  }
  if (store.list === undefined) return seen;
  for await (const entry of store.list("")) {
    const bytes = await store.read(entry.path);
    const link = entry.kind === "symlink" ? await store.readSymlink?.(entry.path) : "";
    seen[entry.path] = `${entry.kind} ${link} ${Buffer.from(bytes ?? []).toString("latin1")}`;
  }
  return seen;
}

/** The files and links of a store: what must not change where directories on the way to them may come into being. */
export async function published(store: Store, paths: readonly string[] = []): Promise<Record<string, string>> {
  const all = Object.entries(await snapshot(store, paths));
  return Object.fromEntries(all.filter(([, seen]) => !seen.startsWith("directory") && seen !== "undefined"));
}

/** Asserts that `action` is refused with one of `codes` and publishes nothing. */
export async function publishesNothing(
  store: Store,
  action: () => Promise<unknown>,
  codes: readonly ErrorCode[],
  paths: readonly string[],
): Promise<void> {
  const before = await published(store, paths);
  await rejectsWith(action(), ...codes);
  assert.deepEqual(await published(store, paths), before, `after ${codes.join(" or ")} something was published`);
}

/** Asserts that `action` is refused with one of `codes` and changes nothing that can be seen. */
export async function refuses(
  store: Store,
  action: () => Promise<unknown>,
  codes: readonly ErrorCode[],
  paths: readonly string[] = [],
): Promise<void> {
  const before = await snapshot(store, paths);
  await rejectsWith(action(), ...codes);
  assert.deepEqual(await snapshot(store, paths), before, `after ${codes.join(" or ")} something has changed`);
}
