/**
 * The shared registry, and the short ways to it.
 *
 * @module
 */

import { MemoryBackend } from "../backends/memory.ts";
import "../backends/disk.ts";
import type { StorageBackend } from "../backends/backend.ts";
import type { BackendBase } from "../backends/data_source.ts";
import { StorageError } from "../backends/errors.ts";
import { BackendRegistry } from "./backend_registry.ts";

/** The registry that a program shares. What needs its own backends makes its own {@linkcode BackendRegistry}. */
export const registry: BackendRegistry = new BackendRegistry();

/**
 * The shared registry, ready for use. It always is: nothing has to be initialised, and backends registered before stay.
 *
 * @returns {@linkcode registry}.
 *
 * @example
 * ```ts
 * import { ensureStorageRegistry, registry } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * assert.equal(ensureStorageRegistry(), registry);
 * ```
 */
export function ensureStorageRegistry(): BackendRegistry {
  return registry;
}

/**
 * A backend of the shared registry.
 *
 * @typeParam B What it is.
 * @param name Its name; case does not count.
 * @returns The backend, constructed now if it was not yet.
 * @throws {StorageError} `unknown-backend`.
 *
 * @example
 * ```ts
 * import { getBackend, MemoryBackend } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * assert(getBackend("memory") instanceof MemoryBackend);
 * assert.equal(getBackend("Memory"), getBackend("memory"));
 * ```
 */
export function getBackend<B extends BackendBase = StorageBackend>(name: string): B {
  return registry.get<B>(name);
}

/**
 * Deletes the files and links of the memory backend; its directories stay, and so does every other backend.
 *
 * @param from The registry it is in.
 * @throws {StorageError} `unsupported` if something else is registered as `memory`.
 *
 * @example
 * ```ts
 * import { getBackend, resetMemoryBackend } from "@polystore/polystore";
 * import assert from "node:assert/strict";
 *
 * const memory = getBackend("memory");
 * await memory.save(1, "plate/a");
 * resetMemoryBackend();
 * assert.equal(await memory.exists("plate/a"), false);
 * assert.equal(await memory.isDir("plate"), true);
 * ```
 */
export function resetMemoryBackend(from: BackendRegistry = registry): void {
  const memory = from.get<BackendBase>("memory");
  if (!(memory instanceof MemoryBackend)) {
    throw new StorageError("unsupported", 'what is registered as "memory" is not a MemoryBackend');
  }
  memory.clearFilesOnly();
}
