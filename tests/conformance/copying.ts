/** What `copy` promises. */

import assert from "node:assert/strict";
import { assertBytes, assertText, bytesOf, MIB, noise, refuses } from "./assertions.ts";
import { type StorePromise, storePromise } from "./promise.ts";

/** What `copy` promises. */
export const copying: readonly StorePromise[] = [
  storePromise("copy/content", "copies the content, makes parents and answers the new etag", {
    needs: ["put"],
    async run({ store, put }) {
      for (const size of [0, 1, 2 * MIB + 1]) {
        await put("from", noise(size, 5));
        const { etag } = await store.copy("from", `a/b/${size}`);
        assertBytes(await store.read(`a/b/${size}`), noise(size, 5), `copy of ${size} bytes`);
        assertBytes(await store.read("from"), noise(size, 5), "the source");
        assert.equal((await store.stat(`a/b/${size}`))?.etag, etag);
      }
    },
  }),
  storePromise("copy/independent", "makes a copy that does not change with its source", {
    needs: ["write"],
    async run({ store }) {
      await store.write("from", bytesOf("1"));
      await store.copy("from", "to");
      await store.write("from", bytesOf("2"));
      await assertText(store, "to", "1");
      await store.write("to", bytesOf("3"));
      await assertText(store, "from", "2");
    },
  }),
  storePromise("copy/replaces", "replaces a file, which then has another etag", {
    needs: ["write"],
    async run({ store }) {
      await store.write("from", bytesOf("same"));
      const { etag } = await store.write("to", bytesOf("same"));
      const copied = await store.copy("from", "to");
      assert.notEqual(copied.etag, etag);
      await assertText(store, "to", "same");
    },
  }),
  storePromise("copy/itself", "leaves the content as it is when a file is copied onto itself", {
    needs: ["write"],
    async run({ store }) {
      await store.write("file", bytesOf("x"));
      await store.copy("file", "file").catch(() => undefined);
      await assertText(store, "file", "x");
    },
  }),
  storePromise("copy/not-found", "refuses what is not a file", {
    needs: ["write"],
    async run({ store }) {
      await store.write("dir/file", bytesOf("x"));
      for (const path of ["nothing", "no/thing", "dir", "", "dir/file/below"]) {
        for (const to of ["to", "new/place"]) {
          await refuses(store, () => store.copy(path, to), ["not-found"], ["to", "new"]);
        }
      }
    },
  }),
  storePromise("copy/onto-directory", "refuses as write does: onto a directory, below a file", {
    needs: ["write"],
    async run({ store }) {
      await store.write("dir/file", bytesOf("x"));
      await store.write("from", bytesOf("y"));
      await refuses(store, () => store.copy("from", "dir"), ["is-a-directory"], ["dir/file"]);
      await refuses(store, () => store.copy("from", ""), ["is-a-directory"], ["dir/file"]);
      await refuses(store, () => store.copy("from", "dir/file/below"), ["not-a-directory"], ["dir/file"]);
    },
  }),
  storePromise("copy/conditions", "honours ifAbsent and ifMatch, which are about the place it copies to", {
    needs: ["write"],
    async run({ store }) {
      const from = await store.write("from", bytesOf("new"));
      const to = await store.write("to", bytesOf("old"));
      const refused = [["ifAbsent", true, "already-exists"], ["ifMatch", from.etag, "precondition-failed"]] as const;
      for (const [condition, value, code] of refused) {
        await refuses(store, () => store.copy("from", "to", { [condition]: value }), [code], ["to"]);
      }
      const missing = () => store.copy("from", "missing", { ifMatch: to.etag });
      await refuses(store, missing, ["precondition-failed"], ["missing"]);
      await store.copy("from", "absent", { ifAbsent: true });
      await store.copy("from", "to", { ifMatch: to.etag });
      for (const path of ["absent", "to"]) await assertText(store, path, "new");
    },
  }),
  storePromise("copy/links", "copies what a link leads to, and writes through a link", {
    needs: ["write", "createSymlink", "readSymlink"],
    async run({ store }) {
      await store.write("dir/file", bytesOf("content"));
      await store.createSymlink("dir/file", "link");
      await store.copy("link", "copy");
      assert.equal(await store.readSymlink("copy"), undefined, "a copy of a link is a file");
      await assertText(store, "copy", "content");
      await store.write("other", bytesOf("other"));
      await store.copy("other", "link");
      await assertText(store, "dir/file", "other");
      assert.equal(await store.readSymlink("link"), "dir/file");
      await store.createSymlink("nowhere", "dangling");
      await refuses(store, () => store.copy("dangling", "to"), ["not-found"]);
    },
  }),
];
