/** What `read` and `stat` promise. */

import assert from "node:assert/strict";
import type { ByteRange } from "../../backends/stores/store.ts";
import { assertBytes, assertText, bytesOf, KIB, MIB, noise } from "./assertions.ts";
import { type StorePromise, storePromise } from "./promise.ts";

const SIZES = [0, 1, 64 * KIB, 64 * KIB + 1, MIB + 1];

const TEN = bytesOf("0123456789");

const RANGES: readonly [range: ByteRange, expected: string][] = [
  [{ offset: 0 }, "0123456789"],
  [{ offset: 0, length: 4 }, "0123"],
  [{ offset: 3, length: 4 }, "3456"],
  [{ offset: 7 }, "789"],
  [{ offset: 7, length: 3 }, "789"],
  [{ offset: 7, length: undefined }, "789"],
  [{ offset: 9, length: 1 }, "9"],
  [{ suffix: 1 }, "9"],
  [{ suffix: 4 }, "6789"],
  [{ suffix: 10 }, "0123456789"],
];

const EDGES: readonly [range: ByteRange, expected: string][] = [
  [{ offset: 8, length: 100 }, "89"],
  [{ offset: 0, length: 1e9 }, "0123456789"],
  [{ offset: 10 }, ""],
  [{ offset: 10, length: 5 }, ""],
  [{ offset: 11 }, ""],
  [{ offset: 1e9, length: 5 }, ""],
  [{ offset: 3, length: 0 }, ""],
  [{ offset: 0, length: 0 }, ""],
  [{ suffix: 0 }, ""],
  [{ suffix: 11 }, "0123456789"],
  [{ suffix: 1e9 }, "0123456789"],
];

