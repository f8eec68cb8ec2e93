/** What `etag`, `ifAbsent` and `ifMatch` promise: the ground of every compare-and-swap above. */

import assert from "node:assert/strict";
import { assertText, bytesOf, noise, refuses } from "./assertions.ts";
import { type StorePromise, storePromise } from "./promise.ts";

/** What `etag`, `ifAbsent` and `ifMatch` promise. */
export const conditions: readonly StorePromise[] = [
  storePromise("stat/etag", "tells the etag that write answered", {
    needs: ["write"],
    async run({ store }) {
      const { etag } = await store.write("dir/file", bytesOf("x"));
      assert.equal(typeof etag, "string");
      assert.equal((await store.stat("dir/file"))?.etag, etag);
    },
  }),
  storePromise("stat/etag-unchanged", "tells the same etag as long as the content is not changed", {
    needs: ["write"],
    async run({ store }) {
      const { etag } = await store.write("file", noise(1000));
      await store.read("file");
      await store.read("file", { range: { offset: 1, length: 2 } });
      await store.write("other", noise(1000));
      await store.write("dir/file", noise(1000));
      for (let i = 0; i < 3; i++) assert.equal((await store.stat("file"))?.etag, etag);
    },
  }),
  storePromise("stat/etag-aba", "tells another etag after every change, back to the first content too", {
    needs: ["write"],
    async run({ store }) {
      const etags = new Set<string>();
      const contents = ["A", "B", "A", "A", "B", "A", "A", "B"];
      for (const content of contents) etags.add((await store.write("file", bytesOf(content))).etag);
      assert.equal(etags.size, contents.length, `${contents.length} writes gave ${etags.size} etags`);
    },
  }),
  storePromise("stat/etag-recreated", "tells another etag after deleting and creating the same content", {
    needs: ["write", "delete"],
    async run({ store }) {
      const etags = new Set<string>();
      for (let i = 0; i < 5; i++) {
        etags.add((await store.write("file", bytesOf("same"))).etag);
        await store.delete("file");
      }
      assert.equal(etags.size, 5, `5 creations gave ${etags.size} etags`);
    },
  }),
  storePromise("write/if-absent", "creates with ifAbsent only what is not there", {
    async run({ store }) {
      const { etag } = await store.write("dir/file", bytesOf("first"), { ifAbsent: true });
      const again = () => store.write("dir/file", bytesOf("second"), { ifAbsent: true });
      await refuses(store, again, ["already-exists"], ["dir/file"]);
      assert.equal((await store.stat("dir/file"))?.etag, etag, "a refused write changed the etag");
    },
  }),
  storePromise("write/if-absent-empty", "counts an empty file as there with ifAbsent", {
    async run({ store }) {
      await store.write("empty", new Uint8Array());
      await refuses(store, () => store.write("empty", bytesOf("x"), { ifAbsent: true }), ["already-exists"], ["empty"]);
    },
  }),
  storePromise("write/if-absent-directory", "counts a directory as there with ifAbsent", {
    async run({ store }) {
      await store.write("dir/file", bytesOf("x"));
      for (const path of ["dir", ""]) {
        const write = () => store.write(path, bytesOf("y"), { ifAbsent: true });
        await refuses(store, write, ["already-exists", "is-a-directory"], ["dir/file"]);
      }
    },
  }),
  storePromise("write/if-absent-below-file", "refuses to create below a file with ifAbsent", {
    async run({ store }) {
      await store.write("file", bytesOf("x"));
      const write = () => store.write("file/below", bytesOf("y"), { ifAbsent: true });
      await refuses(store, write, ["not-a-directory"], ["file", "file/below"]);
    },
  }),
  storePromise("write/if-absent-again", "creates with ifAbsent again after a delete", {
    needs: ["delete"],
    async run({ store }) {
      await store.write("file", bytesOf("1"));
      await store.delete("file");
      await store.write("file", bytesOf("2"), { ifAbsent: true });
      await assertText(store, "file", "2");
    },
  }),
  storePromise("write/if-match", "replaces with ifMatch the content of that etag only", {
    async run({ store }) {
      const first = await store.write("dir/file", bytesOf("1"));
      const second = await store.write("dir/file", bytesOf("2"), { ifMatch: first.etag });
      const stale = () => store.write("dir/file", bytesOf("3"), { ifMatch: first.etag });
      await refuses(store, stale, ["precondition-failed"], ["dir/file"]);
      await store.write("dir/file", bytesOf("4"), { ifMatch: second.etag });
      await assertText(store, "dir/file", "4");
    },
  }),
  storePromise("write/if-match-stat", "takes the etag that stat tells for ifMatch", {
    needs: ["put"],
    async run({ store, put }) {
      await put("file", bytesOf("1"));
      const etag = (await store.stat("file"))?.etag;
      assert(etag !== undefined, "a file of a writable store has an etag");
      await store.write("file", bytesOf("2"), { ifMatch: etag });
      await assertText(store, "file", "2");
    },
  }),
  storePromise("write/if-match-other", "does not take the etag of another file, or a text that never was one", {
    async run({ store }) {
      await store.write("file", bytesOf("1"));
      const other = await store.write("other", bytesOf("2"));
      for (const ifMatch of [other.etag, "never an etag", "", "*"]) {
        const write = () => store.write("file", bytesOf("3"), { ifMatch });
        await refuses(store, write, ["precondition-failed"], ["file"]);
      }
    },
  }),
  storePromise("write/if-match-missing", "refuses ifMatch where nothing is", {
    async run({ store }) {
      const { etag } = await store.write("file", bytesOf("1"));
      for (const path of ["nothing", "no/thing"]) {
        const write = () => store.write(path, bytesOf("2"), { ifMatch: etag });
        await refuses(store, write, ["precondition-failed"], [path]);
      }
    },
  }),
  storePromise("write/if-match-deleted", "refuses ifMatch of content that was deleted, or made anew", {
    needs: ["delete"],
    async run({ store }) {
      const { etag } = await store.write("file", bytesOf("same"));
      await store.delete("file");
      await refuses(store, () => store.write("file", bytesOf("2"), { ifMatch: etag }), ["precondition-failed"]);
      await store.write("file", bytesOf("same"));
      await refuses(store, () => store.write("file", bytesOf("2"), { ifMatch: etag }), ["precondition-failed"]);
    },
  }),
  storePromise("write/if-match-directory", "refuses ifMatch on a directory and below a file", {
    async run({ store }) {
      const { etag } = await store.write("dir/file", bytesOf("1"));
      const onto = () => store.write("dir", bytesOf("2"), { ifMatch: etag });
      await refuses(store, onto, ["precondition-failed", "is-a-directory"], ["dir/file"]);
      const below = () => store.write("dir/file/x", bytesOf("2"), { ifMatch: etag });
      await refuses(store, below, ["precondition-failed", "not-a-directory"], ["dir/file"]);
    },
  }),
  storePromise("write/both-conditions", "never writes when ifAbsent and ifMatch are asked for together", {
    async run({ store }) {
      const { etag } = await store.write("file", bytesOf("1"));
      for (const path of ["file", "nothing"]) {
        const write = () => store.write(path, bytesOf("2"), { ifAbsent: true, ifMatch: etag });
        await refuses(store, write, ["already-exists", "precondition-failed", "invalid-argument"], [path]);
      }
    },
  }),
  storePromise("delete/if-match", "deletes with ifMatch the content of that etag only", {
    needs: ["write"],
    async run({ store }) {
      const first = await store.write("file", bytesOf("1"));
      const second = await store.write("file", bytesOf("2"));
      const stale = () => store.delete("file", { ifMatch: first.etag });
      await refuses(store, stale, ["precondition-failed"], ["file"]);
      await store.delete("file", { ifMatch: second.etag });
      await assertText(store, "file", undefined);
      const gone = () => store.delete("file", { ifMatch: second.etag });
      await refuses(store, gone, ["precondition-failed"], ["file"]);
    },
  }),
  storePromise("delete/if-match-directory", "refuses ifMatch on a directory, which has no content", {
    needs: ["makeDirectory", "write"],
    async run({ store }) {
      const { etag } = await store.write("file", bytesOf("1"));
      await store.makeDirectory("dir");
      await refuses(store, () => store.delete("dir", { ifMatch: etag }), ["precondition-failed"], ["dir"]);
    },
  }),
];
