/**
 * {@linkcode ObjectRegistry}: objects by name, as long as somebody uses them.
 *
 * @module
 */

import { ArtifactRegistry } from "./artifact_registry.ts";
import { holdWeakly } from "./cell.ts";
import { described } from "./functional_registry.ts";
import { LocalArtifacts } from "./local_artifacts.ts";
import type { ArtifactRegistryOptions } from "./registry_options.ts";

/** Options of {@linkcode ObjectRegistry}: it is always local. */
export type ObjectRegistryOptions<O extends object> = Omit<
  ArtifactRegistryOptions<O>,
  "namespace" | "remote" | "storage" | "cache" | "modules"
>;

/**
 * Objects by name, in the memory of this process, held weakly: the registry keeps no object alive. One that nobody else uses is gone some time
 * later, and its key is free.
 *
 * @typeParam O The objects.
 *
 * @example
 * ```ts
 * import { ObjectRegistry } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * const sessions = new ObjectRegistry<{ user: string }>();
 * const session = { user: "ada" };
 * await sessions.register("s1", session);
 * assert.equal(await sessions.get("s1"), session);
 * assert.equal(sessions.cleanup(), 0);
 * ```
 */
export class ObjectRegistry<O extends object = object> extends ArtifactRegistry<O> {
  readonly #objects: LocalArtifacts<O>;

  /**
   * Creates an empty registry.
   *
   * @param options What the objects must be.
   */
  constructor(options: ObjectRegistryOptions<O> = {}) {
    const objects = new LocalArtifacts<O>(holdWeakly);
    super(options, objects);
    this.#objects = objects;
  }

  /** Why something cannot be held weakly. */
  protected override refusal(item: unknown): string | undefined {
    const isObject = (typeof item === "object" && item !== null) || typeof item === "function";
    return isObject ? undefined : `an object is wanted, not ${described(item)}`;
  }

  /**
   * Forgets the keys of objects that are gone. It is never needed: they count as free; it only gives their memory back.
   *
   * @returns How many there were.
   */
  cleanup(): number {
    return this.#objects.purge();
  }
}
