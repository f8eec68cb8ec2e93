/** The suite that abstract-level has for its databases, on stores. */

import suite from "abstract-level/test/index.js";
import assert from "node:assert/strict";
import tape from "tape";
import { compressed, encrypted, prefixed } from "../../backends/layers/mod.ts";
import { KvStore } from "../../backends/stores/kv_store.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { SqliteStore } from "../../backends/stores/sqlite_store.ts";
import { layered } from "../../backends/stores/layer.ts";
import type { Store } from "../../backends/stores/store.ts";
import { levelStore, StoreLevel } from "./store_level.ts";

const KEYS = [{ id: "one", key: new Uint8Array(32).fill(1) }];

/** Where databases are kept. */
interface Places {
  /** Answers what opens the database of this number, again and again. */
  place(number: number): () => Store;
  close?(): void;
}

const PLACES: Readonly<Record<string, (directory: string) => Promise<Places> | Places>> = {
  "memory": () => ({ place: () => always(new MemoryStore()) }),
  "sqlite": (directory) => ({
    place: (number) => () => new SqliteStore({ path: `${directory}/${number}.db`, durability: "normal" }),
  }),
  "kv": async () => {
    const kv = await Deno.openKv(":memory:");
    return { place: (number) => () => new KvStore({ kv, prefix: [number] }), close: () => kv.close() };
  },
  "layers": () => ({
    place: () => always(layered(new MemoryStore(), prefixed("lab"), encrypted(KEYS), compressed())),
  }),
};

function always(store: Store): () => Store {
  return () => store;
}

/** What tape tells: that a test begins, that something was asserted. */
interface Row {
  readonly type: "test" | "assert" | "end";
  readonly id: number;
  readonly test?: number;
  readonly name?: string;
  readonly ok?: boolean;
  readonly skip?: boolean | string;
  readonly todo?: boolean | string;
  readonly error?: Error;
}

/** Runs the suite, and answers what was told. */
async function runSuite(make: (typeof PLACES)[string]): Promise<Row[]> {
  const directory = await Deno.makeTempDir({ prefix: "polystore-" });
  const places = await make(directory);
  const harness = tape.createHarness();
  const rows: Row[] = [];
  const opened: Store[] = [];
  let count = 0;
  const stream = harness.createStream({ objectMode: true });
  const done = new Promise((resolve, reject) => stream.on("end", resolve).on("error", reject));
  stream.on("data", (row: unknown) => rows.push(row as Row));
  const factory = (options?: object): StoreLevel => {
    const open = places.place(count++);
    return new StoreLevel(() => {
      opened.push(open());
      return levelStore(opened.at(-1)!);
    }, options);
  };
  try {
    suite({ test: harness, factory });
    await done;
  } finally {
    // Some tests leave theirs open.
    for (const store of opened) await store.close?.();
    places.close?.();
    await Deno.remove(directory, { recursive: true });
  }
  return rows;
}

for (const [name, make] of Object.entries(PLACES)) {
  Deno.test(`abstract-level, ${name}`, async (t) => {
    const rows = await runSuite(make);
    const tests = rows.filter(({ type }) => type === "test");
    const skipped = rows.filter((row) => row.skip || row.todo);
    assert.deepEqual(skipped, [], "the suite has skipped something");
    for (const { id, name: title = "" } of tests) {
      await t.step(title, () => {
        const asserted = rows.filter((row) => row.type === "assert" && row.test === id);
        for (const { ok, name: what, error } of asserted) if (!ok) throw error ?? new Error(what);
      });
    }
    const asserted = rows.filter(({ type }) => type === "assert");
    assert(tests.length > 1300, `${tests.length} tests`);
    assert(asserted.length > 3000, `${asserted.length} assertions`);
  });
}
