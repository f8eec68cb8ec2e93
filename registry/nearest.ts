/**
 * {@linkcode nearest}: did you mean …?
 *
 * @module
 */

/**
 * The candidate that differs least from a word, if it is near enough to be what was meant.
 *
 * @param word What was written.
 * @param candidates What could have been meant.
 * @returns The nearest, or `undefined`.
 *
 * @example
 * ```ts
 * import { nearest } from "@polystore/polystore/registry";
 * import assert from "node:assert/strict";
 *
 * assert.equal(nearest("sqlit", ["memory", "sqlite"]), "sqlite");
 * assert.equal(nearest("zarr", ["memory", "disk"]), undefined);
 * ```
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Insertions, deletions and replacements that it takes (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
