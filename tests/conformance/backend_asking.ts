/** What the methods that answer questions promise: `exists`, `isFile`, `isDir`, `isSymlink` and `stat`. */

import assert from "node:assert/strict";
import { StorageBackend } from "../../backends/backend.ts";
import type { DataSource } from "../../backends/data_source.ts";
import { type BackendPromise, backendPromise } from "./backend_promise.ts";

/** What all four say, as one word; asserts that they agree with each other. */
async function asked(source: DataSource, path: string): Promise<string> {
  const shown = JSON.stringify(path.slice(0, 50));
  const [exists, isFile, isDir] = await Promise.all([source.exists(path), source.isFile(path), source.isDir(path)]);
  const isLink = source instanceof StorageBackend ? await source.isSymlink(path) : false;
  assert.equal(exists, isFile || isDir, `exists of ${shown} does not go with isFile and isDir`);
  assert(!(isFile && isDir), `${shown} is a file and a directory`);
  return `${isLink ? "link to " : ""}${isFile ? "file" : isDir ? "directory" : "nothing"}`;
}

/** What the methods that answer questions promise. */
export const backendAsking: readonly BackendPromise[] = [
  backendPromise("exists/answers", "tells files from directories, as isFile, isDir and isSymlink do", ["put"], async ({
    source,
    putNamed,
  }) => {
    await putNamed(["file", "dir/sub/file"]);
    for (const path of ["file", "dir/sub/file"]) assert.equal(await asked(source, path), "file", path);
    for (const path of ["", "dir", "dir/sub"]) assert.equal(await asked(source, path), "directory", path);
    for (const path of ["missing", "fil", "files", "di", "dir/su", "dir/missing", "no/where"]) {
      assert.equal(await asked(source, path), "nothing", path);
    }
  }),
  backendPromise("exists/never-throws", "answers false for paths that cannot be, as isFile, isDir and isSymlink do", [
    "put",
  ], async ({ source, putNamed }) => {
    await putNamed(["file"]);
    const impossible = ["file/below", "file/far/below", "a\0b", "\0", "\ud800", "n".repeat(5000), "d/".repeat(5000)];
    for (const path of impossible) {
      assert.equal(await asked(source, path), "nothing", JSON.stringify(path.slice(0, 50)));
    }
  }),
  backendPromise("exists/above-root", "answers false above the root, as isFile, isDir and isSymlink do", [
    "put",
    "normalPaths",
  ], async ({ source, putNamed }) => {
    await putNamed(["file"]);
    for (const path of ["..", "../file", "a/../../file", "/.."]) {
      assert.equal(await asked(source, path), "nothing", path);
    }
  }),
  backendPromise("exists/links", "follows links, and so do isFile and isDir", ["put", "links"], async ({
    backend,
    putNamed,
  }) => {
    await putNamed(["dir/file"]);
    await backend.createSymlink("dir/file", "to-file");
    await backend.createSymlink("dir", "to-dir");
    await backend.createSymlink("to-dir", "chain");
    await backend.createSymlink("nowhere", "broken", { dangling: true });
    await backend.createSymlink("dir/file/below", "below", { dangling: true });
    await backend.createSymlink("circle-b", "circle-a", { dangling: true });
    await backend.createSymlink("circle-a", "circle-b", { dangling: true });
    assert.equal(await asked(backend, "to-file"), "link to file");
    assert.equal(await asked(backend, "to-dir"), "link to directory");
    assert.equal(await asked(backend, "chain"), "link to directory");
    assert.equal(await asked(backend, "chain/file"), "file");
    for (const path of ["broken", "below", "circle-a"]) {
      assert.equal(await asked(backend, path), "link to nothing", path);
      assert.equal(await asked(backend, `${path}/x`), "nothing", path);
    }
  }),
  backendPromise("stat/fields", "tells what is there", ["put"], async ({ source, put, has }) => {
    await put("12345", "dir/file");
    const before = Date.now();
    const info = await source.stat("dir/file");
    assert.equal(info.path, "dir/file");
    assert.equal(info.kind, "file");
    assert.equal(info.exists, true);
    assert.equal(info.target, undefined);
    assert.equal(info.targetKind, undefined);
    if (has("etags")) assert.equal(typeof info.etag, "string");
    if (info.modified !== undefined) {
      assert(info.modified instanceof Date, "modified is a Date");
      assert(Math.abs(info.modified.getTime() - before) < 120_000, `modified is ${info.modified.toISOString()}`);
    }
    for (const path of ["dir", ""]) {
      const info = await source.stat(path);
      assert.deepEqual([info.path, info.kind, info.exists, info.size], [path, "directory", true, undefined]);
    }
  }),
  backendPromise("stat/size", "tells the size of the encoded content", ["bytes", "openRead"], async ({
    backend,
    put,
    has,
  }) => {
    await put("12345", "file");
    if (has("formats")) await backend.save({ a: "\u{1f600}" }, "file.json");
    for (const path of has("formats") ? ["file", "file.json"] : ["file"]) {
      const bytes = await new Response(await backend.openRead!(path)).bytes();
      assert.equal((await backend.stat(path)).size, bytes.length, path);
    }
  }),
  backendPromise("stat/links", "tells of a link where it leads, and what is there", ["save", "links"], async (
    { backend, value },
  ) => {
    const { etag } = await backend.save(value("12345"), "dir/file");
    await backend.createSymlink("dir/file", "to-file");
    await backend.createSymlink("dir", "a/to-dir");
    await backend.createSymlink("to-file", "chain");
    await backend.createSymlink("no/where", "broken", { dangling: true });
    await backend.createSymlink("circle", "circle2", { dangling: true });
    await backend.createSymlink("circle2", "circle", { dangling: true });
    const expected = [
      ["to-file", "dir/file", "file"],
      ["a/to-dir", "dir", "directory"],
      ["chain", "to-file", "file"],
      ["broken", "no/where", undefined],
      ["circle", "circle2", undefined],
    ] as const;
    for (const [path, target, targetKind] of expected) {
      const info = await backend.stat(path);
      assert.equal(info.kind, "symlink", path);
      assert.equal(info.path, path);
      assert.equal(info.target, target, path);
      assert.equal(info.targetKind, targetKind, path);
      assert.equal(info.exists, targetKind !== undefined, path);
      if (targetKind === "file") assert.equal(info.etag, etag, `the etag through ${path}`);
    }
    assert.equal((await backend.stat("a/to-dir/file")).kind, "file");
  }),
];
