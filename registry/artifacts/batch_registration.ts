/**
 * {@linkcode registerMany}: many items in one round trip.
 *
 * @module
 */

import { isStorageError } from "../../backends/errors.ts";
import type { ArtifactStorage, BatchOperation, BatchResult } from "./artifact_storage.ts";
import { notDone } from "./batch.ts";
import { type BatchReport, reportOf } from "./batch_report.ts";
import type { RegisterBatchOptions } from "./registry_options.ts";
import { MAX_BATCH } from "./wire.ts";

/** Items by key: a list of pairs, a `Map`, or an object. */
export type Items<I> = Iterable<readonly [key: string, item: I]> | Readonly<Record<string, I>>;

/** The pairs of items. */
export function pairsOf<I>(items: Items<I>): (readonly [key: string, item: I])[] {
  return Symbol.iterator in items ? [...items as Iterable<readonly [string, I]>] : Object.entries(items);
}

/**
 * Registers many items.
 *
 * @param storage Where to.
 * @param pairs The items.
 * @param accept Checks an item, and tells what is kept of it.
 * @param options What to do about duplicates, and whether it is all or nothing.
 * @returns What became of them.
 */
export async function registerMany<I, T>(
  storage: ArtifactStorage<T>,
  pairs: readonly (readonly [key: string, item: I])[],
  accept: (key: string, item: I) => Promise<T>,
  { atomic = false, onDuplicate, signal }: RegisterBatchOptions,
): Promise<BatchReport> {
  const outcome = new Map<string, unknown>();
  const puts: BatchOperation<T>[] = [];
  for (const [key, item] of pairs) {
    try {
      puts.push({ op: "put", key, value: await accept(key, item), ifAbsent: onDuplicate !== "replace" });
      outcome.set(key, undefined);
    } catch (error) {
      outcome.set(key, error);
    }
  }
  if (atomic && puts.length < pairs.length) {
    for (const { key } of puts) outcome.set(key, notDone(key));
    return reportOf(outcome);
  }
  const size = atomic ? Math.max(1, puts.length) : MAX_BATCH;
  for (let at = 0; at < puts.length; at += size) {
    const part = puts.slice(at, at + size);
    let results: BatchResult<T>[];
    try {
      results = await storage.batch(part, { atomic, signal });
    } catch (error) {
      if (at === 0 || !isStorageError(error)) throw error;
      // What was registered before is to be told.
      for (const { key } of puts.slice(at)) outcome.set(key, error);
      break;
    }
    for (const [index, result] of results.entries()) {
      if (result.op !== "error") continue;
      const kept = onDuplicate === "keep" && !atomic && isStorageError(result.error, "already-exists");
      if (!kept) outcome.set(part[index]!.key, result.error);
    }
  }
  return reportOf(outcome);
}

/** How many items are looked at in one request. */
const PAGE = 100;

/**
 * Gets every item, and tells which of them cannot be got.
 *
 * @param storage Where they are.
 * @param signal Ends it.
 * @returns What became of them.
 */
export async function auditAll<T>(storage: ArtifactStorage<T>, signal: AbortSignal | undefined): Promise<BatchReport> {
  const outcome: [string, unknown][] = [];
  const keys = await Array.fromAsync(storage.list({ signal }), ({ key }) => key);
  for (let at = 0; at < keys.length; at += PAGE) {
    const part = keys.slice(at, at + PAGE);
    const results = await storage.batch(part.map((key) => ({ op: "get", key })), { signal });
    for (const [index, result] of results.entries()) {
      // What went meanwhile is no fault.
      if (result.op === "error" && isStorageError(result.error, "not-found")) continue;
      outcome.push([part[index]!, result.op === "error" ? result.error : undefined]);
    }
  }
  return reportOf(outcome);
}
