/** What `makeDirectory` promises, and the stores that have it. */

import assert from "node:assert/strict";
import { assertListed, assertText, bytesOf, refuses, together } from "./assertions.ts";
import { type StorePromise, storePromise } from "./promise.ts";

/** What `makeDirectory` promises, and the stores that have it. */
export const directories: readonly StorePromise[] = [
  storePromise("makeDirectory/parents", "makes a directory and its parents", {
    async run({ store }) {
      await store.makeDirectory("a/b/c");
      for (const path of ["a", "a/b", "a/b/c"]) assert.equal((await store.stat(path))?.kind, "directory", path);
    },
  }),
  storePromise("makeDirectory/again", "succeeds if the directory is there, and keeps what it holds", {
    needs: ["write"],
    async run({ store }) {
      await store.makeDirectory("");
      await store.makeDirectory("a/b");
      await store.write("a/b/file", bytesOf("x"));
      for (const path of ["a/b", "a", "a/b", ""]) await store.makeDirectory(path);
      await assertText(store, "a/b/file", "x");
    },
  }),
  storePromise("makeDirectory/onto-file", "refuses where a file is", {
    needs: ["write"],
    async run({ store }) {
      await store.write("dir/file", bytesOf("x"));
      await refuses(store, () => store.makeDirectory("dir/file"), ["already-exists"], ["dir/file"]);
    },
  }),
  storePromise("makeDirectory/below-file", "refuses below a file", {
    needs: ["write"],
    async run({ store }) {
      await store.write("file", bytesOf("x"));
      for (const path of ["file/below", "file/far/below"]) {
        await refuses(store, () => store.makeDirectory(path), ["not-a-directory"], ["file", path]);
      }
    },
  }),
  storePromise("makeDirectory/empty", "makes directories that stay and are listed while they are empty", {
    needs: ["list"],
    async run({ store }) {
      await store.makeDirectory("empty");
      await store.makeDirectory("a/b");
      await assertListed(store, "", ["a/", "a/b/", "empty/"]);
      await assertListed(store, "", ["a/", "empty/"], { shallow: true });
      await assertListed(store, "empty", []);
    },
  }),
  storePromise("makeDirectory/stays", "makes directories that stay when the last file in them is deleted", {
    needs: ["write", "delete", "list"],
    async run({ store }) {
      await store.makeDirectory("made");
      await store.write("made/file", bytesOf("x"));
      await store.write("born/file", bytesOf("x"));
      await store.delete("made/file");
      await store.delete("born/file");
      await assertListed(store, "", ["born/", "made/"]);
    },
  }),
  storePromise("makeDirectory/race", "succeeds for everyone who makes the same directory at once", {
    async run({ store }) {
      await together(Array.from({ length: 20 }, (_, i) => store.makeDirectory(`a/b/c${i % 2}`)));
      assert.equal((await store.stat("a/b/c1"))?.kind, "directory");
    },
  }),
];
