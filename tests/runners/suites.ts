/**
 * What is tried under other frameworks, in one module that a bundler makes one file of: the kit, and stores and backends that need
 * nothing of Deno.
 *
 * @module
 */

import { compressed } from "../../backends/layers/compressed.ts";
import { encrypted } from "../../backends/layers/encrypted.ts";
import { prefixed } from "../../backends/layers/prefixed.ts";
import { MemoryBackend } from "../../backends/memory.ts";
import { StoreBackend } from "../../backends/store_backend.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { layered } from "../../backends/stores/layer.ts";
import type { Store } from "../../backends/stores/store.ts";
import { backendPromises, checkStore, type Runner, storePromises, testBackend, testStore } from "../conformance/mod.ts";

export { nodeRunner, vitestRunner } from "../conformance/mod.ts";

const KEYS = [{ id: "one", key: new Uint8Array(32).fill(1) }];

// How names are kept is tried once, and not on every layer.
const unnamed = storePromises.map(({ id }) => id).filter((id) => !id.includes("/names") && id !== "write/path-long");
const unnamedBackend = backendPromises.map(({ id }) => id).filter((id) => !id.includes("/names"));

/** Registers tests of stores and backends. */
export async function suites(runner: Runner): Promise<void> {
  const stack = (): Store => layered(new MemoryStore(), prefixed("lab"), encrypted(KEYS), compressed());
  await testStore("memory", () => new MemoryStore(), { ...runner, numRuns: 20 });
  await testStore("prefixed, encrypted, compressed", stack, { ...runner, numRuns: 5, only: unnamed });
  await testBackend("the memory backend", () => new MemoryBackend(), { ...runner, numRuns: 10 });
  const files = (): StoreBackend => new StoreBackend(new MemoryStore());
  await testBackend("files in memory", files, { ...runner, numRuns: 10, only: unnamedBackend });
}

/** Registers the tests of one store. */
export async function oneSuite(runner: Runner): Promise<void> {
  await testStore("memory", () => new MemoryStore(), { ...runner, numRuns: 20, only: unnamed });
}

/** A store that forgets a condition, as one by which a framework has to say that it fails. */
class Forgetful extends MemoryStore {
  override write(path: string, bytes: Uint8Array): ReturnType<MemoryStore["write"]> {
    return super.write(path, bytes);
  }
}

const only = ["write/if-absent", "write/replaces"];

/** Registers a test that must fail, and one that must not. */
export async function wrongSuite(runner: Runner): Promise<void> {
  await testStore("forgetful", () => new Forgetful(), { ...runner, only });
}

/** The report of the same store. */
export async function report(): Promise<string> {
  return `${await checkStore(() => new Forgetful(), { only })}`;
}
