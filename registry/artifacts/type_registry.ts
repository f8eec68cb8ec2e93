/**
 * {@linkcode TypeRegistry}: classes by name.
 *
 * @module
 */

import { ArtifactRegistry } from "./artifact_registry.ts";
import { described, isClass } from "./functional_registry.ts";
import type { ArtifactRegistryOptions } from "./registry_options.ts";

/** Any class, an abstract one too. */
// deno-lint-ignore no-explicit-any -- with `never` nobody could construct what is got, with `unknown` nobody could register
export type AnyClass = abstract new (...parameters: any[]) => object;

/** Options of {@linkcode TypeRegistry}. */
export interface TypeRegistryOptions<C extends AnyClass> extends ArtifactRegistryOptions<C> {
  /**
   * The class that all must extend; it may be one itself.
   *
   * @default {undefined} any class
   */
  base?: AnyClass | undefined;
}

/**
 * Classes by name, registered by a decorator or a call.
 *
 * On a server, what is kept of a class is which export of which module it is; `modules` lists those that may be loaded. No code travels.
 *
 * @typeParam C The classes.
 *
 * @example
 * ```ts
 * import { TypeRegistry } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * class Model {}
 * const models = new TypeRegistry<typeof Model>({ base: Model });
 *
 * @models.register
 * class Linear extends Model {}
 *
 * @models.entry("mlp")
 * class Perceptron extends Model {}
 *
 * assert.equal(await models.get("Linear"), Linear);
 * assert.equal(await models.get("mlp"), Perceptron);
 * await assert.rejects(models.register(class Other {}), /must extend Model/);
 * ```
 */
export class TypeRegistry<C extends AnyClass = AnyClass> extends ArtifactRegistry<C> {
  readonly #base: AnyClass | undefined;

  /**
   * Creates a registry; nothing is asked of a server yet.
   *
   * @param options Where the classes are kept, and what they must extend.
   * @throws {StorageError} `invalid-argument` for a bad namespace, option or variable of the environment.
   */
  constructor(options: TypeRegistryOptions<C> = {}) {
    super(options);
    this.#base = options.base;
  }

  /** Why something is not a class, or not one of these. */
  protected override refusal(item: unknown): string | undefined {
    if (typeof item !== "function" || !isClass(item)) return `a class is wanted, not ${described(item)}`;
    const base = this.#base;
    if (base === undefined || item === base || item.prototype instanceof base) return undefined;
    return `class ${item.name} must extend ${base.name}`;
  }
}
