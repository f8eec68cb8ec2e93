/**
 * {@linkcode ServedBackends}: what is served, by name.
 *
 * @module
 */

import { backendStore } from "../../backends/backend_store.ts";
import { type BackendBase, type BackendLookup, DataSource } from "../../backends/data_source.ts";
import { StorageError } from "../../backends/errors.ts";
import { readOnly } from "../../backends/layers/read_only.ts";
import { DiskStore } from "../../backends/stores/disk_store.ts";
import type { Store } from "../../backends/stores/store.ts";
import { ChangeLog } from "./change_log.ts";
import type { ServedBackend } from "./served_backend.ts";
import { ServedStore } from "./served_store.ts";

/** What can be served: backends and stores by name, in an object, a `Map`, or a registry. */
export type Served =
  | Readonly<Record<string, Store | BackendBase>>
  | ReadonlyMap<string, Store | BackendBase>
  | BackendLookup;

/** How it is served. */
export interface ServingOptions extends Omit<ServedBackend, "name" | "served" | "changes"> {
  /** Whether a backend is served to be read only. */
  isReadOnly(name: string): boolean;
}

/** Finds what is served; what was found is kept as long as it is there. */
export class ServedBackends {
  readonly #backends: Served;
  readonly #options: ServingOptions;
  readonly #known = new WeakMap<object, Map<string, ServedBackend>>();

  /** Nothing is constructed yet. */
  constructor(backends: Served, options: ServingOptions) {
    this.#backends = backends;
    this.#options = options;
  }

  /**
   * What has a name.
   *
   * @throws {StorageError} `unknown-backend`, `unsupported`, `permission-denied` for a disk without a root.
   */
  get(name: string): ServedBackend {
    const backend = this.#find(name);
    const names = this.#known.get(backend) ?? new Map<string, ServedBackend>();
    this.#known.set(backend, names);
    const known = names.get(name);
    if (known !== undefined) return known;
    const { isReadOnly, ...options } = this.#options;
    const store = storeOf(backend, name);
    const served = new ServedStore(isReadOnly(name) ? readOnly()(store) : store);
    const made: ServedBackend = { ...options, name, served, changes: new ChangeLog() };
    names.set(name, made);
    return made;
  }

  #find(name: string): Store | BackendBase {
    const backends = this.#backends;
    const found = isLookup(backends)
      ? backends.has(name) ? backends.get(name) : undefined
      : Object.hasOwn(backends, name)
      ? backends[name]
      : undefined;
    if (found !== undefined) return found;
    // The names of the others are not everybody's business.
    throw new StorageError("unknown-backend", `no backend is served as ${JSON.stringify(name)}`);
  }
}

function isLookup(backends: Served): backends is BackendLookup | ReadonlyMap<string, Store | BackendBase> {
  return typeof backends.get === "function" && typeof backends.has === "function";
}

function storeOf(backend: Store | BackendBase, name: string): Store {
  const isBackend = "requiresFilesystemValidation" in backend;
  if (isBackend && !(backend instanceof DataSource)) {
    throw new StorageError("unsupported", `backend ${JSON.stringify(name)} only sends, and has nothing to be read`);
  }
  const store = isBackend ? backendStore(backend as DataSource) : backend as Store;
  if (!(store instanceof DiskStore) || store.confined) return store;
  const detail = `backend ${JSON.stringify(name)} is the whole disk: give it a root to serve it`;
  throw new StorageError("permission-denied", detail);
}
