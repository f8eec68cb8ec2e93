/**
 * What a registry wants of a schema: the interface that libraries of schemas have in common. Zod, Valibot, ArkType and others offer it.
 *
 * @module
 * @see {@link https://standardschema.dev Standard Schema}
 */

import { ArtifactError } from "./artifact_error.ts";

/**
 * A schema of any library, or of your own.
 *
 * @typeParam I What it takes.
 * @typeParam O What it makes of it.
 */
export interface StandardSchema<I = unknown, O = I> {
  /** What libraries agreed on. */
  readonly "~standard": {
    /** The version of the agreement. */
    readonly version: 1;
    /** Who made the schema. */
    readonly vendor: string;
    /** Checks a value, and says what it makes of it. */
    readonly validate: (value: unknown) => SchemaResult<O> | Promise<SchemaResult<O>>;
    /** The types, for the compiler only. */
    readonly types?: { readonly input: I; readonly output: O } | undefined;
  };
}

/**
 * What a schema answers.
 *
 * @typeParam O What it makes of the value.
 */
export type SchemaResult<O> =
  | { readonly value: O; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** What is wrong with a value. */
export interface SchemaIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where: the keys that lead there. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * Checks that something is a schema.
 *
 * @param schema What should be one.
 * @throws {ArtifactError} `invalid-argument` if it is none.
 *
 * @example
 * ```ts
 * import { checkSchema } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * assert.throws(() => checkSchema({ type: "number" }), { code: "invalid-argument" });
 * ```
 */
export function checkSchema(schema: unknown): void {
  const { "~standard": standard } = Object(schema) as Partial<StandardSchema>;
  if (typeof Object(standard).validate === "function") return;
  throw new ArtifactError("invalid-argument", 'the schema has no "~standard".validate, so it is no Standard Schema', {
    suggestions: [
      "make it with a library that keeps to Standard Schema: Zod, Valibot, ArkType",
      "or write validate yourself",
    ],
  });
}

/**
 * Validates a value.
 *
 * @typeParam O What the schema makes of it.
 * @param schema The schema.
 * @param value The value.
 * @param key The key it is registered under, for the error.
 * @returns What the schema makes of it; a promise if the schema answers with one.
 * @throws {ArtifactError} `invalid-value`, with every issue and its place.
 *
 * @example
 * ```ts
 * import { type StandardSchema, validateBy } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * const positive: StandardSchema<number> = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "example",
 *     validate: (value) => Number(value) > 0 ? { value: Number(value) } : { issues: [{ message: "must be positive" }] },
 *   },
 * };
 * assert.equal(validateBy(positive, 7), 7);
 * assert.throws(() => validateBy(positive, -7), /must be positive/);
 * ```
 */
export function validateBy<O>(schema: StandardSchema<unknown, O>, value: unknown, key?: string): O | Promise<O> {
  const result = schema["~standard"].validate(value);
  return result instanceof Promise ? result.then((late) => outcome(late, key)) : outcome(result, key);
}

function outcome<O>(result: SchemaResult<O>, key: string | undefined): O {
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map(({ message, path = [] }) => {
    const place = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return place === "" ? message : `${place}: ${message}`;
  });
  throw new ArtifactError("invalid-value", `the schema refuses it: ${issues.join("; ")}`, {
    path: key,
    suggestions: issues,
    context: { ...(key !== undefined && { key }), issues },
  });
}
