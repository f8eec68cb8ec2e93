/**
 * What clients and servers of artifacts agree on: which namespaces and keys there can be, how a key is written in an address, and how a
 * value is written as JSON text.
 *
 * @module
 */

import { StorageError } from "../../backends/errors.ts";
import { tag } from "../../backends/formats/tagged.ts";
import { untag } from "../../backends/formats/untag.ts";
import { ArtifactError } from "./artifact_error.ts";

/** The longest namespace, in characters; a capital counts as two. */
export const MAX_NAMESPACE = 253;

/** The longest key, in bytes of UTF-8. */
export const MAX_KEY = 1024;

/** The most operations in one batch. */
export const MAX_BATCH = 10_000;

/** The longest lease, in milliseconds. */
export const MAX_TTL = 600_000;

/**
 * Checks a namespace: labels of `A-Z a-z 0-9 _ -`, with dots between them.
 *
 * @param namespace The namespace.
 * @returns The same.
 * @throws {ArtifactError} `invalid-argument`, saying what is wrong with it.
 *
 * @example
 * ```ts
 * import { checkNamespace } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(checkNamespace("research.losses"), "research.losses");
 * assert.throws(() => checkNamespace("research..losses"), /two dots in a row/);
 * ```
 */
export function checkNamespace(namespace: string): string {
  const reason = wrongNamespace(namespace);
  if (reason === undefined) return namespace;
  throw new ArtifactError("invalid-argument", `invalid namespace ${shown(namespace)}: ${reason}`, {
    suggestions: ['use labels of letters and digits with dots between them: "research.losses"'],
    context: { namespace },
  });
}

function wrongNamespace(namespace: unknown): string | undefined {
  if (typeof namespace !== "string") return `it must be a string, not ${typeof namespace}`;
  if (namespace === "") return "it must not be empty";
  if (namespace.startsWith(".")) return "it must not begin with a dot";
  if (namespace.endsWith(".")) return "it must not end with a dot";
  if (namespace.includes("..")) return "it must not have two dots in a row";
  const bad = /[^A-Za-z0-9_.-]/u.exec(namespace)?.[0];
  if (bad !== undefined) return `it must not contain ${JSON.stringify(bad)}`;
  const length = namespace.length + namespace.replace(/[^A-Z]/g, "").length;
  if (length > MAX_NAMESPACE) {
    return `at most ${MAX_NAMESPACE} characters, a capital counting as two: these are ${length}`;
  }
  return undefined;
}

/**
 * Checks a key: any string of well-formed Unicode, of 1 to 1024 bytes in UTF-8.
 *
 * @param key The key.
 * @returns The same.
 * @throws {ArtifactError} `invalid-argument`, saying what is wrong with it.
 *
 * @example
 * ```ts
 * import { checkKey } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(checkKey("a/../b %41 \u{1F600}"), "a/../b %41 \u{1F600}");
 * assert.throws(() => checkKey(""), { code: "invalid-argument" });
 * ```
 */
export function checkKey(key: string): string {
  const reason = wrongKey(key);
  if (reason === undefined) return key;
  throw new ArtifactError("invalid-argument", `invalid key ${shown(key)}: ${reason}`, {
    suggestions: [`use a string of 1 to ${MAX_KEY} bytes`],
    context: { key: typeof key === "string" ? shortened(key) : key },
  });
}

/**
 * What is wrong with a key.
 *
 * @param key Anything.
 * @returns The reason, or `undefined` if it can be a key.
 *
 * @example
 * ```ts
 * import { wrongKey } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(wrongKey("mse"), undefined);
 * assert.equal(wrongKey(7), "it must be a string, not number");
 * ```
 */
export function wrongKey(key: unknown): string | undefined {
  if (typeof key !== "string") return `it must be a string, not ${typeof key}`;
  if (key === "") return "it must not be empty";
  if (!key.isWellFormed()) return "it holds half a surrogate pair";
  // No character takes more than three bytes a unit.
  if (key.length * 3 <= MAX_KEY) return undefined;
  const { length } = encoder.encode(key);
  return length > MAX_KEY ? `at most ${MAX_KEY} bytes in UTF-8: these are ${length}` : undefined;
}

const WRITE_ID = /^[\w-]{1,64}$/;

/**
 * Checks what names a write.
 *
 * @param writeId The name, if there is one.
 * @throws {ArtifactError} `invalid-argument` if it cannot be one.
 */
export function checkWriteId(writeId: string | undefined): void {
  if (writeId === undefined || WRITE_ID.test(writeId)) return;
  throw new ArtifactError("invalid-argument", "a write id is 1 to 64 of the characters A-Z a-z 0-9 _ -");
}

