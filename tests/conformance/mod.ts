/**
 * The conformance suite: what the seams of this package promise, as tests for whoever implements them.
 *
 * A new store is one line of test. It works with `Deno.test`, and with the `test` of any other runner.
 *
 * @example Testing a store with `Deno.test`
 * ```ts
 * import { testStore } from "@polystore/polystore/testing";
 * import { MemoryStore } from "@polystore/polystore/stores";
 *
 * await testStore("memory", () => new MemoryStore(), { numRuns: 10, test: (_name, run) => run() });
 * ```
 *
 * @module
 */

export type * from "../../backends/stores/store.ts";
export type { OpenedStore, OpenStore } from "./opened_store.ts";
export * from "./promise.ts";
export * from "./store_promises.ts";
export * from "./store_suite.ts";
