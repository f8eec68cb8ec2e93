/**
 * {@linkcode StoredNamespaces}: the namespaces of a store.
 *
 * @module
 */

import { isStorageError } from "../../backends/errors.ts";
import { comparePaths } from "../../backends/path.ts";
import type { AbortOptions, Store } from "../../backends/stores/store.ts";
import { ChangeLog } from "./change_log.ts";
import { StoredArtifacts } from "./stored_artifacts.ts";
import { type ArtifactStore, artifactStore, namespaceOf } from "./stored_names.ts";

/** Options of {@linkcode StoredNamespaces.list}. */
export interface ListNamespacesOptions extends AbortOptions {
  /**
   * Only namespaces that begin with this.
   *
   * @default {""}
   */
  prefix?: string | undefined;
  /**
   * Only namespaces that come after this one.
   *
   * @default {undefined} from the first
   */
  after?: string | undefined;
  /**
   * At most this many.
   *
   * @default {Infinity}
   */
  limit?: number | undefined;
}

/** So many are kept open. */
const MAX_OPEN = 1000;

/**
 * All artifacts of a store, by namespace. A namespace exists while something is registered in it.
 *
 * @example
 * ```ts
 * import { StoredNamespaces } from "@polystore/polystore/artifacts";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const namespaces = new StoredNamespaces(new MemoryStore());
 * await namespaces.open("research.losses").put("mse", "1");
 * assert.deepEqual(await Array.fromAsync(namespaces.list()), ["research.losses"]);
 * ```
 */
export class StoredNamespaces {
  readonly #store: ArtifactStore;
  readonly #open = new Map<string, StoredArtifacts>();

  /**
   * Nothing is read or written yet.
   *
   * @param store Where they are.
   * @throws {StorageError} `unsupported` if the store cannot list, write and delete.
   */
  constructor(store: Store) {
    this.#store = artifactStore(store);
  }

  /**
   * The artifacts of a namespace, which need not exist yet.
   *
   * @param namespace The namespace.
   * @returns Its artifacts.
   * @throws {StorageError} `invalid-argument` for a namespace that cannot be one.
   */
  open(namespace: string): StoredArtifacts {
    let artifacts = this.#open.get(namespace);
    if (artifacts === undefined) {
      artifacts = new StoredArtifacts(this.#store, namespace);
      if (this.#open.size >= MAX_OPEN) this.#open.clear();
      this.#open.set(namespace, artifacts);
    }
    return artifacts;
  }

  /** Yields the namespaces that have entries, in order. What they have noted of old changes is deleted on the way, if it can be. */
  async *list(options: ListNamespacesOptions = {}): AsyncGenerator<string, void> {
    const { prefix = "", after, limit = Infinity, signal } = options;
    let count = 0;
    for await (const { path, kind } of this.#store.list("", { shallow: true, signal })) {
      if (count >= limit) return;
      const name = kind === "directory" ? namespaceOf(path) : undefined;
      if (name === undefined || !name.startsWith(prefix)) continue;
      if (after !== undefined && comparePaths(name, after) <= 0) continue;
      await this.#sweep(path, signal);
      for await (const _ of this.open(name).list({ limit: 1, signal })) {
        yield name;
        count++;
      }
    }
  }

  /** Who only lists need not be allowed to delete. */
  async #sweep(directory: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      await new ChangeLog(this.#store, `${directory}/log`).sweep(signal);
    } catch (error) {
      if (!isStorageError(error)) throw error;
    }
  }
}
