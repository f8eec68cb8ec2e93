/**
 * {@linkcode Runner}: the three functions through which the suite speaks to a test framework, and those of `Deno.test`,
 * `node:test` and vitest. The suite imports no framework.
 *
 * @module
 */

/**
 * How a test framework is spoken to. `test` of most frameworks fits as it is.
 *
 * @example For a framework of one's own, which here is a list
 * ```ts
 * import { type Runner, testStore } from "@polystore/polystore/testing";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const tests = new Map<string, () => Promise<void>>();
 * const skipped: string[] = [];
 * const mine: Runner = {
 *   test: (name, run) => tests.set(name, run),
 *   skip: (name, reason) => skipped.push(`${name}: ${reason}`),
 * };
 * await testStore("memory", () => new MemoryStore(), mine);
 * await tests.get("memory: delete() succeeds when nothing is there")?.();
 * assert.match(skipped[0] ?? "", /^memory: \d+ promises do not apply: without reopen$/);
 * ```
 */
export interface Runner {
  /**
   * Groups the tests which `define` registers, at once: `describe`.
   *
   * @default {undefined} each test has the name of the group before its own
   */
  suite?(name: string, define: () => void): unknown;
  /** Registers a test, which may take `timeout` milliseconds. It ends by itself before they are over. */
  test(name: string, run: () => Promise<void>, timeout: number): unknown;
  /**
   * Registers that something is not tested, and why.
   *
   * @default {undefined} nobody is told
   */
  skip?(name: string, reason: string): unknown;
}

/** `Deno.test`, as far as it is needed. */
export type DenoTest = (
  definition: {
    name: string;
    fn: () => Promise<void>;
    ignore: boolean;
    sanitizeOps: true;
    sanitizeResources: true;
  },
) => unknown;

/** `describe` and `test` of `node:test`, as far as they are needed. */
export interface NodeTest {
  /** `describe`, or `suite`. */
  describe(name: string, define: () => void): unknown;
  /** `test`, or `it`. */
  test(name: string, options: { timeout?: number; skip?: string }, run: () => Promise<void>): unknown;
}

/** `describe` and `test` of vitest, as far as they are needed. */
export interface VitestTest {
  /** `describe`, or `suite`. */
  describe(name: string, define: () => void): unknown;
  /** `test`, or `it`. */
  test(name: string, options: { timeout?: number; skip?: boolean }, run: () => Promise<void>): unknown;
}

/**
 * The runner of `Deno.test`, with its checks for resources and operations left open: what is used if no other is given.
 *
 * @param test `Deno.test`.
 * @returns The runner.
 *
 * @example
 * ```ts ignore
 * await testStore("mine", () => new MyStore(), denoRunner(Deno.test));
 * ```
 */
export function denoRunner(test: DenoTest): Runner {
  const checks = { sanitizeOps: true, sanitizeResources: true } as const;
  return {
    test: (name, fn) => test({ name, fn, ignore: false, ...checks }),
    skip: (name, reason) => test({ name: `${name} (${reason})`, fn: () => Promise.resolve(), ignore: true, ...checks }),
  };
}

/**
 * The runner of `node:test`.
 *
 * @param framework Its `describe` and `test`.
 * @returns The runner.
 *
 * @example
 * ```ts ignore
 * import { describe, test } from "node:test";
 *
 * await testStore("mine", () => new MyStore(), nodeRunner({ describe, test }));
 * ```
 */
export function nodeRunner({ describe, test }: NodeTest): Runner {
  return {
    suite: (name, define) => describe(name, define),
    test: (name, run, timeout) => test(name, { timeout }, run),
    skip: (name, reason) => test(name, { skip: reason }, () => Promise.resolve()),
  };
}

/**
 * The runner of vitest. Its own limit of 5 seconds is lifted to that of the suite.
 *
 * @param framework Its `describe` and `test`.
 * @returns The runner.
 *
 * @example
 * ```ts ignore
 * import { describe, test } from "vitest";
 *
 * await testStore("mine", () => new MyStore(), vitestRunner({ describe, test }));
 * ```
 */
export function vitestRunner({ describe, test }: VitestTest): Runner {
  return {
    suite: (name, define) => describe(name, define),
    test: (name, run, timeout) => test(name, { timeout }, run),
    skip: (name, reason) => test(`${name} (${reason})`, { skip: true }, () => Promise.resolve()),
  };
}

/** The runner that is there without being given: that of `Deno.test`. */
export function ownRunner(): Runner {
  const test = globalThis.Deno?.test;
  if (test === undefined) {
    throw new TypeError(
      "Cannot find Deno.test: pass the runner of your framework, such as nodeRunner({ describe, test })",
    );
  }
  return denoRunner(test);
}
