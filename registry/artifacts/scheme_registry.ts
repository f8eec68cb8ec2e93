/**
 * {@linkcode SchemeRegistry}: configurations by name.
 *
 * @module
 */

import { ArtifactRegistry } from "./artifact_registry.ts";
import type { ArtifactRegistryOptions } from "./registry_options.ts";
import type { StandardSchema } from "./standard_schema.ts";

/** Options of {@linkcode SchemeRegistry}. */
export interface SchemeRegistryOptions<I, T> extends ArtifactRegistryOptions<I, T> {
  /** What configurations must be. */
  schema: StandardSchema<I, T>;
}

/**
 * Configurations by name, each as a schema wants it. On a server they are kept as JSON that brings back exactly what was registered, and the
 * schema is asked again when they are got: another program may have written them.
 *
 * @typeParam T What is got: what the schema makes of a configuration, with its defaults filled in.
 * @typeParam I What is registered.
 *
 * @example
 * ```ts
 * import { SchemeRegistry, type StandardSchema } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * // Any library that keeps to Standard Schema will do: Zod, Valibot, ArkType, …
 * const training: StandardSchema<{ lr: number; momentum?: number }, { lr: number; momentum: number }> = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "example",
 *     validate(value) {
 *       const { lr, momentum = 0.9 } = Object(value);
 *       return typeof lr === "number" ? { value: { lr, momentum } } : { issues: [{ message: "must be a number", path: ["lr"] }] };
 *     },
 *   },
 * };
 * const configs = new SchemeRegistry({ schema: training });
 * await configs.register("sgd", { lr: 0.1 });
 * assert.deepEqual(await configs.get("sgd"), { lr: 0.1, momentum: 0.9 });
 * await assert.rejects(configs.register("bad", { lr: "fast" } as never), /lr: must be a number/);
 * ```
 */
export class SchemeRegistry<T, I = T> extends ArtifactRegistry<T, I> {
  /**
   * Creates a registry; nothing is asked of a server yet.
   *
   * @param options The schema, and where the configurations are kept.
   * @throws {StorageError} `invalid-argument` for a bad namespace, option or variable of the environment.
   */
  constructor(options: SchemeRegistryOptions<I, T>) {
    super(options);
  }
}