/** What `read` and `stat` promise. */
export const reading: readonly StorePromise[] = [
  storePromise("read/missing", "answers undefined when nothing is there", {
    async run({ store }) {
      assert.equal(await store.read("nothing"), undefined);
      assert.equal(await store.read("no/thing/here.txt"), undefined);
      assert.equal(await store.read("nothing", { range: { offset: 0, length: 1 } }), undefined);
    },
  }),
  storePromise("read/directory", "answers undefined for a directory and for the root", {
    needs: ["put"],
    async run({ store, put }) {
      await put("dir/sub/file", bytesOf("x"));
      for (const path of ["", "dir", "dir/sub"]) assert.equal(await store.read(path), undefined, path);
    },
  }),
  storePromise("read/below-file", "answers undefined below a file", {
    needs: ["put"],
    async run({ store, put }) {
      await put("file", bytesOf("x"));
      assert.equal(await store.read("file/below"), undefined);
      assert.equal(await store.read("file/far/below"), undefined);
    },
  }),
  storePromise("read/sizes", "gives back every byte of contents of any size", {
    needs: ["put"],
    async run({ store, put }) {
      for (const size of SIZES) {
        await put(`size/${size}`, noise(size, size + 1));
        assertBytes(await store.read(`size/${size}`), noise(size, size + 1), `${size} bytes`);
      }
    },
  }),
  storePromise("read/plain", "answers with a plain Uint8Array", {
    needs: ["put"],
    async run({ store, put }) {
      await put("file", bytesOf("abc"));
      for (const options of [undefined, { range: { offset: 1 } }]) {
        const bytes = await store.read("file", options);
        assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype, "not a subclass, such as Buffer");
      }
    },
  }),
  storePromise("read/own", "gives bytes that are the caller's own, with the buffer behind them", {
    needs: ["put"],
    async run({ store, put }) {
      await put("file", bytesOf("original"));
      for (const options of [undefined, { range: { offset: 0 } }, { range: { offset: 2, length: 3 } }]) {
        const bytes = await store.read("file", options);
        assert(bytes !== undefined);
        new Uint8Array(bytes.buffer).fill(0);
        await assertText(store, "file", "original");
      }
    },
  }),
  storePromise("read/into", "answers the same where it is told room, which stays the caller's own", {
    needs: ["put"],
    async run({ store, put }) {
      for (const size of [0, 10, 100_000, 2 ** 21]) {
        const content = noise(size, size);
        await put("file", content);
        for (const range of [undefined, { offset: 3, length: 90_000 }, { suffix: 4 }]) {
          const expected = await store.read("file", { range });
          for (const room of [0, expected!.length - 1, expected!.length, size + 5]) {
            const whole = new Uint8Array(Math.max(0, room) + 2).fill(7);
            const into = whole.subarray(1, -1);
            assertBytes(await store.read("file", { range, into }), expected!, `${room} bytes for ${expected!.length}`);
            assert.deepEqual([whole[0], whole.at(-1)], [7, 7], "what lies around the room has changed");
            whole.fill(9);
            assertBytes(await store.read("file"), content, "the content, when the room has changed");
          }
        }
      }
      assert.equal(await store.read("nothing", { into: new Uint8Array(10) }), undefined);
    },
  }),
  storePromise("read/range", "reads a range", {
    needs: ["put"],
    async run({ store, put }) {
      await put("ten", TEN);
      for (const [range, expected] of RANGES) {
        assertBytes(await store.read("ten", { range }), bytesOf(expected), JSON.stringify(range));
      }
    },
  }),
  storePromise("read/range-edges", "cuts a range at the end of the content and never pads it", {
    needs: ["put"],
    async run({ store, put }) {
      await put("ten", TEN);
      for (const [range, expected] of EDGES) {
        assertBytes(await store.read("ten", { range }), bytesOf(expected), JSON.stringify(range));
      }
    },
  }),
  storePromise("read/range-empty", "answers any range of an empty file with no bytes", {
    needs: ["put"],
    async run({ store, put }) {
      await put("empty", new Uint8Array());
      for (const [range] of [...RANGES, ...EDGES]) {
        assertBytes(await store.read("empty", { range }), new Uint8Array(), JSON.stringify(range));
      }
    },
  }),
  storePromise("read/range-large", "reads a range across 64 KiB and 1 MiB boundaries", {
    needs: ["put"],
    async run({ store, put }) {
      const whole = noise(2 * MIB + 7);
      await put("large", whole);
      for (const offset of [64 * KIB - 1, 64 * KIB, MIB - 3, MIB, 2 * MIB]) {
        for (const length of [1, 7, 64 * KIB + 1]) {
          const bytes = await store.read("large", { range: { offset, length } });
          assertBytes(bytes, whole.subarray(offset, offset + length), `${length} bytes at ${offset}`);
        }
      }
      assertBytes(await store.read("large", { range: { suffix: MIB + 9 } }), whole.subarray(-MIB - 9), "suffix");
    },
  }),
  storePromise("stat/root", "says that the root is a directory, in an empty store too", {
    async run({ store }) {
      assert.equal((await store.stat(""))?.kind, "directory");
    },
  }),
  storePromise("stat/missing", "answers undefined when nothing is there, and below a file", {
    needs: ["put"],
    async run({ store, put }) {
      await put("file", bytesOf("x"));
      for (const path of ["nothing", "no/thing", "file/below", "file/far/below", "fil", "files"]) {
        assert.equal(await store.stat(path), undefined, path);
      }
    },
  }),
  storePromise("stat/file", "tells the kind of a file, and its size and time if it knows them", {
    needs: ["put"],
    async run({ store, put }) {
      const before = Date.now();
      await put("dir/file", noise(1000));
      const stat = await store.stat("dir/file");
      assert.equal(stat?.kind, "file");
      assert.equal(stat.size ?? 1000, 1000, "size");
      if (stat.modified === undefined) return;
      assert(Math.abs(stat.modified.getTime() - before) < 3_600_000, `modified ${stat.modified} is not now`);
    },
  }),
  storePromise("stat/directory", "tells that a directory is one, and no size of it", {
    needs: ["put"],
    async run({ store, put }) {
      await put("a/b/file", bytesOf("x"));
      for (const path of ["", "a", "a/b"]) {
        const stat = await store.stat(path);
        assert.equal(stat?.kind, "directory", path);
        assert.equal(stat.size, undefined, `size of the directory ${JSON.stringify(path)}`);
      }
    },
  }),
  storePromise("stat/creates-nothing", "creates nothing, nor does read", {
    needs: ["list"],
    async run({ store }) {
      await store.stat("a/b");
      await store.read("c/d");
      for await (const entry of store.list("")) assert.fail(`reading created ${entry.path}`);
    },
  }),
];
