/** What `saveBatch` and `loadBatch` promise. */

import assert from "node:assert/strict";
import { assertHolds, assertSame, fails, refuses } from "./backend_assertions.ts";
import { type BackendPromise, backendPromise } from "./backend_promise.ts";

/** What `saveBatch` and `loadBatch` promise. */
export const backendBatches: readonly BackendPromise[] = [
  backendPromise("saveBatch/order", "saves each value to its path, and answers the etags in order", ["save"], async (
    trial,
  ) => {
    const { backend, value } = trial;
    const paths = Array.from({ length: 40 }, (_, i) => `dir/${(i * 7) % 40}/${i}`);
    await trial.put("old", paths[3]!);
    const results = await backend.saveBatch(paths.map(value), paths);
    assert.equal(results.length, paths.length);
    for (const [i, path] of paths.entries()) {
      await assertHolds(trial, path, path);
      assert.equal((await backend.stat(path)).etag, results[i]!.etag, path);
    }
    assertSame(await backend.loadBatch(paths.toReversed()), paths.toReversed().map(value), "loaded in order");
  }),
  backendPromise("saveBatch/empty", "saves nothing when there is nothing to save, and loadBatch loads it", [
    "save",
  ], async ({ backend }) => {
    assert.deepEqual(await backend.saveBatch([], []), []);
    assert.deepEqual(await backend.loadBatch([]), []);
  }),
  backendPromise("saveBatch/lengths", "refuses unequal lengths, and writes nothing", ["save"], async ({
    backend,
    value,
  }) => {
    const cases: readonly [values: string[], paths: string[]][] = [[["1", "2"], ["a"]], [["1"], ["a", "b"]], [[], [
      "a",
    ]], [
      ["1"],
      [],
    ]];
    for (const [values, paths] of cases) {
      await refuses(backend, () => backend.saveBatch(values.map(value), paths), "invalid-argument");
    }
  }),
  backendPromise("saveBatch/duplicates", "refuses a path that is there twice, in any spelling, and writes nothing", [
    "save",
  ], async ({ backend, value }) => {
    for (const twice of [["a", "b", "a"], ["dir/a", "b", "dir//a"], ["/a", "./a"]]) {
      await refuses(backend, () => backend.saveBatch(twice.map(value), twice), "invalid-argument", twice);
    }
  }),
  backendPromise(
    "saveBatch/bad-value",
    "writes nothing when one value is refused",
    ["formats"],
    async ({ backend }) => {
      await backend.save("old", "old.txt");
      const save = () => backend.saveBatch(["new", { a: undefined }, "c"], ["old.txt", "dir/b.json", "c.txt"]);
      await refuses(backend, save, "invalid-value", "dir/b.json");
      const unknown = () => backend.saveBatch(["new", "b", "c"], ["old.txt", "b.unknown", "c.txt"]);
      await refuses(backend, unknown, "unknown-format", "b.unknown");
    },
  ),
  backendPromise("saveBatch/bad-any", "writes nothing when one value is refused", ["values"], async ({ backend }) => {
    await backend.save("old", "old");
    const save = () => backend.saveBatch(["new", () => 1, "c"], ["old", "dir/b", "c"]);
    await refuses(backend, save, "invalid-value", "dir/b");
    assert.equal(await backend.load("old"), "old");
  }),
  backendPromise("saveBatch/bad-path", "writes nothing when one path is none", ["save"], async ({
    backend,
    value,
    put,
    has,
  }) => {
    await put("old", "old");
    for (const path of ["a\0", "\ud800", ...has("normalPaths") ? ["../x"] : []]) {
      const save = () => backend.saveBatch(["1", "2", "3"].map(value), ["old", path, "c"]);
      await refuses(backend, save, "invalid-path", path);
    }
  }),
  backendPromise("saveBatch/exists", "writes nothing with overwrite: false when one is there", ["save"], async ({
    backend,
    value,
    put,
  }) => {
    await put("old", "dir/old");
    const save = () => backend.saveBatch(["1", "2", "3"].map(value), ["a", "dir/old", "c"], { overwrite: false });
    await refuses(backend, save, "already-exists", "dir/old");
    await backend.saveBatch(["1", "3"].map(value), ["a", "c"], { overwrite: false });
  }),
  backendPromise("saveBatch/bad-place", "writes nothing when one is a directory or below a file", ["save"], async ({
    backend,
    value,
    putNamed,
  }) => {
    await putNamed(["dir/file"]);
    const save = (path: string) => backend.saveBatch(["1", "2", "3"].map(value), ["a", path, "c"]);
    await refuses(backend, () => save("dir"), "is-a-directory", "dir");
    await refuses(backend, () => save("dir/file/below"), "not-a-directory", "dir/file/below");
  }),
  backendPromise("saveBatch/contradiction", "writes nothing when one path is below another", ["save"], async ({
    backend,
    value,
  }) => {
    for (const paths of [["x", "a", "a/b"], ["x", "a/b", "a"]]) {
      const save = () => backend.saveBatch(paths.map(value), paths);
      await refuses(backend, save, ["not-a-directory", "is-a-directory", "invalid-argument"], ["a", "a/b"]);
    }
  }),
  backendPromise("saveBatch/overwrite", "replaces what is there", ["save"], async (trial) => {
    const paths = ["a", "b/c", "d"];
    await trial.putNamed(paths);
    for (const options of [undefined, { overwrite: true }]) {
      await trial.backend.saveBatch(paths.map((path) => trial.value(`new ${path}`)), paths, options);
      for (const path of paths) await assertHolds(trial, path, `new ${path}`);
    }
  }),
  backendPromise("loadBatch/one-missing", "refuses when one is missing, naming it", ["put"], async (trial) => {
    await trial.putNamed(["a", "dir/b"]);
    await fails(trial.source.loadBatch(["a", "gone", "dir/b"]), "not-found", "gone");
    await fails(trial.source.loadBatch(["a", "dir"]), "is-a-directory", "dir");
    assertSame(
      await trial.source.loadBatch(["dir/b", "a", "dir/b"]),
      ["dir/b", "a", "dir/b"].map(trial.value),
      "the same path twice",
    );
  }),
];
