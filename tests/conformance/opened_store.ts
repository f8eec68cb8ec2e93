/**
 * How the suite gets a store, and what it may do with it.
 *
 * @module
 */

import type { Store } from "../../backends/stores/store.ts";
import type { Need } from "./promise.ts";

/** A store and what the suite may do with it besides calling its methods. */
export interface OpenedStore {
  /** The store, empty. It is closed by the suite, with its own `close`. */
  readonly store: Store;
  /** Takes away what `open` made; called after the store was closed. */
  dispose?(): Promise<void>;
  /** For stores that outlive the process: closes the store and opens another one on the same data. */
  reopen?(): Promise<Store>;
  /** For stores without `write`: puts a file into the place behind them. Parents come into being. */
  put?(path: string, bytes: Uint8Array): Promise<void>;
}

/** Opens an empty store, another one each time. */
export type OpenStore = () => Store | OpenedStore | Promise<Store | OpenedStore>;

/** An opened store that closes itself. */
export interface Opening extends AsyncDisposable {
  /** The store. */
  readonly store: Store;
  /** Whether this is there. */
  has(need: Need): boolean;
  /** Puts a file there. */
  put(path: string, bytes: Uint8Array): Promise<void>;
  /** Closes it and opens it again. */
  reopen(): Promise<Store>;
}

/** Opens a store, which closes itself at the end of `await using`. */
export async function openStore(open: OpenStore): Promise<Opening> {
  const result = await open();
  const opened: OpenedStore = "store" in result ? result : { store: result };
  let { store } = opened;
  return {
    store,
    has: (need) =>
      need === "put"
        ? opened.put !== undefined || store.write !== undefined
        : need === "reopen"
        ? opened.reopen !== undefined
        : store[need] !== undefined,
    async put(path, bytes) {
      if (opened.put !== undefined) await opened.put(path, bytes);
      else await store.write?.(path, bytes);
    },
    async reopen() {
      if (opened.reopen !== undefined) store = await opened.reopen();
      return store;
    },
    async [Symbol.asyncDispose]() {
      try {
        await store.close?.();
      } finally {
        await opened.dispose?.();
      }
    },
  };
}
