/**
 * The one catalogue of backend classes. Importing a module that defines a backend adds it; nothing is constructed.
 *
 * @module
 */

import { type BackendBase, DataSource } from "./data_source.ts";
import { StorageBackend, VirtualBackend } from "./backend.ts";
import { StorageError } from "./errors.ts";

/** A class that can be registered: not abstract, constructible without arguments, with a name of its own. */
export interface BackendClass<B extends BackendBase = BackendBase> {
  /** Constructs it with its defaults; no I/O. */
  new (): B;
  /** The name it is registered under, in lower case. */
  readonly backendType: string;
}

/** Options of {@linkcode registerBackend}. */
export interface RegisterOptions {
  /**
   * Take the place of what has the name already.
   *
   * @default {false} a name that is taken is refused
   */
  replace?: boolean | undefined;
}

const catalogue = new Map<string, BackendClass>();

/**
 * Adds a class to the catalogue, under its own `static readonly backendType`. Call it in a static block of the class: its
 * definition registers it. An abstract class, or one that cannot be constructed without arguments, does not compile.
 *
 * @param backend The class.
 * @param options Whether it may replace another.
 * @throws {StorageError} `invalid-argument` if the class has no name of its own (an inherited one would take its parent's
 * place) or lacks methods, listing them; `already-exists` if the name is taken.
 *
 * @example
 * ```ts
 * import { BackendRegistry, MemoryBackend, registerBackend } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * class Scratch extends MemoryBackend {
 *   static override readonly backendType = "scratch";
 *   static {
 *     registerBackend(this);
 *   }
 * }
 *
 * assert(new BackendRegistry().has("scratch"));
 * assert(new BackendRegistry().get("scratch") instanceof Scratch);
 * ```
 */
export function registerBackend(backend: BackendClass, options: RegisterOptions = {}): void {
  const type = Object.hasOwn(backend, "backendType") ? backend.backendType : undefined;
  if (typeof type !== "string" || type.trim() === "") {
    throw new StorageError(
      "invalid-argument",
      `class ${backend.name} must have a "static readonly backendType" of its own to be registered`,
    );
  }
  const missing = missingMethods(backend);
  if (missing.length > 0) {
    throw new StorageError(
      "invalid-argument",
      `class ${backend.name} cannot be registered: it lacks ${missing.join(", ")}`,
    );
  }
  const name = foldName(type);
  if (catalogue.has(name) && !options.replace) {
    throw new StorageError(
      "already-exists",
      `a backend is registered as "${name}" already; pass { replace: true } to take its place`,
    );
  }
  catalogue.set(name, backend);
}

const SOURCE = ["load", "stat", "entries"] as const;
const SINK = ["save", "saveBatch"] as const;

function missingMethods(backend: BackendClass): string[] {
  const prototype = backend.prototype as Record<string, unknown>;
  const needed: string[] = [];
  if (prototype instanceof DataSource) needed.push(...SOURCE);
  if (prototype instanceof VirtualBackend) needed.push("save");
  if (prototype instanceof StorageBackend) needed.push("save", "delete");
  if (!(prototype instanceof DataSource)) needed.push(...SINK);
  return needed.filter((method) => typeof prototype[method] !== "function");
}

/**
 * The form in which names of backends are compared: lower case.
 *
 * @param name A name.
 * @returns It, folded.
 *
 * @example
 * ```ts
 * import { foldName } from "@polystore/polystore/backend";
 * import assert from "node:assert/strict";
 *
 * assert.equal(foldName(" Disk "), "disk");
 * ```
 */
export function foldName(name: string): string {
  return name.trim().toLowerCase();
}

/**
 * The class registered under a name.
 *
 * @param name The name, folded.
 * @returns The class, or `undefined`.
 *
 * @example
 * ```ts
 * import { registeredBackend } from "@polystore/polystore/backend";
 * import { MemoryBackend } from "@polystore/polystore/memory";
 * import assert from "node:assert/strict";
 *
 * assert.equal(registeredBackend("memory"), MemoryBackend);
 * ```
 */
export function registeredBackend(name: string): BackendClass | undefined {
  return catalogue.get(name);
}

/**
 * The names of all registered classes, in the order of their registration.
 *
 * @returns The names.
 *
 * @example
 * ```ts
 * import "@polystore/polystore";
 * import { registeredNames } from "@polystore/polystore/backend";
 * import assert from "node:assert/strict";
 *
 * assert(registeredNames().includes("disk"));
 * ```
 */
export function registeredNames(): string[] {
  return [...catalogue.keys()];
}
