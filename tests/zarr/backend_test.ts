/** What the zarr backend is apart from being a backend. */

import assert from "node:assert/strict";
import { registeredBackend } from "../../backends/catalogue.ts";
import { isStorageError, StorageError } from "../../backends/errors.ts";
import { dataTypes, type NdArray, ndarray } from "../../backends/formats/ndarray.ts";
import { MemoryBackend } from "../../backends/memory.ts";
import { sampleImage } from "../../backends/sampling.ts";
import { MemoryStore } from "../../backends/stores/memory_store.ts";
import type { Store } from "../../backends/stores/store.ts";
import { slice, ZarrBackend, type ZarrValue } from "../../backends/zarr.ts";
import { FileManager } from "../../filemanager/mod.ts";
import { BackendRegistry, unknownBackend } from "../../registry/mod.ts";
import { array } from "../conformance/backend_values.ts";
import { refuses } from "../disk/setup.ts";

function inMemory(): { store: MemoryStore; zarr: ZarrBackend } {
  const store = new MemoryStore();
  return { store, zarr: new ZarrBackend({ store }) };
}

async function filesOf(store: Store, prefix = ""): Promise<string[]> {
  const entries = await Array.fromAsync(store.list!(prefix));
  return entries.filter(({ kind }) => kind === "file").map(({ path }) => path);
}

async function documentOf(store: Store, path: string): Promise<Record<string, unknown>> {
  return JSON.parse(new TextDecoder().decode(await store.read(path)));
}

const GRID = ndarray(Int16Array.from({ length: 24 }, (_, i) => i), [4, 6]);

/** Notes what is read and written. */
function watched(inner: Store): { store: Store; read: string[]; wrote: string[] } {
  const read: string[] = [];
  const wrote: string[] = [];
  const names = ["stat", "list", "delete", "makeDirectory", "move", "deleteTree"] as const;
  const store = Object.fromEntries(names.map((name) => [name, inner[name]!.bind(inner)])) as unknown as Store;
  return {
    store: {
      ...store,
      read: (path, options) => (read.push(path), inner.read(path, options)),
      write: (path, bytes, options) => (wrote.push(path), inner.write!(path, bytes, options)),
    },
    read,
    wrote,
  };
}

