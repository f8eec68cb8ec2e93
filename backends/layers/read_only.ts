/**
 * {@linkcode readOnly}: a store that cannot be changed.
 *
 * @module
 */

import type { Complete, Layer } from "../stores/layer.ts";
import type { Store } from "../stores/store.ts";

/**
 * Leaves out everything that writes. What is left cannot change the store, and calling `write` on it does not compile.
 *
 * Order: outermost, so that a write fails before any work.
 *
 * @returns The layer.
 *
 * @example
 * ```ts
 * import { readOnly } from "@polystore/polystore/layers";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.write("a", new Uint8Array([1]));
 * const view = readOnly()(store);
 * assert.deepEqual(await view.read("a"), new Uint8Array([1]));
 * assert.equal(view.write, undefined);
 * ```
 */
export function readOnly(): Layer {
  return (inner: Store): Complete<Store> => ({
    read: (path, options) => inner.read(path, options),
    stat: (path, options) => inner.stat(path, options),
    list: inner.list && ((prefix, options) => inner.list!(prefix, options)),
    write: undefined,
    delete: undefined,
    makeDirectory: undefined,
    createSymlink: undefined,
    readSymlink: inner.readSymlink && ((path, options) => inner.readSymlink!(path, options)),
    writeExpiring: undefined,
    watch: inner.watch && ((path, options) => inner.watch!(path, options)),
    copy: undefined,
    move: undefined,
    deleteTree: undefined,
    readMany: inner.readMany && ((paths, options) => inner.readMany!(paths, options)),
    writeMany: undefined,
    writeParts: undefined,
    openRead: inner.openRead && ((path, options) => inner.openRead!(path, options)),
    openWrite: undefined,
    close: inner.close && (() => inner.close!()),
  });
}
