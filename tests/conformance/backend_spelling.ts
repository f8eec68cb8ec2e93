/** What all methods promise about paths: how they may be written, and which are none. */

import assert from "node:assert/strict";
import { comparePaths } from "../../backends/path.ts";
import { collect } from "./assertions.ts";
import { assertHolds, assertTree, fails, refuses } from "./backend_assertions.ts";
import { backendAsStore } from "./backend_as_store.ts";
import { type BackendPromise, backendPromise, type BackendTrial } from "./backend_promise.ts";
import { names } from "./names.ts";

/** Every method that rejects a path that is none. */
async function refusePath(trial: BackendTrial, path: string): Promise<void> {
  const { source, value } = trial;
  const calls: (() => Promise<unknown>)[] = [
    () => source.load(path),
    () => source.loadBatch([path]),
    () => source.stat(path),
    () => collect(source.entries(path)),
    () => source.listFiles(path),
    () => source.listDir(path),
  ];
  if (trial.has("save") && trial.has("delete")) {
    const { backend } = trial;
    calls.push(
      () => backend.save(value("x"), path),
      () => backend.saveBatch([value("x"), value("y")], ["new", path]),
      () => backend.delete(path),
      () => backend.delete(path, { force: true }),
      () => backend.deleteAll(path),
      () => backend.ensureDirectory(path),
      () => backend.copy(path, "new"),
      () => backend.copy("file", path),
      () => backend.move(path, "new"),
      () => backend.move("file", path),
    );
    if (trial.has("links")) {
      calls.push(() => backend.createSymlink("file", path), () => backend.createSymlink(path, "new"));
    }
    if (trial.has("openRead")) calls.push(() => backend.openRead!(path));
    if (trial.has("openWrite")) calls.push(() => backend.openWrite!(path));
  }
  for (const call of calls) await refuses(source, call, "invalid-path", path);
}

/** What all methods promise about paths. */
export const backendSpelling: readonly BackendPromise[] = [
  backendPromise("load/spelling", "takes a path in any spelling for its normal form, and so do all", [
    "save",
    "delete",
  ], async (trial) => {
    const { backend, value, has } = trial;
    const spellings = ["/a//b/./c/", "a/b/c", "./a/b/c", "a/b/c/.", "//a/b//c"];
    const back = has("normalPaths") ? ["a/x/../b/c", "x/../a/b/c", "a/b/c/d/.."] : [];
    for (const path of [...spellings, ...back, "/a//b/./c"]) {
      await backend.save(value(path), path);
      for (const other of spellings) await assertHolds(trial, other, path);
      for (const other of spellings) assert.equal((await backend.stat(other)).kind, "file", other);
    }
    if (has("list")) await assertTree(trial, ["a/", "a/b/", "a/b/c"]);
    await backend.copy("/a/./b", "/d//e/");
    await backend.move("d/./e/c", "./f/");
    await assertHolds(trial, "f", "/a//b/./c");
    await backend.delete("/a//b/c/");
    await assertHolds(trial, "a/b/c", undefined);
  }),
  backendPromise("listFiles/spelling", "takes a directory in any spelling, and answers normal paths", [
    "put",
    "list",
  ], async ({ source, putNamed }) => {
    await putNamed(["dir/sub/x.a", "dir/y.a"]);
    for (const directory of ["dir", "dir/", "/dir", "/dir/", "./dir", "dir/.", "dir//"]) {
      const label = `of ${JSON.stringify(directory)}`;
      assert.deepEqual(await source.listDir(directory), ["sub", "y.a"], `names ${label}`);
      assert.deepEqual(await source.listFiles(directory), ["dir/y.a"], `files ${label}`);
      const all = await source.listFiles(directory, { recursive: true });
      assert.deepEqual(all, ["dir/sub/x.a", "dir/y.a"], `files below ${label}`);
      const found = await source.listFiles(directory, { pattern: "sub/*.a" });
      assert.deepEqual(found, ["dir/sub/x.a"], `a pattern with a slash ${label}`);
    }
    for (const root of ["", "/", ".", "./"]) {
      assert.deepEqual(await source.listFiles(root, { pattern: "dir/*" }), ["dir/y.a"], `of the root as "${root}"`);
    }
  }),
  backendPromise("load/above-root", "refuses paths that lead above the root, and so do all", [
    "put",
    "normalPaths",
  ], async (trial) => {
    await trial.putNamed(["file"]);
    for (const path of ["..", "../file", "a/../../file", "/../file", "a/b/../../../x"]) await refusePath(trial, path);
  }),
  backendPromise("load/no-path", "refuses NUL and lone surrogates in paths, and so do all", ["put"], async (trial) => {
    await trial.putNamed(["file"]);
    for (const path of ["a\0b", "\0", "file\0.txt", "\ud800", "a/\udc00x"]) await refusePath(trial, path);
  }),
  backendPromise(
    "load/not-a-string",
    "refuses what is no string for a path, and so does save",
    ["put"],
    async (trial) => {
      for (const path of [undefined, null, 1, {}, ["file"], new URL("file:///file")] as unknown as string[]) {
        await fails(trial.source.load(path), "invalid-path");
        // One that only reads has no `backend`.
        if (trial.has("save")) await fails(trial.backend.save(trial.value("x"), path), "invalid-path");
      }
    },
  ),
  // The names of the store suite, looked for in the same ways: a backend is used as a store is.
  ...names.filter(({ id }) => id.startsWith("read/names")).map(({ id, promise, run }) =>
    backendPromise(`save/${id.slice(5)}`, promise.replace("finds files", "lets files be found"), [
      "save",
      "delete",
      "list",
    ], async (trial) => {
      const store = backendAsStore(trial.backend);
      await run({
        store,
        numRuns: trial.numRuns,
        seed: trial.seed,
        put: async (path, bytes) => void await store.write(path, bytes),
        async putNamed(paths) {
          const encoder = new TextEncoder();
          await trial.backend.saveBatch(paths.map((path) => encoder.encode(path)), paths, { format: "bytes" });
        },
        reopen: () => Promise.resolve(store),
        fresh: (use) => use(store),
        refusesName: trial.refusesName,
      });
    })
  ),
  backendPromise("listDir/names-order", "orders names of every ASCII character by their code points", [
    "put",
    "list",
  ], async ({ source, putNamed, refusesName }) => {
    const all = Array.from({ length: 127 }, (_, i) => String.fromCharCode(i + 1)).filter((c) => !"/.".includes(c));
    const kept = all.filter((name) => refusesName(name) === undefined);
    await putNamed(kept.map((name) => `dir/${name}`));
    assert.deepEqual(await source.listDir("dir"), kept.sort(comparePaths));
  }),
];
