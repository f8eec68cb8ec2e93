/**
 * The suite of backends: {@linkcode testBackend} tries every promise with a test runner, {@linkcode checkBackend} without one.
 *
 * @module
 */

import { BackendOpening, type OpenBackend } from "./backend_opening.ts";
import type { BackendNeed, BackendPromise, BackendTrial } from "./backend_promise.ts";
import { backendPromises } from "./backend_promises.ts";
import type { CheckStoreOptions, Outcome, TestStoreOptions } from "./store_suite.ts";

/** What became of one promise on one backend. */
export interface BackendVerdict {
  /** The promise. */
  readonly promise: BackendPromise;
  /** What became of it. */
  outcome: Outcome;
  /** Why: the reason of the exception, or what is missing. */
  readonly reason?: string | undefined;
  /** How it was broken. */
  error?: unknown;
}

/**
 * Tests every promise that a backend can be held to, given what it has: opens one backend to find that out, by trying,
 * and registers a test for each promise. Each test opens its own backend and closes it. What is excepted, or does not
 * apply because something is missing, is registered as skipped, with the reason in its name.
 *
 * @param name Name of the backend; the names of the tests begin with it.
 * @param open Opens an empty backend.
 * @param options Options, those of `testStore`.
 * @returns What becomes of every promise; the outcomes are filled in as the tests run.
 *
 * @example
 * ```ts
 * import { testBackend } from "@polystore/polystore/testing";
 * import { MemoryBackend } from "@polystore/polystore/memory";
 * import assert from "node:assert/strict";
 *
 * const tests: string[] = [];
 * const verdicts = await testBackend("memory", () => new MemoryBackend(), { test: (name) => tests.push(name) });
 * assert(tests.includes("memory: load() says not-found where nothing is"));
 * assert.equal(verdicts.find(({ promise }) => promise.id === "save/reopened")?.outcome, "not-applicable");
 * ```
 */
export async function testBackend(
  name: string,
  open: OpenBackend,
  options: TestStoreOptions = {},
): Promise<readonly BackendVerdict[]> {
  const { test = denoTest, skip = options.test === undefined ? denoIgnore : undefined } = options;
  const { verdicts, found } = await examine(open, options);
  const lacking = new Map<string, number>();
  for (const verdict of verdicts) {
    const { promise, outcome, reason } = verdict;
    const title = `${name}: ${sentenceOf(promise)}`;
    const run = (): Promise<void> => tryPromise(verdict, open, found, options);
    if (outcome === "untried") test(title, run);
    else if (outcome === "excepted") skip?.(`${title} (excepted: ${reason})`, run);
    else lacking.set(`${reason}`, (lacking.get(`${reason}`) ?? 0) + 1);
  }
  for (const [reason, count] of lacking) {
    skip?.(`${name}: ${count} promises do not apply: ${reason}`, () => Promise.resolve());
  }
  return verdicts;
}

/**
 * Tries every promise that a backend can be held to, one after another, without a test runner.
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
 * const [verdict] = await checkBackend(() => new MemoryBackend(), { only: ["load/missing"] });
 * assert.equal(verdict?.outcome, "kept");
 * ```
 */
export async function checkBackend(
  open: OpenBackend,
  options: CheckStoreOptions = {},
): Promise<readonly BackendVerdict[]> {
  const { verdicts, found } = await examine(open, options);
  for (const verdict of verdicts) {
    if (verdict.outcome === "untried") await tryPromise(verdict, open, found, options).catch(() => undefined);
  }
  return verdicts;
}

/** A set of what was found out about a backend. */
type Found = ReadonlySet<BackendNeed>;

/** Opens one backend to see which promises apply. */
async function examine(
  open: OpenBackend,
  { only, except = {} }: CheckStoreOptions,
): Promise<{ readonly verdicts: BackendVerdict[]; readonly found: Found }> {
  for (const id of [...only ?? [], ...Object.keys(except)]) {
    if (!backendPromises.some((promise) => promise.id === id)) throw new TypeError(`Cannot find a promise "${id}"`);
  }
  await using opening = await BackendOpening.open(open);
  const found = await opening.probe();
  const promises = backendPromises.filter(({ id }) => only === undefined || only.includes(id));
  const verdicts = promises.map((promise): BackendVerdict => {
    const missing = promise.needs.filter((need) => !found.has(need));
    if (missing.length > 0) return { promise, outcome: "not-applicable", reason: `no ${missing.join(", ")}` };
    if (Object.hasOwn(except, promise.id)) return { promise, outcome: "excepted", reason: except[promise.id] };
    return { promise, outcome: "untried" };
  });
  return { verdicts, found };
}

/** Tries one promise on a backend of its own. */
async function tryPromise(
  verdict: BackendVerdict,
  open: OpenBackend,
  found: Found,
  options: CheckStoreOptions,
): Promise<void> {
  const { promise } = verdict;
  const { timeout = 300_000 } = options;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer after ${timeout} ms`)), timeout);
  });
  try {
    await Promise.race([late, withTrial(open, found, options, (trial) => promise.run(trial))]);
    verdict.outcome = "kept";
  } catch (error) {
    verdict.outcome = "broken";
    verdict.error = error;
    const detail = error instanceof Error ? error.message : String(error);
    throw new Error(`Broken promise "${promise.id}": ${sentenceOf(promise)}\n${detail}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

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

function sentenceOf({ method, promise }: BackendPromise): string {
  return `${method}() ${promise}`;
}

function denoTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true });
}

function denoIgnore(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, ignore: true });
}
