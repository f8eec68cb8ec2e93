/** What every method says where nothing is, where a directory is, and below a file. */

import type { DataSource } from "../../backends/data_source.ts";
import { collect } from "./assertions.ts";
import { fails, refuses } from "./backend_assertions.ts";
import { type BackendNeed, type BackendPromise, backendPromise, type BackendTrial } from "./backend_promise.ts";

/** A method that reads, and what it needs. */
type Reading = readonly [
  method: "load" | "stat" | "entries" | "listFiles" | "listDir" | "loadBatch",
  call: (source: DataSource, path: string) => Promise<unknown>,
];

const FILES: readonly Reading[] = [
  ["load", (source, path) => source.load(path)],
  ["loadBatch", (source, path) => source.loadBatch(["file", path])],
];
const DIRECTORIES: readonly Reading[] = [
  ["entries", (source, path) => collect(source.entries(path))],
  ["listFiles", (source, path) => source.listFiles(path)],
  ["listDir", (source, path) => source.listDir(path)],
];
const ALL: readonly Reading[] = [...FILES, ["stat", (source, path) => source.stat(path)], ...DIRECTORIES];

function needsOf(method: Reading[0]): readonly BackendNeed[] {
  return DIRECTORIES.some(([name]) => name === method) ? ["put", "list"] : ["put"];
}

/** The promise of a method that changes something, about a path where nothing is. */
function missing(
  method: "delete" | "deleteAll" | "copy" | "move" | "openRead",
  call: (trial: BackendTrial, path: string) => Promise<unknown>,
): BackendPromise {
  const needs: readonly BackendNeed[] = method === "openRead" ? ["put", "openRead"] : ["save", "delete"];
  return backendPromise(`${method}/missing`, "says not-found where nothing is, and changes nothing", needs, async (
    trial,
  ) => {
    await trial.putNamed(["file", "dir/file"]);
    for (const path of ["missing", "no/where", "dir/missing", "dir/file2", "fil", "file2"]) {
      await refuses(trial.source, () => call(trial, path), "not-found", path);
    }
    // Both are true below a file.
    for (const path of ["file/below", "file/far/below"]) {
      await refuses(trial.source, () => call(trial, path), ["not-a-directory", "not-found"], path);
    }
  });
}

/** What every method says where nothing is. */
export const backendAbsence: readonly BackendPromise[] = [
  ...ALL.flatMap(([method, call]) => [
    backendPromise(`${method}/missing`, "says not-found where nothing is", needsOf(method), async (trial) => {
      await trial.putNamed(["file", "dir/file"]);
      for (const path of ["missing", "no/where", "dir/missing", "dir/file2", "fil", "missing.json"]) {
        await fails(call(trial.source, path), "not-found", path);
      }
    }),
    backendPromise(`${method}/below-file`, "says not-a-directory below a file", needsOf(method), async (trial) => {
      await trial.putNamed(["file", "dir/file"]);
      for (const path of ["file/below", "file/far/below", "dir/file/below"]) {
        await fails(call(trial.source, path), "not-a-directory", path);
      }
    }),
  ]),
  ...FILES.map(([method, call]) =>
    backendPromise(`${method}/directory`, "says is-a-directory of a directory", ["put"], async (trial) => {
      await trial.putNamed(["file", "dir/sub/file"]);
      for (const path of ["dir", "dir/sub", ""]) await fails(call(trial.source, path), "is-a-directory", path);
    })
  ),
  ...DIRECTORIES.map(([method, call]) =>
    backendPromise(`${method}/file`, "says not-a-directory of a file", ["put", "list"], async (trial) => {
      await trial.putNamed(["file", "dir/file"]);
      for (const path of ["file", "dir/file"]) await fails(call(trial.source, path), "not-a-directory", path);
    })
  ),
  missing("delete", ({ backend }, path) => backend.delete(path)),
  missing("deleteAll", ({ backend }, path) => backend.deleteAll(path)),
  missing("copy", ({ backend }, path) => backend.copy(path, "a/new")),
  missing("move", ({ backend }, path) => backend.move(path, "a/new")),
  missing("openRead", ({ backend }, path) => backend.openRead!(path)),
  backendPromise("openRead/directory", "says is-a-directory of a directory", ["put", "openRead"], async (trial) => {
    await trial.putNamed(["dir/sub/file"]);
    for (const path of ["dir", "dir/sub", ""]) await fails(trial.backend.openRead!(path), "is-a-directory", path);
  }),
];
