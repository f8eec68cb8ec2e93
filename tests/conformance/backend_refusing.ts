/** What `save` and `load` refuse because of the value or the format. */

import assert from "node:assert/strict";
import { bytesOf } from "./assertions.ts";
import { assertSame, fails, refuses } from "./backend_assertions.ts";
import { type BackendPromise, backendPromise } from "./backend_promise.ts";

/** Values that a format cannot keep, by the path. */
const REFUSED: Readonly<Record<string, readonly unknown[]>> = {
  "dir/file.json": [
    undefined,
    Number.NaN,
    -Infinity,
    1n,
    new Date(0),
    new Map(),
    { a: undefined },
    [1, , 3],
    { f: () => 1 },
    new Uint8Array(2),
  ],
  "dir/file.txt": [1, null, "\ud800", ["text"], bytesOf("text"), new String("text")],
  "dir/file.npy": [[1, 2], new Float32Array(2), bytesOf("bytes"), { shape: [1] }, null],
  "dir/file.npz": [[], { a: [1] }, null, bytesOf("bytes")],
  "dir/file.csv": ["text", { a: 1 }, [{ a: 1 }], [{ a: "1" }, { b: "2" }], null],
};

/** What the file held before. */
const KEPT: Readonly<Record<string, unknown>> = {
  "dir/file.json": { old: true },
  "dir/file.txt": "old",
  "dir/file.csv": [{ old: "1" }],
};

/** What `save` and `load` refuse. */
export const backendRefusing: readonly BackendPromise[] = [
  backendPromise("save/invalid-value", "refuses what its format would change, and writes nothing", [
    "formats",
  ], async ({ backend }) => {
    for (const [path, value] of Object.entries(KEPT)) await backend.save(value, path);
    for (const [path, values] of Object.entries(REFUSED)) {
      for (const value of values) {
        for (const place of [path, `new/${path}`]) {
          await refuses(backend, () => backend.save(value, place), "invalid-value", place);
        }
      }
    }
    for (const [path, value] of Object.entries(KEPT)) assertSame(await backend.load(path), value, path);
  }),
  backendPromise("save/unknown-format", "refuses a value for whose suffix no format is known, and writes nothing", [
    "formats",
  ], async ({ backend }) => {
    await backend.save(bytesOf("old"), "old.unknown");
    for (const path of ["old.unknown", "new.unknown", "new", "dir/.json", "a.json/new"]) {
      await refuses(backend, () => backend.save({ a: 1 }, path), "unknown-format", path);
      await refuses(backend, () => backend.save("text", path), "unknown-format", path);
    }
    for (const format of ["unknown", "", ".unknown", "jso"]) {
      const save = () => backend.save({ a: 1 }, "new.json", { format });
      await refuses(backend, save, "unknown-format", "new.json");
      await fails(backend.load("old.unknown", { format }), "unknown-format", "old.unknown");
    }
  }),
  backendPromise("save/unclonable", "refuses what a copy would change, and writes nothing", ["values"], async ({
    backend,
  }) => {
    class Point {
      readonly x = 1;
    }
    await backend.save("old", "old");
    const values = [() => 1, Symbol("s"), new Point(), { f: () => 1 }, [new Point()], new Map([["a", Symbol()]])];
    for (
      const value of [...values, new WeakMap(), Promise.resolve(1), {
        get a() {
          return 1;
        },
      }]
    ) {
      for (const path of ["old", "a/new"]) {
        await refuses(
          backend,
          () => backend.save(value, path),
          "invalid-value",
          path,
        );
      }
    }
    assert.equal(await backend.load("old"), "old");
  }),
  backendPromise(
    "load/corrupt",
    "refuses content that is not what its format says",
    ["formats"],
    async ({ backend }) => {
      const contents = [
        ["a.json", "{"],
        ["a.npy", "not an array"],
        ["a.npz", "not an archive"],
        ["a.csv", 'a,b\n"'],
        ["a.json", ""],
      ];
      for (const [path, content] of contents as [string, string][]) {
        await backend.save(bytesOf(content), path, { format: "bytes" });
        await fails(backend.load(path), "corrupt", path);
        await fails(backend.loadBatch([path]), "corrupt", path);
        assertSame(await backend.load(path, { format: "bytes" }), bytesOf(content), "the bytes of it");
      }
      await backend.save(new Uint8Array([0xff]), "a.txt", { format: "bytes" });
      await fails(backend.load("a.txt"), "corrupt", "a.txt");
    },
  ),
];
