/** Backends that change the values they keep. */

import type { LoadOptions, SaveOptions, SaveResult } from "../../backends/data_source.ts";
import { MemoryBackend } from "../../backends/memory.ts";
import { Formatted, wrongBackend } from "./wrong_backend.ts";

/** Keeps values that were changed on the way. */
function changingValues(change: (value: unknown) => unknown): () => MemoryBackend {
  class Changing extends MemoryBackend {
    override async save(data: unknown, path: string, options?: SaveOptions): Promise<SaveResult> {
      return await super.save(change(data), path, options);
    }
  }
  return () => new Changing();
}

/** Applies `change` to everything in a value that is not an object or array itself. */
function deeply(change: (value: unknown) => unknown): (value: unknown) => unknown {
  return function walk(value): unknown {
    if (Array.isArray(value)) return Object.keys(value).length === value.length ? value.map(walk) : value;
    if (!isPlain(value)) return change(value);
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, walk(one)]));
  };
}

/** Keeps what was given, and gives what it keeps. */
class Sharing extends MemoryBackend {
  constructor() {
    super({ policy: "reference" });
  }
}

/** Makes JSON of values before their format can refuse them. */
class Lenient extends Formatted {
  override async save(data: unknown, path: string, options?: SaveOptions): Promise<SaveResult> {
    const json = path.endsWith(".json") && typeof data === "object" && !ArrayBuffer.isView(data);
    return await super.save(json ? JSON.parse(JSON.stringify(data)) : data, path, options);
  }
}

/** Loads what is not there as nothing. */
class Empty extends MemoryBackend {
  override async load(path: string, options?: LoadOptions): Promise<unknown> {
    return await this.exists(path, options) ? await super.load(path, options) : undefined;
  }
}

/** Backends that change the values they keep. */
export const values = [
  wrongBackend(
    "keeps dates as text",
    ["save/values"],
    changingValues(deeply((v) => v instanceof Date ? v.toISOString() : v)),
  ),
  wrongBackend(
    "keeps NaN as null",
    ["save/values"],
    changingValues(deeply((v) => Number.isNaN(v) ? null : v)),
  ),
  wrongBackend("keeps -0 as 0", ["save/values"], changingValues(deeply((v) => v === 0 ? 0 : v))),
  wrongBackend(
    "keeps undefined as null",
    ["save/values"],
    changingValues(deeply((v) => v === undefined ? null : v)),
  ),
  wrongBackend("sorts keys", [
    "save/values",
    "save/keeps-no-reference",
    "load/own",
    "openRead/content",
  ], changingValues(sorted)),
  wrongBackend("drops what is undefined", ["save/values"], changingValues(withoutUndefined)),
  wrongBackend(
    "keeps the numbers of any array as doubles",
    ["save/values"],
    changingValues(deeply(doubled)),
  ),
  wrongBackend("keeps the object it was given", [
    "save/keeps-no-reference",
    "load/own",
    "save/unclonable",
    "saveBatch/bad-any",
  ], () => new Sharing()),
  wrongBackend(
    "saves as JSON what JSON changes",
    ["save/json", "save/invalid-value", "load/not-a-string"],
    () => new Lenient(),
  ),
  wrongBackend("loads undefined where nothing is", [
    "load/missing",
    "load/below-file",
    "loadBatch/missing",
    "loadBatch/below-file",
    "load/above-root",
    "load/no-path",
    "load/not-a-string",
    "createSymlink/missing",
    "createSymlink/circle",
    "loadBatch/one-missing",
    "save/expires",
  ], () => new Empty()),
];

/** Whether it is an object that its keys and values tell all of. */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return false;
  const own = Object.values(Object.getOwnPropertyDescriptors(value));
  return own.every((one) => "value" in one && one.enumerable) && Object.getOwnPropertySymbols(value).length === 0;
}

function sorted(value: unknown): unknown {
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([k, v]) => [k, sorted(v)]));
}

function withoutUndefined(value: unknown): unknown {
  if (!isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, one]) => one !== undefined).map(([key, one]) => [key, withoutUndefined(one)]),
  );
}

function doubled(value: unknown): unknown {
  return value instanceof Float32Array || value instanceof Int32Array ? Float64Array.from(value) : value;
}
