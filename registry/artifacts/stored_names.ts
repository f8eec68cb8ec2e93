/**
 * What a store must offer to keep artifacts, and how namespaces are named in it.
 *
 * @module
 */

import { StorageError } from "../../backends/errors.ts";
import type { Store } from "../../backends/stores/store.ts";
import { checkNamespace } from "./wire.ts";

/** A store that lists, writes and deletes. */
export type ArtifactStore =
  & Store
  & {
    readonly [K in "list" | "write" | "delete"]-?: NonNullable<Store[K]>;
  };

/**
 * A store that can keep artifacts.
 *
 * @param store Any store.
 * @returns The same.
 * @throws {StorageError} `unsupported` if it cannot list, write and delete.
 */
export function artifactStore(store: Store): ArtifactStore {
  if (store.list && store.write && store.delete) return store as ArtifactStore;
  throw new StorageError("unsupported", "artifacts need a store that lists, writes and deletes");
}

/**
 * The directory of a namespace. Capitals are written with a sign before them, for disks that take them for small letters.
 *
 * @param namespace The namespace.
 * @returns The name of its directory.
 * @throws {StorageError} `invalid-argument` for a namespace that cannot be one.
 */
export function namespacePath(namespace: string): string {
  return checkNamespace(namespace).replace(/[A-Z]/g, (capital) => `@${capital.toLowerCase()}`);
}

/**
 * The namespace of a directory.
 *
 * @param path The name of the directory.
 * @returns The namespace; `undefined` if it is not that of one.
 */
export function namespaceOf(path: string): string | undefined {
  return /^(?:@[a-z]|[a-z0-9_-])(?:\.?(?:@[a-z]|[a-z0-9_-]))*$/.test(path)
    ? path.replace(/@[a-z]/g, (code) => code.charAt(1).toUpperCase())
    : undefined;
}