Deno.test('zarr: registers itself as "zarr", and is made of nothing', async () => {
  assert.equal(registeredBackend("zarr"), ZarrBackend);
  assert.match(unknownBackend("zarr", []).message, /@polystore\/polystore\/zarr/);
  await using registry = new BackendRegistry();
  const zarr = registry.get("zarr") as ZarrBackend;
  const directory = await Deno.makeTempDir({ prefix: "polystore-" });
  try {
    // Paths are those of the system, as those of the disk backend are.
    await zarr.save(GRID, `${directory}/deep/a.zarr/b`);
    assert.deepEqual(await zarr.load(`${directory}/deep/a.zarr/b`), GRID);
    const documents = (await filesOf((registry.get("zarr") as ZarrBackend).store, directory))
      .filter((path) => path.endsWith("zarr.json")).map((path) => path.slice(directory.length));
    assert.deepEqual(documents, ["/deep/a.zarr/b/zarr.json", "/deep/a.zarr/zarr.json"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("zarr: connectionParams() is what makes the same backend elsewhere", async () => {
  const root = await Deno.makeTempDir({ prefix: "polystore-" });
  try {
    const zarr = new ZarrBackend({ root, durability: "fast" });
    await zarr.save(GRID, "a");
    const params = JSON.parse(JSON.stringify(zarr.connectionParams()));
    assert.deepEqual(params, { root, durability: "fast" });
    assert.deepEqual(await ZarrBackend.fromConnectionParams(params).load("a"), GRID);
    assert.equal(zarr.physicalSourcePath("a"), `${root}/a`);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
  assert.throws(() => inMemory().zarr.connectionParams(), { code: "unsupported" });
  assert.throws(() => new ZarrBackend({ store: new MemoryStore(), root: "x" }), { code: "invalid-argument" });
});

/** An array of the same kind, all zero. */
function zerosLike({ dtype, data, shape }: NdArray): NdArray {
  const stride = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
  return { dtype, data: new dataTypes[dtype].array(new ArrayBuffer(data.byteLength)), shape, stride } as NdArray;
}

/** The bits of elements, in C order. */
function bitsOf({ data, shape, stride }: NdArray): string[] {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const size = data.byteLength / data.length * (data.length / shape.reduce((product, length) => product * length, 1));
  const positions = shape.reduce<number[]>(
    (starts, length, axis) =>
      starts.flatMap((start) => Array.from({ length }, (_, index) => start + index * stride[axis]!)),
    [0],
  );
  return positions.map((position) => bytes.slice(position * size, (position + 1) * size).toHex());
}

Deno.test("zarr: no NaN loses its bits, however its chunk lies", async () => {
  // Signalling ones too, which a processor makes quiet when it moves them as numbers.
  const [quiet, loud] = [[0x7fc00001, 0xffc12345, 0x7ff8beef], [0x7fa00001, 0xff812345, 0x7ff4beef, 0xfff00001]];
  const words = Uint32Array.from({ length: 48 }, (_, i) => i % 3 === 0 ? i : [...quiet, ...loud][i % 7]!);
  const arrays: NdArray[] = [
    ndarray(new Float16Array(words.buffer), [8, 12]),
    ndarray(new Float32Array(words.buffer), [4, 12]),
    ndarray(new Float64Array(words.buffer), [4, 6]),
    ndarray(new Float32Array(words.buffer), [4, 6], { dtype: "complex64" }),
    ndarray(new Float64Array(words.buffer), [2, 6], { dtype: "complex128" }),
  ];
  for (const plain of arrays) {
    const turned = { ...plain, shape: plain.shape.toReversed(), stride: plain.stride.toReversed() };
    for (const value of [plain, turned]) {
      const whole = value.shape;
      for (
        const options of [
          { format: 2, chunks: whole },
          { format: 2, chunks: [1, 2], order: "F" },
          { format: 2, chunks: [2, 1], compressor: "gzip" },
          { format: 3, chunks: [2, 2] },
          { format: 3, chunks: [1, 2], shards: [2, 2] },
        ] as const
      ) {
        const { zarr } = inMemory();
        await zarr.save(value, "a", options);
        const back = await zarr.load("a") as NdArray;
        const label = `${value.dtype} [${whole}] ${JSON.stringify(options)}`;
        assert.deepEqual(bitsOf(back), bitsOf(value), label);
        await zarr.save(zerosLike(value), "b", options);
        await zarr.write("b", [], value);
        const column = await zarr.load("b", { selection: [slice(null), slice(1, 2)] }) as NdArray;
        assert.deepEqual(bitsOf(column), bitsOf(value).filter((_, i) => i % whole[1]! === 1), `a column of ${label}`);
      }
    }
  }
});

Deno.test("zarr: every kind of array comes back, in both formats", async () => {
  const { zarr } = inMemory();
  const values: ZarrValue[] = [
    ...Object.keys(dataTypes).map((dtype) => array(dtype as keyof typeof dataTypes, [3, 2])),
    array("float32", []),
    array("int8", [0, 3]),
    { dtype: "string", data: ["a", "", "\u{1f600}"], shape: [3], stride: [1] },
    { dtype: "bytes", data: [new Uint8Array([1, 2]), new Uint8Array()], shape: [2], stride: [1] },
    { dtype: "datetime64[ms]", data: new BigInt64Array([1n, -(2n ** 63n)]), shape: [2], stride: [1] },
  ];
  for (const format of [2, 3] as const) {
    for (const [i, value] of values.entries()) {
      await zarr.save(value, `v${format}/${i}`, { format });
      assert.deepEqual(await zarr.load(`v${format}/${i}`), value, `${value.dtype} in v${format}`);
      assert.equal((await zarr.stat(`v${format}/${i}`)).array?.format, format);
    }
  }
});

Deno.test("zarr: stat tells how an array is kept", async () => {
  const { zarr } = inMemory();
  await zarr.save(GRID, "a", {
    chunks: [2, 3],
    shards: [4, 6],
    compressor: { name: "gzip", level: 1 },
    fillValue: -1,
    dimensionNames: ["y", "x"],
    attributes: { unit: "µm" },
  });
  const { etag, modified, size, ...info } = await zarr.stat("a");
  assert(etag !== undefined && modified instanceof Date);
  assert.equal(size, 128 + 48);
  const { codecs, ...rest } = info.array!;
  assert.deepEqual({ ...info, array: rest }, {
    path: "a",
    kind: "file",
    exists: true,
    array: {
      format: 3,
      shape: [4, 6],
      dtype: "int16",
      chunks: [2, 3],
      shards: [4, 6],
      fillValue: -1,
      dimensionNames: ["y", "x"],
      attributes: { unit: "µm" },
    },
  });
  assert.deepEqual(codecs.map(({ name }) => name), ["sharding_indexed"]);
  await zarr.createSymlink("a", "link");
  const link = await zarr.stat("link");
  assert.deepEqual([link.kind, link.target, link.targetKind, link.array?.shape], ["symlink", "a", "file", [4, 6]]);
  assert.deepEqual(await zarr.load("link"), GRID);
  assert.equal((await zarr.stat("")).array, undefined);
});

Deno.test("zarr: loading a part reads only the chunks it touches, and nothing writes", async () => {
  const memory = new MemoryStore();
  await new ZarrBackend({ store: memory }).save(GRID, "g/a", { chunks: [2, 2] });
  const { store, read, wrote } = watched(memory);
  const zarr = new ZarrBackend({ store });
  const part = await zarr.load("g/a", { selection: [slice(0, 2), 5] });
  assert.deepEqual(part, ndarray(new Int16Array([5, 11]), [2]));
  assert.deepEqual(read.filter((path) => path.startsWith("g/a/c")), ["g/a/c/0/2"]);
  await refuses(() => zarr.load("g/a", { selection: [9] }), "invalid-argument");
  await zarr.stat("g/a");
  await zarr.listFiles("", { recursive: true });
  await zarr.attributes("g");
  await zarr.consolidated("g");
  await (await zarr.openArray("g/a")).get([0]);
  assert.deepEqual(wrote, []);
  await zarr.save("text", "note.txt");
  await refuses(() => zarr.load("note.txt", { selection: [0] }), "unsupported");
});

Deno.test("zarr: what an array is made of is not there, and nothing can be put into it", async () => {
  const { zarr, store } = inMemory();
  await zarr.save(GRID, "g/a", { chunks: [2, 3] });
  await zarr.save(GRID, "g/old", { format: 2, attributes: { a: 1 } });
  await zarr.save(GRID, "other");
  assert.deepEqual(await zarr.listDir("g"), ["a", "old"]);
  assert.deepEqual((await Array.fromAsync(zarr.entries("", { recursive: true }))).map(({ kind }) => kind), [
    "directory",
    "file",
    "file",
    "file",
  ]);
  for (const path of ["g/zarr.json", "g/a/zarr.json", "g/old/.zarray", "zarr.json"]) {
    assert.equal(await zarr.exists(path), false, path);
    await refuses(() => zarr.save({ a: 1 }, path, { format: "json" }), "invalid-path");
    await refuses(() => zarr.createSymlink("g", path), "invalid-path");
    await refuses(() => zarr.move("other", path), "invalid-path");
  }
  for (const path of ["g/a/c", "g/a/c/0/0", "g/a/new", "g/a/c/new"]) {
    assert.equal(await zarr.exists(path), false, path);
    await refuses(() => zarr.load(path), "not-a-directory");
    await refuses(() => zarr.save(GRID, path), "not-a-directory");
    await refuses(() => zarr.save("text", `${path}.txt`), "not-a-directory");
    await refuses(() => zarr.ensureDirectory(path), "not-a-directory");
    await refuses(() => zarr.createSymlink("g", path), "not-a-directory");
    await refuses(() => zarr.copy("g/old", path), "not-a-directory");
    await refuses(() => zarr.move("g/old", path), "not-a-directory");
    await refuses(() => zarr.openWrite(path), "not-a-directory");
  }
  await refuses(() => zarr.listDir("g/a"), "not-a-directory");
  await refuses(() => zarr.ensureDirectory("g/a"), "already-exists");
  assert.deepEqual((await filesOf(store)).filter((path) => path.includes("polystore")), []);
});

Deno.test("zarr: files of formats lie beside the arrays; a number for the format makes an array of any path", async () => {
  const { zarr } = inMemory();
  await zarr.save(GRID, "p.zarr/a");
  await zarr.save({ well: "A1" }, "p.zarr/meta.json");
  await zarr.save([{ well: "A1", n: "1" }], "p.zarr/TABLE.CSV");
  await zarr.save(GRID, "p.zarr/b.npy");
  await zarr.save(GRID, "p.zarr/c.npy", { format: 2 });
  await zarr.save(new Uint8Array([1, 2]), "p.zarr/rois.roi.zip");
  assert.deepEqual(await zarr.load("p.zarr/meta.json"), { well: "A1" });
  assert.deepEqual(await zarr.load("p.zarr/TABLE.CSV"), [{ well: "A1", n: "1" }]);
  assert.deepEqual(await zarr.load("p.zarr/rois.roi.zip"), new Uint8Array([1, 2]));
  for (const path of ["b.npy", "c.npy"]) assert.deepEqual(await zarr.load(`p.zarr/${path}`), GRID);
  assert.equal((await zarr.stat("p.zarr/b.npy")).array, undefined);
  assert.equal((await zarr.stat("p.zarr/c.npy")).array?.format, 2);
  await refuses(() => zarr.save({ a: 1 }, "p.zarr/x", { format: 3 }), "invalid-value");
  await refuses(() => zarr.save({ a: 1 }, "p.zarr/x"), "unknown-format");
  await refuses(() => zarr.save(GRID, "p.zarr/x", { expireIn: 1000 }), "unsupported");
  const bytes = await new Response(await zarr.openRead("p.zarr/a") as ReadableStream<Uint8Array<ArrayBuffer>>).bytes();
  await zarr.save(bytes, "p.zarr/copied.npy", { format: "bytes" });
  assert.deepEqual(await zarr.load("p.zarr/copied.npy"), GRID);
});

Deno.test("zarr: groups are made from the directory called .zarr down, else from the root", async () => {
  const { zarr, store } = inMemory();
  await zarr.save("text", "lab/p.zarr/note.txt");
  await zarr.save(GRID, "lab/p.zarr/A/1");
  const documents = async (): Promise<string[]> =>
    (await filesOf(store)).filter((path) => /(zarr\.json|\.zgroup|\.zarray)$/.test(path));
  assert.deepEqual(await documents(), ["lab/p.zarr/A/1/zarr.json", "lab/p.zarr/A/zarr.json", "lab/p.zarr/zarr.json"]);
  await zarr.delete("lab", { recursive: true });
  await zarr.save(GRID, "x/y", { format: 2 });
  assert.deepEqual(await documents(), [".zgroup", "x/.zgroup", "x/y/.zarray"]);
  await zarr.save(GRID, "x/z");
  assert.equal((await zarr.stat("x/z")).array?.format, 2, "as the group above");
  await zarr.updateAttributes("x", () => ({ kept: true }));
  await zarr.save(GRID, "x/z");
  assert.deepEqual(await zarr.attributes("x"), { kept: true });
});

Deno.test("zarr: the etag changes with every change, and with nothing else", async () => {
  const { zarr } = inMemory();
  const seen = new Set<string | undefined>();
  const note = async (what: string, changes: boolean): Promise<void> => {
    const { etag } = await zarr.stat("a");
    assert.equal(seen.has(etag), !changes, what);
    seen.add(etag);
  };
  await zarr.save(GRID, "a", { chunks: [2, 2] });
  await note("save", true);
  await zarr.load("a");
  await zarr.save(GRID, "b");
  await note("nothing", false);
  const { etag } = await zarr.write("a", [0, 0], 5);
  assert.equal((await zarr.stat("a")).etag, etag);
  await note("write", true);
  await zarr.write("a", [0, 0], 5);
  await note("the same again", true);
  const appended = await zarr.append("a", GRID as ZarrValue, { axis: 0 });
  assert.deepEqual(appended.shape, [8, 6]);
  assert.equal((await zarr.stat("a")).etag, appended.etag);
  await note("append", true);
  await zarr.resize("a", [3, 3]);
  await note("resize", true);
  await zarr.updateAttributes("a", () => ({ a: 1 }));
  await note("attributes", true);
  await (await zarr.openArray("a")).set([0], 1);
  await note("the handle", true);
  await zarr.save(GRID, "a", { format: 2 });
  await note("replaced", true);
  await zarr.updateAttributes("a", () => ({ a: 1 }));
  await note("attributes of v2", true);
  await refuses(() => zarr.write("a", [0, 0], 1, { ifMatch: etag }), "precondition-failed");
  await refuses(() => zarr.append("a", GRID as ZarrValue, { ifMatch: etag }), "precondition-failed");
  await refuses(() => zarr.resize("a", [1, 1], { ifMatch: etag }), "precondition-failed");
  await refuses(() => zarr.delete("a", { ifMatch: etag }), "precondition-failed");
  assert.deepEqual(await zarr.load("a"), GRID);
});

Deno.test("zarr: what is cut off does not come back, and what is new is filled", async () => {
  const { zarr } = inMemory();
  await zarr.save(GRID, "a", { chunks: [3, 4], fillValue: -1 });
  await zarr.resize("a", [2, 3]);
  assert.deepEqual(await zarr.load("a"), ndarray(new Int16Array([0, 1, 2, 6, 7, 8]), [2, 3]));
  await zarr.resize("a", [3, 5]);
  const expected = [0, 1, 2, -1, -1, 6, 7, 8, -1, -1, -1, -1, -1, -1, -1];
  assert.deepEqual(await zarr.load("a"), ndarray(new Int16Array(expected), [3, 5]));
  await refuses(() => zarr.resize("a", [3]), "invalid-argument");
  await refuses(() => zarr.resize("a", [-1, 3]), "invalid-argument");
  await refuses(() => zarr.append("a", GRID as ZarrValue, { axis: 2 }), "invalid-argument");
  await refuses(() => zarr.append("a", GRID as ZarrValue), "invalid-value");
  await refuses(() => zarr.write("a", [slice(2)], GRID), "invalid-value");
  await refuses(() => zarr.write("missing", [0], 1), "not-found");
  await refuses(() => zarr.openArray("missing"), "not-found");
});

Deno.test("zarr: a handle reads, writes, appends and sees what it has done", async () => {
  const { zarr } = inMemory();
  const created = await zarr.createArray("g/a", "int16", [2, 6], { chunks: [1, 3], fillValue: 7 });
  assert.deepEqual([created.shape, created.chunks, created.dtype], [[2, 6], [1, 3], "int16"]);
  await created.set([0], GRID.data[3]);
  assert.deepEqual(await created.append(GRID as ZarrValue), [6, 6]);
  assert.deepEqual(created.shape, [6, 6]);
  await created.updateAttributes((before) => ({ ...before, n: 1 }));
  assert.deepEqual(created.attributes, { n: 1 });
  await created.resize([6, 2]);
  const opened = await zarr.openArray("g/a");
  assert.deepEqual(await opened.get([slice(0, 3)]), ndarray(new Int16Array([3, 3, 7, 7, 0, 1]), [3, 2]));
  await refuses(() => zarr.createArray("g/a", "int16", [1], { overwrite: false }), "already-exists");
  await zarr.createArray("g/a", "bool", [1]);
  assert.deepEqual(await zarr.load("g/a"), ndarray(new Uint8Array(1), [1], { dtype: "bool" }));
});

Deno.test("zarr: a part that fails half-way says how much was written, and an abort stops the work", async () => {
  const memory = new MemoryStore();
  await new ZarrBackend({ store: memory }).save(ndarray(new Uint8Array(64), [64]), "a", { chunks: [1] });
  const before = (await new ZarrBackend({ store: memory }).stat("a")).etag;
  let writes = 0;
  const { store } = watched(memory);
  const full: Store = {
    ...store,
    write: (path, bytes, options) => {
      if (path.startsWith("a/c/") && ++writes > 10) return Promise.reject(new StorageError("no-space", "it is full"));
      return memory.write(path, bytes, options);
    },
  };
  await assert.rejects(new ZarrBackend({ store: full }).write("a", undefined, 1), (error) => {
    assert(isStorageError(error, "no-space"));
    assert.match(error.message, /^Cannot write "a": it is full; 10 chunks were written before, and stay$/);
    return true;
  });
  const zarr = new ZarrBackend({ store: memory });
  assert.notEqual((await zarr.stat("a")).etag, before);
  assert.equal((await zarr.load("a") as { data: Uint8Array }).data.reduce((sum, one) => sum + one), 10);

  const controller = new AbortController();
  const reason = new Error("stop");
  const stopping: Store = {
    ...store,
    write: (path, bytes, options) => {
      if (path.includes("/c/") && ++writes > 30) controller.abort(reason);
      return memory.write(path, bytes, options);
    },
  };
  const aborted = new ZarrBackend({ store: stopping });
  const { signal } = controller;
  await assert.rejects(aborted.write("a", undefined, 2, { signal }), (error) => error === reason);
  const sum = (await zarr.load("a") as { data: Uint8Array }).data.filter((one) => one === 2).length;
  assert(sum > 0 && sum < 64, `${sum} of 64 chunks were written`);
  await assert.rejects(aborted.save(GRID, "new", { signal }), (error) => error === reason);
  assert.deepEqual(await zarr.listDir(""), ["a"]);
});

Deno.test("zarr: a save that fails or is aborted half-way leaves what was there, and nothing else", async () => {
  const memory = new MemoryStore();
  const zarr = new ZarrBackend({ store: memory });
  await zarr.save(GRID, "g/a");
  const before = await filesOf(memory);
  for (const kind of ["fail", "abort"]) {
    for (const path of ["g/a", "g/b", "new/c"]) {
      let writes = 0;
      const controller = new AbortController();
      const reason = new Error("stop");
      const store: Store = {
        ...watched(memory).store,
        write: (path, bytes, options) => {
          if (++writes !== 5) return memory.write(path, bytes, options);
          if (kind === "fail") return Promise.reject(reason);
          controller.abort(reason);
          return memory.write(path, bytes, options);
        },
      };
      const save = new ZarrBackend({ store }).save(GRID, path, { chunks: [1, 1], signal: controller.signal });
      await assert.rejects(save, (error) => error === reason);
      assert.deepEqual(await filesOf(memory), before, `${kind} ${path}`);
      assert.deepEqual(await zarr.load("g/a"), GRID);
    }
  }
});

Deno.test("zarr: a batch of arrays and files is checked whole, and leaves what was there when one fails", async () => {
  const { zarr, store } = inMemory();
  await zarr.save(GRID, "a");
  await zarr.save("old", "note.txt");
  const before = await filesOf(store);
  const attempts: [unknown[], string[], string][] = [
    [[GRID, { bad: undefined }], ["b", "c.json"], "invalid-value"],
    [["new", GRID, { a: 1 }], ["note.txt", "b", "c"], "unknown-format"],
    [[GRID, GRID], ["b", "a/below"], "not-a-directory"],
    [[GRID, "x"], ["note.txt/below", "b.txt"], "not-a-directory"],
    [[GRID, GRID], ["b", "c/zarr.json"], "invalid-path"],
    [[GRID, GRID], ["b", "./b"], "invalid-argument"],
  ];
  for (const [values, paths, code] of attempts) {
    await refuses(() => zarr.saveBatch(values, paths), code as never);
    assert.deepEqual(await filesOf(store), before, `${paths}`);
  }
  await refuses(() => zarr.saveBatch([GRID, "new"], ["b", "note.txt"], { overwrite: false }), "already-exists");
  await refuses(() => zarr.saveBatch([GRID, GRID], ["b", "c"], { chunks: [1, 2, 3] }), "invalid-argument");
  assert.deepEqual(await filesOf(store), before);
  const results = await zarr.saveBatch([GRID, "new", GRID], ["a", "note.txt", "g/b"], { chunks: [2, 2] });
  for (const [i, path] of ["a", "note.txt", "g/b"].entries()) {
    assert.equal(results[i]!.etag, (await zarr.stat(path)).etag);
  }
  assert.deepEqual(await zarr.loadBatch(["g/b", "note.txt", "a"]), [GRID, "new", GRID]);
});

Deno.test("zarr: copies and moves keep chunks as they are encoded, and attributes of groups", async () => {
  const { zarr, store } = inMemory();
  await zarr.save(GRID, "p.zarr/g/a", { chunks: [2, 2], compressor: "gzip", attributes: { a: 1 } });
  await zarr.save(GRID, "p.zarr/g/old/b", { format: 2, attributes: { b: 2 } });
  await zarr.updateAttributes("p.zarr/g", () => ({ group: true }));
  await zarr.updateAttributes("p.zarr/g/old", () => ({ old: true }));
  const chunk = await store.read("p.zarr/g/a/c/0/0");
  await zarr.copy("p.zarr/g", "q.zarr/h");
  assert.deepEqual(await store.read("q.zarr/h/a/c/0/0"), chunk);
  assert.deepEqual(await zarr.attributes("q.zarr/h"), { group: true });
  assert.deepEqual(await zarr.attributes("q.zarr/h/old"), { old: true });
  assert.deepEqual(await zarr.attributes("q.zarr/h/old/b"), { b: 2 });
  assert.equal((await documentOf(store, "q.zarr/zarr.json")).node_type, "group");
  await zarr.move("q.zarr/h/a", "r.zarr/deep/a");
  assert.equal((await documentOf(store, "r.zarr/deep/zarr.json")).node_type, "group");
  assert.deepEqual(await zarr.load("r.zarr/deep/a"), GRID);
  assert.equal(await zarr.exists("q.zarr/h/a"), false);
  await zarr.move("q.zarr", "s.zarr");
  assert.deepEqual(await zarr.listFiles("s.zarr", { recursive: true }), ["s.zarr/h/old/b"]);
  await zarr.delete("s.zarr/h/old/b");
  await zarr.delete("s.zarr/h/old");
  await refuses(() => zarr.delete("s.zarr"), "not-empty");
  await zarr.delete("s.zarr/h");
  await zarr.delete("s.zarr");
  assert.deepEqual(await filesOf(store, "s.zarr"), []);
});

Deno.test("zarr: importing it loads none of the code that reads and writes arrays", async () => {
  const root = new URL("../../", import.meta.url);
  const seen = new Set<string>();
  async function visit(url: URL): Promise<void> {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    const text = (await Deno.readTextFile(url)).replace(/\/\*[\s\S]*?\*\//g, "");
    const imports = text.replace(/^(import|export) type [^;]*;/gm, "");
    for (const [, path] of imports.matchAll(/^(?:import|export)[^;]*?from "(\.[^"]+)"/gm)) {
      await visit(new URL(path!, url));
    }
  }
  await visit(new URL("mod.ts", root));
  const zarr = [...seen].map((href) => href.slice(root.href.length)).filter((path) =>
    path.startsWith("backends/zarr/")
  );
  assert.deepEqual(zarr.sort(), [
    "backends/zarr/room.ts",
    "backends/zarr/selection.ts",
    "backends/zarr/storage.ts",
    "backends/zarr/workers.ts",
    "backends/zarr/zarrita_store.ts",
  ]);
});

Deno.test("zarr: a sample of an image reads only what it touches", async () => {
  const memory = new MemoryStore();
  const image = ndarray(Uint16Array.from({ length: 2 * 40 * 50 }, (_, i) => i), [2, 40, 50]);
  await new ZarrBackend({ store: memory }).save(image, "a", { chunks: [2, 10, 10] });
  const { store, read } = watched(memory);
  const zarr = new ZarrBackend({ store });
  const request = { originYx: [35, 8], shapeYx: [10, 4] } as const;
  const { data, sampleOriginYx, statisticsScope } = await zarr.sample("a", request);
  assert.deepEqual(data, sampleImage(image, request).data);
  assert.deepEqual([sampleOriginYx, statisticsScope], [[35, 8], "sample"]);
  assert.deepEqual(read.filter((path) => path.includes("/c/")).sort(), ["a/c/0/3/0", "a/c/0/3/1"]);
  await refuses(() => zarr.sample("a", { resolutionIndex: 1 }), "invalid-argument");
  await zarr.save(ndarray(new Uint8Array(3), [3]), "flat");
  await refuses(() => zarr.sample("flat"), "invalid-argument");
});

Deno.test("zarr: between backends arrays stay arrays, as they are encoded, and groups keep their attributes", async () => {
  const [here, there] = [inMemory(), inMemory()];
  const fm = new FileManager({ here: here.zarr, there: there.zarr, memory: new MemoryBackend() });
  await fm.save(GRID, "p.zarr/g/a", "here", { chunks: [2, 2], compressor: "gzip", attributes: { a: 1 } });
  await fm.save(GRID, "p.zarr/old", "here", { format: 2 });
  await fm.save({ b: 1 }, "p.zarr/meta.json", "here");
  await here.zarr.updateAttributes("p.zarr/g", () => ({ group: true }));
  const result = await fm.copy("p.zarr", "q.zarr", "here", { to: "there" });
  assert.equal(result.files, 3);
  const chunk = await here.store.read("p.zarr/g/a/c/0/0");
  assert.deepEqual(await there.store.read("q.zarr/g/a/c/0/0"), chunk);
  assert.deepEqual(await there.zarr.attributes("q.zarr/g"), { group: true });
  assert.deepEqual(await there.zarr.attributes("q.zarr/g/a"), { a: 1 });
  assert.deepEqual(await fm.load("q.zarr/meta.json", "there"), { b: 1 });
  assert.equal((await there.zarr.stat("q.zarr/old")).array?.format, 2);
  assert.deepEqual((await fm.sync("p.zarr", "q.zarr", "here", { to: "there" })).copied, []);
  await fm.copy("p.zarr/g/a", "a", "here", { to: "memory" });
  assert.deepEqual(await fm.load("a", "memory"), GRID);
  await fm.move("a", "back", "memory", { to: "there" });
  assert.deepEqual(await fm.load("back", "there"), GRID);
});

Deno.test("zarr: an array that cannot be understood can be listed, copied, moved, replaced and deleted", async () => {
  const { zarr, store } = inMemory();
  const spoil = async (path: string, change: (document: Record<string, unknown>) => unknown): Promise<void> => {
    const document = change(await documentOf(store, path));
    const text = typeof document === "string" ? document : JSON.stringify(document);
    await store.write(path, new TextEncoder().encode(text));
  };
  const spoiled = async (name: string, format: 2 | 3): Promise<string> => {
    const file = `${name}/${format === 3 ? "zarr.json" : ".zarray"}`;
    await zarr.save(GRID, name, { format, attributes: { a: 1 } });
    if (name === "corrupt") await spoil(file, () => "{ not JSON");
    else if (name === "codec") {
      await spoil(
        file,
        (old) => ({ ...old, codecs: [{ name: "bytes", configuration: { endian: "little" } }, { name: "pcodec" }] }),
      );
    } else if (name === "extension") await spoil(file, (old) => ({ ...old, theirs: { "must_understand": true } }));
    else await spoil(file, (old) => ({ ...old, compressor: { id: "pcodec" } }));
    return file;
  };
  for (const [name, format] of [["corrupt", 3], ["codec", 3], ["extension", 3], ["compressor", 2]] as const) {
    const code = name === "corrupt" ? "corrupt" : "unsupported";
    const file = await spoiled(name, format);
    const document = await store.read(file);
    await refuses(() => zarr.load(name), code);
    await refuses(() => zarr.write(name, [0], 1), code);
    assert.deepEqual(await zarr.listFiles(""), [name]);
    assert.equal(await zarr.isFile(name), true);
    const { kind, etag } = await zarr.stat(name);
    assert.equal(kind, "file");
    if (code === "unsupported") {
      await zarr.copy(name, "copy");
      assert.deepEqual(await documentOf(store, `copy${file.slice(name.length)}`), await documentOf(store, file));
      assert.deepEqual(
        await filesOf(store, "copy"),
        (await filesOf(store, name)).map((p) => `copy${p.slice(name.length)}`),
      );
      await zarr.delete("copy");
    }
    await zarr.move(name, "moved");
    assert.deepEqual(await store.read(`moved${file.slice(name.length)}`), document);
    await refuses(() => zarr.save(GRID, "moved", { overwrite: false }), "already-exists");
    await refuses(() => zarr.save(GRID, "moved", { ifMatch: "another" }), "precondition-failed");
    await zarr.save(GRID, "moved", { ifMatch: etag });
    assert.deepEqual(await zarr.load("moved"), GRID);
    await spoiled(name, format);
    await zarr.delete("moved");
    await zarr.delete(name);
    assert.deepEqual(await zarr.listDir(""), []);
    assert.deepEqual((await filesOf(store)).filter((path) => !/^(zarr\.json|\.zgroup)$/.test(path)), []);
  }
});
