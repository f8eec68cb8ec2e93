/** The suite that Keyv has for its storage adapters, on every backend. */

import keyvTestSuite, { keyvIteratorTests } from "@keyv/test-suite";
import assert from "node:assert/strict";
import Keyv from "keyv";
import { DiskBackend } from "../../backends/disk.ts";
import { KvBackend } from "../../backends/kv.ts";
import { compressed, encrypted, prefixed } from "../../backends/layers/mod.ts";
import { MemoryBackend } from "../../backends/memory.ts";
import { SqliteBackend } from "../../backends/sqlite.ts";
import { StoreBackend } from "../../backends/store_backend.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { layered } from "../../backends/stores/layer.ts";
import type { StorageBackend } from "../../backends/backend.ts";
import { ZarrBackend } from "../../backends/zarr.ts";
import { collectTests } from "./expect.ts";
import { KeyvStore, type KeyvStoreOptions } from "./keyv_store.ts";

const KEYS = [{ id: "one", key: new Uint8Array(32).fill(1) }];

interface Place extends KeyvStoreOptions {
  open(directory: string): StorageBackend;
}

const PLACES: Readonly<Record<string, Place>> = {
  "memory": { open: () => new MemoryBackend(), expires: true },
  "disk": { open: (root) => new DiskBackend({ root, durability: "fast" }), expires: false },
  "sqlite": { open: (root) => new SqliteBackend({ path: `${root}/a.db` }), expires: true, dialect: "sqlite" },
  "kv": { open: (root) => new KvBackend({ path: `${root}/a.kv` }), expires: true },
  // Text is a file beside the arrays.
  "zarr": { open: (root) => new ZarrBackend({ root, durability: "fast" }), expires: false },
  "layers": {
    open: () => new StoreBackend(layered(new MemoryStore(), prefixed("lab"), encrypted(KEYS), compressed())),
    expires: true,
  },
};

for (const [name, { open, ...options }] of Object.entries(PLACES)) {
  let store = (): KeyvStore => assert.fail("no test is running");
  const tests = collectTests((framework) => {
    keyvTestSuite(framework as Parameters<typeof keyvTestSuite>[0], Keyv, () => store());
    if (options.dialect === undefined) return;
    keyvIteratorTests(framework as Parameters<typeof keyvIteratorTests>[0], Keyv, () => store());
  });
  for (const { name: title, run } of tests) {
    Deno.test(`keyv, ${name}: ${title}`, async () => {
      const directory = await Deno.makeTempDir({ prefix: "polystore-" });
      const stores: KeyvStore[] = [];
      try {
        await using backend = open(directory);
        store = () => {
          stores.push(new KeyvStore(backend, options));
          return stores.at(-1)!;
        };
        try {
          await run();
        } finally {
          for (const one of stores) await one.settled();
        }
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    });
  }
  const number = options.dialect === undefined ? 38 : 42;
  Deno.test(`keyv, ${name}: the whole suite was there`, () => assert.equal(tests.length, number));
  if (options.dialect === undefined) {
    Deno.test({
      name: `keyv, ${name}: 4 tests of iterator() (Keyv iterates over dialects of SQL it knows)`,
      ignore: true,
      fn() {},
    });
  }
}
