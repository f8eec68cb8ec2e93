/**
 * {@linkcode KvAtomic}: one atomic operation of Deno KV, and how much of its limits is used up.
 *
 * @module
 */

import { encodedSize } from "./keys.ts";

/** What one atomic operation can hold. */
const MAX_MUTATIONS = 1000;
const MAX_CHECKS = 100;
const MAX_BYTES = 819_200;
const MAX_KEY_BYTES = 81_920;

/** Checks and mutations that belong together. */
export class KvAtomic {
  /** What must not have changed. */
  readonly checks: Deno.AtomicCheck[] = [];
  /** What is changed. */
  readonly mutations: Deno.KvMutation[] = [];
  readonly #maxChecks: number;
  #bytes = 0;
  #keyBytes = 0;

  /** Creates an operation that does nothing, and takes so many checks. */
  constructor(maxChecks: number = MAX_CHECKS) {
    this.#maxChecks = maxChecks;
  }

  /** Demands that a key still has a version. */
  check(key: Deno.KvKey, versionstamp: string | null): void {
    this.checks.push({ key, versionstamp });
    this.#bytes += encodedSize(key);
  }

  /** Sets a key. */
  set(key: Deno.KvKey, value: Uint8Array, expires?: number): void {
    const keySize = encodedSize(key);
    this.#bytes += value.length + 2 * keySize;
    this.#keyBytes += keySize;
    this.mutations.push(
      expires === undefined
        ? { type: "set", key, value }
        : { type: "set", key, value, expireIn: Math.max(1, Math.ceil(expires - Date.now())) },
    );
  }

  /** Deletes a key. */
  delete(key: Deno.KvKey): void {
    this.#bytes += 2 * encodedSize(key);
    this.mutations.push({ type: "delete", key });
  }

  /** Takes over everything of another. */
  add(other: KvAtomic): void {
    this.checks.push(...other.checks);
    this.mutations.push(...other.mutations);
    this.#bytes += other.#bytes;
    this.#keyBytes += other.#keyBytes;
  }

  /** Whether all of this, and of another, can be done at once, with so many more checks and stamps. */
  fits(other: KvAtomic = NOTHING, checks: number = 0, stamps: number = 0): boolean {
    return this.checks.length + other.checks.length + checks <= this.#maxChecks &&
      this.mutations.length + other.mutations.length + stamps <= MAX_MUTATIONS &&
      this.#bytes + other.#bytes + (checks + 2 * stamps) * MAX_STAMP <= MAX_BYTES &&
      this.#keyBytes + other.#keyBytes + stamps * MAX_STAMP <= MAX_KEY_BYTES;
  }
}

/** No key of a stamp is longer, unless the prefix is; nor are most others. */
const MAX_STAMP = 100;

const NOTHING = new KvAtomic();
