/**
 * {@linkcode ItemRules}: what a registry takes, and under which key.
 *
 * @module
 */

import { ArtifactError } from "./artifact_error.ts";
import { checkSchema, type StandardSchema, validateBy } from "./standard_schema.ts";

/** Says why something is not of the kind that a registry keeps; `undefined` if it is. */
export type Refusal = (item: unknown) => string | undefined;

/** What a registry takes, and under which key. */
export class ItemRules<I, T> {
  readonly #refusal: Refusal;
  readonly #schema: StandardSchema<I, T> | undefined;
  readonly #keyOf: ((item: I) => string | undefined) | undefined;

  /**
   * @param refusal What the kind of registry refuses.
   * @param schema What items must be beside.
   * @param keyOf The key of an item.
   * @throws {StorageError} `invalid-argument` for a schema that is none.
   */
  constructor(
    refusal: Refusal,
    schema: StandardSchema<I, T> | undefined,
    keyOf: ((item: I) => string | undefined) | undefined,
  ) {
    this.#refusal = refusal;
    if (schema !== undefined) checkSchema(schema);
    this.#schema = schema;
    this.#keyOf = keyOf;
  }

  /** Whether the kind of registry takes an item; the schema is not asked. */
  takes(item: unknown): boolean {
    return this.#refusal(item) === undefined;
  }

  /**
   * Checks an item.
   *
   * @param item The item.
   * @param key Its key, for the error.
   * @returns What the schema makes of it; a promise if the schema answers with one.
   * @throws {StorageError} `invalid-value`.
   */
  check(item: unknown, key?: string): T | Promise<T> {
    const reason = this.#refusal(item) ??
      (isThenable(item) ? "a promise cannot be got again: await it first" : undefined);
    if (reason !== undefined) {
      throw new ArtifactError("invalid-value", reason, { path: key, context: key === undefined ? {} : { key } });
    }
    return this.#schema === undefined ? item as T : validateBy(this.#schema, item, key);
  }

  /**
   * The key of an item that is registered without one.
   *
   * @throws {StorageError} `invalid-argument` if it has none.
   */
  keyOf(item: I): string {
    const key = this.#keyOf ? this.#keyOf(item) : typeof item === "function" ? item.name : undefined;
    if (key) return key;
    throw new ArtifactError("invalid-argument", "the item has no name of its own", {
      suggestions: ['give it a key: register("key", item)', "or give the registry keyOf"],
    });
  }
}

function isThenable(item: unknown): boolean {
  return (typeof item === "object" || typeof item === "function") && item !== null &&
    typeof Reflect.get(item, "then") === "function";
}
