/**
 * {@linkcode KvSpace}: where things are kept in a Deno KV database.
 *
 * - `[...prefix, "entry", directory, name]`: what a name in a directory stands for. A directory is a random id, so that moving
 *   or deleting a tree changes one key, whatever is in it; names stand alone, so that listing is one range.
 * - `[...prefix, "part", generation, index]`: 64 KiB of content that does not fit its entry.
 * - `[...prefix, "stamp", directory]`: changes with everything in the directory but deletions and the replacement of content
 *   that sits in an entry by other such content.
 * - `[...prefix, "garbage", id]`: what is to be cleaned up if nobody comes back to it.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";

/** The longest key that Deno KV keeps, in encoded bytes. */
export const MAX_KEY = 2048;

/** The id of the root directory. */
export const ROOT_ID = "root";

/** The keys of one store. */
export class KvSpace {
  /** What every key begins with. */
  readonly prefix: Deno.KvKey;
  readonly #entrySize: number;

  /** Creates the keys below a prefix. */
  constructor(prefix: Deno.KvKey) {
    this.prefix = [...prefix];
    this.#entrySize = encodedSize([...prefix, "entry"]);
  }

  /** Of a name in a directory. */
  entry(directory: string, name: string): Deno.KvKey {
    return [...this.prefix, "entry", directory, name];
  }

  /** Of everything in a directory. */
  entries(directory: string): Deno.KvKey {
    return [...this.prefix, "entry", directory];
  }

  /** Of a part of content. */
  part(generation: string, index: number): Deno.KvKey {
    return [...this.prefix, "part", generation, index];
  }

  /** Of all parts of content. */
  parts(generation: string): Deno.KvKey {
    return [...this.prefix, "part", generation];
  }

  /** Of the stamp of a directory. */
  stamp(directory: string): Deno.KvKey {
    return [...this.prefix, "stamp", directory];
  }

  /** Of something to be cleaned up. */
  garbage(id: string): Deno.KvKey {
    return [...this.prefix, "garbage", id];
  }

  /** Of everything to be cleaned up. */
  allGarbage(): Deno.KvKey {
    return [...this.prefix, "garbage"];
  }

  /** Whether a name in a directory makes a key that can be kept. */
  keeps(directory: string, name: string): boolean {
    // No character takes more than 3 bytes of UTF-8 for each unit of UTF-16, and names hold no NUL.
    const rest = MAX_KEY - this.#entrySize - stringSize(directory) - 2;
    return name.length * 3 <= rest || stringSize(name) - 2 <= rest;
  }

  /**
   * The error for a name that cannot be kept.
   *
   * @throws {StorageError} `name-too-long`.
   */
  check(directory: string, name: string, path: string): void {
    if (this.keeps(directory, name)) return;
    const rest = MAX_KEY - this.#entrySize - stringSize(directory) - 2;
    throw new StorageError("name-too-long", `a name in it is longer than the ${rest} bytes that Deno KV can keep`, {
      path,
    });
  }
}

/** A name for a directory or a generation of content that nothing else has. */
export function newId(): string {
  return crypto.getRandomValues(new Uint8Array(12)).toBase64({ alphabet: "base64url" });
}

/**
 * How many bytes a key takes in the database.
 *
 * @param key The key.
 * @returns Its size as Deno KV encodes it.
 */
export function encodedSize(key: Deno.KvKey): number {
  let size = 0;
  for (const part of key) {
    if (typeof part === "string") size += stringSize(part);
    else if (typeof part === "number") size += 9;
    else if (typeof part === "boolean") size += 1;
    else if (typeof part === "bigint") size += bigintSize(part);
    else if (part instanceof Uint8Array) {
      size += 2 + part.length + part.reduce((zeros, byte) => byte === 0 ? zeros + 1 : zeros, 0);
    }
  }
  return size;
}

function stringSize(text: string): number {
  let size = 2;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // A surrogate is half of a character of 4 bytes; NUL is kept as two bytes.
    size += unit === 0 ? 2 : unit < 0x80 ? 1 : unit < 0x800 ? 2 : unit >= 0xd800 && unit <= 0xdfff ? 2 : 3;
  }
  return size;
}

function bigintSize(value: bigint): number {
  const bytes = value === 0n ? 0 : (((value < 0n ? -value : value).toString(16).length + 1) >> 1);
  return bytes <= 8 ? 1 + bytes : 2 + bytes;
}
