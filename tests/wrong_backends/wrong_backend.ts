/**
 * {@linkcode WrongBackend}: a backend that is right but for one thing, and the promises that it breaks.
 *
 * @module
 */

import type { StorageBackend } from "../../backends/backend.ts";
import { StoreBackend } from "../../backends/store_backend.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";

/** A backend that is right but for one thing. */
export interface WrongBackend {
  /** What it does wrong, as the end of a sentence that begins with "a backend that". */
  readonly what: string;
  /** Every promise that it breaks. */
  readonly breaks: readonly string[];
  /** Opens an empty one. */
  open(): StorageBackend;
}

/** Describes a wrong backend. */
export function wrongBackend(what: string, breaks: readonly string[], open: () => StorageBackend): WrongBackend {
  return { what, breaks, open };
}

/** A right backend of formats on a store in memory, to be made wrong. */
export class Formatted extends StoreBackend {
  constructor() {
    super(new MemoryStore());
  }
}
