/** Two who use one place, and share no lock: as two processes do. */

import assert from "node:assert/strict";
import { ndarray } from "../../backends/formats/ndarray.ts";
import { KvBackend } from "../../backends/kv.ts";
import { DiskStore } from "../../backends/stores/disk_store.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import { isStorageError } from "../../backends/errors.ts";
import type { Store } from "../../backends/stores/store.ts";
import { SqliteBackend } from "../../backends/sqlite.ts";
import { slice, ZarrBackend } from "../../backends/zarr.ts";
import { FileManager } from "../../filemanager/mod.ts";
import { flatStore } from "../backends/flat_store.ts";

/** A store that is another object, so that no lock is shared. */
function another(store: Store): Store {
  const names = ["read", "stat", "list", "write", "delete", "makeDirectory", "move", "deleteTree"] as const;
  const methods = names.filter((name) => store[name] !== undefined).map((name) => [name, store[name]!.bind(store)]);
  return Object.fromEntries(methods) as Store;
}

interface Place {
  readonly name: string;
  open(use: (store: () => Store) => Promise<void>): Promise<void>;
}

async function inTemporary(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "polystore-" });
  try {
    await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const PLACES: readonly Place[] = [
  {
    name: "memory",
    open: async (use) => {
      const store = new MemoryStore();
      await use(() => another(store));
    },
  },
  {
    name: "a flat store",
    open: async (use) => {
      const store = flatStore();
      await use(() => another(store));
    },
  },
  {
    name: "disk",
    open: (use) => inTemporary((root) => use(() => new DiskStore({ root, durability: "fast" }))),
  },
  {
    name: "SQLite",
    open: (use) =>
      inTemporary(async (directory) => {
        const backends: SqliteBackend[] = [];
        await use(() => {
          const backend = new SqliteBackend({ path: `${directory}/a.db`, durability: "normal" });
          backends.push(backend);
          return backend.store;
        });
        for (const backend of backends) await backend.close();
      }),
  },
  {
    name: "Deno KV",
    open: (use) =>
      inTemporary(async (directory) => {
        const backends: KvBackend[] = [];
        await use(() => {
          const backend = new KvBackend({ path: `${directory}/a.db` });
          backends.push(backend);
          return backend.store;
        });
        for (const backend of backends) await backend.close();
      }),
  },
];

function numbers(length: number, value: number): unknown {
  return ndarray(new Int32Array(length).fill(value), [length]);
}

for (const { name, open } of PLACES) {
  const each = (what: string, use: (store: () => Store) => Promise<void>): void =>
    Deno.test(`zarr in ${name}, shared: ${what}`, () => open(use));

  each("no reader sees a mixture while arrays of many shapes replace each other", async (store) => {
    const zarr = new ZarrBackend({ store: store() });
    await zarr.save(numbers(10, 0), "g/a", { chunks: [3] });
    let saving = true;
    const writers = [1, 2].map(async (writer) => {
      const own = new ZarrBackend({ store: store() });
      for (let i = 0; i < 8; i++) {
        const length = 1 + (i * 7 + writer * 5) % 23;
        await own.save(numbers(length, length), "g/a", { chunks: [1 + i % 3], format: i % 3 === 0 ? 2 : 3 });
      }
    });
    let reads = 0;
    const readers = [1, 2].map(async () => {
      const own = new ZarrBackend({ store: store() });
      while (saving) {
        const { data, shape } = await own.load("g/a") as { data: Int32Array; shape: number[] };
        const expected = data[0] === 0 ? 10 : data[0];
        assert(shape[0] === expected && data.every((one) => one === data[0]), `a mixture: ${data}`);
        reads++;
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    });
    await Promise.all(writers).finally(() => saving = false);
    await Promise.all(readers);
    assert(reads > 0);
    assert.equal(await zarr.sweep("", { olderThan: -1 }), 0);
  });

  each("8 who update an array 4 times each lose nothing", async (store) => {
    const managers = Array.from({ length: 8 }, () => new FileManager({ zarr: new ZarrBackend({ store: store() }) }));
    await managers[0]!.save(numbers(3, 0), "n", "zarr", { chunks: [2] });
    await Promise.all(managers.map(async (fm) => {
      for (let i = 0; i < 4; i++) {
        await fm.update("n", "zarr", (before) => numbers(3, (before as { data: Int32Array }).data[0]! + 1));
      }
    }));
    assert.deepEqual(await managers[0]!.load("n", "zarr"), numbers(3, 32));
  });

  each("writers of neighbouring elements, and appenders, lose nothing", async (store) => {
    const backends = Array.from({ length: 4 }, () => new ZarrBackend({ store: store() }));
    await backends[0]!.save(numbers(8, 0), "n", { chunks: [8] });
    await Promise.all(backends.map(async (zarr, writer) => {
      for (let i = 1; i <= 3; i++) await zarr.write("n", [slice(2 * writer, 2 * writer + 2)], i);
      await zarr.append("n", numbers(3, writer + 1) as never);
    }));
    const { data } = await backends[0]!.load("n") as { data: Int32Array };
    assert.deepEqual(data.subarray(0, 8), new Int32Array(8).fill(3));
    const rest = Array.from({ length: 4 }, (_, i) => String(data.subarray(8 + 3 * i, 11 + 3 * i))).sort();
    assert.deepEqual(rest, ["1,1,1", "2,2,2", "3,3,3", "4,4,4"]);
  });

  each("a part that is written while others replace the whole under a condition is never lost", async (store) => {
    const [a, b] = [new ZarrBackend({ store: store() }), new ZarrBackend({ store: store() })];
    await a.save(numbers(4, 0), "n", { chunks: [2] });
    const replace = async (): Promise<void> => {
      for (let done = 0; done < 10;) {
        const { etag } = await a.stat("n");
        const { data } = await a.load("n") as { data: Int32Array };
        const next = data.slice();
        next[3]!++;
        try {
          await a.save(ndarray(next, [4]), "n", { chunks: [2], ifMatch: etag });
          done++;
        } catch (error) {
          if (!isStorageError(error, "precondition-failed")) throw error;
        }
      }
    };
    const write = async (): Promise<void> => {
      for (let i = 1; i <= 10; i++) await b.write("n", [0], i);
    };
    await Promise.all([replace(), write()]);
    assert.deepEqual(await a.load("n"), ndarray(new Int32Array([10, 0, 0, 10]), [4]));
  });

  each("parts that are written while the array gets other chunks and formats spoil nothing", async (store) => {
    const [a, b, c] = [0, 1, 2].map(() => new ZarrBackend({ store: store() })) as [
      ZarrBackend,
      ZarrBackend,
      ZarrBackend,
    ];
    await a.save(ndarray(new Int32Array(12), [12]), "n", { chunks: [4] });
    let done = 0;
    const replace = async (): Promise<void> => {
      while (done < 12) {
        const { etag } = await a.stat("n");
        const { data } = await a.load("n") as { data: Int32Array };
        const next = data.slice();
        next[11]!++;
        const layout = { chunks: [1 + done % 5], format: done % 3 === 0 ? 2 as const : 3 as const };
        const compressor = done % 2 === 0 ? null : "gzip";
        try {
          await a.save(ndarray(next, [12]), "n", { ...layout, compressor, ifMatch: etag });
          done++;
        } catch (error) {
          if (!isStorageError(error, "precondition-failed")) throw error;
        }
      }
    };
    const write = async (zarr: ZarrBackend, from: number): Promise<void> => {
      for (let i = 1; i <= 12; i++) await zarr.write("n", [slice(from, from + 5)], i % 4 === 0 && i < 12 ? 0 : i);
    };
    await Promise.all([replace(), write(b, 0), write(c, 5)]);
    assert.deepEqual(await a.load("n"), ndarray(new Int32Array(12).fill(12, 0, 10).fill(12, 11), [12]));
  });

  each("attributes, the shape and a condition on the whole do not overtake each other", async (store) => {
    const [a, b] = [new ZarrBackend({ store: store() }), new ZarrBackend({ store: store() })];
    await a.save(numbers(2, 1), "n");
    const { etag } = await a.stat("n");
    const count = (zarr: ZarrBackend) =>
      zarr.updateAttributes("n", (before) => ({ ...before, count: Number(before.count ?? 0) + 1 }));
    await Promise.all(Array.from({ length: 10 }, (_, i) => count(i % 2 === 0 ? a : b)));
    assert.equal((await a.attributes("n")).count, 10);
    await assert.rejects(b.save(numbers(2, 2), "n", { ifMatch: etag }), { code: "precondition-failed" });
    await assert.rejects(b.write("n", [0], 2, { ifMatch: etag }), { code: "precondition-failed" });
    assert.deepEqual(await a.load("n"), numbers(2, 1));
  });
}
