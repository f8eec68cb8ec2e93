/** What `write` promises, without conditions. */

import assert from "node:assert/strict";
import { assertBytes, assertListed, assertText, bytesOf, KIB, MIB, noise, refuses } from "./assertions.ts";
import { type StorePromise, storePromise } from "./promise.ts";

/** What `write` promises, without conditions. */
export const writing: readonly StorePromise[] = [
  storePromise("write/round-trip", "keeps contents of any size exactly", {
    async run({ store }) {
      for (const size of [0, 1, 64 * KIB, 64 * KIB + 1, MIB + 1]) {
        await store.write("file", noise(size, size + 1));
        assertBytes(await store.read("file"), noise(size, size + 1), `${size} bytes`);
      }
    },
  }),
  storePromise("write/view", "writes a view, not the buffer behind it", {
    async run({ store }) {
      const buffer = noise(1000);
      for (const [from, to] of [[0, 10], [1, 1000], [500, 501], [999, 999]] as const) {
        await store.write("view", buffer.subarray(from, to));
        assertBytes(await store.read("view"), noise(1000).slice(from, to), `bytes ${from} to ${to} of a buffer`);
      }
    },
  }),
  storePromise("write/keeps-no-reference", "does not keep the bytes it was given", {
    async run({ store }) {
      const bytes = bytesOf("original");
      await store.write("file", bytes);
      bytes.fill(0);
      await assertText(store, "file", "original");
    },
  }),
  storePromise("write/replaces", "replaces the whole content, be the new one longer or shorter", {
    async run({ store }) {
      for (const content of ["first", "a much longer second content", "3", "", "fifth"]) {
        await store.write("dir/file", bytesOf(content));
        await assertText(store, "dir/file", content);
        assert.equal((await store.stat("dir/file"))?.size ?? content.length, content.length);
      }
    },
  }),
  storePromise("write/parents", "makes the parents of the path", {
    async run({ store }) {
      await store.write("a/b/c/file", bytesOf("deep"));
      for (const path of ["a", "a/b", "a/b/c"]) assert.equal((await store.stat(path))?.kind, "directory", path);
      await assertText(store, "a/b/c/file", "deep");
    },
  }),
  storePromise("write/siblings", "leaves the neighbours alone", {
    async run({ store }) {
      for (const path of ["a", "ab", "a-b", "a.b", "b/a", "b/ab"]) await store.write(path, bytesOf(path));
      await store.write("a", bytesOf("changed"));
      await store.write("b/a", bytesOf("changed"));
      for (const path of ["ab", "a-b", "a.b", "b/ab"]) await assertText(store, path, path);
    },
  }),
  storePromise("write/deep", "keeps a file 50 directories deep", {
    async run({ store }) {
      const path = `${"d/".repeat(50)}file`;
      await store.write(path, bytesOf("deep"));
      await assertText(store, path, "deep");
      assert.equal((await store.stat(path.slice(0, 49)))?.kind, "directory", "half of the way down");
    },
  }),
  storePromise("write/onto-directory", "refuses to replace a directory", {
    async run({ store }) {
      await store.write("dir/file", bytesOf("x"));
      for (const path of ["dir", ""]) {
        await refuses(store, () => store.write(path, bytesOf("y")), ["is-a-directory"], ["dir/file"]);
      }
    },
  }),
  storePromise("write/onto-empty-directory", "refuses to replace an empty directory", {
    needs: ["makeDirectory"],
    async run({ store }) {
      await store.makeDirectory("dir");
      await refuses(store, () => store.write("dir", bytesOf("y")), ["is-a-directory"], ["dir"]);
    },
  }),
  storePromise("write/below-file", "refuses to write below a file, and changes nothing", {
    async run({ store }) {
      await store.write("dir/file", bytesOf("x"));
      for (const path of ["dir/file/below", "dir/file/far/below"]) {
        await refuses(store, () => store.write(path, bytesOf("y")), ["not-a-directory"], ["dir/file", path]);
      }
    },
  }),
  storePromise("write/undefined-options", "takes an option that is undefined for one that is not there", {
    async run({ store }) {
      const options = { ifAbsent: undefined, ifMatch: undefined, signal: undefined };
      await store.write("file", bytesOf("1"), options);
      await store.write("file", bytesOf("2"), options);
      await store.write("file", bytesOf("3"), { ifAbsent: false });
      await assertText(store, "file", "3");
    },
  }),
  storePromise("write/leaves-nothing-else", "leaves nothing but the file and its parents", {
    needs: ["list"],
    async run({ store }) {
      for (let i = 0; i < 5; i++) await store.write("a/b/file", noise(10_000, i));
      await assertListed(store, "", ["a/", "a/b/", "a/b/file"]);
    },
  }),
];
