/** What `readMany` and `writeMany` promise. */

import assert from "node:assert/strict";
import type { WriteRequest } from "../../backends/stores/store.ts";
import {
  assertBytes,
  assertText,
  bytesOf,
  MIB,
  noise,
  published,
  publishesNothing,
  rejectsWith,
} from "./assertions.ts";
import { type StorePromise, storePromise } from "./promise.ts";

const BEFORE = ["old", "dir/file"];
const GOOD: readonly WriteRequest[] = ["old", "new1", "deep/er/new2"].map((path) => ({ path, bytes: bytesOf("good") }));

/** What `readMany` and `writeMany` promise. */
export const batches: readonly StorePromise[] = [
  storePromise("readMany/order", "answers in the order asked for, a path asked for twice included", {
    needs: ["put"],
    async run({ store, put }) {
      const paths = Array.from({ length: 50 }, (_, i) => `${i % 3}/${(i * 37) % 50}`);
      for (const [i, path] of paths.entries()) await put(path, noise(i, i));
      const asked = [...paths.toReversed(), paths[3]!, paths[3]!];
      const all = await store.readMany(asked);
      assert.equal(all.length, asked.length);
      for (const [k, path] of asked.entries()) {
        const i = paths.indexOf(path);
        assertBytes(all[k], noise(i, i), `answer ${k}, for ${path}`);
      }
    },
  }),
  storePromise("readMany/undefined", "answers undefined where read does", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["a", "dir/file"]);
      const all = await store.readMany(["nothing", "a", "dir", "", "a/below", "dir/file"]);
      const texts = all.map((bytes) => bytes && new TextDecoder().decode(bytes));
      assert.deepEqual(texts, [undefined, "a", undefined, undefined, undefined, "dir/file"]);
      assert.deepEqual(await store.readMany([]), []);
    },
  }),
  storePromise("readMany/own", "gives bytes that are the caller's own", {
    needs: ["put"],
    async run({ store, put }) {
      await put("a", bytesOf("original"));
      for (const bytes of await store.readMany(["a", "a"])) new Uint8Array(bytes!.buffer).fill(0);
      const [first, second] = await store.readMany(["a", "a"]);
      first!.fill(0);
      assertBytes(second, bytesOf("original"), "the other answer");
    },
  }),
  storePromise("writeMany/writes", "writes every file, makes parents, and answers their etags in order", {
    async run({ store }) {
      const writes = Array.from({ length: 40 }, (_, i) => ({ path: `${i % 3}/${i}`, bytes: noise(i * 100, i) }));
      const results = await store.writeMany(writes);
      assert.equal(results.length, writes.length);
      for (const [i, { path, bytes }] of writes.entries()) {
        assertBytes(await store.read(path), bytes, path);
        assert.equal((await store.stat(path))?.etag, results[i]?.etag, `etag of ${path}`);
      }
      assert.deepEqual(await store.writeMany([]), []);
    },
  }),
  storePromise("writeMany/iterables", "takes its writes from any iterable, an asynchronous one too", {
    async run({ store }) {
      await store.writeMany(new Set(GOOD));
      for (const { path } of GOOD) await assertText(store, path, "good");
      const produce = async function* (): AsyncGenerator<WriteRequest> {
        for (let i = 0; i < 8; i++) {
          await Promise.resolve();
          yield { path: `large/${i}`, bytes: noise(MIB / 4, i) };
        }
      };
      assert.equal((await store.writeMany(produce())).length, 8);
      for (let i = 0; i < 8; i++) assertBytes(await store.read(`large/${i}`), noise(MIB / 4, i), `large/${i}`);
    },
  }),
  storePromise(
    "writeMany/keeps-no-reference",
    "does not keep the bytes it was given, nor a buffer that is used again",
    {
      async run({ store }) {
        const one = bytesOf("original");
        const shared = new Uint8Array(1000);
        await store.writeMany([{ path: "one", bytes: one }, { path: "view", bytes: noise(100).subarray(10, 20) }]);
        one.fill(0);
        await assertText(store, "one", "original");
        assertBytes(await store.read("view"), noise(100).slice(10, 20), "view");
        const produce = async function* (): AsyncGenerator<WriteRequest> {
          for (let i = 0; i < 4; i++) {
            await Promise.resolve();
            yield { path: `shared/${i}`, bytes: shared.fill(i) };
          }
        };
        await store.writeMany(produce());
        for (let i = 0; i < 4; i++) {
          assertBytes(await store.read(`shared/${i}`), new Uint8Array(1000).fill(i), `shared/${i}`);
        }
      },
    },
  ),
  storePromise("writeMany/duplicates", "lets the last of two writes to one path win", {
    async run({ store }) {
      const contents = ["1", "second", "3"];
      const results = await store.writeMany([
        ...contents.map((content) => ({ path: "same", bytes: bytesOf(content) })),
        { path: "other", bytes: bytesOf("other") },
      ]);
      assert.equal(results.length, 4);
      await assertText(store, "same", "3");
      await assertText(store, "other", "other");
      assert.equal((await store.stat("same"))?.etag, results[2]?.etag);
    },
  }),
  storePromise("writeMany/onto-directory", "publishes nothing if one path is a directory, or below a file", {
    needs: ["put"],
    async run({ store, put }) {
      for (const path of BEFORE) await put(path, bytesOf("before"));
      for (const [path, code] of [["dir", "is-a-directory"], ["dir/file/below", "not-a-directory"]] as const) {
        for (const at of [0, 1, 3]) {
          const writes = GOOD.toSpliced(at, 0, { path, bytes: bytesOf("bad") });
          await publishesNothing(store, () => store.writeMany(writes), [code], [...BEFORE, "new1", "deep/er/new2"]);
        }
      }
    },
  }),
  storePromise("writeMany/conflict", "publishes nothing if one path of the batch is the parent of another", {
    async run({ store }) {
      const writes = [...GOOD, { path: "new1/below", bytes: bytesOf("bad") }];
      for (const batch of [writes, writes.toReversed()]) {
        const write = () => store.writeMany(batch);
        await publishesNothing(store, write, ["not-a-directory", "is-a-directory"], ["old", "new1", "new1/below"]);
      }
    },
  }),
  storePromise("writeMany/if-absent", "publishes nothing with ifAbsent if one of the files is there", {
    needs: ["put"],
    async run({ store, put }) {
      await put("old", bytesOf("before"));
      for (const batch of [GOOD, GOOD.toReversed()]) {
        const write = () => store.writeMany(batch, { ifAbsent: true });
        await publishesNothing(store, write, ["already-exists"], ["old", "new1", "deep/er/new2"]);
      }
      await store.writeMany(GOOD.slice(1), { ifAbsent: true });
      await assertText(store, "deep/er/new2", "good");
    },
  }),
  storePromise(
    "writeMany/source-fails",
    "publishes nothing if the source of the writes fails, and rejects with its error",
    {
      needs: ["put"],
      async run({ store, put }) {
        await put("old", bytesOf("before"));
        const before = await published(store, ["old", "new1", "deep/er/new2"]);
        const failure = new Error("the source failed");
        const produce = async function* (): AsyncGenerator<WriteRequest> {
          yield* GOOD;
          await Promise.resolve();
          throw failure;
        };
        await assert.rejects(store.writeMany(produce()), (error) => error === failure);
        assert.deepEqual(await published(store, ["old", "new1", "deep/er/new2"]), before);
      },
    },
  ),
  storePromise("writeMany/source-released", "ends the source of the writes when it refuses one", {
    needs: ["put"],
    async run({ store, put }) {
      await put("dir/file", bytesOf("before"));
      let ended = false;
      const produce = async function* (): AsyncGenerator<WriteRequest> {
        try {
          yield { path: "dir", bytes: bytesOf("bad") };
          for (let i = 0; i < 3; i++) yield { path: `${i}`, bytes: bytesOf("good") };
        } finally {
          ended = true;
        }
      };
      await rejectsWith(store.writeMany(produce()), "is-a-directory");
      assert(ended, "the generator was left hanging");
    },
  }),
];
