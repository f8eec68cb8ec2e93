/** What `openWrite` promises. */

import assert from "node:assert/strict";
import type { ErrorCode } from "../../backends/errors.ts";
import type { WriteOptions } from "../../backends/stores/store.ts";
import { assertBytes, assertListed, assertText, bytesOf, KIB, MIB, noise, refuses, together } from "./assertions.ts";
import { type StorePromise, storePromise, type StoreWith } from "./promise.ts";

/** Streams `chunks` to `path`; rejects if opening, writing or closing does. */
async function stream(
  store: StoreWith<"openWrite">,
  path: string,
  chunks: Iterable<Uint8Array>,
  options?: WriteOptions,
): Promise<void> {
  const writer = (await store.openWrite(path, options)).getWriter();
  // A stream that errors says so through `closed` too.
  writer.closed.catch(() => undefined);
  for (const chunk of chunks) await writer.write(chunk);
  await writer.close();
}

/** What `openWrite` promises. */
export const openWrite: readonly StorePromise[] = [
  storePromise("openWrite/chunks", "writes chunks of any size, and makes parents", {
    async run({ store }) {
      const whole = noise(500_000);
      const sizes = [0, 1, 7, 64 * KIB, 0, 64 * KIB + 1, 300_000, 3];
      const chunks: Uint8Array[] = [];
      for (let i = 0, at = 0; at < whole.length; at += chunks[i++]!.length) {
        chunks.push(whole.subarray(at, at + sizes[i % sizes.length]!));
      }
      await stream(store, "a/b/file", chunks);
      assertBytes(await store.read("a/b/file"), whole, "chunks of odd sizes");
    },
  }),
  storePromise("openWrite/empty", "creates an empty file if nothing is written before the close", {
    async run({ store }) {
      await stream(store, "none", []);
      await stream(store, "empty", [new Uint8Array()]);
      for (const path of ["none", "empty"]) assertBytes(await store.read(path), new Uint8Array(), path);
    },
  }),
  storePromise("openWrite/replaces", "replaces a file, which then has another etag", {
    needs: ["write"],
    async run({ store }) {
      const { etag } = await store.write("file", noise(1000));
      await stream(store, "file", [noise(1000)]);
      assertBytes(await store.read("file"), noise(1000), "the content");
      const next = (await store.stat("file"))?.etag;
      assert(next !== undefined && next !== etag, "the etag did not change");
      await store.write("file", bytesOf("x"), { ifMatch: next });
    },
  }),
  storePromise("openWrite/keeps-no-reference", "does not keep the chunks it was given", {
    async run({ store }) {
      const chunk = new Uint8Array(10_000);
      const reuse = function* (): Generator<Uint8Array> {
        for (let i = 1; i <= 20; i++) yield chunk.fill(i).subarray(0, 500 * i);
      };
      await stream(store, "file", reuse());
      chunk.fill(0);
      const expected = Array.from({ length: 20 }, (_, i) => new Uint8Array(500 * (i + 1)).fill(i + 1));
      assertBytes(await store.read("file"), await new Blob(expected).bytes(), "chunks of one buffer");
    },
  }),
  storePromise("openWrite/large", "writes 32 MiB in chunks of 64 KiB", {
    async run({ store }) {
      const chunk = noise(64 * KIB);
      await stream(store, "large", Array<Uint8Array>(512).fill(chunk));
      const bytes = await store.read("large");
      assert.equal(bytes?.length, 32 * MIB);
      for (let at = 0; at < bytes.length; at += chunk.length) {
        assertBytes(bytes.subarray(at, at + chunk.length), chunk, `at ${at}`);
      }
    },
  }),
  storePromise("openWrite/unpublished", "publishes nothing before it is closed", {
    needs: ["list", "write"],
    async run({ store }) {
      await store.write("dir/old", bytesOf("old"));
      const writers = [];
      for (const path of ["dir/old", "dir/new"]) writers.push((await store.openWrite(path)).getWriter());
      for (const writer of writers) await writer.write(noise(200_000));
      await assertText(store, "dir/old", "old");
      assert.equal(await store.stat("dir/new"), undefined);
      await assertListed(store, "", ["dir/", "dir/old"]);
      await assertListed(store, "dir", ["dir/old"], { shallow: true });
      for (const writer of writers) await writer.close();
      await assertListed(store, "", ["dir/", "dir/new", "dir/old"]);
      for (const path of ["dir/old", "dir/new"]) assertBytes(await store.read(path), noise(200_000), path);
    },
  }),
  storePromise("openWrite/abort", "leaves the old content and nothing else when it is aborted", {
    needs: ["list", "write"],
    async run({ store }) {
      await store.write("dir/old", bytesOf("old"));
      for (const path of ["dir/old", "dir/new"]) {
        for (const chunks of [[], [noise(10)], [noise(100_000), noise(MIB)]]) {
          const writer = (await store.openWrite(path)).getWriter();
          writer.closed.catch(() => undefined);
          for (const chunk of chunks) await writer.write(chunk);
          await writer.abort(new Error("enough"));
        }
      }
      await assertText(store, "dir/old", "old");
      await assertListed(store, "", ["dir/", "dir/old"]);
    },
  }),
  storePromise("openWrite/source-fails", "leaves the old content when the source of the bytes fails", {
    needs: ["list", "write"],
    async run({ store }) {
      await store.write("old", bytesOf("old"));
      const failure = new Error("the source failed");
      for (const path of ["old", "new"]) {
        const source = ReadableStream.from((async function* (): AsyncGenerator<Uint8Array> {
          yield noise(100_000);
          await Promise.resolve();
          throw failure;
        })());
        await assert.rejects(source.pipeTo(await store.openWrite(path)), (error) => error === failure);
      }
      await assertText(store, "old", "old");
      await assertListed(store, "", ["old"]);
    },
  }),
  storePromise("openWrite/refuses", "refuses what write refuses, at the close at the latest", {
    needs: ["write"],
    async run({ store }) {
      const { etag } = await store.write("dir/file", bytesOf("old"));
      const cases: readonly [path: string, codes: ErrorCode[], options?: WriteOptions][] = [
        ["dir", ["is-a-directory"]],
        ["", ["is-a-directory"]],
        ["dir/file/below", ["not-a-directory"]],
        ["dir/file", ["already-exists"], { ifAbsent: true }],
        ["dir/file", ["precondition-failed"], { ifMatch: "another" }],
        ["missing", ["precondition-failed"], { ifMatch: etag }],
      ];
      for (const [path, codes, options] of cases) {
        for (const chunks of [[], [noise(100_000)]]) {
          await refuses(store, () => stream(store, path, chunks, options), codes, ["dir/file", path]);
        }
      }
      await stream(store, "absent", [bytesOf("x")], { ifAbsent: true });
      await stream(store, "dir/file", [bytesOf("new")], { ifMatch: etag });
      await assertText(store, "dir/file", "new");
    },
  }),
  storePromise(
    "openWrite/conditions-at-close",
    "holds ifAbsent and ifMatch against what happened since it was opened",
    {
      needs: ["write"],
      async run({ store }) {
        const { etag } = await store.write("old", bytesOf("old"));
        const cases = [["new", { ifAbsent: true }, "already-exists"], [
          "old",
          { ifMatch: etag },
          "precondition-failed",
        ]];
        for (const [path, options, code] of cases as [string, WriteOptions, ErrorCode][]) {
          const writer = (await store.openWrite(path, options)).getWriter();
          writer.closed.catch(() => undefined);
          await writer.write(bytesOf("mine"));
          await store.write(path, bytesOf("theirs"));
          await refuses(store, () => writer.close(), [code], [path]);
          await assertText(store, path, "theirs");
        }
      },
    },
  ),
  storePromise("openWrite/parallel", "writes many files at once, and one path by several writers whole", {
    async run({ store }) {
      const write = (path: string, seed: number) => stream(store, path, [1, 2, 3].map(() => noise(50_000, seed)));
      await together(Array.from({ length: 16 }, (_, i) => write(`file${i % 8}`, i % 8)));
      for (let i = 0; i < 8; i++) {
        const expected = await new Blob([1, 2, 3].map(() => noise(50_000, i) as Uint8Array<ArrayBuffer>)).bytes();
        assertBytes(await store.read(`file${i}`), expected, `file${i}`);
      }
    },
  }),
  storePromise("openWrite/through-link", "writes through a link, which stays a link", {
    needs: ["write", "createSymlink", "readSymlink"],
    async run({ store }) {
      await store.write("dir/target", bytesOf("old"));
      await store.createSymlink("dir/target", "link");
      await stream(store, "link", [bytesOf("new")]);
      await assertText(store, "dir/target", "new");
      assert.equal(await store.readSymlink("link"), "dir/target");
    },
  }),
];
