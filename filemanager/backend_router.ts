/**
 * {@linkcode BackendRouter}: from the name in a call to the backend it means.
 *
 * @module
 */

import { foldName } from "../backends/catalogue.ts";
import type { StorageBackend } from "../backends/backend.ts";
import type { BackendBase, BackendLookup } from "../backends/data_source.ts";
import { inContext, StorageError } from "../backends/errors.ts";
import { BackendRegistry, unknownBackend } from "../registry/backend_registry.ts";
import { BackendView } from "./backend_view.ts";
import type { AnyBackends, Backends } from "./names.ts";
import type { Side } from "./side.ts";

/**
 * The backends of a file manager, by name. It is what {@linkcode FileManager} is built on.
 *
 * @typeParam B The backends.
 */
export class BackendRouter<B extends Backends = AnyBackends> {
  readonly #registry: BackendRegistry | undefined;
  readonly #backends = new Map<string, BackendBase>();

  /**
   * Creates a file manager of a registry, which it looks into at each call, or of a `Map` by name, of which it takes a copy.
   *
   * @param registry Its backends.
   * @throws {StorageError} `invalid-argument` without one.
   */
  constructor(registry: BackendRegistry | ReadonlyMap<string, BackendBase>);
  /**
   * Creates a file manager of an object by name, of which it takes a copy.
   *
   * @param backends Its backends.
   * @throws {StorageError} `invalid-argument` without one.
   */
  constructor(backends: B);
  constructor(registry: B | BackendRegistry | ReadonlyMap<string, BackendBase>) {
    if (typeof registry !== "object" || registry === null) {
      throw new StorageError("invalid-argument", "a file manager needs a registry, or an object of backends");
    }
    if (registry instanceof BackendRegistry) {
      this.#registry = registry;
      return;
    }
    const entries: Iterable<[string, BackendBase]> = registry instanceof Map
      ? registry
      : Object.entries(registry as Backends);
    for (const [name, backend] of entries) this.#backends.set(foldName(name), backend);
    this.#bind();
  }

  /** The names of the backends. */
  get backends(): string[] {
    return [...new Set([...this.#backends.keys(), ...(this.#registry?.keys() ?? [])])];
  }

  /**
   * Adds a backend to this file manager only, or puts it in the place of another.
   *
   * @throws {StorageError} `invalid-argument` if the name is empty.
   */
  registerBackend(name: string, backend: BackendBase): void {
    const key = foldName(name);
    if (key === "") throw new StorageError("invalid-argument", "the name of a backend must not be empty");
    this.#backends.set(key, backend);
    this.#bind();
  }

  /**
   * The same operations with the name bound.
   *
   * @throws {StorageError} `unknown-backend`, listing the names.
   */
  on<K extends keyof B & string>(backend: K): BackendView<B[K] & BackendBase> {
    const view = new BackendView(backend, this.#find as (name: string) => B[K] & BackendBase);
    this.#find(backend); // a name that is not there is told at once
    return view;
  }

  /** The view of a backend, whatever the types know of its name. */
  protected view(name: string): BackendView {
    return new BackendView(name, this.#find as (name: string) => StorageBackend);
  }

  readonly #find = (name: string): BackendBase => {
    const known = this.#backends.get(name);
    if (known !== undefined) return known;
    const key = typeof name === "string" ? foldName(name) : String(name);
    const backend = this.#backends.get(key);
    if (backend !== undefined) return backend;
    if (this.#registry?.has(key)) return this.#registry.get<BackendBase>(key);
    throw unknownBackend(key, this.backends);
  };

  #bind(): void {
    const lookup: BackendLookup = {
      get: this.#find,
      has: (name) => this.#backends.has(foldName(name)) || (this.#registry?.has(name) ?? false),
    };
    for (const backend of this.#backends.values()) backend.bindRegistry(lookup);
  }

  /** Runs work between two backends. */
  protected async between<R>(
    operation: string,
    source: string,
    target: string,
    path: string,
    work: (source: Side, target: Side) => Promise<R>,
  ): Promise<R> {
    try {
      return await work(this.#side(source, "load"), this.#side(target, "copy"));
    } catch (error) {
      throw inContext(error, { operation, path });
    }
  }
  /** One of two backends, known to have a method; what the types let through is checked here. */
  #side(name: string, method: "load" | "copy"): Side {
    const backend = this.#find(name) as StorageBackend;
    if (typeof backend[method] === "function") return { name, backend };
    const detail = method === "load"
      ? "this backend only sends: nothing can be read from it"
      : "this backend keeps no files: save values to it instead";
    throw new StorageError("unsupported", detail, { backend: name });
  }
}
