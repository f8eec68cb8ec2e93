/**
 * What the suite of Keyv asserts with, and how it registers its tests: a few words of vitest, for `Deno.test`.
 *
 * @module
 */

import assert from "node:assert/strict";

/** What a value is expected to be. */
interface Expectation {
  toBe(expected: unknown): void;
  toEqual(expected: unknown): void;
  toBeTruthy(): void;
  toBeFalsy(): void;
  toBeNull(): void;
  toBeUndefined(): void;
  toBeDefined(): void;
}

/** `expect`, which counts. */
export interface Expect {
  (actual: unknown): Expectation;
  /** Says how often something is expected in this test. */
  assertions(count: number): void;
}

/** A test of the suite. */
export interface PeerTest {
  readonly name: string;
  run(): Promise<void>;
}

type Body = (context: { expect: Expect }) => unknown;

/** Makes an `expect`, and what looks at the end of a test whether it was used as often as it was said. */
function counting(): { expect: Expect; done: () => void } {
  let count = 0;
  let wanted: number | undefined;
  const expect = (actual: unknown): Expectation => {
    count++;
    return {
      toBe: (expected) => assert(Object.is(actual, expected), `${String(actual)} is not ${String(expected)}`),
      toEqual: (expected) => assert.deepEqual(actual, expected),
      toBeTruthy: () => assert(actual),
      toBeFalsy: () => assert(!actual),
      toBeNull: () => assert.equal(actual, null),
      toBeUndefined: () => assert.equal(actual, undefined),
      toBeDefined: () => assert.notEqual(actual, undefined),
    };
  };
  const done = (): void => {
    assert(count > 0, "nothing was expected");
    assert.equal(count, wanted ?? count, "something else was expected than was said");
  };
  return { expect: Object.assign(expect, { assertions: (some: number) => void (wanted = some) }), done };
}

/** Collects the tests that a suite registers, each with what is to be done before and after it. */
export function collectTests(suite: (framework: unknown) => void): PeerTest[] {
  const tests: PeerTest[] = [];
  const before: (() => unknown)[] = [];
  const after: (() => unknown)[] = [];
  const it = (name: string, body: Body): void => {
    const run = async (): Promise<void> => {
      const { expect, done } = counting();
      for (const hook of before) await hook();
      await body({ expect });
      for (const hook of after) await hook();
      done();
    };
    tests.push({ name, run });
  };
  suite({ it, test: it, beforeEach: before.push.bind(before), afterEach: after.push.bind(after) });
  return tests;
}
