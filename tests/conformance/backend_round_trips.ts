/** What comes back: exactly what was saved, in every format. */

import assert from "node:assert/strict";
import { csv } from "../../backends/formats/mod.ts";
import { noise } from "./assertions.ts";
import { assertSame, snapshot } from "./backend_assertions.ts";
import { type BackendNeed, type BackendPromise, backendPromise, type BackendTrial } from "./backend_promise.ts";
import {
  anySamples,
  archiveSamples,
  array,
  arraySamples,
  byteSamples,
  jsonSamples,
  type Sample,
  textSamples,
} from "./backend_values.ts";

/** The promise that every sample comes back exactly, saved alone and saved with the others. */
function comesBack(word: string, what: string, needs: readonly BackendNeed[], samples: () => Sample[]): BackendPromise {
  return backendPromise(`save/${word}`, `keeps ${what} exactly`, needs, async ({ backend }) => {
    const all = samples();
    const paths = all.map(([path]) => path);
    for (const [path, value] of all) await backend.save(value, path);
    for (const [path, value] of samples()) assertSame(await backend.load(path), value, path);
    const batch = paths.map((path) => `batch/${path}`);
    await backend.saveBatch(all.map(([, value]) => value), batch);
    const loaded = await backend.loadBatch(batch);
    for (const [i, [path, value]] of samples().entries()) assertSame(loaded[i], value, `${path} of a batch`);
    for (const [i, [path, value]] of all.entries()) {
      assertSame(value, samples()[i]![1], `${path} was changed by saving`);
    }
  });
}

/** Changes every part of a value that can be changed. */
function spoil(value: unknown): void {
  if (ArrayBuffer.isView(value)) new Uint8Array(value.buffer, value.byteOffset, value.byteLength).fill(99);
  else if (value instanceof Map || value instanceof Set) value.clear();
  else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      spoil(inner);
      delete (value as Record<string, unknown>)[key];
    }
    (value as Record<string, unknown>).spoilt = true;
  }
}

/** What is saved and spoilt afterwards. */
function changeable(trial: BackendTrial): Sample[] {
  const samples: Sample[] = [["own/value", trial.value("own")]];
  if (trial.has("bytes") || trial.has("values")) {
    samples.push(["own/bytes", noise(100)], ["own/large", noise(6_000_000)], ["own/view", noise(100).subarray(3, 40)]);
  }
  if (trial.has("formats") || trial.has("values")) {
    samples.push(
      ["own/tree.json", { a: [1, { b: "x" }], c: {} }],
      ["own/array.npy", array("float64", [20, 30])],
      ["own/large.npy", array("float64", [700, 1000])],
      ["own/arrays.npz", { x: array("int8", [3]), y: array("uint16", [2, 2], "F") }],
    );
  }
  if (trial.has("values")) samples.push(["own/map", new Map([["a", new Set([1])]])]);
  return samples;
}

/** What comes back. */
export const backendRoundTrips: readonly BackendPromise[] = [
  comesBack("json", "what JSON has words for, -0, __proto__ and the order of keys too,", ["formats"], jsonSamples),
  comesBack("text", "text, with marks, line ends and characters of any plane,", ["formats"], textSamples),
  comesBack(
    "bytes",
    "bytes under an unknown suffix or none, empty ones and parts of a buffer too,",
    ["bytes"],
    () => byteSamples(),
  ),
  comesBack("npy", "arrays of every dtype, order and shape", ["formats"], arraySamples),
  comesBack("npz", "records of arrays", ["formats"], archiveSamples),
  comesBack("values", "values of all kinds under any path", ["values"], () => [
    ...anySamples(),
    ...jsonSamples(),
    ...textSamples(),
    ...byteSamples(),
    ...arraySamples(),
    ...archiveSamples(),
  ]),
  backendPromise("save/csv", "keeps tables exactly, in the dialect that is passed with the call", ["formats"], async (
    { backend },
  ) => {
    const rows = [{ well: "A1", note: 'a "b",\r\nc ' }, { well: " 007", note: "" }];
    await backend.save(rows, "table.csv");
    assertSame(await backend.load("table.csv"), rows, "a table of text");
    const typed = csv({ header: false, typed: true, ragged: "keep", delimiter: ";", lineEnding: "\r\n" });
    const cells = [["A1", 1.5, null, true], [-0], ["true", "1", ""], [1e300]];
    await backend.save(cells, "cells.csv", { format: typed });
    assertSame(await backend.load("cells.csv", { format: typed }), cells, "a table of typed cells");
    await backend.save(rows, "table.unknown", { format: "csv" });
    assertSame(await backend.load("table.unknown", { format: ".CSV" }), rows, "a table by name of its format");
    await backend.save([], "none.csv");
    assertSame(await backend.load("none.csv"), [], "no rows");
  }),
  backendPromise("save/format-bytes", "keeps encoded content as it is with format bytes, under any suffix", [
    "formats",
  ], async ({ backend }) => {
    const content = new TextEncoder().encode('{"a": [1,\n2]}');
    for (const path of ["a.json", "a.unknown", "a"]) {
      await backend.save(content, path, { format: "bytes" });
      assertSame(await backend.load(path, { format: "bytes" }), content, path);
    }
    assertSame(await backend.load("a.json"), { a: [1, 2] }, "what the bytes mean");
    await backend.save({ b: 1 }, "b.json");
    const bytes = await backend.load("b.json", { format: "bytes" });
    assert(bytes instanceof Uint8Array, "loaded as bytes");
    await backend.save(bytes, "c.json", { format: "bytes" });
    assertSame(await backend.load("c.json"), { b: 1 }, "bytes that were copied");
  }),
  backendPromise("save/keeps-no-reference", "does not keep what it was given: changing it changes nothing", [
    "save",
  ], async (trial) => {
    const { backend } = trial;
    for (const [path, value] of changeable(trial)) {
      await backend.save(value, path);
      await backend.saveBatch([value], [`batch/${path}`]);
      spoil(value);
    }
    for (const [path, value] of changeable(trial)) {
      for (const place of [path, `batch/${path}`]) assertSame(await backend.load(place), value, place);
    }
  }),
  backendPromise("load/own", "gives values that are the caller's own: changing them changes nothing", [
    "save",
  ], async (trial) => {
    const { backend } = trial;
    for (const [path, value] of changeable(trial)) await backend.save(value, path);
    for (const [path] of changeable(trial)) {
      spoil(await backend.load(path));
      for (const value of await backend.loadBatch([path, path])) spoil(value);
    }
    for (const [path, value] of changeable(trial)) assertSame(await backend.load(path), value, path);
  }),
  backendPromise("load/pure", "changes nothing, and neither do the other methods that read", ["put"], async (trial) => {
    await trial.putNamed(["dir/file", "file"]);
    const { source } = trial;
    const before = await snapshot(source);
    for (const path of ["file", "dir", "dir/file", "missing", "no/where/at/all", ""]) {
      await source.load(path).catch(() => undefined);
      await source.stat(path).catch(() => undefined);
      await source.listFiles(path).catch(() => undefined);
      await source.listDir(path).catch(() => undefined);
      for (const method of ["exists", "isFile", "isDir"] as const) await source[method](path);
    }
    assert.deepEqual(await snapshot(source), before);
  }),
];
