/**
 * The conformance kit: what the seams of this package promise, as tests for whoever implements them.
 *
 * A new store is one line of test: {@linkcode testStore}, and a backend is one line: {@linkcode testBackend}. They try what
 * applies to the methods that are there, and say which promise is broken. They run under `Deno.test`, `node:test`, vitest, or any
 * framework that three functions can speak to: a {@linkcode Runner}. {@linkcode checkStore} and {@linkcode checkBackend} need none, and
 * report everything that is wrong at once. {@linkcode storePromises} and {@linkcode backendPromises} are the promises as data.
 *
 * @example A store and `Deno.test`: the whole test file
 * ```ts ignore
 * import { testStore } from "@polystore/polystore/testing";
 * import { MemoryStore } from "@polystore/polystore/stores";
 *
 * await testStore("memory", () => new MemoryStore());
 * ```
 *
 * @example The same with `node:test`; vitest has a {@linkcode vitestRunner}
 * ```ts ignore
 * import { nodeRunner, testStore } from "@polystore/polystore/testing";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import { describe, test } from "node:test";
 *
 * await testStore("memory", () => new MemoryStore(), nodeRunner({ describe, test }));
 * ```
 *
 * @example All that is wrong, at once
 * ```ts
 * import { checkStore } from "@polystore/polystore/testing";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * class Careless extends MemoryStore {
 *   override delete(path: string) {
 *     return super.deleteTree(path);
 *   }
 * }
 * const report = await checkStore(() => new Careless(), { only: ["delete/missing", "delete/not-empty", "delete/if-match"] });
 * assert.equal(report.toString(), `1 promise kept, 2 broken
 *
 * ✗ delete/if-match: delete() deletes with ifMatch the content of that etag only
 *     expected precondition-failed, but it succeeded with undefined
 *
 * ✗ delete/not-empty: delete() refuses a directory that holds something
 *     expected not-empty, but it succeeded with undefined
 * `);
 * ```
 *
 * @example A store that fails on purpose
 * ```ts
 * import { faulty } from "@polystore/polystore/testing";
 * import { MemoryStore } from "@polystore/polystore/stores";
 * import assert from "node:assert/strict";
 *
 * const store = faulty([{ method: "write", call: 2 }])(new MemoryStore());
 * await store.write!("a", new Uint8Array([1]));
 * await assert.rejects(store.write!("a", new Uint8Array([2])), { code: "io" });
 * ```
 *
 * @module
 */

export type * from "../../backends/stores/store.ts";
export type { OpenedStore, OpenStore } from "./opened_store.ts";
export { type Fault, faulty } from "../../backends/layers/faulty.ts";
export {
  denoRunner,
  type DenoTest,
  nodeRunner,
  type NodeTest,
  type Runner,
  vitestRunner,
  type VitestTest,
} from "./runner.ts";
export { type Outcome, type Promised, Report, type Verdict } from "./report.ts";
export type { CheckStoreOptions, TestStoreOptions } from "./suite.ts";
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
