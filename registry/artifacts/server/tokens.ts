/**
 * {@linkcode Tokens}: who may come in. A server keeps the hashes of tokens, never a token.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { StorageError } from "../../../backends/errors.ts";
import { isToken, TOKEN_RULE } from "../../../backends/stores/remote/bearer.ts";
import { parseScope, type Scope } from "./scope.ts";

/** A token as a server keeps it. */
export interface TokenRecord {
  /** A name to know it by; not secret. */
  readonly id: string;
  /** SHA-256 of the token, in hexadecimal. A token is 256 random bits, so nothing slower is needed. */
  readonly hash: string;
  /** What it may do, as {@linkcode parseScope} reads it. */
  readonly scopes: readonly string[];
  /**
   * When it ends, in ISO 8601.
   *
   * @default {undefined} never
   */
  readonly expires?: string | undefined;
}

/** A token that was just made. */
export interface NewToken {
  /** The secret: it is shown once, and is kept nowhere. */
  readonly token: string;
  /** What goes into the file of the server. */
  readonly record: TokenRecord;
}

/** Options of {@linkcode createToken}. */
export interface CreateTokenOptions {
  /**
   * A name to know it by.
   *
   * @default {undefined} a random one
   */
  readonly id?: string | undefined;
  /**
   * What it may do.
   *
   * @default {["*:admin"]}
   */
  readonly scopes?: readonly string[] | undefined;
  /**
   * When it ends.
   *
   * @default {undefined} never
   */
  readonly expires?: Date | undefined;
}

/** The fewest characters of a token that people choose themselves. */
const MIN_LENGTH = 16;

/**
 * Makes a token: 256 random bits behind a name by which scanners for secrets know them.
 *
 * @param options What it may do, and for how long.
 * @returns The token, and the record of it.
 * @throws {StorageError} `invalid-argument` for a scope that says nothing, or an end that is no time.
 *
 * @example
 * ```ts
 * import { createToken, Tokens } from "@polystore/polystore/server";
 * import assert from "node:assert/strict";
 *
 * const { token, record } = createToken({ id: "ci", scopes: ["team:write"] });
 * const tokens = new Tokens([record]);
 * assert.deepEqual(tokens.scopesOf(token), [{ prefix: "team", access: "write" }]);
 * assert.equal(tokens.scopesOf(`${token}x`), undefined);
 * ```
 */
export function createToken(options: CreateTokenOptions = {}): NewToken {
  const { id = crypto.randomUUID(), scopes = ["*:admin"], expires } = options;
  const token = `polystore_${crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url" })}`
    .replace(/=+$/, "");
  if (expires !== undefined && Number.isNaN(expires.getTime())) {
    throw new StorageError("invalid-argument", "the end of a token must be a time");
  }
  const record = { id, hash: digest(token).toString("hex"), scopes: [...scopes], expires: expires?.toISOString() };
  new Tokens([record]);
  return { token, record };
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

interface Known {
  readonly hash: Buffer;
  readonly scopes: readonly Scope[];
  readonly expires: number;
}

/**
 * The tokens a server knows.
 *
 * @example From a file
 * ```ts
 * import { createToken, Tokens } from "@polystore/polystore/server";
 * import assert from "node:assert/strict";
 *
 * const { token, record } = createToken({ expires: new Date(Date.now() + 60_000) });
 * const file = JSON.stringify({ tokens: [record] });
 * assert.deepEqual(Tokens.parse(file).scopesOf(token), [{ prefix: "*", access: "admin" }]);
 * assert(!file.includes(token));
 * ```
 */
export class Tokens {
  readonly #known: Known[];

  /**
   * Takes records.
   *
   * @throws {StorageError} `invalid-argument` if one of them is not whole.
   */
  constructor(records: Iterable<TokenRecord> = []) {
    this.#known = Array.from(records, known);
  }

  /**
   * Reads the file of a server: `{"tokens": [record, …]}`.
   *
   * @param text Its content.
   * @returns Its tokens.
   * @throws {StorageError} `corrupt` if it is no such file, `invalid-argument` if a record is not whole.
   */
  static parse(text: string): Tokens {
    return new Tokens(parseRecords(text));
  }

  /**
   * One token that may do everything: what an environment variable holds.
   *
   * @param token The token.
   * @returns It alone.
   * @throws {StorageError} `invalid-argument` if it can be guessed (fewer than 16 characters), or cannot be sent: more than 512, or others
   * than `A-Z a-z 0-9 - . _ ~ + /` with perhaps `=` at the end.
   */
  static of(token: string): Tokens {
    if (token.length < MIN_LENGTH) {
      throw new StorageError(
        "invalid-argument",
        `a token must have at least ${MIN_LENGTH} characters: make one with "deno task serve token"`,
      );
    }
    if (!isToken(token)) throw new StorageError("invalid-argument", TOKEN_RULE);
    return new Tokens([{ id: "given", hash: digest(token).toString("hex"), scopes: ["*:admin"] }]);
  }

  /** How many there are. */
  get size(): number {
    return this.#known.length;
  }

  /** These and those of another. */
  and(other: Tokens): Tokens {
    const both = new Tokens();
    both.#known.push(...this.#known, ...other.#known);
    return both;
  }

  /**
   * What a token may do. All that are known are looked at, each in constant time, so that the time tells nothing.
   *
   * @param token What the caller presented.
   * @returns Its scopes; `undefined` if it is unknown or has ended.
   */
  scopesOf(token: string): readonly Scope[] | undefined {
    const hash = digest(token);
    let found: Known | undefined;
    for (const known of this.#known) if (timingSafeEqual(known.hash, hash)) found = known;
    return found !== undefined && Date.now() < found.expires ? found.scopes : undefined;
  }
}

/**
 * Reads the records of a file of tokens.
 *
 * @param text Its content.
 * @returns The records; they are not checked yet.
 * @throws {StorageError} `corrupt` if it is no such file.
 *
 * @example
 * ```ts
 * import { parseRecords } from "@polystore/polystore/server";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseRecords('{"tokens":[]}'), []);
 * assert.throws(() => parseRecords("[]"), { code: "corrupt" });
 * ```
 */
export function parseRecords(text: string): TokenRecord[] {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    // What the parser says would quote the file.
    throw notTokens();
  }
  const tokens = (file as { tokens?: unknown } | null)?.tokens;
  if (!Array.isArray(tokens)) throw notTokens();
  return tokens;
}

function notTokens(): StorageError {
  return new StorageError(
    "corrupt",
    'a file of tokens is {"tokens": [record, …]}: make one with "deno task serve token"',
  );
}

function known(record: TokenRecord): Known {
  const { id, hash, scopes, expires } = Object(record) as Partial<TokenRecord>;
  const wrong = (what: string): StorageError =>
    new StorageError("invalid-argument", `token ${JSON.stringify(id) ?? "without id"}: ${what}`);
  if (typeof id !== "string" || id === "") throw wrong("it needs an id");
  if (typeof hash !== "string" || !/^[0-9a-f]{64}$/.test(hash)) {
    throw wrong("its hash must be the SHA-256 of the token, in hexadecimal");
  }
  if (!Array.isArray(scopes)) throw wrong("it needs a list of scopes");
  const end = expires === undefined ? Infinity : Date.parse(expires);
  if (Number.isNaN(end)) throw wrong("its end must be a time in ISO 8601");
  return { hash: Buffer.from(hash, "hex"), scopes: scopes.map(parseScope), expires: end };
}
