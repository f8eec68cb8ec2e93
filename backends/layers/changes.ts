/**
 * {@linkcode Changes}: what is being changed, and what was read meanwhile.
 *
 * @module
 */

import { isInside } from "../path.ts";

/** A change under way. */
export interface Change {
  /** What is changed. */
  readonly path: string;
  /** Whether all below is changed too. */
  readonly tree: boolean;
  /** Whether something else was changed at the same time: then nobody knows which of the two came last. */
  mixed: boolean;
}

/** Something that is being read. */
export interface Reading {
  /** What is read. */
  readonly path: string;
  /** When it began. */
  readonly began: number;
  /** Whether it may be older than a change. */
  stale: boolean;
}

/** Changes and readings under way. */
export class Changes {
  readonly #changes = new Set<Change>();
  readonly #readings = new Set<Reading>();
  readonly #linked: boolean;

  /** @param linked Whether one file can be reached by two paths, so that each change may be one of every path. */
  constructor(linked: boolean) {
    this.#linked = linked;
  }

  /** A change begins. */
  begin(path: string, tree: boolean): Change {
    const change = { path, tree, mixed: false };
    for (const other of this.#changes) {
      if (!this.#linked && !touches(change, other.path) && !touches(other, path)) continue;
      other.mixed = true;
      change.mixed = true;
    }
    this.#changes.add(change);
    this.#outdate(change);
    return change;
  }

  /** A change has ended, well or not. */
  end(change: Change): void {
    this.#changes.delete(change);
    this.#outdate(change);
  }

  /** A reading begins. */
  read(path: string): Reading {
    const reading = { path, began: Date.now(), stale: false };
    this.#readings.add(reading);
    return reading;
  }

  /** A reading has ended. */
  done(reading: Reading): void {
    this.#readings.delete(reading);
  }

  /** What is read of a path may be older than what was just seen of it. */
  doubt(path: string): void {
    for (const reading of this.#readings) if (reading.path === path) reading.stale = true;
  }

  #outdate(change: Change): void {
    for (const reading of this.#readings) if (this.#linked || touches(change, reading.path)) reading.stale = true;
  }
}

/** Whether a change is one of this path. */
export function touches({ path, tree }: Pick<Change, "path" | "tree">, other: string): boolean {
  return tree ? isInside(other, path) : path === other;
}
