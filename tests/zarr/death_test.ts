/** A process that dies at any step of a change leaves the old or the new, and nothing that a sweep does not remove. */

import assert from "node:assert/strict";
import * as zarrita from "zarrita";
import { isNdArray, ndarray } from "../../backends/formats/ndarray.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import type { Store } from "../../backends/stores/store.ts";
import { asZarrita, ZarrBackend } from "../../backends/zarr.ts";
import { flatStore } from "../backends/flat_store.ts";
import { Died, faulty, forgetful } from "./faults.ts";

const OLD = ndarray(Int32Array.from({ length: 24 }, (_, i) => i + 1), [4, 6]);
/** Of another rank, with chunks that the old one has not, and without some that it has. */
const NEW = ndarray(Float32Array.from({ length: 8 }, (_, i) => i < 4 ? 0 : -i), [8]);

interface Case {
  readonly what: string;
  before(zarr: ZarrBackend): Promise<unknown>;
  change(zarr: ZarrBackend): Promise<unknown>;
  /** What may be at each path afterwards, together. */
  readonly after: readonly Readonly<Record<string, unknown>>[];
  /** An array and a file replace each other in two steps: between them a sweep has to bring back what was there. */
  readonly twoSteps?: boolean;
}

const saveOld = (zarr: ZarrBackend) => zarr.save(OLD, "g/a", { chunks: [2, 2] });
const text = (content: string) => new TextEncoder().encode(content);

const CASES: readonly Case[] = [
  {
    what: "an array is saved",
    before: () => Promise.resolve(),
    change: (zarr) => zarr.save(NEW, "g/a", { chunks: [2] }),
    after: [{ "g/a": undefined }, { "g/a": NEW }],
  },
  ...([[3, 3], [3, 2], [2, 3], [2, 2]] as const).map(([from, to]): Case => ({
    what: `an array of v${from} is replaced by one of v${to}`,
    before: (zarr) => zarr.save(OLD, "g/a", { chunks: [2, 2], format: from, attributes: { name: "old" } }),
    change: (zarr) => zarr.save(NEW, "g/a", { chunks: [2], format: to, attributes: { name: "new" } }),
    after: [{ "g/a": OLD }, { "g/a": NEW }],
  })),
  {
    what: "an array is replaced under a condition",
    before: saveOld,
    change: async (zarr) => await zarr.save(NEW, "g/a", { chunks: [2], ifMatch: (await zarr.stat("g/a")).etag }),
    after: [{ "g/a": OLD }, { "g/a": NEW }],
  },
  {
    what: "an array is deleted",
    before: saveOld,
    change: (zarr) => zarr.delete("g/a"),
    after: [{ "g/a": OLD }, { "g/a": undefined }],
  },
  {
    what: "an array is deleted under a condition",
    before: saveOld,
    change: async (zarr) => await zarr.delete("g/a", { ifMatch: (await zarr.stat("g/a")).etag }),
    after: [{ "g/a": OLD }, { "g/a": undefined }],
  },
  {
    what: "an array is copied onto another one",
    before: async (zarr) => {
      await saveOld(zarr);
      await zarr.save(NEW, "h/b", { chunks: [2] });
    },
    change: (zarr) => zarr.copy("h/b", "g/a", { overwrite: true }),
    after: [{ "g/a": OLD, "h/b": NEW }, { "g/a": NEW, "h/b": NEW }],
  },
  {
    what: "an array is moved onto another one",
    before: async (zarr) => {
      await saveOld(zarr);
      await zarr.save(NEW, "h/b", { chunks: [2] });
    },
    change: (zarr) => zarr.move("h/b", "g/a", { overwrite: true }),
    after: [{ "g/a": OLD, "h/b": NEW }, { "g/a": NEW, "h/b": NEW }, { "g/a": NEW, "h/b": undefined }],
  },
  {
    what: "an array replaces a file",
    before: (zarr) => zarr.save(text("old"), "g/a"),
    change: (zarr) => zarr.save(NEW, "g/a", { chunks: [2] }),
    after: [{ "g/a": text("old") }, { "g/a": NEW }],
    twoSteps: true,
  },
  {
    what: "a file replaces an array",
    before: saveOld,
    change: (zarr) => zarr.save(text("new"), "g/a"),
    after: [{ "g/a": OLD }, { "g/a": text("new") }],
    twoSteps: true,
  },
];

