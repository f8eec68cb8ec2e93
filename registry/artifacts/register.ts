/**
 * {@linkcode Register}: the ways to register.
 *
 * @module
 */

import type { RegisterArtifactOptions } from "./registry_options.ts";

/**
 * Registers an item under a key, or under its own name; or is the decorator of a class.
 *
 * @typeParam I What is registered.
 * @typeParam T What is got.
 */
export interface Register<I, T> {
  /** Registers an item under a key, and answers with what `get` would. */
  (key: string, item: I, options?: RegisterArtifactOptions): Promise<T>;
  /** Is the decorator of a class: `@registry.register class Adam {}`. */
  (item: I, context: ClassDecoratorContext): void;
  /** Registers an item under its own name. */
  (item: I, options?: RegisterArtifactOptions): Promise<T>;
}

/**
 * Registers what it is called with, and gives it back: the decorator of a class, or the wrapper of a function.
 *
 * @typeParam I What is registered.
 */
export type Entry<I> = <V extends I>(item: V, context?: ClassDecoratorContext) => V;

/** How `register` was called. */
export interface Registration<I> {
  /** The key, if one was given. */
  readonly key: string | undefined;
  /** The item. */
  readonly item: I;
  /** The options. */
  readonly options: RegisterArtifactOptions;
  /** Whether it was called as a decorator, which waits for nothing. */
  readonly decorates: boolean;
}

/**
 * Tells the ways of calling `register` apart. A text that comes first is a key, if something comes after it.
 *
 * @typeParam I What is registered.
 * @param values The arguments.
 * @returns What they mean.
 */
export function readRegistration<I>(values: readonly unknown[]): Registration<I> {
  const [first, second, third] = values;
  if (typeof first === "string" && values.length > 1) {
    return { key: first, item: second as I, options: Object(third), decorates: false };
  }
  const decorates = typeof first === "function" && Object(second).kind === "class";
  return { key: undefined, item: first as I, options: decorates ? {} : Object(second), decorates };
}
