/** What `createSymlink` promises, and `load` and `save` through links. */

import assert from "node:assert/strict";
import { assertHolds, fails, refuses } from "./backend_assertions.ts";
import { type BackendPromise, backendPromise } from "./backend_promise.ts";

/** What `createSymlink` promises. */
export const backendLinking: readonly BackendPromise[] = [
  backendPromise("createSymlink/through", "makes links through which files are loaded and saved; they stay links", [
    "save",
    "links",
  ], async (trial) => {
    const { backend, value } = trial;
    await trial.put("old", "dir/file");
    await backend.createSymlink("dir/file", "a/b/one");
    await backend.createSymlink("a/b/one", "two");
    for (const path of ["a/b/one", "two"]) await assertHolds(trial, path, "old");
    const { etag } = await backend.save(value("new"), "two");
    for (const path of ["dir/file", "a/b/one", "two"]) await assertHolds(trial, path, "new");
    assert.equal((await backend.stat("dir/file")).etag, etag);
    assert.equal((await backend.stat("two")).target, "a/b/one");
    assert.equal((await backend.stat("a/b/one")).target, "dir/file");
    await backend.save(value("newer"), "a/b/one", { ifMatch: etag });
    await assertHolds(trial, "dir/file", "newer");
    await refuses(backend, () => backend.save(value("x"), "two", { overwrite: false }), "already-exists", "two");
  }),
  backendPromise("createSymlink/directory", "makes links through which a directory is used", [
    "save",
    "delete",
    "links",
  ], async (trial) => {
    const { backend, value } = trial;
    await trial.put("1", "dir/sub/file");
    await backend.createSymlink("dir", "link");
    await backend.createSymlink("link", "chain");
    await assertHolds(trial, "chain/sub/file", "1");
    await trial.put("2", "chain/new/file");
    await assertHolds(trial, "dir/new/file", "2");
    await backend.delete("link/sub/file");
    await assertHolds(trial, "dir/sub/file", undefined);
    await fails(backend.load("link"), "is-a-directory", "link");
    await refuses(backend, () => backend.save(value("x"), "link"), "is-a-directory", "link");
  }),
  backendPromise(
    "createSymlink/missing",
    "refuses a source that is not there, unless dangling",
    ["save", "links"],
    async (
      trial,
    ) => {
      const { backend } = trial;
      await trial.put("x", "file");
      await refuses(backend, () => backend.createSymlink("gone", "link"), "not-found", "gone");
      const below = () => backend.createSymlink("file/below", "link");
      await refuses(backend, below, ["not-found", "not-a-directory"], "file/below");
      await backend.createSymlink("gone", "link", { dangling: true });
      await fails(backend.load("link"), "not-found", "link");
      await fails(backend.load("link/below"), "not-found", "link/below");
      await trial.put("now", "gone");
      await assertHolds(trial, "link", "now");
    },
  ),
  backendPromise("createSymlink/broken-source", "takes a broken link for a source that is there", [
    "save",
    "links",
  ], async ({ backend }) => {
    await backend.createSymlink("gone", "broken", { dangling: true });
    await backend.createSymlink("broken", "link");
    assert.equal((await backend.stat("link")).target, "broken");
  }),
  backendPromise("createSymlink/exists", "refuses to replace anything", ["save", "links"], async (trial) => {
    const { backend } = trial;
    await trial.putNamed(["file", "target", "dir/file"]);
    await backend.createSymlink("target", "link");
    await backend.createSymlink("gone", "broken", { dangling: true });
    for (const path of ["file", "dir", "link", "broken"]) {
      await refuses(backend, () => backend.createSymlink("target", path), "already-exists", path);
      await refuses(backend, () => backend.createSymlink("gone", path, { dangling: true }), "already-exists", path);
    }
    await refuses(backend, () => backend.createSymlink("target", "file/link"), "not-a-directory", "file/link");
  }),
  backendPromise("createSymlink/overwrite", "replaces links with overwriteSymlinksOnly, and nothing else ever", [
    "save",
    "links",
  ], async (trial) => {
    const { backend } = trial;
    const options = { overwriteSymlinksOnly: true };
    await trial.putNamed(["file", "target", "dir/file"]);
    await backend.createSymlink("dir/file", "link", options);
    await backend.createSymlink("dir", "linked");
    await backend.createSymlink("gone", "broken", { dangling: true });
    for (const path of ["link", "linked", "broken"]) {
      await backend.createSymlink("target", path, options);
      assert.equal((await backend.stat(path)).target, "target", path);
    }
    for (const path of ["file", "dir"]) {
      await refuses(backend, () => backend.createSymlink("target", path, options), "already-exists", path);
    }
    await refuses(backend, () => backend.createSymlink("gone", "link", options), "not-found", "gone");
    for (const path of ["file", "target", "dir/file"]) await assertHolds(trial, path, path);
  }),
  backendPromise("createSymlink/itself", "refuses a link to itself, and loses nothing", ["save", "links"], async (
    trial,
  ) => {
    const { backend } = trial;
    await trial.putNamed(["file", "dir/file"]);
    await backend.createSymlink("file", "link");
    for (const path of ["file", "dir", "link"]) {
      for (const options of [undefined, { overwriteSymlinksOnly: true }, { dangling: true }]) {
        await refuses(backend, () => backend.createSymlink(path, path, options), "invalid-argument", path);
        await refuses(backend, () => backend.createSymlink(path, `./${path}/`, options), "invalid-argument", path);
      }
    }
    const around = () => backend.createSymlink("link", "dir/../link", { overwriteSymlinksOnly: true });
    await refuses(backend, around, "invalid-argument");
    for (const path of ["file", "dir/file"]) await assertHolds(trial, path, path);
  }),
  backendPromise("createSymlink/circle", "makes links in a circle, which lead to nothing", [
    "save",
    "delete",
    "links",
  ], async (trial) => {
    const { backend, value } = trial;
    await backend.createSymlink("b", "a", { dangling: true });
    await backend.createSymlink("a", "b", { dangling: true });
    for (const path of ["a", "a/x"]) {
      await fails(backend.load(path), ["not-found", "too-many-links"], path);
      const save = () => backend.save(value("x"), path);
      await refuses(backend, save, ["too-many-links", "not-a-directory"], path);
    }
    if (trial.has("list")) assert.deepEqual(await backend.listFiles("", { recursive: true }), []);
    await backend.delete("a");
    await backend.delete("b");
    assert.equal(await backend.isSymlink("a"), false);
  }),
  backendPromise("createSymlink/loop-in-tree", "makes links to a directory above, and no listing goes round", [
    "save",
    "list",
    "links",
  ], async (trial) => {
    await trial.put("x", "dir/sub/file");
    await trial.backend.createSymlink("dir", "dir/sub/up");
    assert.deepEqual(await trial.backend.listFiles("", { recursive: true }), ["dir/sub/file"]);
    await assertHolds(trial, "dir/sub/up/sub/up/sub/file", "x");
  }),
  backendPromise("createSymlink/reopened", "makes links that are still there when the place is opened again", [
    "save",
    "links",
    "reopen",
  ], async (trial) => {
    await trial.put("x", "dir/file");
    await trial.backend.createSymlink("dir/file", "a/link");
    const source = await trial.reopen();
    assert.equal((await source.stat("a/link")).target, "dir/file");
    await assertHolds(trial, "a/link", "x");
  }),
];
