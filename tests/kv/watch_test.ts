/** Watching a store on Deno KV. */

import assert from "node:assert/strict";
import { KvStore } from "../../backends/stores/kv_store.ts";
import { next } from "../conformance/timing.ts";

/** Watches what comes back and goes at once: the database then has nothing there, as when it was asked before. */
async function comesAndGoes(): Promise<void> {
  // The engine tells of every change in a database of its own, so it is not looked at every second.
  const store = new KvStore({ path: ":memory:" });
  try {
    await store.write("a/b/file", new Uint8Array(1));
    const news = store.watch("a/b/file")[Symbol.asyncIterator]();
    assert.equal((await next(news))?.kind, "file");
    await store.move("a", "z");
    assert.equal(await next(news), undefined);
    await store.move("z", "a");
    assert.equal((await next(news))?.kind, "file");
    await store.deleteTree("a");
    assert.equal(await next(news), undefined);
    await news.return?.(undefined);
  } finally {
    await store.close();
  }
}

Deno.test("kv: what comes and goes again at once is told, though the database is as it was before", async () => {
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let round = 0; round < 60; round++) await comesAndGoes();
  }));
});
