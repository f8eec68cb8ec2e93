/** What `save` promises about the place: parents, conditions and etags. */

import assert from "node:assert/strict";
import { assertHolds, assertTree, fails, refuses } from "./backend_assertions.ts";
import { type BackendPromise, backendPromise } from "./backend_promise.ts";

/** What `save` promises about the place. */
export const backendSaving: readonly BackendPromise[] = [
  backendPromise("save/parents", "makes the parents of the path, and leaves nothing else", ["save"], async (trial) => {
    await trial.put("deep", "a/b/c/file");
    for (const path of ["a", "a/b", "a/b/c"]) assert.equal(await trial.source.isDir(path), true, path);
    await assertHolds(trial, "a/b/c/file", "deep");
    if (trial.has("list")) await assertTree(trial, ["a/", "a/b/", "a/b/c/", "a/b/c/file"]);
  }),
  backendPromise("save/replaces", "replaces the whole value, be the new one longer or shorter", ["save"], async (
    trial,
  ) => {
    for (const text of ["first", "a much longer second value", "3", "", "fifth"]) {
      for (const options of [undefined, {}, { overwrite: true }, { overwrite: undefined, ifMatch: undefined }]) {
        await trial.backend.save(trial.value(text), "dir/file", options);
        await assertHolds(trial, "dir/file", text);
      }
    }
  }),
  backendPromise("save/siblings", "leaves the neighbours alone", ["save"], async (trial) => {
    const paths = ["a", "ab", "a-b", "a.b", "b/a", "b/ab"];
    await trial.putNamed(paths);
    await trial.put("changed", "a");
    await trial.put("changed", "b/a");
    for (const path of paths) await assertHolds(trial, path, /^(b\/)?a$/.test(path) ? "changed" : path);
  }),
  backendPromise("save/no-overwrite", "refuses to replace anything with overwrite: false", ["save"], async (trial) => {
    const { backend, value } = trial;
    await backend.save(value("1"), "dir/file", { overwrite: false });
    const again = (path: string) => backend.save(value("2"), path, { overwrite: false });
    await refuses(backend, () => again("dir/file"), "already-exists", "dir/file");
    await refuses(backend, () => again("dir"), ["already-exists", "is-a-directory"], "dir");
    await refuses(backend, () => again("dir/file/below"), "not-a-directory", "dir/file/below");
    await assertHolds(trial, "dir/file", "1");
  }),
  backendPromise(
    "save/if-match",
    "replaces with ifMatch only the content that has this etag",
    ["save", "etags"],
    async (
      trial,
    ) => {
      const { backend, value } = trial;
      const first = await backend.save(value("1"), "dir/file");
      const second = await backend.save(value("2"), "dir/file", { ifMatch: first.etag });
      const stale = () => backend.save(value("3"), "dir/file", { ifMatch: first.etag });
      await refuses(backend, stale, "precondition-failed", "dir/file");
      await refuses(backend, () => backend.save(value("3"), "dir/file", { ifMatch: "" }), "precondition-failed");
      for (const path of ["missing", "no/where"]) {
        const save = () => backend.save(value("3"), path, { ifMatch: second.etag });
        await refuses(backend, save, "precondition-failed", path);
      }
      await assertHolds(trial, "dir/file", "2");
      await backend.save(value("3"), "dir/file", { ifMatch: second.etag });
      await assertHolds(trial, "dir/file", "3");
    },
  ),
  backendPromise(
    "save/etag",
    "answers the etag that stat tells, another one after each save",
    ["save", "etags"],
    async ({
      backend,
      value,
    }) => {
      const seen = new Set<string | undefined>();
      for (const text of ["1", "1", "2", "1", "", ""]) {
        const { etag } = await backend.save(value(text), "file");
        assert.equal((await backend.stat("file")).etag, etag, "stat tells another etag");
        assert(!seen.has(etag), `the etag ${etag} came back`);
        seen.add(etag);
      }
      const { etag } = await backend.save(value("other"), "other");
      await backend.save(value("x"), "file");
      assert.equal((await backend.stat("other")).etag, etag, "the etag of another file has changed");
    },
  ),
  backendPromise("save/onto-directory", "refuses to replace a directory", ["save"], async (trial) => {
    const { backend, value } = trial;
    await trial.put("x", "dir/sub/file");
    for (const path of ["dir", "dir/sub", ""]) {
      await refuses(backend, () => backend.save(value("y"), path), "is-a-directory", path);
    }
    await assertHolds(trial, "dir/sub/file", "x");
  }),
  backendPromise("save/onto-empty-directory", "refuses to replace an empty directory", ["save", "directories"], async ({
    backend,
    value,
  }) => {
    await backend.ensureDirectory("dir");
    await refuses(backend, () => backend.save(value("y"), "dir"), "is-a-directory", "dir");
  }),
  backendPromise("save/below-file", "refuses to save below a file", ["save"], async (trial) => {
    const { backend, value } = trial;
    await trial.put("x", "dir/file");
    for (const path of ["dir/file/below", "dir/file/far/below"]) {
      await refuses(backend, () => backend.save(value("y"), path), "not-a-directory", path);
    }
    await assertHolds(trial, "dir/file", "x");
  }),
  backendPromise("save/frozen", "is refused, and nothing that changes works or changes anything", [
    "frozen",
    "put",
  ], async (trial) => {
    const { backend, value } = trial;
    await trial.putNamed(["dir/file", "file"]);
    const refusals = ["unsupported", "read-only"] as const;
    const calls: readonly [path: string, call: () => Promise<unknown>][] = [
      ["new", () => backend.save(value("x"), "new")],
      ["file", () => backend.save(value("x"), "file")],
      ["a/new", () => backend.saveBatch([value("x")], ["a/new"])],
      ["file", () => backend.delete("file")],
      ["dir", () => backend.deleteAll("dir")],
      ["link", () => backend.createSymlink("file", "link")],
      ["new", () => backend.openWrite?.("new") ?? backend.save(value("x"), "new")],
    ];
    for (const [path, call] of calls) await refuses(backend, call, refusals, path);
    for (const change of ["copy", "move"] as const) {
      await refuses(backend, () => backend[change]("file", "new"), refusals, ["file", "new"]);
      await refuses(backend, () => backend[change]("dir", "new"), refusals, ["dir", "dir/file", "new", "new/file"]);
    }
  }),
  backendPromise("save/after-refusal", "works again after it was refused", ["save"], async (trial) => {
    const { backend, value } = trial;
    await trial.put("x", "file");
    await fails(backend.save(value("y"), "file/below"), "not-a-directory", "file/below");
    await backend.delete("file");
    await backend.save(value("y"), "file/below");
    await assertHolds(trial, "file/below", "y");
  }),
];
