/**
 * {@linkcode recording}: a store that remembers what was written to it.
 *
 * @module
 */

import type { Store } from "../stores/store.ts";

/** What was written. */
export interface Recording {
  /** The store, as far as chunks need it. */
  readonly store: Store;
  /** The files that were written and not deleted. */
  readonly written: ReadonlySet<string>;
}

/** A store in front of a store that remembers what is written. */
export function recording(inner: Store): Recording {
  const written = new Set<string>();
  const store: Store = {
    read: (path, options) => inner.read(path, options),
    stat: (path, options) => inner.stat(path, options),
    write: inner.write && (async (path, bytes, options) => {
      const result = await inner.write!(path, bytes, options);
      written.add(path);
      return result;
    }),
    delete: inner.delete && (async (path, options) => {
      await inner.delete!(path, options);
      written.delete(path);
    }),
  };
  return { store, written };
}
