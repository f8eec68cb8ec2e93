/**
 * The conformance suite: what the seams of this package promise, as tests for whoever implements them.
 *
 * A new store is one line of test. It works with `Deno.test`, and with the `test` of any other runner.
 *
 * @example A store and `Deno.test`: the whole test file
 * ```ts ignore
 * import { testStore } from "@polystore/polystore/testing";
 * import { MemoryStore } from "@polystore/polystore/stores";
 *
 * await testStore("memory", () => new MemoryStore());
 * ```
 *
 * @example The same with another runner, which here is an array
 * ```ts
 * import { testStore } from "@polystore/polystore/testing";
 * import { MemoryStore } from "@polystore/polystore/stores";
 *
 * const tests: (() => Promise<void>)[] = [];
 * await testStore("memory", () => new MemoryStore(), { test: (_name, run) => tests.push(run) });
 * for (const run of tests.slice(0, 20)) await run();
 * ```
 *
 * @module
 */

export type * from "../../backends/stores/store.ts";
export type { OpenedStore, OpenStore } from "./opened_store.ts";
export { type Fault, faulty } from "../../backends/layers/faulty.ts";
export * from "./promise.ts";
export * from "./store_promises.ts";
export * from "./store_suite.ts";
export * from "./backend_promise.ts";
export * from "./backend_promises.ts";
export * from "./backend_suite.ts";
export type { OpenBackend, OpenedBackend } from "./backend_opening.ts";
export type * from "../../backends/backend.ts";
export type * from "../../backends/data_source.ts";
export type * from "../../backends/formats/format.ts";
export type * from "../../backends/formats/ndarray.ts";
export type * from "../../backends/sampling.ts";
