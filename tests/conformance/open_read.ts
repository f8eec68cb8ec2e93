/** What `openRead` promises. */

import assert from "node:assert/strict";
import { assertBytes, assertText, bytesOf, drain, KIB, MIB, noise, sameBytes, together } from "./assertions.ts";
import { type StorePromise, storePromise } from "./promise.ts";

/** What `openRead` promises. */
export const openRead: readonly StorePromise[] = [
  storePromise("openRead/whole", "streams contents of any size", {
    needs: ["put"],
    async run({ store, put }) {
      for (const size of [0, 1, 64 * KIB, 64 * KIB + 1, 5 * MIB + 1]) {
        await put("dir/file", noise(size));
        assertBytes(await drain(await store.openRead("dir/file")), noise(size), `${size} bytes`);
      }
    },
  }),
  storePromise("openRead/undefined", "answers undefined where read does", {
    needs: ["put"],
    async run({ store, putNamed }) {
      await putNamed(["dir/file"]);
      for (const path of ["nothing", "no/thing", "dir", "", "dir/file/below"]) {
        assert.equal(await store.openRead(path), undefined, path);
        assert.equal(await store.openRead(path, { range: { suffix: 1 } }), undefined, path);
      }
    },
  }),
  storePromise("openRead/range", "streams a range, cut at the end of the content", {
    needs: ["put"],
    async run({ store, put }) {
      const whole = noise(3 * MIB + 5);
      await put("file", whole);
      const end = whole.length;
      const cases = [[0, 10], [MIB - 3, 2 * MIB], [end - 4, 4], [end - 4, 100], [end, 5], [end + 1, 5], [
        7,
        0,
      ]] as const;
      for (const [offset, length] of cases) {
        const bytes = await drain(await store.openRead("file", { range: { offset, length } }));
        assertBytes(bytes, whole.subarray(offset, offset + length), `${length} bytes at ${offset}`);
      }
      for (const suffix of [1, 2 * MIB, end, end + 10]) {
        const bytes = await drain(await store.openRead("file", { range: { suffix } }));
        assertBytes(bytes, whole.subarray(Math.max(0, end - suffix)), `the last ${suffix} bytes`);
      }
      assertBytes(await drain(await store.openRead("file", { range: { suffix: 0 } })), new Uint8Array(), "suffix 0");
      assertBytes(await drain(await store.openRead("file", { range: { offset: MIB } })), whole.subarray(MIB), "rest");
    },
  }),
  storePromise("openRead/own", "gives chunks that are the caller's own", {
    needs: ["put"],
    async run({ store, put }) {
      await put("file", noise(200_000));
      const stream = await store.openRead("file");
      assert(stream !== undefined);
      for await (const chunk of stream) new Uint8Array(chunk.buffer).fill(0);
      assertBytes(await store.read("file"), noise(200_000), "the content, after its chunks were overwritten");
    },
  }),
  storePromise("openRead/cancel", "lets go of everything when the stream is cancelled half-way", {
    needs: ["put", "write", "delete"],
    async run({ store, put }) {
      await put("file", noise(2 * MIB));
      for (let i = 0; i < 20; i++) {
        const stream = await store.openRead("file");
        const reader = stream!.getReader();
        assert(i % 2 === 0 || !(await reader.read()).done);
        await reader.cancel();
      }
      await store.write("file", bytesOf("still writable"));
      await assertText(store, "file", "still writable");
      await store.delete("file");
    },
  }),
  storePromise("openRead/replaced", "streams the old or the new content when the file is replaced meanwhile", {
    needs: ["write"],
    async run({ store }) {
      const contents = [noise(4 * MIB, 1), noise(3 * MIB + 1, 2), noise(5 * MIB, 3), new Uint8Array()];
      await store.write("file", contents[0]!);
      for (const next of contents.slice(1)) {
        const stream = await store.openRead("file");
        const reader = stream!.getReader();
        const parts: Uint8Array[] = [];
        for (let result = await reader.read(); !result.done; result = await reader.read()) {
          parts.push(result.value.slice());
          if (parts.length === 1) await store.write("file", next);
        }
        const whole = await new Blob(parts as Uint8Array<ArrayBuffer>[]).bytes();
        assert(
          contents.some((content) => sameBytes(content, whole)),
          `${whole.length} bytes were mixed of two contents`,
        );
      }
    },
  }),
  storePromise("openRead/deleted", "streams the whole content although the file is deleted meanwhile, or fails", {
    needs: ["write", "delete"],
    async run({ store }) {
      await store.write("file", noise(4 * MIB));
      const reader = (await store.openRead("file"))!.getReader();
      let length = 0;
      try {
        for (let result = await reader.read(); !result.done; result = await reader.read()) {
          if (length === 0) await store.delete("file");
          length += result.value.length;
        }
      } catch {
        return;
      }
      assert.equal(length, 4 * MIB, "the stream ended early, as if the content were shorter");
    },
  }),
  storePromise("openRead/parallel", "streams many files, or one many times, at once", {
    needs: ["put"],
    async run({ store, put }) {
      for (let i = 0; i < 4; i++) await put(`${i}`, noise(300_000 + i, i));
      await together(Array.from({ length: 16 }, async (_, i) => {
        assertBytes(await drain(await store.openRead(`${i % 4}`)), noise(300_000 + i % 4, i % 4), `file ${i % 4}`);
      }));
    },
  }),
];
