/** What every method promises about its `signal`. */

import assert from "node:assert/strict";
import type { AbortOptions } from "../../backends/stores/store.ts";
import { assertBytes, bytesOf, collect, MIB, noise, sameBytes, snapshot } from "./assertions.ts";
import { type Need, type StoreMethod, type StorePromise, storePromise, type StoreWith, type Trial } from "./promise.ts";

const BEFORE = ["dir/file", "file"];

/** The promise that `method` does nothing when its signal has been aborted before. */
function abortedBefore<M extends StoreMethod>(
  method: M,
  call: (store: StoreWith<M>, options: AbortOptions) => unknown,
): StorePromise {
  const body = {
    needs: ["put"] as const satisfies readonly Need[],
    async run(trial: Trial<M>): Promise<void> {
      const { store, putNamed } = trial;
      await putNamed(BEFORE);
      const before = await snapshot(store, [...BEFORE, "new", "a/new"]);
      for (const reason of [new DOMException("stop", "AbortError"), new Error("mine"), { not: "an error" }]) {
        const call1 = async (): Promise<unknown> => await call(store, { signal: AbortSignal.abort(reason) });
        await assert.rejects(call1, (error) => {
          assert.equal(error, reason, "it rejected with something else than the reason of the signal");
          return true;
        }, "it did not reject");
      }
      assert.deepEqual(await snapshot(store, [...BEFORE, "new", "a/new"]), before, "something has changed");
    },
  };
  return storePromise<M, "put">(
    `${method}/aborted-before`,
    "rejects with the reason of a signal that is aborted",
    body,
  );
}

/** Stops `work` after a while, and tells whether it was done before. */
async function stopped(
  after: number,
  work: (options: AbortOptions) => Promise<unknown>,
): Promise<"done" | "stopped"> {
  const controller = new AbortController();
  const reason = new Error("stop");
  const pending = work({ signal: controller.signal });
  const outcome = pending.then(() => "done" as const, (error): "stopped" => {
    assert.equal(error, reason, `it rejected with ${error} instead of the reason of the signal`);
    return "stopped";
  });
  if (after < 0) await Promise.resolve();
  else await new Promise((resolve) => setTimeout(resolve, after));
  controller.abort(reason);
  return await outcome;
}

