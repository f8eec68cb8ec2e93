/**
 * The suite itself: {@linkcode testStore} tries every promise with a test runner, {@linkcode checkStore} without one.
 *
 * @module
 */

import { bytesOf, together } from "./assertions.ts";
import { type OpenStore, openStore } from "./opened_store.ts";
import type { Need, StorePromise, Trial } from "./promise.ts";
import { storePromises } from "./store_promises.ts";

/** Options of {@linkcode checkStore}. */
export interface CheckStoreOptions {
  /**
   * The promises to try, by id.
   *
   * @default {undefined} all of them
   */
  only?: readonly string[] | undefined;
  /**
   * Promises that this store cannot keep, by id, each with the reason. They are reported as excepted.
   *
   * @default {{}}
   */
  except?: Readonly<Record<string, string>> | undefined;
  /**
   * Tells why the place cannot keep a name, `undefined` if it must. Such names are left out of the promises about names.
   *
   * @default {undefined} every name is kept
   */
  refusesName?: ((name: string) => string | undefined) | undefined;
  /**
   * How many random sequences of operations to try.
   *
   * @default {100}
   */
  numRuns?: number | undefined;
  /**
   * The seed of those sequences; a failure prints the one it had.
   *
   * @default {undefined} another one each time
   */
  seed?: number | undefined;
  /**
   * How long one promise may take, in milliseconds.
   *
   * @default {300000}
   */
  timeout?: number | undefined;
}

/** Options of {@linkcode testStore}. */
export interface TestStoreOptions extends CheckStoreOptions {
  /**
   * Registers a test: `test` of `node:test`, of vitest, or of any runner alike.
   *
   * @default {undefined} `Deno.test`, with its checks for resources and operations left open
   */
  test?: ((name: string, run: () => Promise<void>) => unknown) | undefined;
  /**
   * Registers a test that is not run: `test.skip` of the runner. The reason is part of the name.
   *
   * @default {undefined} `Deno.test.ignore` with `Deno.test`; nothing with another `test`
   */
  skip?: ((name: string, run: () => Promise<void>) => unknown) | undefined;
}

/**
 * What became of a promise: `excepted` by the options; `not-applicable`, because the store lacks what it needs;
 * `untried` so far; `kept` or `broken`.
 */
export type Outcome = "excepted" | "not-applicable" | "untried" | "kept" | "broken";

/** What became of one promise on one store. */
export interface Verdict {
  /** The promise. */
  readonly promise: StorePromise;
  /** What became of it. */
  outcome: Outcome;
  /** What it needs and the store lacks. */
  readonly missing: readonly Need[];
  /** Why it is excepted. */
  readonly reason?: string | undefined;
  /** How it was broken. */
  error?: unknown;
}

/**
 * Tests every promise that a store can be held to, given the methods it has: opens one store to see them,
 * and registers a test for each promise. Each test opens its own store and closes it. What is excepted, or does not
 * apply because something is missing, is registered as skipped, with the reason in its name.
 *
 * @param name Name of the store; the names of the tests begin with it.
 * @param open Opens an empty store.
 * @param options Options.
 * @returns What becomes of every promise; the outcomes are filled in as the tests run.
 *
 * @example
 * ```ts
 * import { testStore } from "@polystore/polystore/testing";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const tests: string[] = [];
 * const verdicts = await testStore("memory", () => new MemoryStore(), { test: (name) => tests.push(name) });
 * assert(tests.includes("memory: delete() succeeds when nothing is there"));
 * assert.equal(verdicts.find(({ promise }) => promise.id === "write/durable")?.outcome, "not-applicable");
 * ```
 */
export async function testStore(
  name: string,
  open: OpenStore,
  options: TestStoreOptions = {},
): Promise<readonly Verdict[]> {
  const { test = denoTest, skip = options.test === undefined ? denoIgnore : undefined } = options;
  const verdicts = await examine(open, options);
  for (const verdict of verdicts) {
    const { promise, outcome, reason } = verdict;
    const run = (): Promise<void> => tryPromise(verdict, open, options);
    if (outcome === "untried") test(titleOf(name, promise), run);
    else if (outcome === "excepted") skip?.(`${titleOf(name, promise)} (excepted: ${reason})`, run);
  }
  const others = verdicts.filter(({ outcome }) => outcome === "not-applicable");
  const lacking = new Set(others.flatMap(({ missing }) => missing));
  if (others.length > 0) {
    const without = [...lacking].join(", ");
    skip?.(`${name}: ${others.length} promises do not apply without ${without}`, () => Promise.resolve());
  }
  return verdicts;
}

/**
 * Tries every promise that a store can be held to, one after another, without a test runner.
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
 * const [verdict] = await checkStore(() => new MemoryStore(), { only: ["delete/missing"] });
 * assert.equal(verdict?.outcome, "kept");
 * ```
 */
export async function checkStore(open: OpenStore, options: CheckStoreOptions = {}): Promise<readonly Verdict[]> {
  const verdicts = await examine(open, options);
  for (const verdict of verdicts) {
    if (verdict.outcome === "untried") await tryPromise(verdict, open, options).catch(() => undefined);
  }
  return verdicts;
}

/** Opens one store to see which promises apply. */
async function examine(open: OpenStore, { only, except = {} }: CheckStoreOptions): Promise<Verdict[]> {
  for (const id of [...only ?? [], ...Object.keys(except)]) {
    if (!storePromises.some((promise) => promise.id === id)) throw new TypeError(`Cannot find a promise "${id}"`);
  }
  await using opened = await openStore(open);
  return storePromises.filter(({ id }) => only === undefined || only.includes(id)).map((promise): Verdict => {
    const missing = promise.needs.filter((need) => !opened.has(need));
    if (missing.length > 0) return { promise, outcome: "not-applicable", missing };
    if (Object.hasOwn(except, promise.id)) return { promise, outcome: "excepted", missing, reason: except[promise.id] };
    return { promise, outcome: "untried", missing };
  });
}

/** Tries one promise on a store of its own. */
async function tryPromise(verdict: Verdict, open: OpenStore, options: CheckStoreOptions): Promise<void> {
  const { promise } = verdict;
  const { timeout = 300_000 } = options;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer after ${timeout} ms`)), timeout);
  });
  try {
    await Promise.race([late, attempt(promise, open, options)]);
    verdict.outcome = "kept";
  } catch (error) {
    verdict.outcome = "broken";
    verdict.error = error;
    throw new Error(`Broken promise "${promise.id}": ${sentenceOf(promise)}\n${detailOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function attempt(promise: StorePromise, open: OpenStore, options: CheckStoreOptions): Promise<void> {
  await using opened = await openStore(open);
  const trial: Trial = {
    store: opened.store,
    numRuns: options.numRuns ?? 100,
    seed: options.seed,
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
    refusesName: options.refusesName ?? (() => undefined),
  };
  await promise.run(trial);
}

/** The message of an error; of two, of the first: closing the store often fails because something did before. */
function detailOf(error: unknown): string {
  if (error instanceof SuppressedError) return detailOf(error.suppressed);
  return error instanceof Error ? error.message : String(error);
}

function sentenceOf({ method, promise }: StorePromise): string {
  return `${method}() ${promise}`;
}

function titleOf(name: string, promise: StorePromise): string {
  return `${name}: ${sentenceOf(promise)}`;
}

function denoTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true });
}

function denoIgnore(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, ignore: true });
}