/** A name in quotes; a very long one without its end. */
function shown(name: unknown): string {
  if (typeof name !== "string") return String(typeof name);
  return JSON.stringify(shortened(name));
}

function shortened(name: string): string {
  return name.length <= 80 ? name : `${name.slice(0, 80)}…`;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Accepts what has no padding, and makes none. */
const BASE64 = { alphabet: "base64url", lastChunkHandling: "loose", omitPadding: true } as const;

/**
 * A key as one segment of an address: base64url of its UTF-8, without padding. Nothing on the way changes it, also not `..` or `%41`.
 *
 * @param key A key.
 * @returns The segment.
 * @see {@link https://www.rfc-editor.org/rfc/rfc4648#section-5 RFC 4648, section 5}
 *
 * @example
 * ```ts
 * import { keySegment, segmentKey } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(keySegment("../a"), "Li4vYQ");
 * assert.equal(segmentKey("Li4vYQ"), "../a");
 * ```
 */
export function keySegment(key: string): string {
  return encoder.encode(key).toBase64(BASE64);
}

/**
 * The key that a segment of an address names.
 *
 * @param segment What {@linkcode keySegment} made; there is one for each key.
 * @returns The key.
 * @throws {ArtifactError} `invalid-argument` for any other segment.
 */
export function segmentKey(segment: string): string {
  let bytes: Uint8Array<ArrayBuffer>;
  let key: string;
  try {
    bytes = Uint8Array.fromBase64(segment, BASE64);
    key = decoder.decode(bytes);
  } catch {
    throw wrongSegment();
  }
  if (bytes.toBase64(BASE64) !== segment) throw wrongSegment();
  return checkKey(key);
}

function wrongSegment(): ArtifactError {
  return new ArtifactError("invalid-argument", "a key in an address is base64url of its UTF-8, without padding");
}

/**
 * A value as JSON text. What JSON has no word for (`undefined`, `NaN`, `bigint`, `Date`, bytes, `Map`, `Set`, …) is tagged, so that
 * {@linkcode decodeValue} gives the very same.
 *
 * @param value The value.
 * @returns The text.
 * @throws {StorageError} `invalid-value` for what would not come back, with the place where it is.
 *
 * @example
 * ```ts
 * import { decodeValue, encodeValue } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(encodeValue({ lr: 0.1 }), '{"lr":0.1}');
 * assert.deepEqual(decodeValue(encodeValue(new Map([[1n, new Date(0)]]))), new Map([[1n, new Date(0)]]));
 * assert.throws(() => encodeValue({ loss() {} }), /loss: a function/);
 * ```
 */
export function encodeValue(value: unknown): string {
  const plain = tag(value);
  try {
    return JSON.stringify(plain);
  } catch (cause) {
    throw new StorageError("invalid-value", "the value is too large for JSON", { cause });
  }
}

/**
 * The value that a JSON text stands for. Safe for texts of strangers: a key `__proto__` is a key like any other, and no tag makes code.
 *
 * @param text JSON text.
 * @returns The value.
 * @throws {StorageError} `corrupt` for what is not JSON, or has a tag that is not known.
 */
export function decodeValue(text: string): unknown {
  let plain: unknown;
  try {
    plain = JSON.parse(text);
  } catch (cause) {
    throw new StorageError("corrupt", `not JSON: ${(cause as Error).message}`, { cause });
  }
  return untag(plain);
}

/** Integers that may be beyond what a double holds, and numbers that may be beyond any double. */
const LARGE = /(?:^|[[:,\s])-?\d{16}|\d[eE]\+?\d{3}/;

/**
 * Checks that the numbers of a JSON text come back as they are written. Who is no client of this package can write an integer that no double
 * holds, and would get another one.
 *
 * @param text JSON text.
 * @throws {ArtifactError} `invalid-value`, with the number.
 *
 * @example
 * ```ts
 * import { checkNumbers } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * checkNumbers("[9007199254740991, 0.1000000000000000055]"); // the nearest double is what is meant
 * assert.throws(() => checkNumbers('{"id":9007199254740993}'), /9007199254740993/);
 * ```
 */
export function checkNumbers(text: string): void {
  if (LARGE.test(text)) JSON.parse(text, checkNumber);
}

/** As a reviver of `JSON.parse`, which tells how a number is written. */
function checkNumber(_name: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined) return value;
  // The shortest way to write a double need not be its exact value.
  if (
    Number.isFinite(value) && (!/^-?\d+$/.test(source) || source === String(value) || BigInt(source) === BigInt(value))
  ) {
    return value;
  }
  throw new ArtifactError("invalid-value", `the number ${shortened(source)} would come back as another one`, {
    suggestions: [
      'have it written as a text, or as {"$tag":["bigint","…"]}',
      "or read the text itself, with RemoteArtifacts",
    ],
  });
}
