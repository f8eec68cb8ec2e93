/** What `list` promises about what it yields. */

import assert from "node:assert/strict";
import { assertListed, bytesOf, collect, noise } from "./assertions.ts";
import { type StorePromise, storePromise } from "./promise.ts";

/** What `list` promises about what it yields. */
export const listing: readonly StorePromise[] = [
  storePromise("list/empty", "yields nothing in an empty store", {
    async run({ store }) {
      await assertListed(store, "", []);
      await assertListed(store, "", [], { shallow: true });
    },
  }),
  storePromise("list/everything", "yields everything below the prefix, each once", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["b", "a/x", "a/y/z", "c/d/e"]);
      await assertListed(store, "", ["a/", "a/x", "a/y/", "a/y/z", "b", "c/", "c/d/", "c/d/e"]);
      await assertListed(store, "a", ["a/x", "a/y/", "a/y/z"]);
      await assertListed(store, "a/y", ["a/y/z"]);
    },
  }),
  storePromise("list/shallow", "yields only the children with shallow, directories among them", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["b", "a/x", "a/y/z", "a/y/zz", "c/d/e", "ca"]);
      await assertListed(store, "", ["a/", "b", "c/", "ca"], { shallow: true });
      await assertListed(store, "a", ["a/x", "a/y/"], { shallow: true });
      await assertListed(store, "a/y", ["a/y/z", "a/y/zz"], { shallow: true });
    },
  }),
  storePromise("list/byte-order", "orders by the bytes of the whole path: dir-b/x before dir/a", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["dir/a", "dir-b/x", "dir.c", "dir0", "dir/b-/x", "dir/b/x", "Dir", "dir/B"]);
      const expected = ["Dir", "dir/", "dir-b/", "dir-b/x", "dir.c", "dir/B", "dir/a", "dir/b/", "dir/b-/", "dir/b-/x"];
      await assertListed(store, "", [...expected, "dir/b/x", "dir0"]);
      await assertListed(store, "", ["Dir", "dir/", "dir-b/", "dir.c", "dir0"], { shallow: true });
    },
  }),
  storePromise("list/unicode-order", "orders by UTF-8 bytes: U+FFFD before an emoji", {
    needs: ["put"],
    async run({ store, putNamed }) {
      const names = ["z", "\u00e9", "\u0800", "\ue000", "\ufb01", "\ufffd", "\u{10000}", "\u{1f600}", "\u{10fffd}"];
      await putNamed(names.toReversed());
      await assertListed(store, "", names);
      await assertListed(store, "", names, { shallow: true });
      await assertListed(store, "", names.slice(6), { after: "\ufffd" });
    },
  }),
  storePromise("list/prefix", "counts the prefix by whole names and never yields the prefix itself", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["c/x", "c/c/x", "cc/x", "c-x/y", "c.txt", "cx", "b", "d"]);
      await assertListed(store, "c", ["c/c/", "c/c/x", "c/x"]);
      await assertListed(store, "c", ["c/c/", "c/x"], { shallow: true });
      await assertListed(store, "c/c", ["c/c/x"]);
    },
  }),
  storePromise("list/prefix-wildcards", "does not take characters of the prefix for wildcards", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["a_b/1", "axb/2", "a%b/3", "a*b/4", "[ab]/5", "A_B/6", "a\\_b/7"]);
      await assertListed(store, "a_b", ["a_b/1"]);
      await assertListed(store, "a%b", ["a%b/3"]);
      await assertListed(store, "a*b", ["a*b/4"]);
      await assertListed(store, "[ab]", ["[ab]/5"], { shallow: true });
    },
  }),
  storePromise("list/missing-prefix", "yields nothing for a prefix that is missing, a file, or below a file", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["dir/file", "dir/file2/x"]);
      for (const prefix of ["nothing", "dir/fil", "dir/file", "dir/file/below", "di"]) {
        await assertListed(store, prefix, []);
        await assertListed(store, prefix, [], { shallow: true });
      }
    },
  }),
  storePromise("list/file-prefix-details", "yields nothing for a file with any options", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["file"]);
      await assertListed(store, "file", [], { details: true, limit: 3, after: "file" });
    },
  }),
  storePromise("list/details", "tells with details the size of every file", {
    needs: ["put"],
    async run({ store, put }) {
      const sizes: Record<string, number> = { "a/empty": 0, "a/one": 1, "b": 1000, "c/d/large": 100_000 };
      for (const [path, size] of Object.entries(sizes)) await put(path, noise(size));
      for (const options of [{ details: true }, { details: true, shallow: true }]) {
        for (const entry of await collect(store.list("", options))) {
          assert.equal(entry.size, sizes[entry.path], `size of ${entry.path}`);
        }
      }
      for (const { path, kind, size } of await collect(store.list(""))) {
        if (kind === "file") assert.equal(size ?? sizes[path], sizes[path], `size of ${path}, without details`);
      }
    },
  }),
  storePromise("list/agrees", "agrees with stat about every entry", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["a/b/c", "a/d", "e"]);
      for (const { path, kind, modified } of await collect(store.list("", { details: true }))) {
        const stat = await store.stat(path);
        assert.equal(stat?.kind, kind, path);
        if (kind === "file") assert.deepEqual(modified, stat.modified, `modified of ${path}`);
      }
    },
  }),
  storePromise("list/many", "yields 1001 children of one directory", {
    needs: ["put"],
    async run({ store, putNamed }) {
      const paths = Array.from({ length: 1001 }, (_, i) => `many/${String(i).padStart(4, "0")}`);
      await putNamed(["man", ...paths, "many2/x"]);
      await assertListed(store, "many", paths);
      await assertListed(store, "many", paths, { shallow: true });
      await assertListed(store, "many", paths.slice(990), { after: "many/0989" });
    },
  }),
  storePromise("list/deep", "yields what is 50 directories deep", {
    needs: ["put"],
    async run({ store, put }) {
      const path = `${"d/".repeat(50)}file`;
      await put(path, bytesOf("deep"));
      const files = (await collect(store.list(""))).filter((entry) => entry.kind === "file");
      assert.deepEqual(files.map((entry) => entry.path), [path]);
      await assertListed(store, path.slice(0, -5), [path]);
    },
  }),
  storePromise("list/after-changes", "sees at once what was written and deleted", {
    needs: ["write", "delete"],
    async run({ store }) {
      await store.write("a/x", bytesOf("x"));
      await store.write("b", bytesOf("x"));
      await assertListed(store, "", ["a/", "a/x", "b"]);
      await store.delete("b");
      await store.write("a/w", bytesOf("x"));
      await assertListed(store, "", ["a/", "a/w", "a/x"]);
    },
  }),
  storePromise("list/changing", "yields everything that stays while other things come and go", {
    needs: ["write", "delete"],
    async run({ store, putNamed }) {
      const stays = Array.from({ length: 60 }, (_, i) => `dir/${String(i * 2).padStart(3, "0")}`);
      await putNamed(stays);
      const seen: string[] = [];
      for await (const { path } of store.list("dir")) {
        seen.push(path);
        await store.write(`dir/${String(seen.length * 2 - 1).padStart(3, "0")}`, bytesOf("comes"));
        if (seen.length % 5 === 0) await store.delete("dir/001");
      }
      assert.deepEqual(seen.filter((path) => stays.includes(path)), stays);
      assert.equal(new Set(seen).size, seen.length, "an entry was yielded twice");
    },
  }),
  storePromise("list/break", "lets go of everything when the iteration ends early", {
    needs: ["put", "write"],
    async run({ store, putNamed }) {
      await putNamed(Array.from({ length: 30 }, (_, i) => `dir/${i % 3}/${i}`));
      for (let i = 0; i < 100; i++) {
        for await (const _ of store.list("", i % 2 === 0 ? {} : { shallow: true })) break;
      }
      await store.write("dir/0/0", bytesOf("still writable"));
    },
  }),
];
