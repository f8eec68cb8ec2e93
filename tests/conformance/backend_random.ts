/** What the methods promise together: they agree with a plain model after any sequence of operations. */

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { isStorageError } from "../../backends/errors.ts";
import { collect, shown } from "./assertions.ts";
import { BackendModel } from "./backend_model.ts";
import { type BackendPromise, backendPromise, type BackendTrial } from "./backend_promise.ts";
import type { Prediction } from "./store_model.ts";

/** One operation, as the model and as the backend do it. */
class Operation implements fc.AsyncCommand<BackendModel, BackendTrial> {
  readonly #label: string;
  readonly #predict: (model: BackendModel) => Prediction;
  readonly #perform: (trial: BackendTrial) => Promise<unknown>;

  constructor(
    label: string,
    predict: (model: BackendModel) => Prediction,
    perform: (trial: BackendTrial) => Promise<unknown>,
  ) {
    this.#label = label;
    this.#predict = predict;
    this.#perform = perform;
  }

  /** An operation about which nobody says anything is left out. */
  check(model: BackendModel): boolean {
    return this.#predict(model) !== undefined;
  }

  async run(model: BackendModel, trial: BackendTrial): Promise<void> {
    const prediction = this.#predict(model) ?? {};
    let actual: unknown;
    try {
      actual = { value: await this.#perform(trial) };
    } catch (error) {
      if (!isStorageError(error)) throw error;
      actual = error.code;
    }
    const codes: readonly unknown[] = prediction.codes ?? [];
    if (codes.includes(actual)) return;
    const expected = "value" in prediction ? { value: prediction.value } : codes.join(" or ");
    assert.deepEqual(actual, expected, `${this.#label}: the model and the backend disagree`);
    prediction.change?.();
  }

  toString(): string {
    return this.#label;
  }
}

// Few names, and deep paths rarely: operations should meet each other's files, not miss them.
const NAME = fc.constantFrom("a", "a", "b", "b", "c");
const PATH = fc.oneof(
  { weight: 4, arbitrary: NAME },
  { weight: 3, arbitrary: fc.tuple(NAME, NAME).map((some) => some.join("/")) },
  { weight: 1, arbitrary: fc.tuple(NAME, NAME, NAME).map((some) => some.join("/")) },
);
const ANY = fc.oneof({ weight: 5, arbitrary: PATH }, { weight: 1, arbitrary: fc.constant("") });
const TEXT = fc.constantFrom("", "1", "22");

/** Which text, of all that are saved, a value is of. */
function textOf({ value }: BackendTrial, actual: unknown): string | undefined {
  return ["", "1", "22"].find((text) => isDeepStrictEqual(actual, value(text)));
}

/** Waits, and answers nothing. */
async function done(pending: Promise<unknown>): Promise<undefined> {
  await pending;
}

const load = ANY.map((p) =>
  new Operation(`load(${p})`, (m) => m.load(p), async (t) => textOf(t, await t.source.load(p)))
);
const kind = ANY.map((p) =>
  new Operation(`kind(${p})`, (m) => m.kind(p), async ({ source }) => {
    assert.equal(await source.exists(p), await source.isFile(p) || await source.isDir(p));
    return await source.isFile(p) ? "file" : await source.isDir(p) ? "directory" : "nothing";
  })
);
const save = fc.tuple(PATH, TEXT, fc.boolean()).map(([p, text, overwrite]) =>
  new Operation(
    `save(${p}, "${text}", ${overwrite})`,
    (m) => m.save(p, text, overwrite),
    ({ backend, value }) => done(backend.save(value(text), p, { overwrite })),
  )
);
const remove = fc.tuple(PATH, fc.boolean(), fc.boolean()).map(([p, recursive, force]) =>
  new Operation(
    `delete(${p}${recursive ? ", recursive" : ""}${force ? ", force" : ""})`,
    (m) => m.delete(p, recursive, force),
    ({ backend }) => done(backend.delete(p, { recursive, force })),
  )
);
const ensureDirectory = PATH.map((p) =>
  new Operation(
    `ensureDirectory(${p})`,
    (m) => m.ensureDirectory(p),
    ({ backend }) => done(backend.ensureDirectory(p)),
  )
);
const transfer = fc.tuple(fc.constantFrom("copy" as const, "move" as const), PATH, PATH, fc.boolean()).map((
  [how, from, to, overwrite],
) =>
  new Operation(
    `${how}(${from}, ${to}, ${overwrite})`,
    (m) => m[how](from, to, overwrite),
    ({ backend }) => done(backend[how](from, to, { overwrite })),
  )
);
const listFiles = fc.tuple(ANY, fc.boolean()).map(([p, recursive]) =>
  new Operation(
    `listFiles(${p}${recursive ? ", recursive" : ""})`,
    (m) => m.listFiles(p, recursive),
    ({ source }) => source.listFiles(p, { recursive }),
  )
);
const everything = new Operation("entries()", (m) => m.entries(), async ({ source, has }) => {
  const all = (await collect(source.entries("", { recursive: true }))).map(shown);
  if (has("directories")) return all;
  // Directories that are not real need not be listed; each file tells its own.
  const paths = all.filter((path) => !path.endsWith("/"));
  const above = paths.flatMap((path) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1)));
  const bare = (path: string): string => path.replace(/\/$/, "");
  return [...new Set([...paths, ...above])].sort((a, b) => bare(a) < bare(b) ? -1 : 1);
});

/** What the methods promise together. */
export const backendRandom: readonly BackendPromise[] = [
  backendPromise("save/random-operations", "agrees with a plain model after any sequence of operations", [
    "save",
    "delete",
    "list",
  ], async ({ fresh, has, numRuns, seed }) => {
    const weighted = [save, save, save, save, load, kind, remove, ensureDirectory, transfer, transfer, listFiles];
    const commands = fc.commands(weighted, { maxCommands: 50, size: "max" });
    const property = fc.asyncProperty(commands, async (some) => {
      await fresh(async (real) => {
        const model = new BackendModel(has("directories"));
        await fc.asyncModelRun(() => ({ model, real }), some);
        await everything.run(model, real);
      });
    });
    await fc.assert(property, { numRuns, ...(seed === undefined ? {} : { seed }) });
  }),
];
