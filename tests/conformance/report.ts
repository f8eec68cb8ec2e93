/**
 * {@linkcode Report}: what became of every promise.
 *
 * @module
 */

/** What every promise has, whoever makes it. */
export interface Promised {
  /** Its name, for programs: the method and a word or two, such as `delete/missing`. */
  readonly id: string;
  /** The method that promises it. */
  readonly method: string;
  /** What is promised, as the end of a sentence that begins with the method. */
  readonly promise: string;
  /** Everything that must be there for it to be tried. */
  readonly needs: readonly string[];
}

/**
 * What became of a promise: `excepted` by the options; `not-applicable`, because what it needs is not there;
 * `untried` so far; `kept` or `broken`.
 */
export type Outcome = "excepted" | "not-applicable" | "untried" | "kept" | "broken";

/**
 * What became of one promise.
 *
 * @typeParam P The kind of promise.
 */
export interface Verdict<P extends Promised = Promised> {
  /** The promise. */
  readonly promise: P;
  /** What became of it. */
  outcome: Outcome;
  /** What it needs that is not there. */
  readonly missing: readonly string[];
  /** Why it is excepted. */
  readonly reason?: string | undefined;
  /** How it was broken. */
  error?: unknown;
}

/**
 * What became of every promise, all at once.
 *
 * @typeParam P The kind of promise.
 *
 * @example
 * ```ts
 * import { checkStore } from "@polystore/polystore/testing";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * class Forgetful extends MemoryStore {
 *   override write(path: string, bytes: Uint8Array) {
 *     return super.write(path, bytes);
 *   }
 * }
 * const report = await checkStore(() => new Forgetful(), { only: ["write/if-absent", "write/replaces"] });
 * assert.deepEqual(report.broken.map(({ promise }) => promise.id), ["write/if-absent"]);
 * assert.match(report.toString(), /^1 promise kept, 1 broken/);
 * ```
 */
export class Report<P extends Promised = Promised> {
  /** What became of each promise, in the order of the suite. */
  readonly verdicts: readonly Verdict<P>[];

  /**
   * Makes a report.
   *
   * @param verdicts What became of each promise.
   */
  constructor(verdicts: readonly Verdict<P>[]) {
    this.verdicts = verdicts;
  }

  /** The promises that were kept. */
  get kept(): readonly Verdict<P>[] {
    return this.#of("kept");
  }

  /** The promises that were broken, each with the error. */
  get broken(): readonly Verdict<P>[] {
    return this.#of("broken");
  }

  /** The promises that do not apply, each with what is missing. */
  get notApplicable(): readonly Verdict<P>[] {
    return this.#of("not-applicable");
  }

  /** The promises that were excepted, each with the reason. */
  get excepted(): readonly Verdict<P>[] {
    return this.#of("excepted");
  }

  /** Walks over what became of each promise. */
  [Symbol.iterator](): Iterator<Verdict<P>> {
    return this.verdicts[Symbol.iterator]();
  }

  /** The whole report as text: the numbers, then each broken promise with its error, then what was not tried and why. */
  toString(): string {
    const { kept, broken, excepted, notApplicable } = this;
    const untried = this.#of("untried");
    const counts = [`${counted(kept.length)} kept`, `${broken.length} broken`];
    if (excepted.length > 0) counts.push(`${excepted.length} excepted`);
    if (notApplicable.length > 0) counts.push(`${notApplicable.length} not applicable`);
    if (untried.length > 0) counts.push(`${untried.length} not tried yet`);
    const parts = [
      ...broken.map(({ promise, error }) => `✗ ${promise.id}: ${sentenceOf(promise)}\n${indented(detailOf(error))}`),
      ...excepted.map(({ promise, reason }) =>
        `– ${promise.id}: ${sentenceOf(promise)}\n${indented(`excepted: ${reason}`)}`
      ),
    ];
    if (notApplicable.length > 0) parts.push(`– ${withoutOf(notApplicable).join(": ")}`);
    return [`${counts.join(", ")}\n`, ...parts.map((part) => `${part}\n`)].join("\n");
  }

  #of(wanted: Outcome): Verdict<P>[] {
    return this.verdicts.filter(({ outcome }) => outcome === wanted);
  }
}

/** The whole sentence of a promise. */
export function sentenceOf({ method, promise }: Promised): string {
  return `${method}() ${promise}`;
}

/** The message of an error; of two, of the first: closing often fails because something did before. */
export function detailOf(error: unknown): string {
  if (error instanceof Error && "suppressed" in error) return detailOf(error.suppressed);
  return error instanceof Error ? error.message : String(error);
}

/** How many promises do not apply, and what they lack. */
export function withoutOf(verdicts: readonly Verdict[]): [what: string, why: string] {
  const lacking = new Set(verdicts.flatMap(({ missing }) => missing));
  const verb = verdicts.length === 1 ? "does" : "do";
  return [`${counted(verdicts.length)} ${verb} not apply`, `without ${[...lacking].join(", ")}`];
}

function counted(count: number): string {
  return `${count} ${count === 1 ? "promise" : "promises"}`;
}

function indented(text: string): string {
  return text.split("\n").map((line) => `    ${line}`.trimEnd()).join("\n");
}
