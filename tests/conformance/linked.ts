/** What the other methods promise about links. */

import assert from "node:assert/strict";
import { assertListed, assertText, bytesOf, refuses, rejectsWith } from "./assertions.ts";
import { type StorePromise, storePromise } from "./promise.ts";

/** What the other methods promise about links. */
export const linked: readonly StorePromise[] = [
  storePromise("write/through-link", "writes through a link, which stays a link", {
    needs: ["createSymlink", "readSymlink"],
    async run({ store }) {
      await store.write("dir/target", bytesOf("old"));
      await store.createSymlink("dir/target", "one");
      await store.createSymlink("one", "two");
      const { etag } = await store.write("two", bytesOf("new"));
      await assertText(store, "dir/target", "new");
      assert.equal((await store.stat("dir/target"))?.etag, etag);
      assert.equal(await store.readSymlink("two"), "one");
      assert.equal(await store.readSymlink("one"), "dir/target");
      await store.write("two", bytesOf("newer"), { ifMatch: etag });
      await assertText(store, "dir/target", "newer");
    },
  }),
  storePromise("write/through-dangling-link", "creates the target of a link that leads to nothing", {
    needs: ["createSymlink", "readSymlink"],
    async run({ store }) {
      await store.createSymlink("target", "link");
      await store.write("link", bytesOf("x"));
      await assertText(store, "target", "x");
      assert.equal(await store.readSymlink("link"), "target");
    },
  }),
  storePromise(
    "write/through-own-directory",
    "takes a link to the directory it is in for that directory, however often",
    {
      needs: ["createSymlink", "makeDirectory"],
      async run({ store }) {
        await store.makeDirectory("dir/sub");
        await store.createSymlink("dir", "dir/self");
        await store.createSymlink("dir", "dir/sub/up");
        for (const path of ["dir/self", "dir/self/self", "dir/self/sub/up", "dir/sub/up/sub/up/self"]) {
          await rejectsWith(store.write(path, new Uint8Array()), "is-a-directory");
          await store.write(`${path}/file`, bytesOf(path));
          await assertText(store, "dir/file", path);
          await store.write(`${path}/self/file`, new Uint8Array());
          await assertText(store, "dir/file", "");
        }
      },
    },
  ),
  storePromise("write/if-absent-link", "counts what a link leads to as there with ifAbsent", {
    needs: ["createSymlink"],
    async run({ store }) {
      await store.write("dir/target", bytesOf("x"));
      await store.createSymlink("dir/target", "link");
      await store.createSymlink("dir", "linked");
      for (const path of ["link", "linked", "linked/target"]) {
        const write = () => store.write(path, bytesOf("y"), { ifAbsent: true });
        await refuses(store, write, ["already-exists", "is-a-directory"], ["dir/target"]);
      }
    },
  }),
  storePromise(
    "write/if-absent-dangling-link",
    "creates the target of a dangling link with ifAbsent, or nothing at all",
    {
      needs: ["createSymlink", "readSymlink"],
      async run({ store }) {
        await store.createSymlink("target", "link");
        try {
          await store.write("link", bytesOf("x"), { ifAbsent: true });
          await assertText(store, "target", "x");
        } catch (error) {
          await rejectsWith(Promise.reject(error), "already-exists");
          await assertText(store, "target", undefined);
        }
        assert.equal(await store.readSymlink("link"), "target");
      },
    },
  ),
  storePromise("write/onto-link-to-directory", "refuses to write onto a link to a directory", {
    needs: ["createSymlink"],
    async run({ store }) {
      await store.write("dir/file", bytesOf("x"));
      await store.createSymlink("dir", "link");
      await refuses(store, () => store.write("link", bytesOf("y")), ["is-a-directory"], ["dir/file"]);
      await store.createSymlink("dir/file", "file");
      await refuses(store, () => store.write("file/below", bytesOf("y")), ["not-a-directory"], ["dir/file"]);
    },
  }),
  storePromise("makeDirectory/through-link", "takes a link to a directory for the directory", {
    needs: ["createSymlink", "write"],
    async run({ store }) {
      await store.write("dir/file", bytesOf("x"));
      await store.createSymlink("dir", "link");
      await store.createSymlink("dir/file", "file");
      await store.makeDirectory("link");
      await store.makeDirectory("link/new");
      assert.equal((await store.stat("dir/new"))?.kind, "directory");
      await refuses(store, () => store.makeDirectory("file"), ["already-exists"], ["dir/file"]);
    },
  }),
  storePromise("delete/link", "deletes a link and never what it leads to", {
    needs: ["write", "createSymlink", "readSymlink"],
    async run({ store }) {
      await store.write("dir/file", bytesOf("x"));
      for (const target of ["dir/file", "dir", "nowhere", "link"]) {
        await store.createSymlink(target, "link");
        await store.delete("link");
        assert.equal(await store.readSymlink("link"), undefined, `the link to ${target} is still there`);
      }
      await assertText(store, "dir/file", "x");
    },
  }),
  storePromise("deleteTree/link", "deletes links and never what they lead to", {
    needs: ["write", "createSymlink", "readSymlink"],
    async run({ store }) {
      await store.write("keep/file", bytesOf("x"));
      await store.createSymlink("keep", "link");
      await store.deleteTree("link");
      assert.equal(await store.readSymlink("link"), undefined);
      await store.createSymlink("keep", "tree/a/link");
      await store.createSymlink("keep/file", "tree/file");
      await store.createSymlink("", "tree/root");
      await store.deleteTree("tree");
      assert.equal(await store.stat("tree"), undefined);
      await assertText(store, "keep/file", "x");
    },
  }),
  storePromise("list/links", "yields links as links and does not enter them", {
    needs: ["write", "createSymlink"],
    async run({ store }) {
      await store.write("dir/file", bytesOf("x"));
      await store.createSymlink("dir", "dir-link");
      await store.createSymlink("dir/file", "dir/link");
      await store.createSymlink("nowhere", "dangling");
      await store.createSymlink("", "up");
      await assertListed(store, "", ["dangling@", "dir/", "dir-link@", "dir/file", "dir/link@", "up@"]);
      await assertListed(store, "", ["dangling@", "dir/", "dir-link@", "up@"], { shallow: true, details: true });
    },
  }),
  storePromise("list/link-prefix", "follows a prefix that is a link, and yields paths below that prefix", {
    needs: ["write", "createSymlink"],
    async run({ store }) {
      await store.write("dir/sub/file", bytesOf("x"));
      await store.createSymlink("dir", "one");
      await store.createSymlink("one", "two");
      await store.createSymlink("dir/sub/file", "file");
      await store.createSymlink("nowhere", "dangling");
      await assertListed(store, "one", ["one/sub/", "one/sub/file"]);
      await assertListed(store, "two", ["two/sub/"], { shallow: true });
      await assertListed(store, "two/sub", ["two/sub/file"]);
      await assertListed(store, "one", ["one/sub/file"], { after: "one/sub" });
      for (const prefix of ["file", "dangling"]) await assertListed(store, prefix, []);
    },
  }),
];
