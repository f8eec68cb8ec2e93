/** What `writeExpiring` and `watch` promise. */

import assert from "node:assert/strict";
import { assertBytes, assertListed, assertText, bytesOf, drain, noise, rejectsWith } from "./assertions.ts";
import { type StorePromise, storePromise } from "./promise.ts";

/** A time to live: long enough for a slow store to do what is tried before, short enough to wait for. */
export const SOON = 400;

/** Longer than any test. */
export const LATER = 600_000;

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until the time of a file that was written before has surely come. */
export async function afterwards(since: number): Promise<void> {
  await pause(Math.max(0, since + SOON + 5 - Date.now()));
}

/** The next news, or an error after a while. */
export async function next<T>(news: AsyncIterator<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the change was not told")), 20_000);
  });
  try {
    const result = await Promise.race([news.next(), late]);
    assert.equal(result.done, false, "the news ended");
    return result.value;
  } finally {
    clearTimeout(timer);
  }
}

/** What `writeExpiring` and `watch` promise. */
export const timing: readonly StorePromise[] = [
  storePromise("writeExpiring/there", "writes content that is there until its time has come", {
    async run({ store }) {
      for (const size of [0, 10, 70_000, 300_000]) {
        const before = Date.now();
        const { etag } = await store.writeExpiring("dir/file", noise(size), { expireIn: LATER });
        assertBytes(await store.read("dir/file"), noise(size), `${size} bytes`);
        const stat = await store.stat("dir/file");
        assert.equal(stat?.etag, etag);
        const expires = stat?.expires?.getTime() ?? 0;
        assert(before + LATER <= expires && expires <= Date.now() + LATER, `it expires at ${expires}`);
      }
    },
  }),
  storePromise("writeExpiring/gone", "writes content that is nothing to every method afterwards", {
    needs: ["write", "list", "delete", "readMany", "openRead", "copy", "move"],
    async run({ store }) {
      await store.write("dir/stays", bytesOf("x"));
      await store.writeExpiring("dir/large", noise(300_000), { expireIn: SOON });
      await store.writeExpiring("dir/file", bytesOf("y"), { expireIn: SOON });
      await afterwards(Date.now());
      for (const path of ["dir/file", "dir/large"]) {
        assert.equal(await store.read(path), undefined);
        assert.equal(await store.read(path, { range: { suffix: 1 } }), undefined);
        assert.equal(await store.stat(path), undefined);
        assert.equal(await store.openRead(path), undefined);
        await rejectsWith(store.copy(path, "copy"), "not-found");
        await rejectsWith(store.move(path, "moved"), "not-found");
      }
      assert.deepEqual(await store.readMany(["dir/file", "dir/stays"]), [undefined, bytesOf("x")]);
      await assertListed(store, "", ["dir/", "dir/stays"]);
      await store.delete("dir/file");
    },
  }),
  storePromise("writeExpiring/empties", "leaves its directory empty afterwards", {
    needs: ["delete", "makeDirectory"],
    async run({ store }) {
      await store.writeExpiring("dir/file", bytesOf("y"), { expireIn: SOON });
      await store.writeExpiring("dir/large", noise(300_000), { expireIn: SOON });
      const written = Date.now();
      await rejectsWith(store.delete("dir"), "not-empty");
      await afterwards(written);
      await store.delete("dir");
      assert.equal(await store.stat("dir"), undefined);
      await store.makeDirectory("dir");
      assert.equal(await store.read("dir/file"), undefined);
    },
  }),
  storePromise(
    "writeExpiring/conditions",
    "gives way to what is created afterwards, and keeps to ifAbsent and ifMatch",
    {
      needs: ["write"],
      async run({ store }) {
        const { etag } = await store.writeExpiring("file", bytesOf("1"), { expireIn: SOON, ifAbsent: true });
        const written = Date.now();
        await rejectsWith(
          store.writeExpiring("file", bytesOf("2"), { expireIn: SOON, ifAbsent: true }),
          "already-exists",
        );
        await rejectsWith(
          store.writeExpiring("file", bytesOf("2"), { expireIn: SOON, ifMatch: `${etag}x` }),
          "precondition-failed",
        );
        await afterwards(written);
        await rejectsWith(store.write("file", bytesOf("3"), { ifMatch: etag }), "precondition-failed");
        const created = await store.write("file", bytesOf("4"), { ifAbsent: true });
        assert.notEqual(created.etag, etag);
        await assertText(store, "file", "4");
      },
    },
  ),
  storePromise("writeExpiring/not-a-number", "refuses a time that is none, and changes nothing", {
    async run({ store }) {
      for (const expireIn of [0, -1, NaN, Infinity]) {
        await rejectsWith(store.writeExpiring("file", bytesOf("1"), { expireIn }), "invalid-argument");
      }
      assert.equal(await store.stat("file"), undefined);
    },
  }),
  storePromise("writeExpiring/renewed", "is undone by another write", {
    needs: ["write"],
    async run({ store }) {
      await store.writeExpiring("plain", bytesOf("1"), { expireIn: SOON });
      await store.writeExpiring("longer", bytesOf("1"), { expireIn: SOON });
      const written = Date.now();
      await store.write("plain", bytesOf("2"));
      await store.writeExpiring("longer", bytesOf("2"), { expireIn: LATER });
      assert.equal((await store.stat("plain"))?.expires, undefined);
      await afterwards(written);
      await assertText(store, "plain", "2");
      await assertText(store, "longer", "2");
    },
  }),
  storePromise("writeExpiring/moved", "keeps its time when it is moved", {
    needs: ["move"],
    async run({ store }) {
      await store.writeExpiring("dir/file", bytesOf("1"), { expireIn: SOON });
      const written = Date.now();
      await store.move("dir/file", "dir/other");
      await store.move("dir", "moved");
      await assertText(store, "moved/other", "1");
      await afterwards(written);
      assert.equal(await store.stat("moved/other"), undefined);
    },
  }),
  storePromise("writeExpiring/copied", "has no time when it is copied", {
    needs: ["copy"],
    async run({ store }) {
      await store.writeExpiring("file", noise(100_000), { expireIn: SOON });
      const written = Date.now();
      await store.copy("file", "copy");
      await afterwards(written);
      assert.equal(await store.stat("file"), undefined);
      assert.equal((await store.stat("copy"))?.expires, undefined);
      assertBytes(await store.read("copy"), noise(100_000), "the copy");
    },
  }),
  storePromise("writeExpiring/reopened", "keeps its time when the store is closed and opened again", {
    needs: ["reopen", "list"],
    async run({ store, reopen }) {
      await store.writeExpiring("soon", bytesOf("1"), { expireIn: SOON });
      const written = Date.now();
      await store.writeExpiring("later", bytesOf("1"), { expireIn: LATER });
      const again = await reopen();
      await afterwards(written);
      assert.equal(await again.read("soon"), undefined);
      await assertText(again, "later", "1");
      await assertListed(again, "", ["later"]);
    },
  }),
  storePromise("writeExpiring/streamed", "is streamed to the end although its time comes meanwhile, or fails", {
    needs: ["openRead"],
    async run({ store }) {
      await store.writeExpiring("file", noise(2_000_000), { expireIn: SOON });
      const written = Date.now();
      const stream = await store.openRead("file");
      await afterwards(written);
      if (stream === undefined) return; // it took that long to open
      try {
        assertBytes(await drain(stream), noise(2_000_000), "the content");
      } catch (error) {
        assert(!(error instanceof assert.AssertionError), error as Error);
      }
    },
  }),
  storePromise("watch/changes", "tells what is there, and when it comes, changes and goes", {
    needs: ["write", "delete"],
    async run({ store }) {
      const news = store.watch("a/b/file")[Symbol.asyncIterator]();
      assert.equal(await next(news), undefined);
      const first = await store.write("a/b/file", bytesOf("1"));
      assert.equal((await next(news))?.etag, first.etag);
      await store.write("a/b/other", bytesOf("1"));
      const second = await store.write("a/b/file", bytesOf("2"));
      assert.equal((await next(news))?.etag, second.etag);
      await store.delete("a/b/file");
      assert.equal(await next(news), undefined);
      await news.return?.();
    },
  }),
  storePromise("watch/last", "tells the last of many changes", {
    needs: ["write"],
    async run({ store }) {
      const news = store.watch("file")[Symbol.asyncIterator]();
      assert.equal(await next(news), undefined);
      let last = "";
      for (let i = 0; i < 30; i++) last = (await store.write("file", bytesOf(`${i}`))).etag;
      for (let told = await next(news); told?.etag !== last; told = await next(news));
      await news.return?.();
    },
  }),
  storePromise("watch/moved", "tells when the file comes or goes with its directory", {
    needs: ["write", "move", "deleteTree"],
    async run({ store }) {
      await store.write("a/b/file", bytesOf("1"));
      const news = store.watch("a/b/file")[Symbol.asyncIterator]();
      assert.equal((await next(news))?.kind, "file");
      await store.move("a", "z");
      assert.equal(await next(news), undefined);
      await store.move("z", "a");
      assert.equal((await next(news))?.kind, "file");
      await store.deleteTree("a");
      assert.equal(await next(news), undefined);
      await news.return?.();
    },
  }),
  storePromise("watch/expires", "tells when the time of the file has come", {
    needs: ["writeExpiring"],
    async run({ store }) {
      await store.writeExpiring("file", bytesOf("1"), { expireIn: SOON });
      const news = store.watch("file")[Symbol.asyncIterator]();
      if (await next(news) !== undefined) assert.equal(await next(news), undefined);
      await news.return?.();
    },
  }),
  storePromise("watch/aborted", "stops with the reason of its signal", {
    async run({ store }) {
      const controller = new AbortController();
      const news = store.watch("file", { signal: controller.signal })[Symbol.asyncIterator]();
      assert.equal(await next(news), undefined);
      const reason = new Error("stop");
      const waiting = assert.rejects(async () => await news.next(), (error) => error === reason);
      controller.abort(reason);
      await waiting;
    },
  }),
  storePromise("watch/many", "serves many at once", {
    needs: ["write"],
    async run({ store }) {
      const all = Array.from({ length: 15 }, (_, i) => store.watch(`dir/${i % 5}`)[Symbol.asyncIterator]());
      for (const news of all) assert.equal(await next(news), undefined);
      for (let i = 0; i < 5; i++) await store.write(`dir/${i}`, bytesOf("1"));
      for (const news of all) assert.equal((await next(news))?.kind, "file");
      for (const news of all) await news.return?.();
    },
  }),
];
