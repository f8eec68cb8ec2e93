/** What `entries`, `listDir` and `listFiles` promise, without a choice among files. */

import assert from "node:assert/strict";
import { comparePaths } from "../../backends/path.ts";
import { collect } from "./assertions.ts";
import { assertEntries, assertHolds } from "./backend_assertions.ts";
import { type BackendPromise, backendPromise } from "./backend_promise.ts";

const TREE = ["b", "a/x", "a/y/z", "a/y/w/v", "a-/x", "a.b", "aa/x", ".hidden", "\u{1f600}", "\ufffd"];

/** What the methods that list promise. */
export const backendListing: readonly BackendPromise[] = [
  backendPromise("entries/children", "yields the children of a directory, each once, in path order", [
    "put",
    "list",
  ], async (trial) => {
    await trial.putNamed(TREE);
    await assertEntries(trial, "", [".hidden", "a/", "a-/", "a.b", "aa/", "b", "\ufffd", "\u{1f600}"]);
    await assertEntries(trial, "a", ["a/x", "a/y/"]);
    await assertEntries(trial, "a/y", ["a/y/w/", "a/y/z"], { recursive: false });
    for (const details of [false, true]) {
      const kinds = await collect(trial.source.entries("a/y", { details }));
      assert.deepEqual(kinds.map(({ path, kind }) => [path, kind]), [["a/y/w", "directory"], ["a/y/z", "file"]]);
    }
  }),
  backendPromise("entries/recursive", "yields everything below with recursive, in path order", ["put", "list"], async (
    trial,
  ) => {
    await trial.putNamed(TREE);
    const all = [
      "a/",
      "a-/",
      "a/x",
      "a/y/",
      "a/y/w/",
      "a/y/w/v",
      "a/y/z",
      "aa/",
      ...TREE.filter((p) => !/^a[^a]?\//.test(p)),
    ];
    const expected = [...new Set([...all, "a-/x", "aa/x"])];
    const sorted = expected.sort((a, b) => comparePaths(a.replace(/\/$/, ""), b.replace(/\/$/, "")));
    await assertEntries(trial, "", sorted, { recursive: true });
    await assertEntries(trial, "a", ["a/x", "a/y/", "a/y/w/", "a/y/w/v", "a/y/z"], { recursive: true });
  }),
  backendPromise("entries/details", "tells sizes with details where stat knows them", ["put", "list", "bytes"], async ({
    source,
    put,
  }) => {
    await put("12345", "dir/file");
    for await (const { path, size } of source.entries("dir", { details: true })) {
      assert.equal(size, (await source.stat(path)).size, path);
    }
  }),
  backendPromise("entries/empty", "yields nothing in an empty directory", ["list", "directories"], async (trial) => {
    await assertEntries(trial, "", []);
    await trial.backend.ensureDirectory("a/b");
    await assertEntries(trial, "a/b", []);
    assert.deepEqual(await trial.source.listFiles("a/b"), []);
    assert.deepEqual(await trial.source.listDir("a/b"), []);
    await assertEntries(trial, "", ["a/", "a/b/"], { recursive: true });
    assert.deepEqual(await trial.source.listFiles("", { recursive: true }), []);
  }),
  backendPromise("entries/links", "yields links as links, does not enter them, and follows the directory itself", [
    "save",
    "list",
    "links",
  ], async (trial) => {
    await trial.putNamed(["dir/file", "dir/sub/file"]);
    for (const [to, path] of [["dir", "to-dir"], ["dir/file", "to-file"], ["", "dir/sub/up"], ["gone", "broken"]]) {
      await trial.backend.createSymlink(to!, path!, { dangling: true });
    }
    const below = ["broken@", "dir/", "dir/file", "dir/sub/", "dir/sub/file", "dir/sub/up@", "to-dir@", "to-file@"];
    await assertEntries(trial, "", below, { recursive: true });
    await assertEntries(trial, "to-dir", ["to-dir/file", "to-dir/sub/"]);
    await assertEntries(trial, "to-dir/sub", ["to-dir/sub/file", "to-dir/sub/up@"], { recursive: true });
  }),
  backendPromise("entries/stops", "can be left before its end", ["put", "list"], async ({ source, putNamed }) => {
    await putNamed(Array.from({ length: 20 }, (_, i) => `dir/${i}`));
    for await (const { path } of source.entries("", { recursive: true })) if (path !== "dir") break;
    await source.listDir("dir");
  }),
  backendPromise("entries/changing", "may be used while what it yields is deleted", [
    "save",
    "delete",
    "list",
  ], async ({ backend, putNamed }) => {
    await putNamed(Array.from({ length: 30 }, (_, i) => `dir/${String(i).padStart(2, "0")}`));
    for await (const { path } of backend.entries("dir")) await backend.delete(path);
    const left = await backend.exists("dir") ? await backend.listDir("dir") : [];
    assert.deepEqual(left, []);
  }),
  backendPromise("listDir/names", "answers the names of the children, in path order", ["put", "list"], async ({
    source,
    putNamed,
  }) => {
    await putNamed(TREE);
    assert.deepEqual(await source.listDir(""), [".hidden", "a", "a-", "a.b", "aa", "b", "\ufffd", "\u{1f600}"]);
    assert.deepEqual(await source.listDir("a"), ["x", "y"]);
  }),
  backendPromise("listFiles/files", "answers the paths of the files, in path order; all below with recursive", [
    "put",
    "list",
  ], async ({ source, putNamed }) => {
    await putNamed(TREE);
    assert.deepEqual(await source.listFiles(""), [".hidden", "a.b", "b", "\ufffd", "\u{1f600}"]);
    assert.deepEqual(await source.listFiles("a"), ["a/x"]);
    const below = await source.listFiles("", { recursive: true });
    assert.deepEqual(below, [...TREE].sort(comparePaths));
    assert.deepEqual(await source.listFiles("a", { recursive: true }), ["a/x", "a/y/w/v", "a/y/z"]);
  }),
  backendPromise("listFiles/order", "orders names by their code points, digits as characters", ["put", "list"], async ({
    source,
    putNamed,
  }) => {
    const names = ["10", "2", "A", "a", "_", "~", "\u00e9", "e\u0301", "z", "\uff5e", "\u{1f4a9}", "1 ", " 1", "1"];
    await putNamed(names.map((name) => `dir/${name}`));
    assert.deepEqual(await source.listDir("dir"), [...names].sort(comparePaths));
  }),
  backendPromise("listFiles/links", "counts links to files in, and links to directories and broken ones out", [
    "save",
    "list",
    "links",
  ], async ({ backend, putNamed }) => {
    await putNamed(["dir/file.tif"]);
    await backend.createSymlink("dir/file.tif", "dir/link.tif");
    await backend.createSymlink("dir/link.tif", "dir/chain.tif");
    await backend.createSymlink("dir", "dir/up.tif");
    await backend.createSymlink("gone.tif", "dir/broken.tif", { dangling: true });
    const files = ["dir/chain.tif", "dir/file.tif", "dir/link.tif"];
    assert.deepEqual(await backend.listFiles("dir"), files);
    assert.deepEqual(await backend.listFiles("dir", { extensions: ["tif"], recursive: true }), files);
  }),
  backendPromise("listFiles/many", "lists 300 files of one directory and nothing of its neighbours", [
    "save",
    "list",
  ], async ({ backend, value, has }) => {
    const paths = Array.from({ length: 300 }, (_, i) => `dir/${String(i).padStart(4, "0")}`);
    await backend.saveBatch(paths.map(value), paths);
    await backend.saveBatch(["x", "y", "z"].map(value), ["di/x", "dir-/x", "dirs/x"]);
    assert.deepEqual(await backend.listFiles("dir"), paths);
    if (has("delete")) await backend.deleteAll("dir");
    assert.deepEqual(await backend.listDir(""), has("delete") ? ["di", "dir-", "dirs"] : ["di", "dir", "dir-", "dirs"]);
  }),
  backendPromise("listFiles/usable", "answers paths that load takes", ["put", "list"], async (trial) => {
    await trial.putNamed(TREE);
    for (const path of await trial.source.listFiles("", { recursive: true })) await assertHolds(trial, path, path);
  }),
];
