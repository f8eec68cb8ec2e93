/**
 * What the suites of stores and of backends share: which promises apply, trying them, and telling the outcome.
 *
 * @module
 */

import { detailOf, type Promised, Report, sentenceOf, type Verdict, withoutOf } from "./report.ts";
import { ownRunner, type Runner } from "./runner.ts";

/** Options of {@linkcode checkStore} and {@linkcode checkBackend}. */
export interface CheckStoreOptions {
  /**
   * The promises to try, by id.
   *
   * @default {undefined} all of them
   */
  only?: readonly string[] | undefined;
  /**
   * Promises that cannot be kept, by id, each with the reason. They are reported as excepted.
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
  /**
   * How many promises are tried at once, each on a place of its own, where no test framework says when.
   *
   * @default {1}
   */
  concurrency?: number | undefined;
}

/** Options of {@linkcode testStore} and {@linkcode testBackend}: the runner's three functions can be among them. */
export interface TestStoreOptions extends CheckStoreOptions, Partial<Runner> {}

/**
 * What a suite is about.
 *
 * @typeParam P The kind of promise.
 */
export interface Subject<P extends Promised> {
  /** All promises there are. */
  readonly promises: readonly P[];
  /** Finds out what there is, on one that is opened for it. */
  probe(): Promise<ReadonlySet<string>>;
  /** Tries one promise on one that is opened for it, and closed. */
  attempt(promise: P, found: ReadonlySet<string>): Promise<void>;
}

const TIMEOUT = 300_000;
/** How much more time the framework is told: the suite says better what was not answered. */
const GRACE = 5000;

/** Registers a test for each promise that applies; the outcomes are filled in as the tests run. */
export async function testSubject<P extends Promised>(
  name: string,
  subject: Subject<P>,
  options: TestStoreOptions,
): Promise<Report<P>> {
  const { test, suite, skip }: Runner = options.test === undefined ? ownRunner() : { ...options, test: options.test };
  const { report, found } = await examine(subject, options);
  const define = (): void => {
    const title = (sentence: string): string => suite === undefined ? `${name}: ${sentence}` : sentence;
    for (const verdict of report) {
      const sentence = title(sentenceOf(verdict.promise));
      const run = (): Promise<void> => attempt(verdict, subject, found, options);
      if (verdict.outcome === "untried") test(sentence, run, (options.timeout ?? TIMEOUT) + GRACE);
      else if (verdict.outcome === "excepted") skip?.(sentence, `excepted: ${verdict.reason}`);
    }
    if (report.notApplicable.length === 0) return;
    const [what, why] = withoutOf(report.notApplicable);
    skip?.(title(what), why);
  };
  if (suite === undefined) define();
  else suite(name, define);
  return report;
}

/** Tries each promise that applies, without a test framework. */
export async function checkSubject<P extends Promised>(
  subject: Subject<P>,
  options: CheckStoreOptions,
): Promise<Report<P>> {
  const { report, found } = await examine(subject, options);
  const waiting = report.verdicts.filter(({ outcome }) => outcome === "untried").values();
  const worker = async (): Promise<void> => {
    // What went wrong is in the verdict.
    for (const verdict of waiting) await attempt(verdict, subject, found, options).catch(() => undefined);
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 1 }, worker));
  return report;
}

/** Opens one to see which promises apply. */
async function examine<P extends Promised>(
  { promises, probe }: Subject<P>,
  { only, except = {} }: CheckStoreOptions,
): Promise<{ readonly report: Report<P>; readonly found: ReadonlySet<string> }> {
  for (const id of [...only ?? [], ...Object.keys(except)]) {
    if (!promises.some((promise) => promise.id === id)) throw new TypeError(`Cannot find a promise "${id}"`);
  }
  const found = await probe();
  const verdicts = promises.filter(({ id }) => only === undefined || only.includes(id)).map((promise): Verdict<P> => {
    const missing = promise.needs.filter((need) => !found.has(need));
    if (missing.length > 0) return { promise, outcome: "not-applicable", missing };
    if (Object.hasOwn(except, promise.id)) return { promise, outcome: "excepted", missing, reason: except[promise.id] };
    return { promise, outcome: "untried", missing };
  });
  return { report: new Report(verdicts), found };
}

/** Tries one promise, and writes down what became of it. */
async function attempt<P extends Promised>(
  verdict: Verdict<P>,
  subject: Subject<P>,
  found: ReadonlySet<string>,
  { timeout = TIMEOUT }: CheckStoreOptions,
): Promise<void> {
  const { promise } = verdict;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer after ${timeout} ms`)), timeout);
  });
  try {
    await Promise.race([late, subject.attempt(promise, found)]);
    verdict.outcome = "kept";
  } catch (error) {
    verdict.outcome = "broken";
    verdict.error = error;
    throw new Error(`Broken promise "${promise.id}": ${sentenceOf(promise)}\n${detailOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
