/** What `writeParts` promises. */

import assert from "node:assert/strict";
import { assertBytes, assertText, bytesOf, MIB, noise, rejectsWith } from "./assertions.ts";
import { type StorePromise, storePromise } from "./promise.ts";

/** What `writeParts` promises. */
export const parts: readonly StorePromise[] = [
  storePromise("writeParts/joined", "writes the parts one after the other, and answers the etag of the whole", {
    async run({ store }) {
      const content = noise(2 * MIB + 7, 1);
      const cuts = [0, 3, 3, 1000, MIB, 2 * MIB + 7];
      const pieces = cuts.slice(1).map((end, index) => content.subarray(cuts[index], end));
      const { etag } = await store.writeParts("deep/er/file", pieces);
      assertBytes(await store.read("deep/er/file"), content, "the whole");
      assert.equal((await store.stat("deep/er/file"))?.etag, etag);
      await store.writeParts("none", []);
      assertBytes(await store.read("none"), new Uint8Array(), "no parts");
    },
  }),
  storePromise("writeParts/keeps-no-reference", "does not keep the parts", {
    async run({ store }) {
      const piece = bytesOf("original");
      await store.writeParts("a", [piece]);
      piece.fill(0);
      await assertText(store, "a", "original");
    },
  }),
  storePromise("writeParts/refuses", "refuses what write refuses, and changes nothing", {
    async run({ store }) {
      const { etag } = await store.writeParts("a", [bytesOf("ol"), bytesOf("d")]);
      await rejectsWith(store.writeParts("a", [bytesOf("new")], { ifAbsent: true }), "already-exists");
      await rejectsWith(store.writeParts("a", [bytesOf("new")], { ifMatch: `${etag}x` }), "precondition-failed");
      await rejectsWith(store.writeParts("a/below", [bytesOf("new")]), "not-a-directory");
      await assertText(store, "a", "old");
    },
  }),
];
