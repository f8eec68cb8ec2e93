/** What is promised when many things happen at once, and when it ends. */

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { isStorageError } from "../../backends/errors.ts";
import { assertHolds, assertTree, fails } from "./backend_assertions.ts";
import { type BackendPromise, backendPromise, type BackendTrial } from "./backend_promise.ts";

/** The texts whose values are saved to one path, of very different sizes. */
const TEXTS = Array.from({ length: 6 }, (_, i) => String(i).repeat(1 + i * 30_000));

/** Whether a value is one of those of `TEXTS`. */
function isWhole({ value }: BackendTrial, actual: unknown): boolean {
  return TEXTS.some((text) => isDeepStrictEqual(actual, value(text)));
}

/** Adds one to the number of values saved, again and again until nobody was faster. */
async function increment({ backend, value }: BackendTrial, counts: readonly unknown[]): Promise<void> {
  for (;;) {
    const { etag } = await backend.stat("counter");
    const current = await backend.load("counter");
    const count = counts.findIndex((other) => isDeepStrictEqual(other, current));
    try {
      await backend.save(value(String(count + 1)), "counter", { ifMatch: etag });
      return;
    } catch (error) {
      if (!isStorageError(error, "precondition-failed")) throw error;
    }
  }
}

/** What is promised when many things happen at once. */
export const backendConcurrency: readonly BackendPromise[] = [
  backendPromise("save/parallel", "keeps all of 32 files saved at once in one directory", ["save", "list"], async (
    trial,
  ) => {
    const paths = Array.from({ length: 32 }, (_, i) => `new/dir/${String(i).padStart(2, "0")}`);
    await Promise.all(paths.map((path) => trial.put(path, path)));
    await assertTree(trial, ["new/", "new/dir/", ...paths]);
    for (const path of paths) await assertHolds(trial, path, path);
  }),
  backendPromise("save/never-torn", "lets readers see only whole values while others save", ["save"], async (trial) => {
    const { backend, value } = trial;
    await trial.put(TEXTS[0]!, "file");
    let saving = true;
    const writers = TEXTS.map(async (text) => {
      for (let i = 0; i < 4; i++) {
        await backend.save(value(text), "file");
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    });
    const readers = Array.from({ length: 3 }, async () => {
      do {
        assert(isWhole(trial, await backend.load("file")), "a mixture was loaded");
        await new Promise((resolve) => setTimeout(resolve, 0));
      } while (saving);
    });
    await Promise.all(writers).finally(() => saving = false);
    await Promise.all(readers);
  }),
  backendPromise("save/race", "lets exactly one of 20 create with overwrite: false", ["save"], async (trial) => {
    for (const path of ["file", "new/dir/file"]) {
      const saves = Array.from(
        { length: 20 },
        (_, i) => trial.backend.save(trial.value(`writer ${i}`), path, { overwrite: false }),
      );
      const outcomes = await Promise.allSettled(saves);
      const winners = outcomes.flatMap(({ status }, i) => status === "fulfilled" ? [i] : []);
      assert.equal(winners.length, 1, `${winners.length} of 20 believe they created ${path}`);
      for (const [i, save] of saves.entries()) if (i !== winners[0]) await fails(save, "already-exists", path);
      await assertHolds(trial, path, `writer ${winners[0]}`);
    }
  }),
  backendPromise("save/counter", "loses no update of 6 that add 8 each with ifMatch", ["save", "etags"], async (
    trial,
  ) => {
    const counts = Array.from({ length: 49 }, (_, i) => trial.value(String(i)));
    await trial.put("0", "counter");
    await Promise.all(Array.from({ length: 6 }, async () => {
      for (let i = 0; i < 8; i++) await increment(trial, counts);
    }));
    await assertHolds(trial, "counter", "48");
  }),
  backendPromise("move/race", "loses nothing when 10 move the same file: each that succeeded has it", [
    "save",
    "delete",
  ], async (trial) => {
    await trial.put("x", "from");
    const moves = Array.from({ length: 10 }, (_, i) => trial.backend.move("from", `to/${i}`));
    const outcomes = await Promise.allSettled(moves);
    for (const [i, { status }] of outcomes.entries()) {
      if (status === "fulfilled") await assertHolds(trial, `to/${i}`, "x");
      else await fails(moves[i]!, "not-found", "from");
    }
    assert(outcomes.some(({ status }) => status === "fulfilled"), "none has moved it");
    await assertHolds(trial, "from", undefined);
  }),
  backendPromise("close/twice", "may be called twice, and await using calls it", ["save"], async (trial) => {
    await trial.fresh(async ({ source, put }) => {
      await put("x", "file");
      await source.close();
      await source.close();
      await source[Symbol.asyncDispose]();
    });
    await trial.fresh(async ({ source }) => {
      await using own = source;
      await own.exists("file");
    });
    await trial.put("x", "file");
    await assertHolds(trial, "file", "x");
  }),
  backendPromise("close/unused", "may be called on a backend that was never used", [], async ({ fresh }) => {
    await fresh(async ({ source }) => await source.close());
  }),
  backendPromise("save/reopened", "keeps everything when the place is closed and opened again", [
    "save",
    "list",
    "reopen",
  ], async (trial) => {
    const paths = ["a", "dir/b", "dir/sub/c"];
    await trial.putNamed(paths);
    if (trial.has("formats")) await trial.backend.save({ z: 1, a: -0 }, "tree.json");
    const { etag } = await trial.backend.stat("a");
    const source = await trial.reopen();
    for (const path of paths) await assertHolds(trial, path, path);
    const expected = trial.has("formats") ? [...paths, "tree.json"] : paths;
    assert.deepEqual(await source.listFiles("", { recursive: true }), expected);
    if (trial.has("etags")) {
      await trial.backend.save(trial.value("new"), "a", { ifMatch: etag });
      await fails(trial.backend.save(trial.value("newer"), "a", { ifMatch: etag }), "precondition-failed", "a");
    }
  }),
];
