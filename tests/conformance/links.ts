/** What `createSymlink` and `readSymlink` promise, and every other method about links. */

import assert from "node:assert/strict";
import { assertText, bytesOf, refuses, rejectsWith } from "./assertions.ts";
import { type StorePromise, storePromise } from "./promise.ts";

/** What `createSymlink` and `readSymlink` promise. */
export const links: readonly StorePromise[] = [
  storePromise("createSymlink/file", "makes a link through which a file is read", {
    needs: ["write"],
    async run({ store }) {
      const { etag } = await store.write("dir/target", bytesOf("content"));
      await store.createSymlink("dir/target", "link");
      await assertText(store, "link", "content");
      assert.deepEqual(await store.read("link", { range: { suffix: 3 } }), bytesOf("ent"));
      const stat = await store.stat("link");
      assert.equal(stat?.kind, "file");
      assert.equal(stat.etag, etag, "the etag of what it leads to");
    },
  }),
  storePromise("createSymlink/directory", "makes a link through which a directory is used", {
    needs: ["write", "delete"],
    async run({ store }) {
      await store.write("dir/sub/file", bytesOf("1"));
      await store.createSymlink("dir", "link");
      assert.equal((await store.stat("link"))?.kind, "directory");
      assert.equal((await store.stat("link/sub"))?.kind, "directory");
      assert.equal(await store.read("link"), undefined);
      await assertText(store, "link/sub/file", "1");
      await store.write("link/new/file", bytesOf("2"));
      await assertText(store, "dir/new/file", "2");
      await store.delete("link/sub/file");
      assert.equal(await store.stat("dir/sub/file"), undefined);
    },
  }),
  storePromise("createSymlink/root", "makes a link to the root", {
    needs: ["write"],
    async run({ store }) {
      await store.write("file", bytesOf("x"));
      await store.createSymlink("", "dir/up");
      await assertText(store, "dir/up/file", "x");
      assert.equal(await store.readSymlink?.("dir/up"), "");
    },
  }),
  storePromise("createSymlink/parents", "makes the parents of the link, not of the target", {
    needs: ["readSymlink"],
    async run({ store }) {
      await store.createSymlink("no/where", "a/b/link");
      assert.equal((await store.stat("a/b"))?.kind, "directory");
      assert.equal(await store.stat("no"), undefined);
      assert.equal(await store.readSymlink("a/b/link"), "no/where");
    },
  }),
  storePromise("createSymlink/dangling", "makes a link whose target is not there: read and stat answer undefined", {
    needs: ["write", "delete"],
    async run({ store }) {
      await store.createSymlink("later", "link");
      assert.equal(await store.read("link"), undefined);
      assert.equal(await store.stat("link"), undefined);
      assert.equal(await store.read("link/below"), undefined);
      assert.equal(await store.stat("link/below"), undefined);
      await store.write("later", bytesOf("now"));
      await assertText(store, "link", "now");
      await store.delete("later");
      assert.equal(await store.stat("link"), undefined);
    },
  }),
  storePromise("createSymlink/below-file", "makes a link that leads below a file: read and stat answer undefined", {
    needs: ["write"],
    async run({ store }) {
      await store.write("file", bytesOf("x"));
      await store.createSymlink("file/below", "link");
      assert.equal(await store.read("link"), undefined);
      assert.equal(await store.stat("link"), undefined);
      assert.equal(await store.stat("link/deeper"), undefined);
      await refuses(store, () => store.createSymlink("file", "file/link"), ["not-a-directory"], ["file"]);
    },
  }),
  storePromise("createSymlink/chain", "makes links that lead to links", {
    needs: ["write", "readSymlink"],
    async run({ store }) {
      await store.write("dir/file", bytesOf("end"));
      await store.createSymlink("dir", "one");
      await store.createSymlink("one/file", "x/two");
      await store.createSymlink("x/two", "x/y/three");
      await assertText(store, "x/y/three", "end");
      assert.equal(await store.readSymlink("x/y/three"), "x/two", "one step");
      assert.equal(await store.readSymlink("x/two"), "one/file", "one step");
    },
  }),
  storePromise("createSymlink/loop", "makes links in a circle, which no write gets through", {
    needs: ["write"],
    async run({ store }) {
      await store.createSymlink("b", "a");
      await store.createSymlink("a", "b");
      await store.createSymlink("self", "self");
      for (const path of ["a", "b", "self", "a/below"]) {
        for (const look of [() => store.read(path), () => store.stat(path)]) {
          await look().then(
            (answer) => assert.equal(answer, undefined, path),
            (error) => rejectsWith(Promise.reject(error), "too-many-links"),
          );
        }
        await refuses(store, () => store.write(path, bytesOf("x")), ["too-many-links"]);
      }
    },
  }),
  storePromise("createSymlink/exists", "refuses where anything is", {
    needs: ["write"],
    async run({ store }) {
      await store.write("dir/file", bytesOf("x"));
      await store.createSymlink("nowhere", "dangling");
      await store.createSymlink("dir", "link");
      for (const path of ["dir/file", "dir", "dangling", "link"]) {
        await refuses(store, () => store.createSymlink("dir/file", path), ["already-exists"], ["dir/file"]);
      }
      const root = () => store.createSymlink("dir/file", "");
      await refuses(store, root, ["already-exists", "invalid-argument"], ["dir/file"]);
    },
  }),
  storePromise("createSymlink/race", "lets exactly one of many make the same link", {
    async run({ store }) {
      const tries = Array.from({ length: 10 }, (_, i) => store.createSymlink(`target${i}`, "link"));
      const made = (await Promise.allSettled(tries)).filter((one) => one.status === "fulfilled");
      assert.equal(made.length, 1);
    },
  }),
  storePromise("createSymlink/through-link", "leads to its target when it is made through a linked directory", {
    needs: ["write", "readSymlink"],
    async run({ store }) {
      await store.write("deep/er/dir/file", bytesOf("x"));
      await store.write("target", bytesOf("content"));
      await store.createSymlink("deep/er/dir", "short");
      await store.createSymlink("target", "short/link");
      for (const path of ["short/link", "deep/er/dir/link"]) {
        await assertText(store, path, "content");
        assert.equal(await store.readSymlink(path), "target", path);
      }
    },
  }),
  storePromise("createSymlink/names", "leads to targets of any name", {
    needs: ["write", "readSymlink"],
    async run({ store, refusesName }) {
      for (const name of ["a b", "\u00e9\u{1f600}", "%2F", "..x", "a\\b", "~", "line\nbreak"]) {
        if (refusesName(name) !== undefined) continue;
        await store.write(`dir/${name}`, bytesOf(name));
        await store.createSymlink(`dir/${name}`, `links/${name}`);
        await assertText(store, `links/${name}`, name);
        assert.equal(await store.readSymlink(`links/${name}`), `dir/${name}`);
      }
    },
  }),
  storePromise("readSymlink/not-a-link", "answers undefined where there is no link", {
    needs: ["write", "createSymlink"],
    async run({ store }) {
      await store.write("dir/file", bytesOf("x"));
      await store.createSymlink("dir", "link");
      for (const path of ["", "dir", "dir/file", "nothing", "no/thing", "dir/file/below", "link/file"]) {
        assert.equal(await store.readSymlink(path), undefined, path);
      }
    },
  }),
];