async function seen(zarr: ZarrBackend, paths: Iterable<string>): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const path of paths) values[path] = await zarr.exists(path) ? await zarr.load(path) : undefined;
  return values;
}

/** What zarrita makes of a path; `undefined` if it refuses. */
async function seenByZarrita(store: Store, path: string): Promise<unknown> {
  try {
    const array = await zarrita.open(zarrita.root(asZarrita(store)).resolve(path), { kind: "array" });
    return (await zarrita.get(array)).data;
  } catch {
    return undefined;
  }
}

function isOneOf(actual: unknown, expected: readonly unknown[]): boolean {
  return expected.some((one) => {
    try {
      assert.deepEqual(actual, one);
      return true;
    } catch {
      return false;
    }
  });
}

async function files(store: Store): Promise<string[]> {
  return (await Array.fromAsync(store.list!(""))).filter(({ kind }) => kind === "file").map(({ path }) => path);
}

for (const [place, make] of [["memory", () => new MemoryStore()], ["a flat store", flatStore]] as const) {
  for (const { what, before, change, after, twoSteps = false } of CASES) {
    if (twoSteps && place === "a flat store") continue; // It moves nothing, so nothing can be brought back.
    Deno.test(`zarr in ${place}: when ${what} and the process dies, the old or the new is there`, async () => {
      let finished = false;
      for (let steps = 0; !finished; steps++) {
        const store = make();
        await before(new ZarrBackend({ store }));
        const dying = faulty(store, steps);
        try {
          await change(new ZarrBackend({ store: dying.store }));
          finished = true;
        } catch (error) {
          assert(error instanceof Died, `after ${steps} changes: ${error}`);
        }
        const survivor = new ZarrBackend({ store });
        const paths = Object.keys(after[0]!);
        const found = await seen(survivor, paths);
        if (!twoSteps) assert(isOneOf(found, after), `after ${steps} changes: ${Deno.inspect(found)}`);
        for (const path of paths) {
          const theirs = await seenByZarrita(store, path);
          const whole = after.map((one) => one[path]).filter(isNdArray).map(({ data }) => data);
          assert(theirs === undefined || isOneOf(theirs, whole), `zarrita mixes: ${Deno.inspect(theirs)}`);
          assert.equal(finished && isNdArray(after.at(-1)![path]), finished && theirs !== undefined);
        }
        if (finished) assert.deepEqual(found, after.at(-1));
        await survivor.sweep("", { olderThan: -1 });
        const swept = await seen(survivor, paths);
        assert(isOneOf(swept, after), `after ${steps} changes and a sweep: ${Deno.inspect(swept)}`);
        if (!twoSteps) assert.deepEqual(swept, found, "a sweep has changed what is to be seen");
        assert.deepEqual((await files(store)).filter((path) => path.includes(".polystore")), []);
        const listed = await survivor.listFiles("", { recursive: true });
        assert.deepEqual(listed, paths.filter((path) => swept[path] !== undefined));
        await survivor.save(OLD, "g/a");
        assert.deepEqual(await survivor.load("g/a"), OLD);
      }
    });

    Deno.test(`zarr in ${place}: when ${what} and an answer is lost, the old or the new is there`, async () => {
      let count = 1;
      for (let step = 0; step < count; step++) {
        const store = make();
        await before(new ZarrBackend({ store }));
        const lossy = forgetful(store, step);
        const failure = await change(new ZarrBackend({ store: lossy.store })).then(() => undefined, (error) => error);
        count = lossy.count();
        const survivor = new ZarrBackend({ store });
        const found = await seen(survivor, Object.keys(after[0]!));
        if (failure === undefined) assert.deepEqual(found, after.at(-1), `after change ${step}`);
        else if (!twoSteps) assert(isOneOf(found, after), `after change ${step}: ${Deno.inspect(found)}`);
        await survivor.sweep("", { olderThan: -1 });
        assert(isOneOf(await seen(survivor, Object.keys(after[0]!)), after), `after change ${step} and a sweep`);
        assert.deepEqual((await files(store)).filter((path) => path.includes(".polystore")), []);
      }
    });
  }
}
