/** The conformance suite itself: how it runs, what it tells, and that it fits stores with few methods. */

import assert from "node:assert/strict";
import { test as nodeTest } from "node:test";
import { StorageError } from "../backends/errors.ts";
import { comparePaths, parentPath, sortPaths } from "../backends/path.ts";
import { MemoryStore } from "../backends/stores/memory_store.ts";
import { cut } from "../backends/stores/range.ts";
import type { Entry, Store, WriteOptions } from "../backends/stores/store.ts";
import { checkStore, storePromises, type StoreWith, testStore } from "./conformance/mod.ts";

Deno.test("conformance: a broken promise is named in the error", async () => {
  const tests: (() => Promise<void>)[] = [];
  const open = (): Store => ({
    read: () => Promise.resolve(new Uint8Array()),
    stat: () => Promise.resolve(undefined),
  });
  const options = { only: ["read/missing"], test: (_name: string, run: () => Promise<void>) => tests.push(run) };
  const { verdicts } = await testStore("wrong", open, options);
  assert.deepEqual(verdicts.map(({ outcome }) => outcome), ["untried"]);
  await assert.rejects(tests[0]!, { message: /^Broken promise "read\/missing": read\(\) answers undefined when/ });
  assert.deepEqual(verdicts.map(({ outcome }) => outcome), ["broken"]);
});

Deno.test("conformance: what does not apply or is excepted is told, never passed in silence", async () => {
  const run: string[] = [];
  const skipped: string[] = [];
  const open = (): Store => ({ read: () => Promise.resolve(undefined), stat: () => Promise.resolve(undefined) });
  const { verdicts } = await testStore("poor", open, {
    only: ["read/missing", "stat/root", "delete/missing", "write/durable"],
    except: { "stat/root": "it has no root" },
    test: (name) => run.push(name),
    skip: (name, reason) => skipped.push(`${name}: ${reason}`),
  });
  assert.deepEqual(run, ["poor: read() answers undefined when nothing is there"]);
  assert.deepEqual(skipped, [
    "poor: stat() says that the root is a directory, in an empty store too: excepted: it has no root",
    "poor: 2 promises do not apply: without delete, write, reopen",
  ]);
  const outcomes = Object.fromEntries(verdicts.map(({ promise, outcome }) => [promise.id, outcome]));
  assert.deepEqual(outcomes, {
    "read/missing": "untried",
    "stat/root": "excepted",
    "delete/missing": "not-applicable",
    "write/durable": "not-applicable",
  });
});

Deno.test("conformance: a promise that is not known is refused", async () => {
  await assert.rejects(checkStore(() => new MemoryStore(), { only: ["write/nothing"] }), TypeError);
  await assert.rejects(checkStore(() => new MemoryStore(), { except: { "write/nothing": "why" } }), TypeError);
});

Deno.test("conformance: every promise has a name of its own, and a sentence of its own", () => {
  const ids = storePromises.map(({ id }) => id);
  const sentences = storePromises.map(({ method, promise }) => `${method} ${promise}`);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(new Set(sentences).size, sentences.length);
});

/** The plainest store without directories, links and accelerators. */
function flat(): Pick<StoreWith<keyof Store>, "read" | "stat" | "list" | "write" | "delete"> {
  const files = new Map<string, { bytes: Uint8Array; etag: string }>();
  const isDirectory = (path: string): boolean =>
    path === "" || [...files.keys()].some((other) => other.startsWith(`${path}/`));
  const check = (path: string, { ifAbsent, ifMatch, signal }: WriteOptions = {}): void => {
    signal?.throwIfAborted();
    if (ifAbsent && (files.has(path) || isDirectory(path))) throw new StorageError("already-exists", "it exists");
    if (ifMatch !== undefined && files.get(path)?.etag !== ifMatch) throw new StorageError("precondition-failed", "no");
  };
  let version = 0;
  return {
    // deno-lint-ignore require-await
    async read(path, options) {
      options?.signal?.throwIfAborted();
      const bytes = files.get(path)?.bytes;
      return bytes && cut(bytes, options?.range).slice();
    },
    // deno-lint-ignore require-await
    async stat(path, options) {
      options?.signal?.throwIfAborted();
      const file = files.get(path);
      if (file !== undefined) return { kind: "file", size: file.bytes.length, etag: file.etag };
      return isDirectory(path) ? { kind: "directory" } : undefined;
    },
    async *list(prefix, { after = "", limit = Infinity, shallow, signal } = {}) {
      const found = new Map<string, Entry>();
      const start = prefix === "" ? "" : `${prefix}/`;
      for (const [path, { bytes }] of files) {
        if (!path.startsWith(start)) continue;
        const slash = shallow ? path.indexOf("/", start.length) : -1;
        const name = slash < 0 ? path : path.slice(0, slash);
        found.set(name, slash < 0 ? { path, kind: "file", size: bytes.length } : { path: name, kind: "directory" });
      }
      const paths = sortPaths([...found.keys()]).filter((path) => comparePaths(path, after) > 0);
      signal?.throwIfAborted();
      for (const path of paths.slice(0, limit)) {
        signal?.throwIfAborted();
        yield found.get(path)!;
      }
    },
    // deno-lint-ignore require-await
    async write(path, bytes, options) {
      check(path, options);
      if (isDirectory(path)) throw new StorageError("is-a-directory", "a directory");
      for (let above = parentPath(path); above !== ""; above = parentPath(above)) {
        if (files.has(above)) throw new StorageError("not-a-directory", "a parent is a file");
      }
      const etag = String(++version);
      files.set(path, { bytes: bytes.slice(), etag });
      return { etag };
    },
    // deno-lint-ignore require-await
    async delete(path, options) {
      check(path, options);
      if (isDirectory(path) && files.size > 0) throw new StorageError("not-empty", "not empty");
      files.delete(path);
    },
  };
}

await testStore("a map of paths", flat);

await testStore("a map of paths, read only", () => {
  const { read, stat, list, write } = flat();
  return { store: { read, stat, list }, put: async (path, bytes) => void await write(path, bytes) };
});

await testStore("memory, with node:test", () => new MemoryStore(), {
  only: ["delete/missing", "write/replaces"],
  test: nodeTest,
});
