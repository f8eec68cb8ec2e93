import {
  BackendBase,
  DataSource,
  DiskBackend,
  FileManager,
  isStorageError,
  MemoryBackend,
  MemoryStore,
  StorageBackend,
  StoreBackend,
  ZarrBackend,
} from "@polystore/polystore";
import { CachedBackend, type CachedBackendOptions } from "@polystore/polystore/cached";
import { json, ndarray, text } from "@polystore/polystore/formats";
import { type Fault, faulty, observed, StoreCounters } from "@polystore/polystore/layers";
import { layered, type Store } from "@polystore/polystore/stores";
import assert from "node:assert/strict";
import { pause } from "../layers/place.ts";

interface Setup {
  /** Behind the cache, past which others write. */
  readonly others: StoreBackend;
  readonly cached: CachedBackend<StoreBackend<Store>>;
  readonly counters: StoreCounters;
  /** What reached the store. */
  readonly behind: StoreCounters;
}

function setUp(options: CachedBackendOptions = {}, faults: Fault[] = []): Setup {
  const memory = new MemoryStore();
  const [counters, behind] = [new StoreCounters(), new StoreCounters()];
  const backend = new StoreBackend<Store>(layered(memory, faulty(faults), observed({ counters: behind })));
  const cached = new CachedBackend(backend, { maxAge: Infinity, counters, ...options });
  return { others: new StoreBackend(memory), cached, counters, behind };
}

Deno.test("CachedBackend passes on every member of a backend", () => {
  const own = new Set(Object.getOwnPropertyNames(CachedBackend.prototype));
  const whole = new CachedBackend(new ZarrBackend({ store: new MemoryStore() }));
  for (const { prototype } of [StorageBackend, DataSource, BackendBase]) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name === "constructor" || name.startsWith("#")) continue;
      // Protected: what the derived methods of the backend behind it call, and nobody else.
      if (["normalize", "entryList", "statOrAbsent", "copyFile", "checkApart", "realPlace"].includes(name)) continue;
      assert(own.has(name), `${name} is not passed on: ${Object.keys(descriptor)}`);
    }
  }
  for (const name of ["openRead", "openWrite", "watch", "keepsValueAt", "copyFrom"] as const) {
    assert.equal(whole[name] !== undefined, whole.backend[name] !== undefined, name);
  }
});

Deno.test("CachedBackend lacks what the backend lacks", () => {
  class Least extends StorageBackend {
    override load = (): Promise<unknown> => Promise.resolve(1);
    override save = (): Promise<{ etag?: string }> => Promise.resolve({});
    override delete = (): Promise<void> => Promise.resolve();
    override stat = (path: string): Promise<{ path: string; kind: "file"; exists: true }> =>
      Promise.resolve({ path, kind: "file", exists: true });
    override async *entries(): AsyncGenerator<never> {}
  }
  const cached = new CachedBackend(new Least());
  for (const name of ["openRead", "openWrite", "watch", "keepsValueAt", "copyFrom"] as const) {
    assert.equal(cached[name], undefined, name);
  }
});

Deno.test("CachedBackend refuses options that make no sense", () => {
  const wrong = [{ cacheSize: 0 }, { cacheSize: 1.5 }, { maxBytes: 0 }, { maxAge: -1 }, { maxAge: NaN }];
  for (const options of wrong) assert.throws(() => new CachedBackend(new MemoryBackend(), options), RangeError);
});

Deno.test("CachedBackend keeps what was loaded, and each caller has a value of its own", async () => {
  const { cached, counters, behind } = setUp();
  await cached.save({ list: [1, 2] }, "a.json");
  await cached.save(ndarray(new Uint8Array([1, 2]), [2]), "b.npy");
  for (let i = 0; i < 4; i++) {
    const value = await cached.load("a.json") as { list: number[] };
    assert.deepEqual(value, { list: [1, 2] });
    value.list.push(3);
    const array = await cached.load("b.npy") as { data: Uint8Array };
    assert.deepEqual(array.data, new Uint8Array([1, 2]));
    array.data.fill(9);
  }
  assert.equal(behind.calls.read, 2);
  assert.deepEqual([counters.cacheHits, counters.cacheMisses], [6, 2]);
});

Deno.test("CachedBackend shares values where it is asked to", async () => {
  const { cached } = setUp({ share: true });
  await cached.save({ a: 1 }, "a.json");
  const all = await Promise.all(Array.from({ length: 3 }, () => cached.load("a.json")));
  assert(all.every((value) => value === all[0]));
  assert.equal(await cached.load("a.json"), all[0]);
});

