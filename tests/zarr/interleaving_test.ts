/** What another does between two steps of a change, step by step. */

import assert from "node:assert/strict";
import { type NdArray, ndarray } from "../../backends/formats/ndarray.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import type { Store } from "../../backends/stores/store.ts";
import { slice, ZarrBackend, type ZarrSaveOptions } from "../../backends/zarr.ts";

/** Called around each step. */
type Between = (step: string, path: string) => Promise<void>;

/** A store that lets others do something around each of its steps. */
function interleaved(inner: Store, between: Between): Store {
  const names = ["read", "stat", "write", "delete", "move", "deleteTree"] as const;
  const methods = names.map((name) => [name, async (path: string, ...rest: unknown[]) => {
    await between(`before ${name}`, path);
    const result = await (inner[name] as (...all: unknown[]) => Promise<unknown>).call(inner, path, ...rest);
    await between(`after ${name}`, path);
    return result;
  }]);
  return { ...Object.fromEntries(methods), list: inner.list!.bind(inner) } as Store;
}

const OLD = ndarray(new Int32Array(12).fill(1), [12]);
/** Of other chunks and another encoding; its chunk 2 is not written, because it is all fill values. */
const NEW = ndarray(Float64Array.of(2, 2, 2, 2, 2, 2, 0, 0, 0, 2, 2, 2), [12]);
const OLD_LAYOUT: ZarrSaveOptions = { chunks: [4], compressor: null };
const NEW_LAYOUT: ZarrSaveOptions = { chunks: [3], compressor: "gzip" };

interface Setting {
  /** How many steps there were before the one at which the other came; beyond the end, it never came. */
  readonly step: number;
  /** What is done meanwhile. */
  readonly other: (zarr: ZarrBackend, etag: string | undefined) => Promise<unknown>;
  /** What is tried. */
  readonly own: (zarr: ZarrBackend) => Promise<unknown>;
  /** What is there first. */
  readonly old: NdArray;
}

/** Does something, and something else at one step of it; answers what came of it, and whether there was such a step. */
async function meanwhile(
  { step, other, own, old }: Setting,
): Promise<{ result: unknown; came: boolean; zarr: ZarrBackend }> {
  const memory = new MemoryStore();
  const zarr = new ZarrBackend({ store: memory });
  const { etag } = await zarr.save(old, "g/a", OLD_LAYOUT);
  let count = 0;
  let came = false;
  const store = interleaved(memory, async () => {
    if (count++ !== step) return;
    came = true;
    await other(new ZarrBackend({ store: interleaved(memory, () => Promise.resolve()) }), etag);
  });
  const result = await own(new ZarrBackend({ store })).catch((error) => error);
  return { result, came, zarr };
}

/** Tries it at every step. */
async function atEveryStep(
  setting: Omit<Setting, "step">,
  check: (zarr: ZarrBackend, result: unknown, when: string) => Promise<void>,
): Promise<void> {
  let steps = 0;
  for (let came = true; came; steps++) {
    const tried = await meanwhile({ ...setting, step: steps });
    came = tried.came;
    await check(tried.zarr, tried.result, came ? `another came at step ${steps}` : "nobody came");
    assert.equal(await tried.zarr.sweep("", { olderThan: -1 }), 0, `at step ${steps} something was left half done`);
  }
  assert(steps > 5, `only ${steps} steps`);
}

const replace = (zarr: ZarrBackend) => zarr.save(NEW, "g/a", NEW_LAYOUT);

Deno.test("zarr: an array that is replaced while it is loaded is loaded whole, whenever that happens", () =>
  atEveryStep({ old: OLD, other: replace, own: (zarr) => zarr.load("g/a") }, (_zarr, result, when) => {
    const isOld = (result as NdArray).dtype === "int32";
    assert.deepEqual(result, isOld ? OLD : NEW, when);
    return Promise.resolve();
  }));

Deno.test("zarr: an array that is deleted while it is loaded is loaded whole, or not found", () =>
  atEveryStep({ old: OLD, other: (zarr) => zarr.delete("g/a"), own: (zarr) => zarr.load("g/a") }, (_, result, when) => {
    if ((result as { code?: string }).code !== "not-found") assert.deepEqual(result, OLD, when);
    return Promise.resolve();
  }));

const REGIONS = {
  "a part of two chunks": [2, 7],
  "a whole chunk": [4, 8],
  "what is not written in the new one": [6, 9],
  "one element": [8, 9],
};

for (const [what, [start, stop]] of Object.entries(REGIONS) as [string, [number, number]][]) {
  for (const old of [OLD, ndarray(new Int32Array(12), [12])]) {
    const kind = old === OLD ? "an array" : "an array of nothing but fill values";
    Deno.test(`zarr: ${what} of ${kind} is written, and nothing else, whenever the array is replaced meanwhile`, () =>
      atEveryStep({
        old,
        other: replace,
        own: (zarr) => zarr.write("g/a", [slice(start, stop)], 7),
      }, async (zarr, result, when) => {
        assert(!(result instanceof Error), `${when}: ${result}`);
        // Either the part was written before the array was replaced, or after that.
        const before = when === "nobody came" ? (old as NdArray<"int32">).data : (NEW as NdArray<"float64">).data;
        const now = (await zarr.load("g/a") as NdArray<"float64">).data;
        const with7 = Array.from(before, (value, i) => i >= start && i < stop ? 7 : value);
        const allowed = when === "nobody came" ? [with7] : [with7, Array.from(before)];
        assert(allowed.some((one) => String(one) === String(Array.from(now))), `${when}: ${now}`);
      }));
  }
}

