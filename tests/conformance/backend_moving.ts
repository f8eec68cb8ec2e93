/** What `move` promises. */

import assert from "node:assert/strict";
import { assertHolds, assertTree, bounded, refuses } from "./backend_assertions.ts";
import { type BackendPromise, backendPromise } from "./backend_promise.ts";

const NEEDS = ["save", "delete", "list"] as const;

/** What `move` promises. */
export const backendMoving: readonly BackendPromise[] = [
  backendPromise("move/file", "moves a file and makes the parents of its new place", NEEDS, async (trial) => {
    await trial.putNamed(["dir/from", "dir/from2"]);
    await trial.backend.move("dir/from", "a/b/to");
    await assertHolds(trial, "dir/from", undefined);
    await assertHolds(trial, "a/b/to", "dir/from");
    await assertHolds(trial, "dir/from2", "dir/from2");
  }),
  backendPromise(
    "move/any-bytes",
    "moves content whatever it means, also to another suffix",
    ["formats", "delete"],
    async ({
      backend,
    }) => {
      const content = new TextEncoder().encode("{ not JSON");
      await backend.save(content, "a.json", { format: "bytes" });
      await backend.move("a.json", "b.npy");
      assert.deepEqual(await backend.load("b.npy", { format: "bytes" }), content);
    },
  ),
  backendPromise("move/tree", "moves a directory with all it holds, and no neighbour", NEEDS, async (trial) => {
    await trial.putNamed(["d/x", "d/y/z", "d-/x", "dd/x"]);
    await trial.backend.move("d", "to/e");
    await assertTree(trial, ["d-/", "d-/x", "dd/", "dd/x", "to/", "to/e/", "to/e/x", "to/e/y/", "to/e/y/z"]);
    await assertHolds(trial, "to/e/y/z", "d/y/z");
    await assertHolds(trial, "d", undefined);
    await trial.backend.move("to/e", "d");
    await assertHolds(trial, "d/x", "d/x");
  }),
  backendPromise("move/empty", "moves empty directories", [...NEEDS, "directories"], async (trial) => {
    await trial.backend.ensureDirectory("d/empty");
    await trial.backend.move("d", "e");
    await assertTree(trial, ["e/", "e/empty/"]);
  }),
  backendPromise(
    "move/exists",
    "refuses to replace a file unless overwrite is true, and a directory always",
    NEEDS,
    async (
      trial,
    ) => {
      const { backend } = trial;
      await trial.putNamed(["from", "to", "dir/file", "tree/file"]);
      for (const options of [undefined, { overwrite: false }, { overwrite: true }]) {
        for (const from of ["from", "tree"]) {
          await refuses(backend, () => backend.move(from, "dir", options), "already-exists", "dir");
          await refuses(backend, () => backend.move(from, "", options), ["already-exists", "invalid-argument"]);
        }
        await refuses(backend, () => backend.move("dir/file", "dir", options), "already-exists", "dir");
        if (options?.overwrite) {
          await refuses(backend, () => backend.move("tree", "to", options), "not-a-directory", "to");
        } else {for (const from of ["from", "tree"]) {
            await refuses(
              backend,
              () => backend.move(from, "to", options),
              "already-exists",
              "to",
            );
          }}
      }
      await backend.move("from", "to", { overwrite: true });
      await assertHolds(trial, "to", "from");
      await assertHolds(trial, "from", undefined);
    },
  ),
  backendPromise(
    "move/onto-empty",
    "refuses to replace an empty directory",
    [...NEEDS, "directories"],
    async (trial) => {
      const { backend } = trial;
      await trial.putNamed(["from", "tree/file"]);
      await backend.ensureDirectory("empty");
      for (const from of ["from", "tree"]) {
        await refuses(backend, () => backend.move(from, "empty", { overwrite: true }), "already-exists", "empty");
      }
    },
  ),
  backendPromise("move/below-file", "refuses to move below a file", NEEDS, async (trial) => {
    await trial.putNamed(["from", "dir/x", "file"]);
    for (const from of ["from", "dir"]) {
      for (const to of ["file/below", "file/far/below"]) {
        await refuses(trial.backend, () => trial.backend.move(from, to), "not-a-directory", [to, from, `${to}/x`]);
      }
    }
  }),
  backendPromise("move/itself", "refuses to move something onto or into itself, and changes nothing", NEEDS, async (
    trial,
  ) => {
    const { backend } = trial;
    await trial.putNamed(["file", "d/x", "d/y/z"]);
    for (const options of [undefined, { overwrite: true }]) {
      for (const [from, to] of [["file", "file"], ["d", "d"], ["d", "d/e"], ["d", "d/n/e"], ["d/", "./d/e"]] as const) {
        await refuses(backend, () => backend.move(from, to, options), "invalid-argument");
      }
      // Also there is something already.
      await refuses(backend, () => backend.move("d", "d/y", options), ["invalid-argument", "already-exists"]);
      // By another spelling it is the same file all the same.
      const around = () => backend.move("d/x", "d/y/../x", options);
      await refuses(backend, around, ["invalid-argument", "already-exists"]);
      await refuses(backend, () => backend.move("", "e", options), "invalid-argument");
      await refuses(backend, () => backend.move("file", "file/x", options), ["invalid-argument", "not-a-directory"]);
    }
  }),
  backendPromise("move/itself-through-link", "refuses to move something onto or into itself through a link", [
    ...NEEDS,
    "links",
  ], async (trial) => {
    const { backend } = trial;
    await trial.putNamed(["d/x", "d/file"]);
    await backend.createSymlink("d", "link");
    await refuses(backend, () => backend.move("d", "link/e", bounded(60)), "invalid-argument");
    await refuses(backend, () => backend.move("d/file", "link/file"), ["invalid-argument", "already-exists"]);
    await refuses(backend, () => backend.move("d/file", "link/file", { overwrite: true }), "invalid-argument");
  }),
  backendPromise("move/link", "moves a link, not what it leads to, and it leads where it led", [
    ...NEEDS,
    "links",
  ], async (trial) => {
    const { backend } = trial;
    await trial.putNamed(["dir/file"]);
    for (const [i, target] of ["dir/file", "dir", "gone"].entries()) {
      await backend.createSymlink(target, `links/${i}`, { dangling: true });
      await backend.move(`links/${i}`, `moved/far/away/${i}`);
      assert.equal((await backend.stat(`moved/far/away/${i}`)).target, target);
      assert.equal(await backend.isSymlink(`links/${i}`), false);
    }
    await assertHolds(trial, "dir/file", "dir/file");
  }),
  backendPromise("move/onto-link", "replaces a link with overwrite, never what it leads to, and refuses without", [
    ...NEEDS,
    "links",
  ], async (trial) => {
    const { backend } = trial;
    await trial.putNamed(["dir/file", "one", "two", "three"]);
    await backend.createSymlink("dir/file", "link");
    await backend.createSymlink("dir", "linked");
    await backend.createSymlink("gone", "broken", { dangling: true });
    for (const [from, to] of [["one", "link"], ["two", "linked"], ["three", "broken"]] as const) {
      await refuses(backend, () => backend.move(from, to), "already-exists", to);
      await backend.move(from, to, { overwrite: true });
      assert.equal(await backend.isSymlink(to), false, to);
      await assertHolds(trial, to, from);
      await assertHolds(trial, from, undefined);
    }
    await assertHolds(trial, "dir/file", "dir/file");
    await assertHolds(trial, "gone", undefined);
  }),
  backendPromise("move/tree-links", "keeps links and what they lead to together when they move together", [
    ...NEEDS,
    "links",
  ], async (trial) => {
    const { backend } = trial;
    await trial.putNamed(["d/sub/file"]);
    await backend.createSymlink("d/sub/file", "d/link");
    await backend.createSymlink("d/sub", "d/sub/deep/dir");
    await backend.move("d", "far/away/e");
    assert.equal((await backend.stat("far/away/e/link")).target, "far/away/e/sub/file");
    await assertHolds(trial, "far/away/e/link", "d/sub/file");
    await assertHolds(trial, "far/away/e/sub/deep/dir/file", "d/sub/file");
    await assertHolds(trial, "d", undefined);
  }),
];
