/** What all methods promise together: whatever is done in whatever order, the store agrees with a plain model. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { isStorageError } from "../../backends/errors.ts";
import type { Store } from "../../backends/stores/store.ts";
import { bytesOf, collect } from "./assertions.ts";
import { type StoreMethod, type StorePromise, storePromise, type StoreWith } from "./promise.ts";
import { type Condition, type Prediction, StoreModel } from "./store_model.ts";

/** One operation, as the model and as the store do it. */
class Operation implements fc.AsyncCommand<StoreModel, Store> {
  readonly #label: string;
  readonly #predict: (model: StoreModel) => Prediction;
  readonly #perform: (store: Store) => Promise<unknown>;

  constructor(label: string, predict: (model: StoreModel) => Prediction, perform: (store: Store) => Promise<unknown>) {
    this.#label = label;
    this.#predict = predict;
    this.#perform = perform;
  }

  /** An operation about which the seam says nothing is left out. */
  check(model: StoreModel): boolean {
    return this.#predict(model) !== undefined;
  }

  async run(model: StoreModel, store: Store): Promise<void> {
    const prediction = this.#predict(model) ?? {};
    let actual: unknown;
    try {
      actual = { value: await this.#perform(store) };
    } catch (error) {
      if (!isStorageError(error)) throw error;
      actual = error.code;
    }
    const codes: readonly unknown[] = prediction.codes ?? [];
    if (codes.includes(actual)) return;
    const expected = "value" in prediction ? { value: prediction.value } : codes.join(" or ");
    assert.deepEqual(actual, expected, `${this.#label}: the model and the store disagree`);
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
const CONTENT = fc.constantFrom("", "1", "22", "333");
const CONDITION = fc.constantFrom<Condition>("none", "none", "none", "absent", "current", "stale");

/** The operations that this store offers. */
function operations(store: Store): fc.Arbitrary<Operation>[] {
  const write = fc.tuple(PATH, CONTENT, CONDITION).map(writing);
  const all: readonly [StoreMethod, fc.Arbitrary<Operation>, weight?: number][] = [
    ["read", ANY.map((p) => new Operation(`read(${p})`, (m) => m.read(p), (s) => text(s, p)))],
    ["stat", ANY.map((p) => new Operation(`stat(${p})`, (m) => m.stat(p), (s) => look(s, p)))],
    [
      "list",
      fc.tuple(ANY, fc.boolean()).map(([p, shallow]) =>
        new Operation(
          `list(${p}, ${shallow ? "shallow" : "deep"})`,
          (m) => m.list(p, shallow),
          (s) => list(s, p, shallow),
        )
      ),
    ],
    ["write", write, 5],
    ["delete", PATH.map((p) => new Operation(`delete(${p})`, (m) => m.delete(p), (s) => done(s.delete?.(p))))],
    [
      "makeDirectory",
      PATH.map((p) =>
        new Operation(`makeDirectory(${p})`, (m) => m.makeDirectory(p), (s) => done(s.makeDirectory?.(p)))
      ),
    ],
    [
      "createSymlink",
      fc.tuple(PATH, PATH).map(([t, p]) =>
        new Operation(`createSymlink(${t}, ${p})`, (m) => m.createSymlink(t, p), (s) => done(s.createSymlink?.(t, p)))
      ),
      2,
    ],
    [
      "readSymlink",
      PATH.map((p) =>
        new Operation(`readSymlink(${p})`, (m) => m.readSymlink(p), async (s) => await s.readSymlink?.(p))
      ),
    ],
    ["copy", fc.tuple(PATH, PATH, fc.boolean()).map(copying)],
    ["move", fc.tuple(PATH, PATH, fc.boolean()).map(moving), 3],
    [
      "deleteTree",
      PATH.map((p) => new Operation(`deleteTree(${p})`, (m) => m.deleteTree(p), (s) => done(s.deleteTree?.(p)))),
    ],
  ];
  return all.flatMap(([method, operation, weight = 1]) =>
    store[method] === undefined ? [] : Array<typeof operation>(weight).fill(operation)
  );
}

function writing([path, content, condition]: [string, string, Condition]): Operation {
  const perform = async (store: Store): Promise<string> => {
    const current = condition === "current" ? await store.stat(path).catch(() => undefined) : undefined;
    const ifMatch = condition === "current" || condition === "stale" ? current?.etag ?? "no such etag" : undefined;
    await store.write?.(path, bytesOf(content), { ifAbsent: condition === "absent", ifMatch });
    return "etag";
  };
  return new Operation(`write(${path}, "${content}", ${condition})`, (m) => m.write(path, content, condition), perform);
}

function copying([from, to, ifAbsent]: [string, string, boolean]): Operation {
  const condition = ifAbsent ? "absent" : "none";
  const perform = async (store: Store): Promise<string> => {
    await store.copy?.(from, to, { ifAbsent });
    return "etag";
  };
  return new Operation(`copy(${from}, ${to}, ${condition})`, (m) => m.copy(from, to, condition), perform);
}

function moving([from, to, ifAbsent]: [string, string, boolean]): Operation {
  const perform = (store: Store): Promise<undefined> => done(store.move?.(from, to, { ifAbsent }));
  return new Operation(`move(${from}, ${to}, ${ifAbsent})`, (m) => m.move(from, to, ifAbsent), perform);
}

async function done(pending: Promise<void> | undefined): Promise<undefined> {
  await pending;
}

async function text(store: Store, path: string): Promise<string | undefined> {
  const bytes = await store.read(path);
  return bytes && new TextDecoder().decode(bytes);
}

async function look(store: Store, path: string): Promise<string | undefined> {
  const stat = await store.stat(path);
  if (stat?.kind !== "file") return stat?.kind;
  return `file ${stat.size ?? (await store.read(path))?.length}`;
}

async function list(store: Store, prefix: string, shallow: boolean): Promise<string[]> {
  if (store.list === undefined) return [];
  const entries = await collect(store.list(prefix, { shallow }));
  const real = shallow || store.makeDirectory !== undefined;
  return entries.filter(({ kind }) => real || kind !== "directory").map(({ kind, path }) => `${kind} ${path}`);
}

/** What all methods promise together. */
export const randomOperations: readonly StorePromise[] = [
  storePromise("write/random-operations", "agrees with a plain model after any sequence of operations", {
    async run({ store, fresh, numRuns, seed }) {
      const commands = fc.commands(operations(store), { maxCommands: 60, size: "max" });
      const whole = new Operation('list("")', (m) => m.list("", false), (s) => list(s, "", false));
      const property = fc.asyncProperty(commands, async (some) => {
        await fresh(async (real: StoreWith<"write">) => {
          const model = new StoreModel(real.makeDirectory !== undefined);
          await fc.asyncModelRun(() => ({ model, real }), some);
          if (real.list !== undefined) await whole.run(model, real);
        });
      });
      await fc.assert(property, { numRuns, ...(seed === undefined ? {} : { seed }) });
    },
  }),
];
