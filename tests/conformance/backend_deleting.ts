/** What `delete`, `deleteAll` and `ensureDirectory` promise. */

import assert from "node:assert/strict";
import { assertHolds, assertTree, refuses } from "./backend_assertions.ts";
import { type BackendPromise, backendPromise } from "./backend_promise.ts";

/** What `delete`, `deleteAll` and `ensureDirectory` promise. */
export const backendDeleting: readonly BackendPromise[] = [
  backendPromise("delete/file", "deletes a file and no neighbour", ["save", "delete"], async (trial) => {
    const paths = ["a", "ab", "a-", "b/a", "b/ab"];
    await trial.putNamed(paths);
    for (const [i, path] of paths.entries()) {
      await trial.backend.delete(path, i % 2 === 0 ? undefined : { recursive: true });
      for (const [j, other] of paths.entries()) await assertHolds(trial, other, j <= i ? undefined : other);
    }
  }),
  backendPromise("delete/force", "succeeds where nothing is with force", ["save", "delete"], async (trial) => {
    await trial.putNamed(["file"]);
    for (const path of ["missing", "no/where", "file/below"]) {
      for (const recursive of [false, true, undefined]) await trial.backend.delete(path, { force: true, recursive });
    }
    await assertHolds(trial, "file", "file");
    await trial.backend.delete("file", { force: true });
    await assertHolds(trial, "file", undefined);
  }),
  backendPromise("delete/not-empty", "refuses a directory that is not empty unless recursive, also with force", [
    "save",
    "delete",
  ], async (trial) => {
    const { backend } = trial;
    await trial.putNamed(["dir/sub/file", "dirs/file"]);
    for (const path of ["dir", "dir/sub"]) {
      for (const options of [undefined, { recursive: false }, { force: true }]) {
        await refuses(backend, () => backend.delete(path, options), "not-empty", path);
      }
    }
    await backend.delete("dir", { recursive: true });
    await assertHolds(trial, "dir", undefined);
    await assertHolds(trial, "dirs/file", "dirs/file");
  }),
  backendPromise(
    "delete/empty",
    "deletes an empty directory",
    ["save", "delete", "directories"],
    async ({ backend }) => {
      await backend.ensureDirectory("a/b");
      await backend.delete("a/b");
      assert.equal(await backend.exists("a/b"), false);
      assert.equal(await backend.isDir("a"), true);
      await backend.delete("a", { recursive: true });
      assert.equal(await backend.exists("a"), false);
    },
  ),
  backendPromise("delete/if-match", "deletes with ifMatch only the content that has this etag", [
    "save",
    "delete",
    "etags",
  ], async (trial) => {
    const { backend, value } = trial;
    const first = await backend.save(value("1"), "file");
    const second = await backend.save(value("2"), "file");
    await refuses(backend, () => backend.delete("file", { ifMatch: first.etag }), "precondition-failed", "file");
    await refuses(backend, () => backend.delete("missing", { ifMatch: first.etag }), "precondition-failed", "missing");
    await backend.delete("file", { ifMatch: second.etag });
    await assertHolds(trial, "file", undefined);
  }),
  backendPromise("delete/links", "deletes a link and never what it leads to, be it broken or a directory", [
    "save",
    "delete",
    "links",
  ], async (trial) => {
    const { backend } = trial;
    await trial.putNamed(["keep/file"]);
    for (const target of ["keep/file", "keep", "gone", ""]) {
      for (const remove of ["delete", "deleteAll"] as const) {
        await backend.createSymlink(target, "link", { dangling: true });
        await backend[remove]("link");
        assert.equal(await backend.isSymlink("link"), false, `the link to ${target} is still there`);
      }
    }
    await backend.createSymlink("keep", "tree/a/link");
    await backend.createSymlink("gone", "tree/broken", { dangling: true });
    await backend.deleteAll("tree");
    await assertHolds(trial, "tree", undefined);
    await assertHolds(trial, "keep/file", "keep/file");
  }),
  backendPromise("delete/root", "empties the root with recursive, and the root stays", [
    "save",
    "delete",
    "normalPaths",
  ], async ({
    backend,
    putNamed,
    put,
    has,
  }) => {
    await putNamed(["a", "b/c", "b/d/e"]);
    await refuses(backend, () => backend.delete(""), ["not-empty", "invalid-argument"]);
    await backend.delete("", { recursive: true });
    assert.equal(await backend.isDir(""), true);
    assert.equal(await backend.exists("b"), false);
    if (has("list")) assert.deepEqual(await backend.listDir(""), []);
    await put("x", "a");
  }),
  backendPromise("deleteAll/tree", "deletes a directory with all it holds, or a file, and no neighbour", [
    "save",
    "delete",
  ], async (trial) => {
    await trial.putNamed(["dir/a", "dir/b/c", "dir/b/d/e", "dir-/a", "dirs/a", "file", "files"]);
    await trial.backend.deleteAll("dir");
    await trial.backend.deleteAll("file");
    if (trial.has("list")) await assertTree(trial, ["dir-/", "dir-/a", "dirs/", "dirs/a", "files"]);
    for (const path of ["dir", "dir/b/d/e", "file"]) await assertHolds(trial, path, undefined);
    await trial.put("again", "dir");
    await assertHolds(trial, "dir", "again");
  }),
  backendPromise("ensureDirectory/makes", "makes a directory and its parents, again and again, and answers its path", [
    "save",
    "directories",
  ], async (trial) => {
    const { backend } = trial;
    for (const path of ["a/b/c", "a/b/c", "a", "a/d", ""]) {
      assert.equal(await backend.ensureDirectory(path), path);
      assert.equal(await backend.isDir(path), true, path);
    }
    await trial.put("x", "a/b/file");
    await backend.ensureDirectory("a/b");
    await assertTree(trial, ["a/", "a/b/", "a/b/c/", "a/b/file", "a/d/"]);
  }),
  backendPromise("ensureDirectory/refuses", "refuses where a file is, and below one", ["save"], async ({
    backend,
    putNamed,
  }) => {
    await putNamed(["dir/file"]);
    await refuses(backend, () => backend.ensureDirectory("dir/file"), "already-exists", "dir/file");
    for (const path of ["dir/file/below", "dir/file/far/below"]) {
      await refuses(backend, () => backend.ensureDirectory(path), "not-a-directory", path);
    }
  }),
  backendPromise("ensureDirectory/links", "takes a link to a directory for the directory", [
    "save",
    "links",
    "directories",
  ], async ({ backend, putNamed }) => {
    await putNamed(["dir/file"]);
    await backend.createSymlink("dir", "link");
    await backend.ensureDirectory("link");
    await backend.ensureDirectory("link/new");
    assert.equal(await backend.isSymlink("link"), true);
    assert.equal(await backend.isDir("dir/new"), true);
  }),
];
