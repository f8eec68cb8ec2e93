/**
 * Options of registries of artifacts.
 *
 * @module
 */

import type { AbortOptions, ArtifactStorage } from "./artifact_storage.ts";
import type { ArtifactCacheOptions } from "./cached_artifacts.ts";
import type { ModuleList } from "./descriptor.ts";
import type { RemoteOptions } from "./server_address.ts";
import type { StandardSchema } from "./standard_schema.ts";

/** What happens when something is registered under a key that is taken: it fails, or takes its place, or is left alone. */
export type OnDuplicate = "error" | "replace" | "keep";

/**
 * Options of a registry. Without `namespace` and `storage` it is local: in the memory of this process, by reference.
 *
 * @typeParam I What is registered.
 * @typeParam T What is got: what the schema makes of it.
 */
export interface ArtifactRegistryOptions<I, T = I> {
  /**
   * The namespace on the server that keeps the artifacts: labels with dots between them.
   *
   * @default {undefined} local
   */
  namespace?: string | undefined;
  /**
   * Where the server is.
   *
   * @default {{}} as the environment says
   */
  remote?: RemoteOptions | undefined;
  /**
   * What keeps the artifacts, as JSON text, in place of a server: `new StoredArtifacts(store, namespace)`. It is closed with the registry.
   *
   * @default {undefined} a server if there is a namespace, else the memory
   */
  storage?: ArtifactStorage<string> | undefined;
  /**
   * Keeps what was got in this process: for how long, and whether to listen for changes. A local registry needs none.
   *
   * @default {undefined} everything is asked for each time
   */
  cache?: ArtifactCacheOptions | undefined;
  /**
   * The modules that functions and classes may come from, where they travel.
   *
   * @default {{}} none: they cannot
   */
  modules?: ModuleList | undefined;
  /**
   * What artifacts must be. What is registered is kept as it is; what is got is what the schema makes of it.
   *
   * @default {undefined} anything that the kind of registry takes
   */
  schema?: StandardSchema<I, T> | undefined;
  /**
   * The key of an item that is registered without one.
   *
   * @default {undefined} the name of a function or a class; nothing else has one
   */
  keyOf?: ((item: I) => string | undefined) | undefined;
  /**
   * What happens when a key is taken.
   *
   * @default {"error"}
   */
  onDuplicate?: OnDuplicate | undefined;
}

/** Options of `register`. */
export interface RegisterArtifactOptions extends AbortOptions {
  /**
   * What happens when the key is taken.
   *
   * @default {undefined} as the registry has it
   */
  onDuplicate?: OnDuplicate | undefined;
}

/** Options of `registerBatch`. */
export interface RegisterBatchOptions extends RegisterArtifactOptions {
  /**
   * All or nothing: if one fails, nothing is registered, and all are told to have failed.
   *
   * @default {false} each for itself
   */
  atomic?: boolean | undefined;
}

/** Options of `identifiers` and `entries`. */
export interface IdentifierOptions extends AbortOptions {
  /**
   * Only keys that begin with this.
   *
   * @default {""}
   */
  prefix?: string | undefined;
}
