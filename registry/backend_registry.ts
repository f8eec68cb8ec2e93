/**
 * {@linkcode BackendRegistry}: name → backend, constructed on first use.
 *
 * @module
 */

import type { StorageBackend } from "../backends/backend.ts";
import {
  type BackendClass,
  foldName,
  registeredBackend,
  registeredNames,
  type RegisterOptions,
} from "../backends/catalogue.ts";
import type { BackendBase, BackendLookup } from "../backends/data_source.ts";
import { StorageError } from "../backends/errors.ts";
import { nearest } from "./nearest.ts";

/** What imports would add to the catalogue, by name. */
const IMPORTS: Readonly<Record<string, string>> = {
  memory: "@polystore/polystore/memory",
  disk: "@polystore/polystore/disk",
  kv: "@polystore/polystore/kv",
  sqlite: "@polystore/polystore/sqlite",
  zarr: "@polystore/polystore/zarr",
  remote: "@polystore/polystore/remote",
};

/** What no import adds alone, by name: how to add it. */
const NEEDING: Readonly<Record<string, string>> = {
  http: 'registry.register("http", () => new HttpBackend({ url })), from "@polystore/polystore/http"',
};

/**
 * The backends of a program, by name: the registered classes, and what is registered here. Each is constructed when it
 * is first asked for, once, and closed with the registry.
 *
 * @example
 * ```ts
 * import { BackendRegistry, DiskBackend, FileManager } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * await using registry = new BackendRegistry();
 * registry.register("results", () => new DiskBackend({ root: "results" }));
 *
 * assert(registry.has("memory"));
 * assert.equal(registry.get("results"), registry.get("Results"));
 * const fm = new FileManager(registry);
 * await fm.save({ a: 1 }, "a.json", "memory");
 * assert.throws(() => registry.get("memroy"), /"memory"/);
 * ```
 */
export class BackendRegistry implements BackendLookup, Iterable<string>, AsyncDisposable {
  readonly #own = new Map<string, () => BackendBase>();
  readonly #instances = new Map<string, BackendBase>();
  readonly #given = new Set<BackendBase>();
  readonly #cleanups = new Set<() => void | Promise<void>>();

  /**
   * Registers a backend in this registry only: one that exists (it stays the caller's to close), or how to make it.
   *
   * @param name Its name; case does not count.
   * @param backend An instance, a function that makes one, or a class.
   * @param options Whether it may replace another.
   * @throws {StorageError} `already-exists` if the name is taken, `invalid-argument` if it is empty.
   */
  register(
    name: string,
    backend: BackendBase | (() => BackendBase) | BackendClass,
    options: RegisterOptions = {},
  ): void {
    const key = foldName(name);
    if (key === "") throw new StorageError("invalid-argument", "the name of a backend must not be empty");
    if (this.has(key) && !options.replace) {
      throw new StorageError(
        "already-exists",
        `a backend is registered as "${key}" already; pass { replace: true } to take its place`,
      );
    }
    this.#instances.delete(key);
    if (typeof backend !== "function") {
      this.#given.add(backend);
      this.#own.set(key, () => backend);
    } else if (isClass(backend)) this.#own.set(key, () => new backend());
    else this.#own.set(key, backend);
  }

  /** Whether a backend has this name; constructs nothing. */
  has(name: string): boolean {
    const key = foldName(name);
    return this.#own.has(key) || registeredBackend(key) !== undefined;
  }

  /** The names of all backends; constructs nothing. */
  keys(): string[] {
    return [...new Set([...registeredNames(), ...this.#own.keys()])];
  }

  /** How many backends there are. */
  get size(): number {
    return this.keys().length;
  }

  /** Iterates over the names. */
  [Symbol.iterator](): Iterator<string> {
    return this.keys()[Symbol.iterator]();
  }

  /**
   * The backend of this name, constructed now if it was not yet.
   *
   * @typeParam B What it is.
   * @throws {StorageError} `unknown-backend`, listing the names; `io` with the cause if it cannot be constructed.
   */
  get<B extends BackendBase = StorageBackend>(name: string): B {
    const key = foldName(name);
    const known = this.#instances.get(key);
    if (known !== undefined) return known as B;
    const backend = this.#construct(key);
    this.#instances.set(key, backend);
    backend.bindRegistry(this);
    return backend as B;
  }

  #construct(name: string): BackendBase {
    const make = this.#own.get(name);
    const registered = registeredBackend(name);
    if (make === undefined && registered === undefined) throw unknownBackend(name, this.keys());
    try {
      return make ? make() : new registered!();
    } catch (error) {
      throw new StorageError("io", `backend "${name}" cannot be constructed: ${(error as Error)?.message ?? error}`, {
        cause: error,
      });
    }
  }

  /**
   * Has something called when the registry is closed, after the backends. The same function is called once.
   *
   * @param cleanup What to call.
   * @returns Takes it back.
   */
  onCleanup(cleanup: () => void | Promise<void>): () => void {
    this.#cleanups.add(cleanup);
    return () => void this.#cleanups.delete(cleanup);
  }

  /**
   * Closes the backends that were constructed here, the last first, then calls the cleanup functions. All are called, whatever fails;
   * names stay registered, and the next `get` constructs anew.
   *
   * @throws {AggregateError} of all failures, if any.
   */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    const made = [...this.#instances.values()].filter((backend) => !this.#given.has(backend)).reverse();
    this.#instances.clear();
    const cleanups = [...this.#cleanups];
    for (const step of [...made.map((backend) => () => backend.close()), ...cleanups]) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "Cannot close the registry: cleanup failed");
  }

  /** The same as {@linkcode BackendRegistry.close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function isClass(value: (() => BackendBase) | BackendClass): value is BackendClass {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

/**
 * The error for a name that no backend has: it lists those there are, the nearest of them, and the import that
 * would add it.
 *
 * @param name The name asked for.
 * @param known The names there are.
 * @returns The error to throw.
 *
 * @example
 * ```ts
 * import { unknownBackend } from "@polystore/polystore/registry";
 * import assert from "node:assert/strict";
 *
 * assert.match(unknownBackend("dsik", ["disk", "memory"]).message, /did you mean "disk"/);
 * ```
 */
export function unknownBackend(name: string, known: readonly string[]): StorageError {
  const similar = nearest(name, known);
  const hint = IMPORTS[name] !== undefined
    ? `; import "${IMPORTS[name]}" to add it`
    : NEEDING[name] !== undefined
    ? `; add it: ${NEEDING[name]}`
    : similar !== undefined
    ? `; did you mean "${similar}"?`
    : "";
  const list = known.length === 0 ? "none" : known.map((name) => `"${name}"`).join(", ");
  return new StorageError("unknown-backend", `no backend is called ${JSON.stringify(name)}: there are ${list}${hint}`);
}