/** What every method promises about its `signal`. */
export const aborting: readonly StorePromise[] = [
  abortedBefore("read", (store, options) => store.read("file", options)),
  abortedBefore("stat", (store, options) => store.stat("file", options)),
  abortedBefore("list", (store, options) => collect(store.list("", options))),
  abortedBefore("write", (store, options) => store.write("a/new", bytesOf("x"), options)),
  abortedBefore("delete", (store, options) => store.delete("file", options)),
  abortedBefore("makeDirectory", (store, options) => store.makeDirectory("a/new", options)),
  abortedBefore("createSymlink", (store, options) => store.createSymlink("file", "a/new", options)),
  abortedBefore("readSymlink", (store, options) => store.readSymlink("file", options)),
  abortedBefore("writeExpiring", (store, { signal }) => {
    return store.writeExpiring("a/new", bytesOf("x"), { expireIn: 1000, signal });
  }),
  abortedBefore("watch", (store, options) => collect(store.watch("file", options))),
  abortedBefore("copy", (store, options) => store.copy("file", "a/new", options)),
  abortedBefore("move", (store, options) => store.move("file", "a/new", options)),
  abortedBefore("deleteTree", (store, options) => store.deleteTree("dir", options)),
  abortedBefore("readMany", (store, options) => store.readMany(["file", "dir/file"], options)),
  abortedBefore("writeParts", (store, options) => store.writeParts("a/new", [bytesOf("x")], options)),
  abortedBefore("writeMany", (store, options) => store.writeMany([{ path: "a/new", bytes: bytesOf("x") }], options)),
  abortedBefore("openRead", (store, options) => store.openRead("file", options)),
  abortedBefore("openWrite", (store, options) => store.openWrite("a/new", options)),
  storePromise("list/aborted", "stops when its signal is aborted between two entries", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(Array.from({ length: 60 }, (_, i) => `${i % 5}/${i}`));
      for (const shallow of [false, true]) {
        const controller = new AbortController();
        const reason = new Error("stop");
        const iterate = async (): Promise<void> => {
          for await (const _ of store.list("", { signal: controller.signal, shallow })) controller.abort(reason);
        };
        await assert.rejects(iterate, (error) => error === reason, "it went on to the end");
      }
    },
  }),
  storePromise("write/aborted", "leaves the old or the new content whole when it is aborted half-way", {
    async run({ store }) {
      let content = noise(MIB, 1);
      await store.write("dir/file", content);
      for (const [i, after] of [-1, 0, 1, 3, 6].entries()) {
        const next = noise(16 * MIB, i + 2);
        const outcome = await stopped(after, (options) => store.write("dir/file", next, options));
        const bytes = await store.read("dir/file");
        if (outcome === "done") content = next;
        assertBytes(bytes, content, `the content after a write that was ${outcome}`);
      }
    },
  }),
  storePromise("openWrite/aborted", "leaves the old content when its signal is aborted half-way", {
    needs: ["write", "list"],
    async run({ store }) {
      const old = bytesOf("old");
      await store.write("dir/file", old);
      for (const path of ["dir/file", "dir/new"]) {
        const outcome = await stopped(1, async (options) => {
          const writer = (await store.openWrite(path, options)).getWriter();
          writer.closed.catch(() => undefined);
          for (let i = 0; i < 16; i++) {
            await writer.write(noise(MIB / 4, i));
            await new Promise((resolve) => setTimeout(resolve, 0));
          }
          await writer.close();
        });
        assert.equal(outcome, "stopped", "the stream could be closed although its signal was aborted");
      }
      assertBytes(await store.read("dir/file"), old, "the old content");
      const paths = (await collect(store.list(""))).filter((entry) => entry.kind === "file").map((entry) => entry.path);
      assert.deepEqual(paths, ["dir/file"], "something is left over");
    },
  }),
  storePromise("openRead/aborted", "stops when its signal is aborted half-way", {
    needs: ["put"],
    async run({ store, put }) {
      await put("file", noise(8 * MIB));
      const controller = new AbortController();
      const reason = new Error("stop");
      const stream = await store.openRead("file", { signal: controller.signal });
      const iterate = async (): Promise<void> => {
        for await (const _ of stream!) controller.abort(reason);
      };
      await assert.rejects(iterate, (error) => error === reason, "it went on to the end");
    },
  }),
  storePromise("writeMany/aborted", "writes nothing when its signal is aborted while the writes are collected", {
    needs: ["put"],
    async run({ store, put }) {
      const controller = new AbortController();
      const reason = new Error("stop");
      await put("old", bytesOf("old"));
      const before = await snapshot(store, ["old", "0", "1", "2"]);
      const produce = async function* (): AsyncGenerator<{ path: string; bytes: Uint8Array }> {
        for (const path of ["old", "0", "1", "2"]) {
          await Promise.resolve();
          yield { path, bytes: noise(1000) };
          if (path === "1") controller.abort(reason);
        }
      };
      await assert.rejects(store.writeMany(produce(), { signal: controller.signal }), (error) => error === reason);
      assert.deepEqual(await snapshot(store, ["old", "0", "1", "2"]), before);
    },
  }),
  storePromise("read/aborted", "gives the whole content or rejects with the reason when it is aborted half-way", {
    needs: ["put"],
    async run({ store, put }) {
      const content = noise(16 * MIB);
      await put("file", content);
      for (const after of [-1, 0, 1]) {
        await stopped(after, async (options) => {
          const bytes = await store.read("file", options);
          assert(bytes !== undefined && sameBytes(bytes, content), "a read that was aborted gave something else");
        });
      }
    },
  }),
];
