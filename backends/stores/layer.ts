/**
 * {@linkcode Layer}: a store in front of a store.
 *
 * @module
 */

import type { Store } from "./store.ts";

/**
 * A type that must mention every member of `T`, if only as `undefined`.
 *
 * @typeParam T What to be complete about.
 */
export type Complete<T> = { readonly [K in keyof T]-?: T[K] };

/**
 * A store in front of a store. It answers with a `Complete<Store>`: a layer that forgets a member does not
 * compile, and neither does any layer after a member is added to the seam, until each has decided about it.
 *
 * A layer passes an accelerator on, translated, or withdraws it (`undefined`) if it would bypass what the layer does.
 */
export type Layer = (inner: Store) => Complete<Store>;

/**
 * Puts layers in front of a store, the innermost first. A layer may pass on a member of the store it is given as it is:
 * `read: inner.read`.
 *
 * @param store The store.
 * @param layers The layers, in the order in which they are wrapped around it.
 * @returns The outermost.
 *
 * @example
 * ```ts
 * import { layered, MemoryStore } from "@polystore/polystore/stores";
 * import { prefixed, readOnly } from "@polystore/polystore/layers";
 * import assert from "node:assert/strict";
 *
 * const whole = new MemoryStore();
 * await whole.write("lab/7/a.txt", new Uint8Array([1]));
 * const mine = layered(whole, prefixed("lab/7"), readOnly());
 * assert.deepEqual(await mine.read("a.txt"), new Uint8Array([1]));
 * assert.equal(mine.write, undefined);
 * ```
 */
export function layered(store: Store, ...layers: readonly Layer[]): Store {
  return layers.reduce<Store>((inner, layer) => layer(detached(inner)), store);
}

const MEMBERS: Complete<Record<keyof Store, true>> = {
  read: true,
  stat: true,
  list: true,
  write: true,
  delete: true,
  makeDirectory: true,
  createSymlink: true,
  readSymlink: true,
  writeExpiring: true,
  watch: true,
  copy: true,
  move: true,
  deleteTree: true,
  readMany: true,
  writeMany: true,
  writeParts: true,
  openRead: true,
  openWrite: true,
  close: true,
};

/** The members of a store as functions of their own, so that a layer may pass one on as it is: `read: inner.read`. */
function detached(store: Store): Store {
  const methods = store as unknown as Record<string, ((...parameters: unknown[]) => unknown) | undefined>;
  // Looked up with each call: what is put in the place of a method later counts, for a spy in a test say.
  const bound = Object.keys(MEMBERS).map((name) => [
    name,
    methods[name] && ((...parameters: unknown[]) => methods[name]!(...parameters)),
  ]);
  return Object.fromEntries(bound) as unknown as Store;
}