Deno.test("CachedBackend keeps null, and any other value, exactly", async () => {
  const { cached, behind } = setUp();
  const values: [string, unknown][] = [["n.json", null], ["z.json", 0], ["f.json", false], ["e.txt", ""], [
    "b",
    new Uint8Array(),
  ]];
  for (const [path, value] of values) {
    await cached.save(value, path);
  }
  for (let i = 0; i < 3; i++) for (const [path, value] of values) assert.deepEqual(await cached.load(path), value);
  assert.equal(behind.calls.read, values.length);
});

Deno.test("CachedBackend keeps any value that can be copied exactly: each time another one", async () => {
  const shared = { inner: [1] };
  const cycle: Record<string, unknown> = { name: "cycle" };
  cycle.self = cycle;
  const values: Record<string, unknown> = {
    twice: { a: shared, b: shared },
    cycle,
    holes: [1, , 3], // deno-lint-ignore no-sparse-arrays
    more: Object.assign([1, 2], { name: "list" }),
    nothing: Object.assign(Object.create(null), { a: { b: 1 } }),
    proto: JSON.parse('{ "__proto__": { "x": 1 }, "a": [{}] }'),
    builtins: { when: new Date(5), map: new Map([[{ a: 1 }, new Set([1])]]), bytes: new Uint8Array([1]).subarray(0) },
    deep: [[[{ a: [{ b: [null, undefined, -0, NaN, 1n, "x"] }] }]]],
    array: ndarray(new Float64Array([1, -0, NaN]), [3]),
    empty: [{}, [], new Uint8Array()],
  };
  const cached = new CachedBackend(new MemoryBackend(), { maxAge: Infinity });
  for (const [path, value] of Object.entries(values)) await cached.save(value, path);
  for (let i = 0; i < 3; i++) {
    for (const [path, value] of Object.entries(values)) {
      const loaded = await cached.load(path);
      assert.deepStrictEqual(loaded, value, path);
      assert.notEqual(loaded, await cached.load(path), path);
    }
    const { twice, cycle } = Object.fromEntries(
      await Promise.all(["twice", "cycle"].map(async (path) => [path, await cached.load(path)])),
    );
    assert.equal(twice.a, twice.b);
    assert.equal(cycle.self, cycle);
    twice.a.inner.push(2);
    const holes = await cached.load("holes") as unknown[];
    assert.equal(1 in holes, false);
    const proto = await cached.load("proto") as Record<string, unknown>;
    assert(Object.hasOwn(proto, "__proto__"));
    const deep = await cached.load("deep") as { a: unknown[] }[][][];
    deep[0]![0]![0]!.a.length = 0;
  }
});

Deno.test("CachedBackend makes one load for many who want the same", async () => {
  const { cached, behind } = setUp({}, [{ method: "read", delay: 20 }]);
  await cached.save({ a: 1 }, "a.json");
  const all = await Promise.all(Array.from({ length: 50 }, () => cached.load("a.json"))) as { a: number }[];
  assert.equal(behind.calls.read, 1);
  for (const value of all) {
    assert.deepEqual(value, { a: 1 });
    value.a = 2;
  }
});

Deno.test("CachedBackend is not poisoned by one who gives up, nor by a failure, nor by absence", async () => {
  const { cached, others, behind } = setUp({}, [{ method: "read", call: 1, delay: 30 }, { method: "read", call: 2 }]);
  await others.save({ a: 1 }, "a.json");
  const controller = new AbortController();
  const reason = new Error("enough");
  const impatient = cached.load("a.json", { signal: controller.signal });
  const patient = cached.load("a.json");
  setTimeout(() => controller.abort(reason), 5);
  await assert.rejects(impatient, (error) => error === reason);
  assert.deepEqual(await patient, { a: 1 });
  assert.equal(behind.calls.read, 1);
  await others.save({ b: 1 }, "b.json");
  await assert.rejects(cached.load("b.json"), { code: "io" });
  assert.deepEqual(await cached.load("b.json"), { b: 1 });
  await assert.rejects(
    cached.load("c.json"),
    (error) => isStorageError(error, "not-found") && error.operation === "load",
  );
  await others.save({ c: 1 }, "c.json");
  assert.deepEqual(await cached.load("c.json"), { c: 1 });
  await assert.rejects(cached.load("a.json", { signal: AbortSignal.abort(reason) }), (error) => error === reason);
});

Deno.test("CachedBackend aborts a load when nobody waits for it any more", async () => {
  const { cached, others } = setUp({}, [{ method: "read", call: 1, delay: 10_000 }]);
  await others.save({ a: 1 }, "a.json");
  const controllers = [new AbortController(), new AbortController()];
  const failures = controllers.map(({ signal }) => assert.rejects(cached.load("a.json", { signal })));
  await pause(5);
  for (const controller of controllers) controller.abort(new Error("enough"));
  await Promise.all(failures);
  assert.deepEqual(await cached.load("a.json"), { a: 1 });
});

