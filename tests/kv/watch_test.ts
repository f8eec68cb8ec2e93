/** Watching a store on Deno KV. */

import assert from "node:assert/strict";
import { KvStore } from "../../backends/stores/kv_store.ts";
import { checkStore } from "../conformance/mod.ts";
import { next } from "../conformance/timing.ts";

/** A member of a database behind a proxy. */
function memberOf(kv: Deno.Kv, name: string | symbol): unknown {
  const member = Reflect.get(kv, name);
  return typeof member === "function" ? member.bind(kv) : member;
}

Deno.test("kv: what comes and goes again at once is told, though the database is as it was before", async () => {
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let round = 0; round < 60; round++) {
      // The engine tells of every change in a database of its own, so it is not looked at every second.
      const { broken } = await checkStore(() => new KvStore({ path: ":memory:" }), { only: ["watch/moved"] });
      assert.deepEqual(broken, []);
    }
  }));
});

Deno.test("kv: watching a store that is closed ends with that", async () => {
  const store = new KvStore({ path: ":memory:" });
  await store.write("a", new Uint8Array(1));
  const news = store.watch("a")[Symbol.asyncIterator]();
  assert.equal((await next(news))?.kind, "file");
  const waiting = assert.rejects(next(news), { code: "closed" });
  await store.close();
  await waiting;
});

Deno.test("kv: a stream that breaks while the store looks is told to who watches, and to nobody else", async () => {
  const kv = await Deno.openKv(":memory:");
  const broken = new Error("the connection was lost");
  let reads = 0;
  const slowly = async <T>(value: Promise<T>): Promise<T> => {
    if (reads > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    return await value;
  };
  const far = new Proxy(kv, {
    get(target, name) {
      if (name === "getMany") return (keys: Deno.KvKey[]) => slowly(target.getMany(keys));
      if (name === "get") return (key: Deno.KvKey) => slowly(target.get(key));
      if (name !== "watch") return memberOf(target, name);
      return () =>
        new ReadableStream({
          async pull(controller): Promise<void> {
            if (reads++ === 0) return controller.enqueue([]);
            await new Promise((resolve) => setTimeout(resolve, 20));
            controller.error(broken);
          },
        }, { highWaterMark: 0 });
    },
  });
  try {
    const store = new KvStore({ kv: far });
    await store.write("a", new Uint8Array(1));
    await assert.rejects(Array.fromAsync(store.watch("a")), (error) => error === broken);
  } finally {
    kv.close();
  }
});

Deno.test("kv: a stream that the database ends is opened again", async () => {
  const kv = await Deno.openKv(":memory:");
  const opened: number[] = [];
  const restless = new Proxy(kv, {
    get(target, name) {
      if (name !== "watch") return memberOf(target, name);
      return (keys: Deno.KvKey[], options: { raw?: boolean }) => {
        opened.push(keys.length);
        if (opened.length > 3) return target.watch(keys, options);
        return new ReadableStream({ start: (controller) => controller.close() });
      };
    },
  });
  try {
    const store = new KvStore({ kv: restless });
    const news = store.watch("a")[Symbol.asyncIterator]();
    assert.equal(await next(news), undefined);
    while (opened.length < 4) await new Promise((resolve) => setTimeout(resolve, 20));
    await store.write("a", new Uint8Array(1));
    assert.equal((await next(news))?.kind, "file");
    await news.return?.(undefined);
  } finally {
    kv.close();
  }
});
