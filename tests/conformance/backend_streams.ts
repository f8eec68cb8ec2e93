/** What `openRead` and `openWrite` promise. */

import assert from "node:assert/strict";
import type { ErrorCode } from "../../backends/errors.ts";
import type { WriteOptions } from "../../backends/stores/store.ts";
import { assertBytes, bytesOf, drain, noise } from "./assertions.ts";
import { assertHolds, assertSame, assertTree, fails, refuses } from "./backend_assertions.ts";
import { type BackendPromise, backendPromise, type BackendTrial } from "./backend_promise.ts";
import { array } from "./backend_values.ts";

/** The encoded content of a file. */
async function encoded({ backend }: BackendTrial, path: string): Promise<Uint8Array> {
  return await drain(await backend.openRead!(path));
}

/** Streams content to a path; rejects if opening, writing or closing does. */
async function stream(
  { backend }: BackendTrial,
  path: string,
  content: readonly Uint8Array[],
  options?: WriteOptions,
): Promise<void> {
  const writer = (await backend.openWrite!(path, options)).getWriter();
  writer.closed.catch(() => undefined);
  for (const chunk of content) await writer.write(chunk);
  await writer.close();
}

/** What `openRead` and `openWrite` promise. */
export const backendStreams: readonly BackendPromise[] = [
  backendPromise("openRead/content", "gives the encoded content", ["save", "openRead"], async (trial) => {
    const { backend } = trial;
    await backend.save(noise(700_000), "bytes");
    assertBytes(await encoded(trial, "bytes"), noise(700_000), "bytes");
    if (!trial.has("formats") && !trial.has("values")) return;
    await backend.save({ b: 1, a: [] }, "tree.json");
    assert.equal(new TextDecoder().decode(await encoded(trial, "tree.json")), '{"b":1,"a":[]}');
    await backend.save("\ufefftext\r\n", "text.txt");
    assertBytes(await encoded(trial, "text.txt"), bytesOf("\ufefftext\r\n"), "text");
    await backend.save(array("float64", [2, 3], "F"), "array.npy");
    const npy = await encoded(trial, "array.npy");
    assert.equal(new TextDecoder("latin1").decode(npy.subarray(1, 6)), "NUMPY");
  }),
  backendPromise("openRead/range", "gives the range that is asked for, cut at the end", ["save", "openRead"], async (
    { backend },
  ) => {
    await backend.save(bytesOf("0123456789"), "file");
    const ranges = [
      [{ offset: 2 }, "23456789"],
      [{ offset: 2, length: 3 }, "234"],
      [{ offset: 8, length: 10 }, "89"],
      [{ offset: 10 }, ""],
      [{ offset: 50, length: 1 }, ""],
      [{ offset: 0, length: 0 }, ""],
      [{ suffix: 3 }, "789"],
      [{ suffix: 50 }, "0123456789"],
      [{ suffix: 0 }, ""],
    ] as const;
    for (const [range, expected] of ranges) {
      const bytes = await drain(await backend.openRead!("file", { range }));
      assert.equal(new TextDecoder().decode(bytes), expected, JSON.stringify(range));
    }
  }),
  backendPromise("openRead/cancel", "can be left before its end", ["save", "openRead"], async ({ backend }) => {
    await backend.save(noise(3_000_000), "file");
    await (await backend.openRead!("file")).cancel();
    const reader = (await backend.openRead!("file")).getReader();
    await reader.read();
    await reader.cancel();
  }),
  backendPromise("openRead/own", "gives bytes that are the caller's own", ["save", "openRead"], async ({ backend }) => {
    await backend.save(bytesOf("0123456789"), "file");
    for await (const chunk of await backend.openRead!("file")) chunk.fill(0);
    assertSame(await backend.load("file"), bytesOf("0123456789"), "what is stored");
  }),
  backendPromise("openWrite/content", "publishes what load decodes when it is closed, and makes parents", [
    "save",
    "openWrite",
  ], async (trial) => {
    const { backend } = trial;
    const parts = [noise(10), new Uint8Array(), noise(300_000)];
    await stream(trial, "a/b/file", parts);
    const whole = new Uint8Array([...noise(10), ...noise(300_000)]);
    assertBytes(await backend.load("a/b/file") as Uint8Array, whole, "bytes");
    await stream(trial, "empty", []);
    assertSame(await backend.load("empty"), new Uint8Array(), "nothing");
    if (!trial.has("formats") && !trial.has("values")) return;
    await stream(trial, "tree.json", [bytesOf('{"b":-0,'), bytesOf('"a":[]}')]);
    assertSame(await backend.load("tree.json"), { b: -0, a: [] }, "json");
    await backend.save(array("int16", [2, 3], "F"), "array.npy");
    await stream(trial, "copy.npy", [await encoded(trial, "array.npy")]);
    assertSame(await backend.load("copy.npy"), array("int16", [2, 3], "F"), "npy");
  }),
  backendPromise("openWrite/keeps-no-reference", "does not keep the chunks it was given", [
    "save",
    "openWrite",
  ], async (trial) => {
    const chunk = bytesOf("aaa");
    const writer = (await trial.backend.openWrite!("file")).getWriter();
    for (const letter of ["a", "b", "c"]) await writer.write(chunk.fill(letter.charCodeAt(0)));
    await writer.close();
    chunk.fill(0);
    assertSame(await trial.backend.load("file"), bytesOf("aaabbbccc"), "chunks of one buffer");
  }),
  backendPromise("openWrite/abort", "leaves the old content when it is not closed but aborted", [
    "save",
    "list",
    "openWrite",
  ], async (trial) => {
    await trial.put("old", "dir/old");
    for (const path of ["dir/old", "dir/new"]) {
      const writer = (await trial.backend.openWrite!(path)).getWriter();
      writer.closed.catch(() => undefined);
      await writer.write(noise(100_000));
      await assertHolds(trial, path, path === "dir/old" ? "old" : undefined);
      await writer.abort(new Error("enough"));
    }
    await assertHolds(trial, "dir/old", "old");
    await assertTree(trial, ["dir/", "dir/old"]);
  }),
  backendPromise("openWrite/corrupt", "refuses at the close what is not in its format, and leaves the old value", [
    "values",
    "openWrite",
  ], async (trial) => {
    const { backend } = trial;
    await backend.save({ old: 1 }, "dir/a.json");
    for (const path of ["dir/a.json", "new.json"]) {
      await refuses(backend, () => stream(trial, path, [bytesOf("{ not JSON")]), "corrupt", path);
    }
    await refuses(backend, () => stream(trial, "new.npy", [bytesOf("x")]), "corrupt", "new.npy");
  }),
  backendPromise("openWrite/refuses", "refuses what save refuses, at the close at the latest", [
    "save",
    "openWrite",
  ], async (trial) => {
    const { backend, has } = trial;
    await trial.put("old", "dir/file");
    const cases: [path: string, codes: ErrorCode[], options?: WriteOptions][] = [
      ["dir", ["is-a-directory"]],
      ["", ["is-a-directory"]],
      ["dir/file/below", ["not-a-directory"]],
      ["dir/file", ["already-exists"], { ifAbsent: true }],
    ];
    if (has("etags")) {
      cases.push(["dir/file", ["precondition-failed"], { ifMatch: "another" }]);
      cases.push(["missing", ["precondition-failed"], { ifMatch: "another" }]);
    }
    for (const [path, codes, options] of cases) {
      await refuses(backend, () => stream(trial, path, [noise(10)], options), codes, path);
    }
    await stream(trial, "new", [noise(10)], { ifAbsent: true });
    await stream(trial, "dir/file", [noise(10)], { ifMatch: (await backend.stat("dir/file")).etag });
    assertSame(await backend.load("dir/file"), noise(10), "with the right etag");
  }),
  backendPromise("openWrite/late", "explains what goes wrong at the close as everything else", [
    "save",
    "openWrite",
  ], async (trial) => {
    const { backend } = trial;
    const writer = (await backend.openWrite!("new", { ifAbsent: true })).getWriter();
    writer.closed.catch(() => undefined);
    await writer.write(noise(10));
    await trial.put("theirs", "new");
    await fails(writer.close(), "already-exists", "new");
    await assertHolds(trial, "new", "theirs");
  }),
  backendPromise("openRead/links", "reads through links, and openWrite writes through them", [
    "save",
    "links",
    "openRead",
    "openWrite",
  ], async (trial) => {
    await trial.backend.save(noise(10), "dir/file");
    await trial.backend.createSymlink("dir/file", "link");
    assertBytes(await encoded(trial, "link"), noise(10), "read through a link");
    await stream(trial, "link", [noise(20)]);
    assertSame(await trial.backend.load("dir/file"), noise(20), "written through a link");
    assert.equal(await trial.backend.isSymlink("link"), true);
  }),
];