Deno.test("zarr: what was written before an array is replaced under a condition makes the condition fail", () =>
  atEveryStep({
    old: OLD,
    other: (zarr) => zarr.write("g/a", [5], 7),
    own: async (zarr) => {
      const { etag } = await zarr.stat("g/a");
      const { data } = await zarr.load("g/a") as NdArray<"int32">;
      return await zarr.save(ndarray(data.slice().fill(3, 0, 1), [12]), "g/a", { ...NEW_LAYOUT, ifMatch: etag });
    },
  }, async (zarr, result, when) => {
    const { data } = await zarr.load("g/a") as NdArray<"int32">;
    const failed = result instanceof Error;
    if (failed) assert.equal((result as unknown as { code: string }).code, "precondition-failed", when);
    assert.equal(data[5], when === "nobody came" ? 1 : 7, `${when}: the part was lost`);
    assert.equal(data[0], failed ? 1 : 3, when);
  }));

Deno.test("zarr: a part outlives an array that was made of what was there before it, whenever that is saved", async () => {
  let outcome: unknown;
  await atEveryStep({
    old: OLD,
    // It was loaded before the part was written.
    other: async (zarr, etag) => {
      const next = ndarray(OLD.data.slice().fill(3, 0, 1), [12]);
      outcome = await zarr.save(next, "g/a", { ...NEW_LAYOUT, ifMatch: etag }).catch((error) => error);
    },
    own: (zarr) => zarr.write("g/a", [5], 7),
  }, async (zarr, result, when) => {
    assert(!(result instanceof Error), `${when}: ${result}`);
    const { data } = await zarr.load("g/a") as NdArray<"int32">;
    const saved = when !== "nobody came" && !(outcome instanceof Error);
    assert.deepEqual([data[0], data[5]], [saved ? 3 : 1, 7], when);
  });
});

Deno.test("zarr: of two who append both have their place, whenever the other comes", () => {
  const three = (value: number) => ndarray(new Int32Array(3).fill(value), [3]);
  return atEveryStep({
    old: OLD,
    other: (zarr) => zarr.append("g/a", three(8)),
    own: (zarr) => zarr.append("g/a", three(9)),
  }, async (zarr, result, when) => {
    assert(!(result instanceof Error), `${when}: ${result}`);
    const { data } = await zarr.load("g/a") as NdArray<"int32">;
    const rest = [String(data.subarray(12, 15)), String(data.subarray(15))].sort();
    assert.deepEqual(rest, when === "nobody came" ? ["", "9,9,9"] : ["8,8,8", "9,9,9"], when);
  });
});

Deno.test("zarr: what is appended while the array is made shorter is not cleared with the rest", () =>
  atEveryStep({
    old: OLD,
    other: (zarr) => zarr.append("g/a", ndarray(new Int32Array(3).fill(8), [3])),
    own: (zarr) => zarr.resize("g/a", [6]),
  }, async (zarr, result, when) => {
    assert(!(result instanceof Error), `${when}: ${result}`);
    const { data } = await zarr.load("g/a") as NdArray<"int32">;
    const expected = when === "nobody came" ? ["1,1,1,1,1,1"] : ["1,1,1,1,1,1", "1,1,1,1,1,1,8,8,8"];
    assert(expected.includes(String(data)), `${when}: ${data}`);
  }));

Deno.test("zarr: of two who save under the same condition one fails, whenever the other comes", async () => {
  let failure: unknown;
  await atEveryStep({
    old: OLD,
    other: async (zarr) => {
      failure = undefined;
      const { etag } = await zarr.stat("g/a");
      await zarr.save(NEW, "g/a", { ...NEW_LAYOUT, ifMatch: etag }).catch((error) => failure = error);
    },
    own: async (zarr) => {
      const { etag } = await zarr.stat("g/a");
      return await zarr.save(OLD, "g/a", { ...OLD_LAYOUT, ifMatch: etag });
    },
  }, async (zarr, result, when) => {
    const value = await zarr.load("g/a") as NdArray;
    const [mine, theirs] = [result instanceof Error, failure !== undefined];
    assert(!(mine && theirs), `${when}: both failed`);
    for (const error of [mine ? result : undefined, failure]) {
      if (error !== undefined) assert.equal((error as { code: string }).code, "precondition-failed", when);
    }
    if (mine || theirs) assert.deepEqual(value, mine ? NEW : OLD, when);
    else assert.deepEqual(value, value.dtype === "int32" ? OLD : NEW, when);
    failure = undefined;
  });
});
