/**
 * The types that make a file manager know its backends: their names, and the options of each.
 *
 * @module
 */

import type { StorageBackend } from "../backends/backend.ts";
import type { BackendBase, LoadOptions, SaveOptions, SaveResult } from "../backends/data_source.ts";

/** Backends by name. */
export type Backends = Readonly<Record<string, BackendBase>>;

/**
 * Options, and any others.
 *
 * @typeParam O The options that are known.
 */
export type AnyOptions<O> = O & Readonly<Record<string, unknown>>;

/** A backend known by name only, as from a registry: it may take any option, and an operation it lacks fails with `unsupported`. */
export interface AnyBackend extends Omit<StorageBackend, "load" | "loadBatch" | "save" | "saveBatch"> {
  /** See `DataSource.load`. */
  load(path: string, options?: AnyOptions<LoadOptions>): Promise<unknown>;
  /** See `DataSource.loadBatch`. */
  loadBatch(paths: readonly string[], options?: AnyOptions<LoadOptions>): Promise<unknown[]>;
  /** See `StorageBackend.save`. */
  save(data: unknown, path: string, options?: AnyOptions<Omit<SaveOptions, "format">>): Promise<SaveResult>;
  /** See `StorageBackend.saveBatch`. */
  saveBatch(
    data: readonly unknown[],
    paths: readonly string[],
    options?: AnyOptions<Omit<SaveOptions, "format">>,
  ): Promise<SaveResult[]>;
}

/** Backends of which no name is known before the program runs. */
export type AnyBackends = Readonly<Record<string, AnyBackend>>;

/**
 * The names of the backends that have a method.
 *
 * @typeParam B The backends.
 * @typeParam M The method.
 */
export type NamesWith<B extends Backends, M extends string> = {
  [K in keyof B & string]: M extends keyof B[K] ? K : never;
}[keyof B & string];

/**
 * What a method of a backend takes at a position.
 *
 * @typeParam T The backend.
 * @typeParam M The method.
 * @typeParam I The position, from 0.
 */
export type ParameterOf<T, M extends string, I extends number> = M extends keyof T
  ? NonNullable<T[M]> extends (...parameters: infer P) => unknown ? NonNullable<P[I]> : never
  : never;

/**
 * The options with which a backend loads.
 *
 * @typeParam T The backend.
 */
export type LoadOptionsOf<T> = With<LoadOptions, ParameterOf<T, "load", 1>>;

/**
 * The options with which a backend saves.
 *
 * @typeParam T The backend.
 */
export type SaveOptionsOf<T> = With<SaveOptions, ParameterOf<T, "save", 2>>;

/**
 * The options with which a backend saves many.
 *
 * @typeParam T The backend.
 */
export type BatchOptionsOf<T> = With<SaveOptions, ParameterOf<T, "saveBatch", 2>>;

/**
 * Options of every backend, and those of one, which count where both have a word for something.
 *
 * @typeParam O The options of every backend.
 * @typeParam P The options of one.
 */
export type With<O, P> = Omit<O, keyof P> & P;
