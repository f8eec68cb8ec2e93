/**
 * {@linkcode Lineage}: which etags are those of one array, changed in its place by this process.
 *
 * @module
 */

import type { Store } from "../stores/store.ts";

/** As many etags are kept. One that is not known only costs a repetition. */
const LIMIT = 10_000;

/** Which etags are those of one array. */
export class Lineage {
  readonly #first = new Map<string, string>();

  /** Notes that an array has another etag after a change in its place. */
  follow(path: string, before: string | undefined, after: string): void {
    if (before === undefined) return;
    if (this.#first.size >= LIMIT) this.#first.clear();
    this.#first.set(`${after} ${path}`, this.#firstOf(path, before));
  }

  /** Whether an array with these etags is one that was only changed in its place. */
  areOne(path: string, a: string | undefined, b: string | undefined): boolean {
    return a === b || (a !== undefined && b !== undefined && this.#firstOf(path, a) === this.#firstOf(path, b));
  }

  #firstOf(path: string, etag: string): string {
    return this.#first.get(`${etag} ${path}`) ?? etag;
  }
}

const LINEAGES = new WeakMap<Store, Lineage>();

/** The lineage that all who use a store in this process share. */
export function lineageOf(store: Store): Lineage {
  let lineage = LINEAGES.get(store);
  if (lineage === undefined) LINEAGES.set(store, lineage = new Lineage());
  return lineage;
}
