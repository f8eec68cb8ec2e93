/** What `delete` and `deleteTree` promise. */

import assert from "node:assert/strict";
import { assertListed, assertText, bytesOf, refuses, rejectsWith, together } from "./assertions.ts";
import { type StorePromise, storePromise } from "./promise.ts";

/** What `delete` and `deleteTree` promise. */
export const deleting: readonly StorePromise[] = [
  storePromise("delete/missing", "succeeds when nothing is there", {
    async run({ store }) {
      await store.delete("nothing");
      await store.delete("no/thing");
      await store.delete("nothing");
    },
  }),
  storePromise("delete/below-file", "succeeds below a file, where nothing can be", {
    needs: ["write"],
    async run({ store }) {
      await store.write("file", bytesOf("x"));
      await store.delete("file/below");
      await assertText(store, "file", "x");
    },
  }),
  storePromise("delete/file", "deletes a file and nothing else", {
    needs: ["write"],
    async run({ store }) {
      for (const path of ["a", "ab", "b/a", "b/ab"]) await store.write(path, bytesOf(path));
      await store.delete("a");
      await store.delete("b/a");
      for (const path of ["a", "b/a"]) {
        assert.equal(await store.read(path), undefined, path);
        assert.equal(await store.stat(path), undefined, path);
      }
      await assertText(store, "ab", "ab");
      await assertText(store, "b/ab", "b/ab");
    },
  }),
  storePromise("delete/empty-directory", "deletes an empty directory", {
    needs: ["makeDirectory"],
    async run({ store }) {
      await store.makeDirectory("dir/empty");
      await store.delete("dir/empty");
      assert.equal(await store.stat("dir/empty"), undefined);
      assert.equal((await store.stat("dir"))?.kind, "directory", "its parent");
    },
  }),
  storePromise("delete/not-empty", "refuses a directory that holds something", {
    needs: ["write"],
    async run({ store }) {
      await store.write("dir/sub/file", bytesOf("x"));
      for (const path of ["dir/sub", "dir"]) {
        await refuses(store, () => store.delete(path), ["not-empty"], ["dir/sub/file"]);
      }
      await refuses(store, () => store.delete(""), ["not-empty", "invalid-argument"], ["dir/sub/file"]);
    },
  }),
  storePromise("delete/not-empty-directories", "refuses a directory that holds an empty directory", {
    needs: ["makeDirectory"],
    async run({ store }) {
      await store.makeDirectory("dir/sub");
      await refuses(store, () => store.delete("dir"), ["not-empty"], ["dir/sub"]);
    },
  }),
  storePromise("delete/root", "never takes the root away", {
    async run({ store }) {
      // An empty root may be refused as what it is, or be left as it is.
      await store.delete("").catch((error) => rejectsWith(Promise.reject(error), "invalid-argument", "not-empty"));
      assert.equal((await store.stat(""))?.kind, "directory");
    },
  }),
  storePromise("delete/last-file", "leaves the directory of the last file where directories are real, and only there", {
    needs: ["write"],
    async run({ store }) {
      await store.write("dir/file", bytesOf("x"));
      await store.delete("dir/file");
      assert.equal((await store.stat("dir"))?.kind, store.makeDirectory === undefined ? undefined : "directory");
    },
  }),
  storePromise("delete/frees-the-name", "lets a directory follow a file, and a file a directory", {
    needs: ["write"],
    async run({ store }) {
      await store.write("name", bytesOf("file"));
      await store.delete("name");
      await store.write("name/file", bytesOf("below"));
      await store.delete("name/file");
      await store.delete("name");
      await store.write("name", bytesOf("file again"));
      await assertText(store, "name", "file again");
    },
  }),
  storePromise("deleteTree/missing", "succeeds when nothing is there", {
    async run({ store }) {
      await store.deleteTree("nothing");
      await store.deleteTree("no/thing");
    },
  }),
  storePromise("deleteTree/file", "deletes a file, and succeeds below one", {
    needs: ["write"],
    async run({ store }) {
      await store.write("a", bytesOf("a"));
      await store.write("ab", bytesOf("ab"));
      await store.deleteTree("ab/below");
      await store.deleteTree("a");
      assert.equal(await store.stat("a"), undefined);
      await assertText(store, "ab", "ab");
    },
  }),
  storePromise("deleteTree/tree", "deletes a directory with all it holds, and no neighbour", {
    needs: ["write"],
    async run({ store }) {
      for (const path of ["c/x", "c/d/e/y", "c-x/z", "cc/z", "c.z"]) await store.write(path, bytesOf(path));
      await store.deleteTree("c");
      for (const path of ["c", "c/x", "c/d", "c/d/e/y"]) assert.equal(await store.stat(path), undefined, path);
      for (const path of ["c-x/z", "cc/z", "c.z"]) await assertText(store, path, path);
    },
  }),
  storePromise("deleteTree/empty-directories", "deletes the empty directories of a tree", {
    needs: ["makeDirectory", "list"],
    async run({ store }) {
      await store.makeDirectory("tree/a/b");
      await store.makeDirectory("tree/c");
      await store.makeDirectory("other");
      await store.deleteTree("tree");
      await assertListed(store, "", ["other/"]);
    },
  }),
  storePromise("deleteTree/root", "empties the root, which stays a directory", {
    needs: ["write"],
    async run({ store }) {
      await store.write("a/b", bytesOf("x"));
      await store.write("c", bytesOf("x"));
      await store.deleteTree("");
      assert.equal((await store.stat(""))?.kind, "directory");
      for (const path of ["a", "a/b", "c"]) assert.equal(await store.stat(path), undefined, path);
      await store.write("a/b", bytesOf("again"));
      await assertText(store, "a/b", "again");
      await store.deleteTree("");
      await store.deleteTree("");
    },
  }),
  storePromise("deleteTree/many", "deletes a tree of 500 files", {
    needs: ["write"],
    async run({ store }) {
      const paths = Array.from({ length: 500 }, (_, i) => `tree/${i % 7}/${i}`);
      for (let i = 0; i < 500; i += 50) {
        await together(paths.slice(i, i + 50).map((path) => store.write(path, bytesOf(path))));
      }
      await store.deleteTree("tree");
      assert.equal(await store.stat("tree"), undefined);
      assert.equal(await store.read("tree/0/0"), undefined);
      await rejectsWith(store.write("tree/0/0", bytesOf("x"), { ifMatch: "gone" }), "precondition-failed");
    },
  }),
];
