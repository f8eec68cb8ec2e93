/**
 * {@linkcode WrongStore}: a store that is right but for one thing, and the promises that it breaks.
 *
 * @module
 */

import { StorageError } from "../../backends/errors.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import type { Entry, Store } from "../../backends/stores/store.ts";
import type { OpenedStore, StoreWith } from "../conformance/mod.ts";

/** A store that has every method. */
export type Whole = StoreWith<keyof Store>;

/** A store that is right but for one thing. */
export interface WrongStore {
  /** What it does wrong, as the end of a sentence that begins with "a store that". */
  readonly what: string;
  /** Every promise that it breaks. */
  readonly breaks: readonly string[];
  /** Opens an empty one. */
  open(): OpenedStore;
}

/**
 * Describes a wrong store.
 *
 * @param what What it does wrong.
 * @param breaks Every promise that it breaks.
 * @param wrong The methods in which it differs from the right one.
 * @param reopened The methods in which it differs after it was closed and opened again, from the right one.
 */
export function wrongStore(
  what: string,
  breaks: readonly string[],
  wrong: (right: Whole) => Partial<Store>,
  reopened: (right: Whole, times: number) => Partial<Store> = wrong,
): WrongStore {
  return { what, breaks, open: () => opened(wrong, reopened) };
}

/** The right store, opened as the wrong ones are. */
export const rightStore = (): OpenedStore => opened(() => ({}), () => ({}));

function opened(
  wrong: (right: Whole) => Partial<Store>,
  reopened: (right: Whole, times: number) => Partial<Store>,
): OpenedStore {
  const right = bound(new MemoryStore());
  let times = 0;
  return {
    store: { ...right, ...wrong(right) },
    // Memory outlives its closing, which does nothing.
    reopen: () => Promise.resolve({ ...right, ...reopened(right, ++times) }),
  };
}

/** The methods of a store, free to be taken apart. */
function bound(store: MemoryStore): Whole {
  return {
    read: (...args) => store.read(...args),
    stat: (...args) => store.stat(...args),
    list: (...args) => store.list(...args),
    write: (...args) => store.write(...args),
    delete: (...args) => store.delete(...args),
    makeDirectory: (...args) => store.makeDirectory(...args),
    createSymlink: (...args) => store.createSymlink(...args),
    readSymlink: (...args) => store.readSymlink(...args),
    writeExpiring: (...args) => store.writeExpiring(...args),
    watch: (...args) => store.watch(...args),
    copy: (...args) => store.copy(...args),
    move: (...args) => store.move(...args),
    deleteTree: (...args) => store.deleteTree(...args),
    readMany: (...args) => store.readMany(...args),
    writeMany: (...args) => store.writeMany(...args),
    writeParts: (...args) => store.writeParts(...args),
    openRead: (...args) => store.openRead(...args),
    openWrite: (...args) => store.openWrite(...args),
    close: () => store.close(),
  };
}

/** The methods that change something, each of which calls `before` first. */
export function changing(right: Whole, before: () => void): Partial<Store> {
  const first = <A extends unknown[], R>(method: (...args: A) => R) => (...args: A): R => {
    before();
    return method(...args);
  };
  return {
    write: first(right.write),
    delete: first(right.delete),
    writeExpiring: first(right.writeExpiring),
    copy: first(right.copy),
    move: first(right.move),
    deleteTree: first(right.deleteTree),
    writeMany: first(right.writeMany),
    writeParts: first(right.writeParts),
    async openWrite(path, options) {
      const writer = (await right.openWrite(path, options)).getWriter();
      writer.closed.catch(() => undefined);
      return new WritableStream({
        write: (chunk) => writer.write(chunk),
        close: first(() => writer.close()),
        abort: (reason) => writer.abort(reason),
      });
    },
  };
}

/** Everything a listing yields. */
export async function all(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  return await Array.fromAsync(entries);
}

/** What a store says that finds something there. */
export function exists(path: string): StorageError {
  return new StorageError("already-exists", "it exists already", { path });
}

/** What a store says whose condition does not hold. */
export function changed(path: string): StorageError {
  return new StorageError("precondition-failed", "it has changed", { path });
}

/** What a store says that finds nothing there. */
export function missing(path: string): StorageError {
  return new StorageError("not-found", "not found", { path });
}

/** Lets others go first. */
export function pause(milliseconds = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
