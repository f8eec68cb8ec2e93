/** What `move` promises. */

import assert from "node:assert/strict";
import { assertListed, assertText, bytesOf, refuses } from "./assertions.ts";
import { type StorePromise, storePromise } from "./promise.ts";

/** What `move` promises. */
export const moving: readonly StorePromise[] = [
  storePromise("move/file", "moves a file and makes the parents of its new place", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["dir/from", "dir/from2"]);
      await store.move("dir/from", "a/b/to");
      assert.equal(await store.stat("dir/from"), undefined);
      await assertText(store, "a/b/to", "dir/from");
      await assertText(store, "dir/from2", "dir/from2");
    },
  }),
  storePromise("move/replaces", "replaces a file, which then has another etag", {
    needs: ["write"],
    async run({ store }) {
      await store.write("from", bytesOf("same"));
      const { etag } = await store.write("to", bytesOf("same"));
      await store.move("from", "to");
      assert.equal(await store.stat("from"), undefined);
      assert.notEqual((await store.stat("to"))?.etag, etag);
    },
  }),
  storePromise("move/tree", "moves a directory with all it holds, and no neighbour", {
    needs: ["put", "list"],
    async run({ store, putNamed }) {
      await putNamed(["d/x", "d/y/z", "d-/x", "dd/x", "other"]);
      await store.move("d", "to/e");
      await assertListed(store, "", [
        "d-/",
        "d-/x",
        "dd/",
        "dd/x",
        "other",
        "to/",
        "to/e/",
        "to/e/x",
        "to/e/y/",
        "to/e/y/z",
      ]);
      await assertText(store, "to/e/y/z", "d/y/z");
      assert.equal(await store.stat("d"), undefined);
    },
  }),
  storePromise("move/empty-directories", "moves empty directories", {
    needs: ["makeDirectory", "list"],
    async run({ store }) {
      await store.makeDirectory("d/empty");
      await store.move("d", "e");
      await assertListed(store, "", ["e/", "e/empty/"]);
      await store.move("e/empty", "empty");
      await assertListed(store, "", ["e/", "empty/"]);
    },
  }),
  storePromise("move/not-found", "refuses when nothing is there to move", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["file", "to"]);
      for (const path of ["nothing", "no/thing", "file/below"]) {
        for (const to of ["to", "new/place"]) {
          // Both are true below a file.
          const codes = path === "file/below" ? ["not-found", "not-a-directory"] as const : ["not-found"] as const;
          await refuses(store, () => store.move(path, to), codes, ["to", "new/place", "new"]);
        }
      }
    },
  }),
  storePromise("move/if-absent", "refuses with ifAbsent to replace anything", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["from", "to", "dir/file"]);
      for (const to of ["to", "dir"]) {
        await refuses(store, () => store.move("from", to, { ifAbsent: true }), ["already-exists"], ["from", "to"]);
      }
      await store.move("from", "new", { ifAbsent: true });
      await assertText(store, "new", "from");
    },
  }),
  storePromise("move/onto-directory", "refuses to replace a directory, with a file or a directory", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["from", "tree/file", "dir/file"]);
      for (const from of ["from", "tree"]) {
        await refuses(store, () => store.move(from, "dir"), ["already-exists"], ["from", "tree/file", "dir/file"]);
      }
      await refuses(store, () => store.move("dir/file", "dir"), ["already-exists"], ["dir/file"]);
      await refuses(store, () => store.move("from", ""), ["already-exists", "invalid-argument"], ["from"]);
    },
  }),
  storePromise("move/onto-empty-directory", "refuses to replace an empty directory", {
    needs: ["put", "makeDirectory"],
    async run({ store, putNamed }) {
      await putNamed(["from", "tree/file"]);
      await store.makeDirectory("empty");
      for (const from of ["from", "tree"]) {
        await refuses(store, () => store.move(from, "empty"), ["already-exists"], ["from", "tree/file"]);
      }
    },
  }),
  storePromise("move/tree-onto-file", "refuses to replace a file with a directory, which no place does in one step", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["tree/file", "to"]);
      for (const options of [undefined, { ifAbsent: false }]) {
        await refuses(store, () => store.move("tree", "to", options), ["not-a-directory"], ["tree/file", "to"]);
      }
    },
  }),
  storePromise("move/into-itself", "refuses to move a directory into itself, and changes nothing", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["d/x", "d/y/z"]);
      for (const to of ["d/e", "d/y/e", "d/new/e"]) {
        await refuses(store, () => store.move("d", to), ["invalid-argument"], ["d/x", "d/y/z"]);
      }
      const below = () => store.move("d", "d/y/z/e");
      await refuses(store, below, ["invalid-argument", "not-a-directory"], ["d/x", "d/y/z"]);
      await refuses(store, () => store.move("", "e"), ["invalid-argument"], ["d/x"]);
    },
  }),
  storePromise("move/onto-itself", "loses nothing when something is moved onto itself", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["file", "dir/file"]);
      for (const path of ["file", "dir"]) await store.move(path, path).catch(() => undefined);
      for (const path of ["file", "dir/file"]) await assertText(store, path, path);
    },
  }),
  storePromise("move/below-file", "refuses to move below a file", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["file", "from", "tree/x"]);
      for (const from of ["from", "tree"]) {
        for (const to of ["file/below", "file/far/below"]) {
          await refuses(store, () => store.move(from, to), ["not-a-directory"], ["file", "from", "tree/x"]);
        }
      }
    },
  }),
  storePromise("move/link", "moves a link, not what it leads to, and it leads where it led", {
    needs: ["put", "createSymlink", "readSymlink"],
    async run({ store, putNamed }) {
      await putNamed(["dir/file", "to", "other/file"]);
      await store.createSymlink("dir/file", "link");
      await store.createSymlink("dir", "linked");
      await store.move("link", "renamed");
      assert.equal(await store.readSymlink("link"), undefined);
      for (const [from, to] of [["renamed", "to"], ["to", "a/b/far"], ["linked", "a/linked"]] as const) {
        await store.move(from, to);
        assert.equal(await store.readSymlink(to), from === "linked" ? "dir" : "dir/file", `${from} moved to ${to}`);
      }
      await assertText(store, "dir/file", "dir/file");
      await assertText(store, "a/b/far", "dir/file");
    },
  }),
  storePromise("move/onto-link", "replaces a link, not what it leads to", {
    needs: ["put", "createSymlink", "readSymlink"],
    async run({ store, putNamed }) {
      await putNamed(["dir/file", "one", "two"]);
      await store.createSymlink("dir/file", "link");
      await store.createSymlink("dir", "linked");
      await store.move("one", "link");
      await store.move("two", "linked");
      for (const [path, content] of [["link", "one"], ["linked", "two"], ["dir/file", "dir/file"]] as const) {
        assert.equal(await store.readSymlink(path), undefined, path);
        await assertText(store, path, content);
      }
    },
  }),
  storePromise("move/link-with-target", "keeps a link and its target together when they move together", {
    needs: ["put", "createSymlink", "readSymlink"],
    async run({ store, putNamed }) {
      await putNamed(["d/sub/file"]);
      await store.createSymlink("d/sub/file", "d/link");
      await store.createSymlink("d/sub", "d/sub/deep/dir");
      await store.move("d", "far/away/e");
      await assertText(store, "far/away/e/link", "d/sub/file");
      assert.equal(await store.readSymlink("far/away/e/link"), "far/away/e/sub/file");
      await assertText(store, "far/away/e/sub/deep/dir/file", "d/sub/file");
    },
  }),
  storePromise("move/into-itself-through-link", "refuses to move a directory into itself through a link", {
    needs: ["put", "createSymlink"],
    async run({ store, putNamed }) {
      await putNamed(["d/x"]);
      await store.createSymlink("d", "link");
      for (const to of ["link/e", "link/new/e"]) {
        await refuses(store, () => store.move("d", to), ["invalid-argument"], ["d/x", "d/new"]);
      }
    },
  }),
  storePromise("move/onto-its-link", "replaces the link through which it reaches what it moves", {
    needs: ["put", "createSymlink", "readSymlink"],
    async run({ store, putNamed }) {
      await putNamed(["dir/file", "target"]);
      await store.createSymlink("target", "dir/link");
      for (const name of ["link", "file"]) {
        await store.createSymlink("dir", "way");
        await store.move(`way/${name}`, "way");
        assert.equal(await store.readSymlink("way"), name === "link" ? "target" : undefined);
        await assertText(store, "way", name === "link" ? "target" : "dir/file");
        await assertText(store, `dir/${name}`, undefined);
        assert.equal(await store.readSymlink(`dir/${name}`), undefined, "the link is still where it was");
        await store.move("way", `done/${name}`);
      }
    },
  }),
];
