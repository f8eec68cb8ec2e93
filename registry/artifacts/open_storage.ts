/**
 * {@linkcode openFar}: where a registry keeps its artifacts if they are not local.
 *
 * @module
 */

import { ArtifactError } from "./artifact_error.ts";
import type { ArtifactStorage } from "./artifact_storage.ts";
import { CachedArtifacts } from "./cached_artifacts.ts";
import { AllowedModules } from "./descriptor.ts";
import { EncodedArtifacts } from "./encoded_artifacts.ts";
import type { ItemRules } from "./item_rules.ts";
import type { ArtifactRegistryOptions } from "./registry_options.ts";
import { RemoteArtifacts } from "./remote_artifacts.ts";

/**
 * Opens what a registry keeps its artifacts in; nothing is asked of it yet.
 *
 * @param options Where it is.
 * @param rules What artifacts must be: asked again when they come back, for others may have written them.
 * @returns It; `undefined` if the artifacts are local.
 * @throws {StorageError} `invalid-argument` for options that contradict each other, or that are bad.
 */
export function openFar<I, T>(
  options: ArtifactRegistryOptions<I, T>,
  rules: ItemRules<I, T>,
): ArtifactStorage<T> | undefined {
  const { namespace, storage, remote, cache, modules } = options;
  if (namespace === undefined && storage === undefined) {
    if (remote !== undefined) throw new ArtifactError("invalid-argument", "remote needs a namespace");
    return undefined;
  }
  if (namespace !== undefined && storage !== undefined) {
    throw new ArtifactError("invalid-argument", "give a namespace or a storage, not both: the storage has one");
  }
  const allowed = new AllowedModules(modules);
  const encoded = new EncodedArtifacts<I, T>(storage ?? new RemoteArtifacts(namespace!, remote), {
    encode: (item) => allowed.encode(item),
    decode: async (text, key) => await rules.check(await allowed.decode(text), key),
  });
  return cache === undefined ? encoded : new CachedArtifacts<T>(encoded, cache);
}