Deno.test("CachedBackend forgets what is changed through it, in every way", async () => {
  const changes: [
    string,
    (cached: CachedBackend, put: (path: string) => Promise<unknown>) => Promise<unknown>,
    unknown,
  ][] = [
    ["save", (cached) => cached.save("new", "dir/a.txt"), "new"],
    ["saveBatch", (cached) => cached.saveBatch(["x", "new"], ["dir/b.txt", "dir/a.txt"]), "new"],
    ["copy", (cached) => cached.copy("other/a.txt", "dir/a.txt", { overwrite: true }), "other"],
    ["copy of a tree", (cached) => cached.copy("other", "dir", { overwrite: true }), "other"],
    ["move", (cached) => cached.move("other/a.txt", "dir/a.txt", { overwrite: true }), "other"],
    ["move of a tree", async (cached) => {
      await cached.move("dir", "gone");
      await cached.move("other", "dir");
    }, "other"],
    ["delete", (cached) => cached.delete("dir/a.txt"), undefined],
    ["delete of a tree", (cached) => cached.delete("dir", { recursive: true }), undefined],
    ["deleteAll", (cached) => cached.deleteAll("dir"), undefined],
    ["deleteAll of everything", (cached) => cached.deleteAll(""), undefined],
    ["another spelling", (cached) => cached.save("new", "./dir//a.txt"), "new"],
    ["a link in place of it", async (cached) => {
      await cached.delete("dir/a.txt");
      await cached.createSymlink("other/a.txt", "dir/a.txt");
    }, "other"],
    ["a link in place of the directory", async (cached) => {
      await cached.deleteAll("dir");
      await cached.createSymlink("other", "dir");
    }, "other"],
    ["openWrite", async (cached) => {
      const writer = (await cached.openWrite!("dir/a.txt")).getWriter();
      await writer.write(new TextEncoder().encode("new"));
      assert.equal(await cached.load("dir/a.txt"), "old");
      await writer.close();
    }, "new"],
    ["a change that fails half-way", async (cached) => {
      await cached.saveBatch(["new", "x"], ["dir/a.txt", "dir/a.txt/below"]).catch(() => undefined);
    }, "old"],
    ["openWrite that is aborted", async (cached) => {
      const writer = (await cached.openWrite!("dir/a.txt")).getWriter();
      await writer.write(new TextEncoder().encode("new"));
      await writer.abort();
    }, "old"],
  ];
  for (const backend of [() => new MemoryBackend(), () => new StoreBackend(new MemoryStore())]) {
    for (const [name, change, expected] of changes) {
      const cached = new CachedBackend(backend(), { maxAge: Infinity });
      const bytes = name.startsWith("openWrite") && cached.keepsValues;
      if (bytes) continue; // bytes in, bytes out
      await cached.save("old", "dir/a.txt");
      await cached.save("other", "other/a.txt");
      for (const path of ["dir/a.txt", "other/a.txt"]) await cached.load(path);
      await change(cached, (path) => cached.save("x", path));
      if (expected === undefined) await assert.rejects(cached.load("dir/a.txt"), { code: "not-found" }, name);
      else assert.equal(await cached.load("dir/a.txt"), expected, name);
    }
  }
});

Deno.test("CachedBackend notices what is changed through links", async () => {
  const { cached } = setUp();
  await cached.save("old", "dir/a.txt");
  await cached.createSymlink("dir", "to-dir");
  await cached.createSymlink("to-dir/a.txt", "to-a.txt");
  const paths = ["dir/a.txt", "to-dir/a.txt", "to-a.txt"];
  for (const path of paths) {
    for (const content of [`${path} once`, `${path} twice`]) {
      for (const each of paths) await cached.load(each);
      await cached.save(content, path);
      for (const each of paths) assert.equal(await cached.load(each, { format: "text" }), content);
    }
  }
});

Deno.test("CachedBackend looks before it believes what it kept when something else is changed, and loads nothing again", async () => {
  const { cached, behind, counters } = setUp();
  for (const path of ["a.json", "b.json"]) await cached.save({ path }, path);
  for (const path of ["a.json", "b.json"]) await cached.load(path);
  await cached.save({}, "c.json");
  const stats = behind.calls.stat!;
  for (let i = 0; i < 3; i++) assert.deepEqual(await cached.load("a.json"), { path: "a.json" });
  assert.equal(behind.calls.read, 2);
  assert.equal(behind.calls.stat, stats + 1);
  assert.deepEqual([counters.cacheHits, counters.cacheMisses], [3, 2]);
});

