/** What `save` promises about `expireIn`, and what `watch` promises. */

import assert from "node:assert/strict";
import type { ExpiringSaveOptions } from "../../backends/data_source.ts";
import { assertHolds, fails, refuses } from "./backend_assertions.ts";
import { type BackendPromise, backendPromise } from "./backend_promise.ts";
import { afterwards, LATER, next, SOON } from "./timing.ts";

function within(milliseconds: number, options: ExpiringSaveOptions = {}): ExpiringSaveOptions {
  return { ...options, expireIn: milliseconds };
}

/** What `save` promises about `expireIn`, and what `watch` promises. */
export const backendTiming: readonly BackendPromise[] = [
  backendPromise("save/expires", "keeps a value with expireIn until its time has come", ["expiry"], async (trial) => {
    const { backend, value } = trial;
    await backend.save(value("later"), "dir/later", within(LATER));
    await backend.saveBatch([value("1"), value("2")], ["dir/1", "dir/2"], within(SOON));
    await backend.save(value("soon"), "dir/soon", within(SOON));
    const saved = Date.now();
    assert((await backend.stat("dir/later")).expires! > new Date(saved));
    await afterwards(saved);
    for (const path of ["dir/soon", "dir/1", "dir/2"]) {
      await fails(backend.load(path), "not-found", path);
      await fails(backend.stat(path), "not-found", path);
      assert.equal(await backend.exists(path), false);
    }
    await assertHolds(trial, "dir/later", "later");
    assert.deepEqual(await backend.listFiles("dir"), ["dir/later"]);
    await backend.save(value("new"), "dir/soon", { overwrite: false });
    await assertHolds(trial, "dir/soon", "new");
  }),
  backendPromise("save/expires-batch", "writes nothing of a batch with expireIn when one is refused", [
    "expiry",
  ], async ({ backend, value, putNamed }) => {
    await putNamed(["dir/file", "b"]);
    const values = ["1", "2"].map(value);
    const onto = () => backend.saveBatch(values, ["a", "dir"], within(LATER));
    await refuses(backend, onto, "is-a-directory", "dir");
    const there = () => backend.saveBatch(values, ["a", "b"], within(LATER, { overwrite: false }));
    await refuses(backend, there, "already-exists", "b");
  }),
  backendPromise("save/expires-never", "refuses a time that is none, and changes nothing", ["expiry"], async ({
    backend,
    value,
    put,
  }) => {
    await put("old", "file");
    for (const expireIn of [0, -1, NaN, Infinity]) {
      await refuses(backend, () => backend.save(value("new"), "file", within(expireIn)), "invalid-argument", "file");
    }
  }),
  backendPromise("watch/news", "tells what is there, and when it comes, changes and goes", ["watch", "delete"], async ({
    backend,
    value,
  }) => {
    const news = backend.watch!("dir/file")[Symbol.asyncIterator]();
    assert.equal(await next(news), undefined);
    const first = await backend.save(value("1"), "dir/file");
    assert.equal((await next(news))?.etag, first.etag);
    const second = await backend.save(value("2"), "dir/file");
    const told = await next(news);
    assert.equal(told?.etag, second.etag);
    assert.equal(told?.path, "dir/file");
    await backend.delete("dir/file");
    assert.equal(await next(news), undefined);
    await news.return?.();
  }),
  backendPromise("watch/aborted", "stops with the reason of its signal", ["watch"], async ({ backend }) => {
    const controller = new AbortController();
    const news = backend.watch!("file", { signal: controller.signal })[Symbol.asyncIterator]();
    assert.equal(await next(news), undefined);
    const reason = new Error("stop");
    const waiting = assert.rejects(async () => await news.next(), (error) => error === reason);
    controller.abort(reason);
    await waiting;
  }),
];
