/**
 * {@linkcode StoreCounters}: what the layers in front of a store count.
 *
 * @module
 */

import type { ErrorCode } from "../errors.ts";
import type { Store } from "../stores/store.ts";

/**
 * What is counted while a store is used. Give one to `observed`, `retry` and `cached`, and read it whenever you like.
 *
 * @example
 * ```ts
 * import { cached, observed, StoreCounters } from "@polystore/polystore/layers";
 * import { layered, MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const counters = new StoreCounters();
 * const store = layered(new MemoryStore(), cached({ counters }), observed({ counters }));
 * await store.write?.("a", new Uint8Array(10));
 * await store.read("a");
 * assert.equal(counters.calls.read, 1);
 * assert.equal(counters.bytesRead, 10);
 * assert.equal(counters.cacheHits, 1);
 * ```
 */
export class StoreCounters {
  /** How often each method was called; one that never was is missing. */
  readonly calls: { -readonly [method in keyof Store]?: number } = {};
  /** How often an operation failed, by code; `other` is what is no error of a store, such as an abort. */
  readonly errors: { [code in ErrorCode | "other"]?: number } = {};
  /** Bytes of content that were read. */
  bytesRead = 0;
  /** Bytes of content that were written. */
  bytesWritten = 0;
  /** Calls that were made again after a failure. */
  retries = 0;
  /** Reads that were answered from the cache. */
  cacheHits = 0;
  /** Reads that went through the cache. */
  cacheMisses = 0;

  /** Counts a call. */
  called(method: keyof Store): void {
    this.calls[method] = (this.calls[method] ?? 0) + 1;
  }

  /** Counts a failure. */
  failed(code: ErrorCode | "other"): void {
    this.errors[code] = (this.errors[code] ?? 0) + 1;
  }
}