Deno.test("CachedBackend never keeps the old value of a load that a save overtook", async () => {
  for (const delay of [{ method: "read", call: 1, delay: 20 }, { method: "stat", call: 1, delay: 20 }] as const) {
    const { cached, others } = setUp({}, [delay]);
    await others.save("old", "a.txt");
    const loading = cached.load("a.txt");
    await pause(5);
    await cached.save("new", "a.txt");
    // Whoever begins after the save sees what it saved, though the load is still under way.
    assert.equal(await cached.load("a.txt"), "new");
    assert(["old", "new"].includes(await loading as string));
    assert.equal(await cached.load("a.txt"), "new");
  }
});

Deno.test("CachedBackend is right while many load and save at once", async () => {
  const cached = new CachedBackend(new DiskBackend({ root: await Deno.makeTempDir({ prefix: "polystore-cached-" }) }), {
    maxAge: Infinity,
  });
  try {
    const paths = ["a.json", "b.json", "c.json"];
    for (const path of paths) await cached.save(0, path);
    const latest = new Map(paths.map((path) => [path, 0]));
    await Promise.all(
      paths.map(async (path) => {
        for (let i = 1; i <= 50; i++) {
          await cached.save(i, path);
          latest.set(path, i);
          if (i % 3 === 0) await pause(1);
        }
      }).concat(Array.from({ length: 6 }, async (_, i) => {
        const path = paths[i % 3]!;
        while (latest.get(path)! < 50) {
          const least = latest.get(path)!;
          const value = await cached.load(path) as number;
          assert(value >= least, `${value} after ${least} was saved`);
          await pause(0);
        }
      })),
    );
    for (const path of paths) assert.equal(await cached.load(path), 50);
  } finally {
    await Deno.remove(cached.backend.physicalSourcePath(""), { recursive: true });
  }
});

Deno.test("CachedBackend notices what others change after maxAge, and loads only what is another content", async () => {
  const { cached, others, behind } = setUp({ maxAge: 0 });
  await others.save("one", "a.txt");
  assert.equal(await cached.load("a.txt"), "one");
  assert.equal(await cached.load("a.txt"), "one");
  assert.equal(behind.calls.read, 1);
  await others.save("two", "a.txt");
  assert.equal(await cached.load("a.txt"), "two");
  await others.delete("a.txt");
  await assert.rejects(cached.load("a.txt"), { code: "not-found" });
  const trusting = setUp();
  await trusting.others.save("one", "a.txt");
  await trusting.cached.load("a.txt");
  await trusting.others.save("two", "a.txt");
  assert.equal(await trusting.cached.load("a.txt"), "one", "it is believed for good");
  await trusting.cached.stat("a.txt");
  assert.equal(await trusting.cached.load("a.txt"), "two", "whoever looks has noticed");
});

Deno.test("CachedBackend forgets a value whose time has come", async () => {
  const cached = new CachedBackend(new MemoryBackend(), { maxAge: Infinity });
  await cached.save("short", "a", { expireIn: 40 } as object);
  assert.equal(await cached.load("a"), "short");
  await pause(60);
  await assert.rejects(cached.load("a"), { code: "not-found" });
});

Deno.test("CachedBackend keeps apart what was loaded with other options", async () => {
  const { cached, behind } = setUp();
  await cached.save({ a: 1 }, "a.json");
  const other = { ...json(), name: "other", decode: () => "decoded otherwise" };
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(await cached.load("a.json"), { a: 1 });
    assert.equal(await cached.load("a.json", { format: "text" }), '{"a":1}');
    assert(await cached.load("a.json", { format: "bytes" }) instanceof Uint8Array);
    assert.equal(await cached.load("a.json", { format: other }), "decoded otherwise");
    assert.equal(await cached.load("a.json", { format: text() }), '{"a":1}');
    assert.deepEqual(await cached.load("a.json", { format: undefined, signal: new AbortController().signal }), {
      a: 1,
    });
  }
  assert.equal(behind.calls.read, 4 + 3, "each text() is another format");
});

Deno.test("CachedBackend keeps nothing that was loaded with options that can change", async () => {
  const zarr = new ZarrBackend({ store: new MemoryStore() });
  const cached = new CachedBackend(zarr, { maxAge: Infinity });
  await cached.save(ndarray(new Uint8Array([1, 2, 3, 4]), [4]), "a");
  const selection: [{ start: number; stop: number }] = [{ start: 0, stop: 2 }];
  const load = async (): Promise<number[]> => {
    return [...(await cached.load("a", { selection: selection as never }) as { data: Uint8Array }).data];
  };
  assert.deepEqual(await load(), [1, 2]);
  selection[0].start = 1;
  assert.deepEqual(await load(), [2]);
});

