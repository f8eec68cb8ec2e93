/**
 * The suite of stores: {@linkcode testStore} tries every promise with a test framework, {@linkcode checkStore} without one.
 *
 * @module
 */

import { bytesOf, together } from "./assertions.ts";
import { type Opening, type OpenStore, openStore } from "./opened_store.ts";
import type { Need, StorePromise, Trial } from "./promise.ts";
import type { Report } from "./report.ts";
import { storePromises } from "./store_promises.ts";
import { type CheckStoreOptions, checkSubject, type Subject, type TestStoreOptions, testSubject } from "./suite.ts";

/**
 * Tests every promise that a store can be held to, given the methods it has: opens one store to see them,
 * and registers a test for each promise. Each test opens its own store and closes it. What is excepted, or does not
 * apply because something is missing, is registered as skipped, with the reason in its name.
 *
 * @param name Name of the store; the names of the tests begin with it.
 * @param open Opens an empty store.
 * @param options Options.
 * @returns What becomes of every promise; it is filled in as the tests run.
 *
 * @example
 * ```ts
 * import { testStore } from "@polystore/polystore/testing";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const tests: string[] = [];
 * const report = await testStore("memory", () => new MemoryStore(), { test: (name) => tests.push(name) });
 * assert(tests.includes("memory: delete() succeeds when nothing is there"));
 * assert(report.notApplicable.some(({ promise }) => promise.id === "write/durable"));
 * ```
 */
export async function testStore(
  name: string,
  open: OpenStore,
  options: TestStoreOptions = {},
): Promise<Report<StorePromise>> {
  return await testSubject(name, subjectOf(open, options), options);
}

/**
 * Tries every promise that a store can be held to, without a test framework, and tells all that it breaks at once.
 *
 * @param open Opens an empty store.
 * @param options Options.
 * @returns What became of every promise.
 *
 * @example
 * ```ts
 * import { checkStore } from "@polystore/polystore/testing";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const report = await checkStore(() => new MemoryStore(), { only: ["delete/missing", "write/durable"] });
 * assert.deepEqual(report.broken, [], report.toString());
 * assert.equal(report.toString(), `1 promise kept, 0 broken, 1 not applicable
 *
 * – 1 promise does not apply: without reopen
 * `);
 * ```
 */
export async function checkStore(open: OpenStore, options: CheckStoreOptions = {}): Promise<Report<StorePromise>> {
  return await checkSubject(subjectOf(open, options), options);
}

function subjectOf(open: OpenStore, options: CheckStoreOptions): Subject<StorePromise> {
  return {
    promises: storePromises,
    async probe() {
      await using opened = await openStore(open);
      const needs = new Set(storePromises.flatMap((promise) => promise.needs)) as Set<Need>;
      return new Set([...needs].filter((need) => opened.has(need)));
    },
    async attempt(promise) {
      await using opened = await openStore(open);
      await promise.run(trialOf(opened, open, options));
    },
  };
}

function trialOf(opened: Opening, open: OpenStore, { numRuns = 100, seed, refusesName }: CheckStoreOptions): Trial {
  return {
    store: opened.store,
    numRuns,
    seed,
    put: (path, bytes) => opened.put(path, bytes),
    async putNamed(paths) {
      for (let i = 0; i < paths.length; i += 50) {
        await together(paths.slice(i, i + 50).map((path) => opened.put(path, bytesOf(path))));
      }
    },
    reopen: () => opened.reopen(),
    async fresh(use) {
      await using another = await openStore(open);
      await use(another.store);
    },
    refusesName: refusesName ?? (() => undefined),
  };
}
