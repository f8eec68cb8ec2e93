/**
 * The suite of backends: {@linkcode testBackend} tries every promise with a test framework, {@linkcode checkBackend} without one.
 *
 * @module
 */

import { BackendOpening, type OpenBackend } from "./backend_opening.ts";
import type { BackendPromise, BackendTrial } from "./backend_promise.ts";
import { backendPromises } from "./backend_promises.ts";
import type { Report } from "./report.ts";
import { type CheckStoreOptions, checkSubject, type Subject, type TestStoreOptions, testSubject } from "./suite.ts";

/**
 * Tests every promise that a backend can be held to, given what it has: opens one backend to find that out, by trying,
 * and registers a test for each promise. Each test opens its own backend and closes it. What is excepted, or does not
 * apply because something is missing, is registered as skipped, with the reason in its name.
 *
 * @param name Name of the backend; the names of the tests begin with it.
 * @param open Opens an empty backend.
 * @param options Options, those of `testStore`.
 * @returns What becomes of every promise; it is filled in as the tests run.
 *
 * @example
 * ```ts
 * import { testBackend } from "@polystore/polystore/testing";
 * import { MemoryBackend } from "@polystore/polystore/memory";
 * import assert from "node:assert/strict";
 *
 * const tests: string[] = [];
 * const report = await testBackend("memory", () => new MemoryBackend(), { test: (name) => tests.push(name) });
 * assert(tests.includes("memory: load() says not-found where nothing is"));
 * assert(report.notApplicable.some(({ promise }) => promise.id === "save/reopened"));
 * ```
 */
export async function testBackend(
  name: string,
  open: OpenBackend,
  options: TestStoreOptions = {},
): Promise<Report<BackendPromise>> {
  return await testSubject(name, subjectOf(open, options), options);
}

/**
 * Tries every promise that a backend can be held to, without a test framework, and tells all that it breaks at once.
 *
 * @param open Opens an empty backend.
 * @param options Options, those of `checkStore`.
 * @returns What became of every promise.
 *
 * @example
 * ```ts
 * import { checkBackend } from "@polystore/polystore/testing";
 * import { MemoryBackend } from "@polystore/polystore/memory";
 * import assert from "node:assert/strict";
 *
 * const report = await checkBackend(() => new MemoryBackend(), { only: ["load/missing"] });
 * assert.deepEqual(report.broken, [], report.toString());
 * assert.equal(report.kept.length, 1);
 * ```
 */
export async function checkBackend(
  open: OpenBackend,
  options: CheckStoreOptions = {},
): Promise<Report<BackendPromise>> {
  return await checkSubject(subjectOf(open, options), options);
}

function subjectOf(open: OpenBackend, options: CheckStoreOptions): Subject<BackendPromise> {
  return {
    promises: backendPromises,
    async probe() {
      await using opening = await BackendOpening.open(open);
      return await opening.probe();
    },
    attempt: (promise, found) => withTrial(open, found, options, (trial) => promise.run(trial)),
  };
}

/** What was found out about a backend. */
type Found = ReadonlySet<string>;

async function withTrial(
  open: OpenBackend,
  found: Found,
  options: CheckStoreOptions,
  use: (trial: BackendTrial) => Promise<void>,
): Promise<void> {
  await using opening = await BackendOpening.open(open);
  await use({
    get source() {
      return opening.source;
    },
    get backend() {
      return opening.backend;
    },
    numRuns: options.numRuns ?? 100,
    seed: options.seed,
    has: (need) => found.has(need),
    value: (text) => opening.value(text),
    put: (text, path) => opening.put(text, path),
    async putNamed(paths) {
      for (const path of paths) await opening.put(path, path);
    },
    reopen: () => opening.reopen(),
    fresh: (use) => withTrial(open, found, options, use),
    refusesName: options.refusesName ?? (() => undefined),
  });
}