Deno.test("CachedBackend passes on what cannot be copied", async () => {
  const memory = new MemoryBackend({ policy: "reference" });
  const cached = new CachedBackend(memory, { maxAge: Infinity });
  const call = (): number => 42;
  await cached.save(call, "a");
  const all = await Promise.all([cached.load("a"), cached.load("a"), cached.load("a")]);
  assert(all.every((value) => value === call));
});

Deno.test("CachedBackend keeps as many as it may, the latest used", async () => {
  const { cached, behind } = setUp({ cacheSize: 2 });
  for (const path of ["a.txt", "b.txt", "c.txt"]) await cached.save(path, path);
  for (const path of ["a.txt", "b.txt", "a.txt", "c.txt", "a.txt", "b.txt"]) await cached.load(path);
  assert.equal(behind.calls.read, 4);
  const small = setUp({ maxBytes: 1000 });
  await small.cached.save(new Uint8Array(600), "a");
  await small.cached.save(new Uint8Array(600), "b");
  await small.cached.save(new Uint8Array(2000), "c");
  for (const path of ["a", "b", "b", "c", "c", "b", "a"]) await small.cached.load(path);
  assert.equal(small.behind.calls.read, 5);
});

Deno.test("CachedBackend loads of a batch what is not kept, as a batch", async () => {
  const { cached, behind, counters } = setUp();
  await cached.saveBatch(["a", "b", "c"], ["a.txt", "b.txt", "c.txt"]);
  await cached.load("b.txt");
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await cached.loadBatch(["a.txt", "b.txt", "c.txt"]), ["a", "b", "c"]);
  }
  assert.deepEqual([counters.cacheHits, counters.cacheMisses], [4, 3]);
  assert.equal((behind.calls.read ?? 0) + (behind.calls.readMany ?? 0), 2);
  await assert.rejects(cached.loadBatch(["a.txt", "nothing"]), { code: "not-found" });
  await cached.clear();
  await cached.load("a.txt");
  assert.equal(behind.calls.read, 2);
});

// What must compile, and what must not: `deno check` is the test.
function _compiles(fm: FileManager<{ slow: CachedBackend<DiskBackend> }>): void {
  // @ts-expect-error: durability is one of two words
  fm.save(1, "a", "slow", { durability: "none" });
  // @ts-expect-error: the disk has no policy
  fm.save(1, "a", "slow", { policy: "copy" });
  // @ts-expect-error: the disk has no selection
  fm.load("a", "slow", { selection: [] });
  const zarr = new CachedBackend(new ZarrBackend());
  zarr.load("a", { selection: [null] });
  zarr.backend.connectionParams();
}

Deno.test("CachedBackend keeps the options of the backend behind it", async () => {
  const root = await Deno.makeTempDir({ prefix: "polystore-cached-" });
  try {
    const fm = new FileManager({ slow: new CachedBackend(new DiskBackend({ root })) });
    await fm.save({ a: 1 }, "a.json", "slow", { durability: "fast", overwrite: false });
    assert.deepEqual(await fm.load("a.json", "slow"), { a: 1 });
    await fm.update<{ a: number }>("a.json", "slow", (value) => ({ a: (value?.a ?? 0) + 1 }));
    assert.deepEqual(await fm.load("a.json", "slow"), { a: 2 });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("CachedBackend loses no update", async () => {
  const fm = new FileManager({ slow: new CachedBackend(new MemoryBackend(), { maxAge: Infinity }) });
  await Promise.all(Array.from({ length: 10 }, async () => {
    for (let i = 0; i < 20; i++) await fm.update<number>("n", "slow", (value) => (value ?? 0) + 1);
  }));
  assert.equal(await fm.load("n", "slow"), 200);
});

Deno.test("CachedBackend loses no update, though others go past it and it never looks by itself", async () => {
  const behind = new MemoryBackend();
  const fm = new FileManager({ slow: new CachedBackend(behind, { maxAge: Infinity }), behind });
  await Promise.all(Array.from({ length: 8 }, async (_, i) => {
    for (let j = 0; j < 25; j++) {
      const name = i % 2 === 0 ? "slow" : "behind";
      await fm.update<number>("n", name, async (value) => {
        if (j % 5 === 0) await pause(0);
        return (value ?? 0) + 1;
      });
      await fm.load("n", "slow");
    }
  }));
  assert.equal(await behind.load("n"), 200);
});
