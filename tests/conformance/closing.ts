/** What `close` promises, and what a store keeps after it. */

import assert from "node:assert/strict";
import { assertBytes, assertListed, assertText, bytesOf, noise, rejectsWith } from "./assertions.ts";
import { type StorePromise, storePromise } from "./promise.ts";

/** What `close` promises, and what a store keeps after it. */
export const closing: readonly StorePromise[] = [
  storePromise("close/again", "does nothing the second time", {
    async run({ store }) {
      await store.read("file");
      await store.close();
      await store.close();
      await Promise.all([store.close(), store.close()]);
    },
  }),
  storePromise("close/unused", "closes a store that was never used", {
    async run({ store }) {
      await store.close();
    },
  }),
  storePromise("write/durable", "keeps what was written when the store is closed and opened again", {
    needs: ["reopen"],
    async run({ store, reopen }) {
      const { etag } = await store.write("a/file", noise(200_000));
      await store.write("empty", new Uint8Array());
      const again = await reopen();
      assertBytes(await again.read("a/file"), noise(200_000), "a/file");
      assertBytes(await again.read("empty"), new Uint8Array(), "empty");
      assert.equal((await again.stat("a/file"))?.etag, etag, "the etag of content that did not change");
      await again.write("a/file", bytesOf("2"), { ifMatch: etag });
      await rejectsWith(again.write("a/file", bytesOf("3"), { ifMatch: etag }), "precondition-failed");
    },
  }),
  storePromise("delete/durable", "keeps deleted what was deleted when the store is closed and opened again", {
    needs: ["reopen", "write"],
    async run({ store, reopen }) {
      await store.write("a/file", bytesOf("x"));
      await store.write("a/other", bytesOf("y"));
      await store.delete("a/file");
      const again = await reopen();
      assert.equal(await again.stat("a/file"), undefined);
      await assertText(again, "a/other", "y");
    },
  }),
  storePromise("makeDirectory/durable", "keeps empty directories when the store is closed and opened again", {
    needs: ["reopen", "list"],
    async run({ store, reopen }) {
      await store.makeDirectory("a/empty");
      await assertListed(await reopen(), "", ["a/", "a/empty/"]);
    },
  }),
  storePromise("createSymlink/durable", "keeps links when the store is closed and opened again", {
    needs: ["reopen", "readSymlink", "write"],
    async run({ store, reopen }) {
      await store.write("target", bytesOf("x"));
      await store.createSymlink("target", "dir/link");
      const again = await reopen();
      assert.equal(await again.readSymlink("dir/link"), "target");
      await assertText(again, "dir/link", "x");
    },
  }),
  storePromise("stat/etag-reopened", "tells an etag that was never told before, in an earlier opening neither", {
    needs: ["reopen", "write", "delete"],
    async run({ store, reopen }) {
      const etags = new Set<string>();
      let opened: Pick<typeof store, "write" | "delete"> = store;
      for (let i = 0; i < 6; i++) {
        etags.add((await opened.write("file", bytesOf("same"))).etag);
        await opened.delete("file");
        opened = await reopen();
      }
      assert.equal(etags.size, 6, `6 creations gave ${etags.size} etags`);
    },
  }),
];
