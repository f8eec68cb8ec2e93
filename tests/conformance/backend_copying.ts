/** What `copy` promises. */

import assert from "node:assert/strict";
import { assertHolds, assertTree, bounded, refuses } from "./backend_assertions.ts";
import { type BackendPromise, backendPromise } from "./backend_promise.ts";

const NEEDS = ["save", "delete", "list"] as const;

/** What `copy` promises. */
export const backendCopying: readonly BackendPromise[] = [
  backendPromise(
    "copy/file",
    "copies a file and makes parents; neither is changed by changing the other",
    NEEDS,
    async (
      trial,
    ) => {
      const { backend } = trial;
      await trial.put("x", "dir/from");
      await backend.copy("dir/from", "a/b/to");
      await backend.copy("dir/from", "dir/from2");
      for (const path of ["dir/from", "a/b/to", "dir/from2"]) await assertHolds(trial, path, "x");
      await trial.put("changed", "dir/from");
      await assertHolds(trial, "a/b/to", "x");
      await backend.delete("dir/from2");
      await assertHolds(trial, "dir/from", "changed");
    },
  ),
  backendPromise("copy/any-bytes", "copies content whatever it means, also to another suffix", ["formats"], async ({
    backend,
  }) => {
    const content = new TextEncoder().encode("{ not JSON");
    await backend.save(content, "a.json", { format: "bytes" });
    await backend.copy("a.json", "b.npy");
    assert.deepEqual(await backend.load("b.npy", { format: "bytes" }), content);
  }),
  backendPromise(
    "copy/exists",
    "refuses to replace a file unless overwrite is true, and a directory always",
    NEEDS,
    async (
      trial,
    ) => {
      const { backend } = trial;
      await trial.putNamed(["from", "to", "dir/file"]);
      await refuses(backend, () => backend.copy("from", "to"), "already-exists", "to");
      await refuses(backend, () => backend.copy("from", "to", { overwrite: false }), "already-exists", "to");
      await refuses(backend, () => backend.copy("from", "dir"), ["already-exists", "is-a-directory"], "dir");
      await refuses(backend, () => backend.copy("from", "dir", { overwrite: true }), "is-a-directory", "dir");
      await refuses(backend, () => backend.copy("dir", "to"), "already-exists", "to");
      await refuses(backend, () => backend.copy("dir", "to", { overwrite: true }), "not-a-directory", "to");
      await backend.copy("from", "to", { overwrite: true });
      await assertHolds(trial, "to", "from");
    },
  ),
  backendPromise("copy/below-file", "refuses to copy below a file", NEEDS, async (trial) => {
    await trial.putNamed(["from", "dir/x", "file"]);
    for (const from of ["from", "dir"]) {
      for (const to of ["file/below", "file/far/below"]) {
        await refuses(trial.backend, () => trial.backend.copy(from, to), "not-a-directory", [to, `${to}/x`]);
      }
    }
  }),
  backendPromise("copy/tree", "copies a directory with all it holds, and no neighbour", NEEDS, async (trial) => {
    await trial.putNamed(["d/x", "d/y/z", "d-/x", "dd/x"]);
    await trial.backend.copy("d", "to/e");
    const all = ["d/", "d-/", "d-/x", "d/x", "d/y/", "d/y/z", "dd/", "dd/x"];
    await assertTree(trial, [...all, "to/", "to/e/", "to/e/x", "to/e/y/", "to/e/y/z"]);
    for (const path of ["x", "y/z"]) await assertHolds(trial, `to/e/${path}`, `d/${path}`);
  }),
  backendPromise("copy/empty", "copies empty directories", [...NEEDS, "directories"], async (trial) => {
    await trial.backend.ensureDirectory("d/empty");
    await trial.backend.copy("d", "e");
    await assertTree(trial, ["d/", "d/empty/", "e/", "e/empty/"]);
  }),
  backendPromise(
    "copy/merge",
    "merges a directory into one that is there with overwrite, and refuses it without",
    NEEDS,
    async (
      trial,
    ) => {
      const { backend } = trial;
      await trial.putNamed(["from/x", "from/s/y", "to/x", "to/s/z", "to/w"]);
      await refuses(backend, () => backend.copy("from", "to"), "already-exists", "to");
      await backend.copy("from", "to", { overwrite: true });
      const expected = { x: "from/x", "s/y": "from/s/y", "s/z": "to/s/z", w: "to/w" };
      for (const [path, text] of Object.entries(expected)) await assertHolds(trial, `to/${path}`, text);
      await assertHolds(trial, "from/x", "from/x");
    },
  ),
  backendPromise("copy/itself", "refuses to copy something onto or into itself, and changes nothing", NEEDS, async (
    trial,
  ) => {
    const { backend } = trial;
    await trial.putNamed(["file", "d/x", "d/y/z", "other/x"]);
    for (const options of [undefined, { overwrite: true }]) {
      for (const [from, to] of [["file", "file"], ["d", "d"], ["d", "d/e"], ["d", "d/y/e"], ["d/", "./d/y"]] as const) {
        await refuses(backend, () => backend.copy(from, to, options), "invalid-argument");
      }
      const around = () => backend.copy("d", "other/../d/e", { ...options, ...bounded(60) });
      await refuses(backend, around, "invalid-argument");
      await refuses(backend, () => backend.copy("", "e", options), "invalid-argument");
      await refuses(backend, () => backend.copy("file", "file/x", options), ["invalid-argument", "not-a-directory"]);
    }
  }),
  backendPromise("copy/near", "tells a neighbour from what is inside", NEEDS, async (trial) => {
    await trial.putNamed(["d/x"]);
    await trial.backend.copy("d", "d2");
    await trial.backend.copy("d/x", "x");
    await assertTree(trial, ["d/", "d/x", "d2/", "d2/x", "x"]);
  }),
  backendPromise("copy/link", "copies a link as a link, be it broken", [...NEEDS, "links"], async (trial) => {
    const { backend } = trial;
    await trial.putNamed(["dir/file"]);
    for (const [i, target] of ["dir/file", "dir", "gone"].entries()) {
      await backend.createSymlink(target, `links/${i}`, { dangling: true });
      await backend.copy(`links/${i}`, `copies/far/${i}`);
      assert.equal((await backend.stat(`copies/far/${i}`)).target, target);
    }
    await assertHolds(trial, "dir/file", "dir/file");
  }),
  backendPromise(
    "copy/link-exists",
    "refuses a link too where something is; with overwrite it replaces a file or link",
    [
      ...NEEDS,
      "links",
    ],
    async (trial) => {
      const { backend } = trial;
      await trial.putNamed(["target", "other", "file"]);
      await backend.createSymlink("target", "link");
      await backend.createSymlink("other", "there");
      for (const to of ["there", "file"]) {
        await refuses(backend, () => backend.copy("link", to), "already-exists", to);
        await backend.copy("link", to, { overwrite: true });
        assert.equal((await backend.stat(to)).target, "target", to);
      }
      await assertHolds(trial, "other", "other");
    },
  ),
  backendPromise("copy/tree-links", "copies links in a directory: those to something inside lead to the copy", [
    ...NEEDS,
    "links",
  ], async (trial) => {
    const { backend } = trial;
    await trial.putNamed(["d/sub/file", "out"]);
    const links = [["d/sub/file", "a"], ["d/sub", "b"], ["d", "sub/up"], ["out", "c"], ["gone", "e"], ["d2/x", "f"]];
    for (const [target, path] of links) await backend.createSymlink(target!, `d/${path}`, { dangling: true });
    await backend.copy("d", "to/deep/e");
    for (const [target, path] of links) {
      const inside = target === "d" || target!.startsWith("d/");
      const expected = inside ? `to/deep/e${target!.slice(1)}` : target;
      assert.equal((await backend.stat(`to/deep/e/${path}`)).target, expected, `the copy of the link to ${target}`);
      assert.equal((await backend.stat(`d/${path}`)).target, target, `the link to ${target}`);
    }
    await trial.put("changed", "to/deep/e/b/file");
    await assertHolds(trial, "d/sub/file", "d/sub/file");
  }),
  backendPromise("copy/itself-through-link", "refuses to copy a directory into itself through a link", [
    ...NEEDS,
    "links",
  ], async (trial) => {
    const { backend } = trial;
    await trial.putNamed(["d/x"]);
    await backend.createSymlink("d", "link");
    await refuses(backend, () => backend.copy("d", "link/e", bounded(60)), "invalid-argument");
  }),
];
