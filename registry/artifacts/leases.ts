/**
 * The leases of a namespace: {@linkcode Leases} in a store, {@linkcode LocalLeases} in memory.
 *
 * @module
 */

import { isStorageError, StorageError } from "../../backends/errors.ts";
import type { Store } from "../../backends/stores/store.ts";
import { ArtifactError } from "./artifact_error.ts";
import type { AbortOptions, Lease, LeaseRequest } from "./artifact_storage.ts";
import { MAX_TTL } from "./wire.ts";

/** A lease and who has it. */
export interface LeaseRecord extends Lease {
  /** Who has it. */
  readonly owner: string;
}

/** How long a lease that ended is remembered, so that the next token is greater, whatever the clocks say. */
const REMEMBERED = 24 * 3600_000;

/**
 * The lease that a request gets.
 *
 * @param held The last lease of the key.
 * @param request What is asked.
 * @param key The key, for the error.
 * @param now The time.
 * @returns The lease.
 * @throws {StorageError} `invalid-argument`, `busy`, `precondition-failed`.
 */
export function leaseFor(held: LeaseRecord | undefined, request: LeaseRequest, key: string, now: number): LeaseRecord {
  const { owner, ttl, token } = request;
  if (typeof owner !== "string" || owner === "" || owner.length > 200) {
    throw new ArtifactError("invalid-argument", "the owner of a lease is a string of 1 to 200 characters");
  }
  if (!(ttl > 0 && ttl <= MAX_TTL)) {
    throw new ArtifactError("invalid-argument", `a lease lasts more than 0 and at most ${MAX_TTL} ms: received ${ttl}`);
  }
  const expires = now + ttl;
  if (token !== undefined) {
    if (held?.token !== token || held.owner !== owner) {
      throw new ArtifactError("precondition-failed", "the lease was lost: it ended, or someone else got one", {
        path: key,
        context: { key },
      });
    }
    return { token, owner, expires };
  }
  if (held !== undefined && held.expires > now) {
    // Who asks again did not hear the answer.
    if (held.owner === owner) return { token: held.token, owner, expires };
    throw new ArtifactError("busy", "someone else holds the lock", {
      path: key,
      retryable: true,
      retryAfter: held.expires - now,
      context: { key, expires: held.expires },
    });
  }
  return { token: Math.max((held?.token ?? 0) + 1, Math.floor(now)), owner, expires };
}

/** How many leases in memory are kept before those that ended are looked for. */
const CROWDED = 1000;

/** The leases of a namespace in the memory of this process. Of those that ended only the greatest token is kept, for all keys. */
export class LocalLeases {
  readonly #leases = new Map<string, LeaseRecord>();
  /** Stands for every lease that is not kept: none had a greater token. */
  #ended: LeaseRecord = { token: 0, owner: "", expires: 0 };
  #crowded = CROWDED;

  /** See `ArtifactStorage.acquire`. */
  acquire(key: string, request: LeaseRequest): Lease {
    const now = Date.now();
    const lease = leaseFor(this.#leases.get(key) ?? this.#ended, request, key, now);
    if (this.#leases.size >= this.#crowded) this.#purge(now);
    this.#leases.set(key, lease);
    return { token: lease.token, expires: lease.expires };
  }

  /** See `ArtifactStorage.release`. */
  release(key: string, token: number): void {
    if (this.#leases.get(key)?.token === token) this.#forget(key, token);
  }

  #purge(now: number): void {
    for (const [key, { token, expires }] of this.#leases) if (expires <= now) this.#forget(key, token);
    this.#crowded = Math.max(CROWDED, 2 * this.#leases.size);
  }

  #forget(key: string, token: number): void {
    this.#leases.delete(key);
    if (token > this.#ended.token) this.#ended = { ...this.#ended, token };
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The leases of a namespace, each a small file that goes by itself where the store can do that. */
export class Leases {
  readonly #store: Store;
  readonly #path: (key: string) => string;

  /**
   * @param store Where they are.
   * @param path The path of the lease of a key.
   */
  constructor(store: Store, path: (key: string) => string) {
    this.#store = store;
    this.#path = path;
  }

  /** See `ArtifactStorage.acquire`. */
  async acquire(key: string, request: LeaseRequest): Promise<Lease> {
    while (true) {
      request.signal?.throwIfAborted();
      const { held, etag } = await this.#look(key, request);
      const lease = leaseFor(held, request, key, Date.now());
      if (await this.#write(key, lease, etag, request)) return { token: lease.token, expires: lease.expires };
    }
  }

  /** See `ArtifactStorage.release`. */
  async release(key: string, token: number, options?: AbortOptions): Promise<void> {
    while (true) {
      const { held, etag } = await this.#look(key, options);
      if (held?.token !== token || etag === undefined) return;
      if (await this.#write(key, { token, owner: "", expires: 0 }, etag, options)) return;
    }
  }

  async #look(
    key: string,
    options?: AbortOptions,
  ): Promise<{ held: LeaseRecord | undefined; etag: string | undefined }> {
    // The etag first: content that is newer than it makes the write fail.
    const etag = (await this.#store.stat(this.#path(key), options))?.etag;
    const bytes = etag === undefined ? undefined : await this.#store.read(this.#path(key), options);
    return { held: bytes && parse(bytes, key), etag: bytes && etag };
  }

  /** Whether it was written: not if someone else was faster. */
  async #write(key: string, lease: LeaseRecord, etag: string | undefined, options?: AbortOptions): Promise<boolean> {
    const bytes = encoder.encode(JSON.stringify(lease));
    const condition = { ...(etag === undefined ? { ifAbsent: true } : { ifMatch: etag }), signal: options?.signal };
    const expireIn = Math.max(0, lease.expires - Date.now()) + REMEMBERED;
    try {
      if (this.#store.writeExpiring) {
        await this.#store.writeExpiring(this.#path(key), bytes, { ...condition, expireIn });
      } else await this.#store.write!(this.#path(key), bytes, condition);
      return true;
    } catch (error) {
      if (isStorageError(error, "already-exists", "precondition-failed")) return false;
      throw error;
    }
  }
}

function parse(bytes: Uint8Array, key: string): LeaseRecord {
  try {
    const { token, owner, expires } = JSON.parse(decoder.decode(bytes));
    if (Number.isSafeInteger(token) && typeof owner === "string" && typeof expires === "number") {
      return { token, owner, expires };
    }
  } catch {
    // Told below.
  }
  throw new StorageError("corrupt", "the stored lease is not a lease; delete it", { path: key });
}
