/** What every method promises about its `signal`. */

import assert from "node:assert/strict";
import type { StorageBackend } from "../../backends/backend.ts";
import type { AbortOptions } from "../../backends/stores/store.ts";
import { collect, noise } from "./assertions.ts";
import { snapshot } from "./backend_assertions.ts";
import {
  type BackendMethod,
  type BackendNeed,
  type BackendPromise,
  backendPromise,
  type BackendTrial,
} from "./backend_promise.ts";

/** Calls one method, with options. */
type Call = (backend: StorageBackend, options: AbortOptions, trial: BackendTrial) => Promise<unknown>;

const READING: readonly (readonly [BackendMethod, Call, ...BackendNeed[]])[] = [
  ["load", (backend, options) => backend.load("file", options)],
  ["loadBatch", (backend, options) => backend.loadBatch(["file", "dir/file"], options)],
  ["stat", (backend, options) => backend.stat("file", options)],
  ["exists", (backend, options) => backend.exists("missing", options)],
  ["isFile", (backend, options) => backend.isFile("file", options)],
  ["isDir", (backend, options) => backend.isDir("dir", options)],
  ["entries", (backend, options) => collect(backend.entries("dir", options)), "list"],
  ["listFiles", (backend, options) => backend.listFiles("dir", options), "list"],
  ["listDir", (backend, options) => backend.listDir("dir", options), "list"],
  ["openRead", (backend, options) => backend.openRead!("file", options), "openRead"],
];

const WRITING: readonly (readonly [BackendMethod, Call, ...BackendNeed[]])[] = [
  ["isSymlink", (backend, options) => backend.isSymlink("file", options)],
  ["save", (backend, options, { value }) => backend.save(value("x"), "a/new", options)],
  [
    "saveBatch",
    (backend, options, { value }) => backend.saveBatch([value("x"), value("y")], ["a/new", "file"], options),
  ],
  ["delete", (backend, options) => backend.delete("file", options), "delete"],
  ["deleteAll", (backend, options) => backend.deleteAll("dir", options), "delete"],
  ["ensureDirectory", (backend, options) => backend.ensureDirectory("a/new", options)],
  ["createSymlink", (backend, options) => backend.createSymlink("file", "a/new", options), "links"],
  ["copy", (backend, options) => backend.copy("file", "a/new", options), "list"],
  ["copy", (backend, options) => backend.copy("dir", "a/new", options), "list"],
  ["move", (backend, options) => backend.move("file", "a/new", options), "delete", "list"],
  ["move", (backend, options) => backend.move("dir", "a/new", options), "delete", "list"],
  ["openWrite", (backend, options) => backend.openWrite!("a/new", options), "openWrite"],
];

/** The promise that a method does nothing when its signal has been aborted before. */
function abortedBefore(method: BackendMethod, calls: readonly Call[], needs: readonly BackendNeed[]): BackendPromise {
  const promise = "rejects with the reason of a signal that is aborted, and does nothing";
  return backendPromise(`${method}/aborted-before`, promise, needs, async (trial) => {
    await trial.putNamed(["file", "dir/file"]);
    const before = await snapshot(trial.source);
    for (const reason of [new DOMException("stop", "AbortError"), new Error("mine"), { not: "an error" }]) {
      for (const call of calls) {
        // What only reads may be no StorageBackend; its calls need no more than it has.
        const attempt = async () =>
          await call(trial.source as StorageBackend, { signal: AbortSignal.abort(reason) }, trial);
        await assert.rejects(attempt, (error) => {
          assert.equal(error, reason, `it rejected with ${error} instead of the reason of the signal`);
          return true;
        }, "it did not reject");
      }
    }
    assert.deepEqual(await snapshot(trial.source), before, "something has changed");
  });
}

/** One promise for each method. */
function promises(calls: typeof READING, need: BackendNeed): BackendPromise[] {
  const byMethod = Map.groupBy(calls, ([method]) => method);
  return [...byMethod].map(([method, some]) =>
    abortedBefore(method, some.map(([, call]) => call), [need, ...new Set(some.flatMap(([, , ...needs]) => needs))])
  );
}

/** What every method promises about its `signal`. */
export const backendAborting: readonly BackendPromise[] = [
  ...promises(READING, "put"),
  ...promises(WRITING, "save"),
  backendPromise("entries/aborted", "stops when its signal is aborted between two entries", ["put", "list"], async ({
    source,
    putNamed,
  }) => {
    await putNamed(Array.from({ length: 20 }, (_, i) => `${i % 4}/${i}`));
    const controller = new AbortController();
    const reason = new Error("stop");
    const iterate = async (): Promise<void> => {
      for await (const _ of source.entries("", { recursive: true, signal: controller.signal })) {
        controller.abort(reason);
      }
    };
    await assert.rejects(iterate, (error) => error === reason, "it went on to the end");
  }),
  backendPromise("openWrite/aborted", "publishes nothing when its signal is aborted before the close", [
    "save",
    "openWrite",
  ], async (trial) => {
    await trial.put("old", "file");
    const before = await snapshot(trial.source);
    for (const path of ["file", "new"]) {
      const controller = new AbortController();
      const reason = new Error("stop");
      const writer = (await trial.backend.openWrite!(path, { signal: controller.signal })).getWriter();
      writer.closed.catch(() => undefined);
      await writer.write(noise(1000));
      controller.abort(reason);
      await assert.rejects(writer.close());
      await assert.rejects(writer.closed, (error) => error === reason, "the stream tells another reason");
    }
    assert.deepEqual(await snapshot(trial.source), before);
  }),
  backendPromise("save/aborted", "leaves the old or the new value whole when it is aborted half-way", ["save"], async (
    trial,
  ) => {
    let kept = "0".repeat(3_000_000);
    await trial.put(kept, "dir/file");
    for (const after of [0, 1, 2, 4]) {
      const next = String(after + 1).repeat(6_000_000);
      const controller = new AbortController();
      const pending = trial.backend.save(trial.value(next), "dir/file", { signal: controller.signal });
      const outcome = pending.then(() => true, (error) => {
        assert.equal(error, controller.signal.reason, `it rejected with ${error} instead of the reason`);
        return false;
      });
      await new Promise((resolve) => setTimeout(resolve, after));
      controller.abort(new Error("stop"));
      if (await outcome) kept = next;
      const same = (await trial.source.load("dir/file") as { length?: number })?.length;
      assert.equal(same, (trial.value(kept) as { length?: number })?.length, "neither the old nor the new value");
    }
  }),
];
