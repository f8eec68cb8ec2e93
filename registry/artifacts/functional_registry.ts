/**
 * {@linkcode FunctionalRegistry}: functions by name.
 *
 * @module
 */

import { ArtifactRegistry } from "./artifact_registry.ts";

/** Any function. */
// deno-lint-ignore no-explicit-any -- with `never` nobody could call what is got, with `unknown` nobody could register
export type AnyFunction = (...parameters: any[]) => unknown;

/**
 * Functions by name. A function is registered under its own name, or under a key; classes are refused.
 *
 * On a server, what is kept of a function is which export of which module it is; `modules` lists those that may be loaded. No code travels.
 *
 * @typeParam F The functions.
 *
 * @example
 * ```ts
 * import { FunctionalRegistry } from "@polystore/polystore/artifacts";
 * import assert from "node:assert/strict";
 *
 * const losses = new FunctionalRegistry<(a: number, b: number) => number>();
 * await losses.register(function mse(a, b) {
 *   return (a - b) ** 2;
 * });
 * const mae = losses.entry("mae")((a, b) => Math.abs(a - b));
 * assert.equal((await losses.get("mse"))(3, 1), 4);
 * assert.equal(await losses.get("mae"), mae);
 * ```
 */
export class FunctionalRegistry<F extends AnyFunction = AnyFunction> extends ArtifactRegistry<F> {
  /** Why something is not a function. */
  protected override refusal(item: unknown): string | undefined {
    if (typeof item !== "function") return `a function is wanted, not ${described(item)}`;
    return isClass(item) ? "a function is wanted, not a class: a TypeRegistry takes those" : undefined;
  }
}

/**
 * Whether a function is a class, one of the language (`Map`) too: what it makes its instances from cannot be changed.
 *
 * @param item A function.
 * @returns Whether it is.
 */
export function isClass(item: CallableFunction): boolean {
  return Object.getOwnPropertyDescriptor(item, "prototype")?.writable === false;
}

/**
 * What something is, in a word.
 *
 * @param item Anything.
 * @returns The word.
 */
export function described(item: unknown): string {
  return item === null
    ? "null"
    : Array.isArray(item)
    ? "an array"
    : `${typeof item === "object" ? "an" : "a"} ${typeof item}`;
}
