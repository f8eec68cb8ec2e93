import {
  DiskBackend,
  type Entry,
  type FileInfo,
  FileManager,
  isStorageError,
  MemoryBackend,
  MemoryStore,
  naturalOrder,
  ndarray,
  ReadOnlyBackend,
  StoreBackend,
} from "@polystore/polystore";
import assert from "node:assert/strict";
import fc from "fast-check";

function two(): FileManager<{ memory: MemoryBackend; bytes: StoreBackend<MemoryStore> }> {
  return new FileManager({ memory: new MemoryBackend(), bytes: new StoreBackend(new MemoryStore()) });
}

Deno.test("FileManager() needs backends", () => {
  assert.throws(() => new FileManager(undefined as unknown as Map<string, MemoryBackend>), {
    code: "invalid-argument",
  });
});

Deno.test("FileManager finds its backends whatever the case of the name", async () => {
  const fm = new FileManager({ Mixed: new MemoryBackend() });
  await fm.save(1, "a", "Mixed");
  assert.equal(await (fm as unknown as FileManager).load("a", "mixed"), 1);
  assert.deepEqual(fm.backends, ["mixed"]);
});

Deno.test("every operation on an unknown backend throws, and lists the names", async () => {
  const fm = two() as unknown as FileManager;
  const calls: readonly (() => Promise<unknown>)[] = [
    () => fm.load("a", "nope"),
    () => fm.save(1, "a", "nope"),
    () => fm.loadBatch(["a"], "nope"),
    () => fm.saveBatch([1], ["a"], "nope"),
    () => fm.update("a", "nope", () => 1),
    () => fm.exists("a", "nope"),
    () => fm.isFile("a", "nope"),
    () => fm.isDir("a", "nope"),
    () => fm.isSymlink("a", "nope"),
    () => fm.stat("a", "nope"),
    () => fm.listFiles("a", "nope"),
    () => fm.listDir("a", "nope"),
    () => fm.delete("a", "nope"),
    () => fm.copy("a", "b", "nope"),
    () => fm.copy("a", "b", "memory", { to: "nope" }),
    () => fm.move("a", "b", "nope", { to: "memory" }),
    () => fm.sync("a", "b", "memory", { to: "nope" }),
    () => fm.openRead("a", "nope"),
    () => Array.fromAsync(fm.walk("a", "nope")),
  ];
  for (const call of calls) {
    await assert.rejects(call, (error) => {
      assert(isStorageError(error, "unknown-backend"), String(call));
      assert.match(error.message, /"nope".*"memory", "bytes"/);
      return true;
    });
  }
  assert.throws(() => fm.on("nope"), { code: "unknown-backend" });
});

Deno.test("registerBackend() adds and replaces, in this file manager only, and binds every backend", async () => {
  const bound: string[] = [];
  class Binding extends MemoryBackend {
    override bindRegistry(lookup: { has(name: string): boolean }): void {
      bound.push(["memory", "late"].filter((name) => lookup.has(name)).join());
    }
  }
  const shared = { memory: new Binding() };
  const fm = new FileManager(shared) as unknown as FileManager;
  fm.registerBackend(" Late ", new MemoryBackend());
  await fm.save(1, "a", "late");
  assert.deepEqual(bound, ["memory", "memory,late"]);
  assert.deepEqual(new FileManager(shared).backends, ["memory"]);
  assert.throws(() => fm.registerBackend("  ", new MemoryBackend()), { code: "invalid-argument" });
});

Deno.test("errors name the operation, the path and the backend once, and keep the cause", async () => {
  const root = await Deno.makeTempDir();
  try {
    const fm = new FileManager({ plates: new DiskBackend({ root }) });
    await Deno.writeTextFile(`${root}/bad.json`, "{");
    await assert.rejects(fm.load("bad.json", "plates"), (error) => {
      assert(isStorageError(error, "corrupt"));
      assert.equal(error.backend, "plates");
      assert.equal(error.operation, "load");
      assert.equal(error.path, "bad.json");
      assert.match(error.message, /^Cannot load "bad.json" from backend "plates": not JSON/);
      assert(error.stack?.startsWith(`StorageError: ${error.message}`));
      assert(error.cause instanceof SyntaxError);
      return true;
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("listings come in natural order", async () => {
  const fm = two();
  const names = ["img10.png", "img2.png", "Img1.png", "a.txt"];
  await fm.saveBatch(names, names.map((name) => `d/${name}`), "memory");
  assert.deepEqual(await fm.listDir("d", "memory"), ["a.txt", "Img1.png", "img2.png", "img10.png"]);
  assert.deepEqual(await fm.listImageFiles("d", "memory"), ["d/Img1.png", "d/img2.png", "d/img10.png"]);
  assert.deepEqual(await fm.listImageFiles("d", "memory", { extensions: ["txt"] }), ["d/a.txt"]);
});

Deno.test("naturalOrder() is a total order, for any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), fc.string(), (a, b, c) => {
    assert.equal(Math.sign(naturalOrder(a, b)) + Math.sign(naturalOrder(b, a)), 0);
    assert.equal(naturalOrder(a, b) === 0, a === b);
    if (naturalOrder(a, b) <= 0 && naturalOrder(b, c) <= 0) assert(naturalOrder(a, c) <= 0);
  }));
});

Deno.test("findFileRecursive() finds the nearest, then the first in natural order", async () => {
  const fm = two();
  for (const path of ["v/a/target", "v/target", "v/a10/x/hit", "v/a2/x/hit", "v/b/x/y/hit"]) {
    await fm.save(1, path, "memory");
  }
  assert.equal(await fm.findFileRecursive("v", "target", "memory"), "v/target");
  assert.equal(await fm.findFileRecursive("v", "hit", "memory"), "v/a2/x/hit");
  assert.equal(await fm.findFileRecursive("v", "none", "memory"), undefined);
  await assert.rejects(fm.findFileRecursive("w", "hit", "memory"), { code: "not-found" });
});

Deno.test("collectDirsAndFiles() and walk() tell each entry once, and do not enter links", async () => {
  const fm = two();
  await fm.saveBatch([1, 2, 3], ["p/a10/x", "p/a2/x", "p/top"], "memory");
  await fm.ensureDirectory("p/empty", "memory");
  await fm.createSymlink("p", "p/loop", "memory");
  await fm.createSymlink("p/top", "p/link", "memory");
  assert.deepEqual(await fm.collectDirsAndFiles("p", "memory"), {
    directories: ["p/a2", "p/a10", "p/empty"],
    files: ["p/a2/x", "p/a10/x", "p/link", "p/top"],
  });
  assert.deepEqual(await fm.collectDirsAndFiles("p", "memory", { recursive: false }), {
    directories: ["p/a2", "p/a10", "p/empty"],
    files: ["p/link", "p/top"],
  });
  const walked = await Array.fromAsync(fm.walk("p", "memory"), ({ path, kind }) => `${kind} ${path}`);
  assert.deepEqual(walked, [
    "directory p/a10",
    "file p/a10/x",
    "directory p/a2",
    "file p/a2/x",
    "directory p/empty",
    "symlink p/link",
    "symlink p/loop",
    "file p/top",
  ]);
});

Deno.test("mirrorDirectoryWithSymlinks() links nested files, and finds conflicts before it makes anything", async () => {
  const fm = two();
  for (const backend of ["memory", "bytes"] as const) {
    await fm.saveBatch(["1", "2"], ["src/a.txt", "src/deep/er/b.txt"], backend);
    assert.deepEqual(await fm.mirrorDirectoryWithSymlinks("src", "dst", backend), { created: 2, replaced: 0 });
    assert.equal(await fm.load("dst/deep/er/b.txt", backend), "2");
    assert.equal((await fm.stat("dst/a.txt", backend)).target, "src/a.txt");
    await assert.rejects(fm.mirrorDirectoryWithSymlinks("src", "dst", backend), { code: "already-exists" });
    assert.deepEqual(
      await fm.mirrorDirectoryWithSymlinks("src", "dst", backend, { overwriteSymlinksOnly: true }),
      { created: 0, replaced: 2 },
    );
    assert.deepEqual(await fm.mirrorDirectoryWithSymlinks("src", "flat", backend, { recursive: false }), {
      created: 1,
      replaced: 0,
    });
    await fm.save("mine", "busy/deep/er/b.txt", backend);
    await assert.rejects(
      fm.mirrorDirectoryWithSymlinks("src", "busy", backend, { overwriteSymlinksOnly: true }),
      { code: "already-exists" },
    );
    assert.deepEqual(await fm.listDir("busy", backend), ["deep"]);
    assert.equal(await fm.load("busy/deep/er/b.txt", backend), "mine");
  }
});

Deno.test("update() loses nothing, makes what is missing, and leaves alone what it is told to", async () => {
  const fm = two();
  for (const backend of ["memory", "bytes"] as const) {
    const add = (old: { n: number } | undefined): { n: number } => ({ n: (old?.n ?? 0) + 1 });
    await Promise.all(Array.from({ length: 50 }, () => fm.update<{ n: number }>("n.json", backend, add)));
    assert.deepEqual(await fm.load("n.json", backend), { n: 50 });
    const { etag } = await fm.stat("n.json", backend);
    assert.deepEqual(await fm.update("n.json", backend, () => undefined), { n: 50 });
    assert.equal((await fm.stat("n.json", backend)).etag, etag);
    assert.equal(await fm.update("absent.json", backend, () => undefined), undefined);
    assert.equal(await fm.exists("absent.json", backend), false);
    const failure = new Error("mine");
    await assert.rejects(fm.update("n.json", backend, () => Promise.reject(failure)), failure);
    await fm.ensureDirectory("dir.json", backend);
    await assert.rejects(fm.update("dir.json", backend, () => 1), { code: "is-a-directory" });
  }
});

Deno.test("update() gives up with `busy` when others are faster every time", async () => {
  const fm = two();
  await fm.save(0, "n", "memory");
  let other = 0;
  await assert.rejects(
    fm.update<number>("n", "memory", async (n) => {
      await fm.save(++other, "n", "memory");
      return (n ?? 0) + 100;
    }, { attempts: 3 }),
    (error) => isStorageError(error, "busy") && error.retryable,
  );
  assert.equal(await fm.load("n", "memory"), 3);
});

Deno.test("openRead() and openWrite() stream; an aborted write leaves the old content", async () => {
  const fm = two();
  for (const backend of ["memory", "bytes"] as const) {
    const writer = (await fm.openWrite("a.txt", backend)).getWriter();
    await writer.write(new TextEncoder().encode("hel"));
    await writer.write(new TextEncoder().encode("lo"));
    assert.equal(await fm.exists("a.txt", backend), false);
    await writer.close();
    assert.equal(await fm.load("a.txt", backend), "hello");
    const part = await fm.openRead("a.txt", backend, { range: { offset: 1, length: 3 } });
    assert.equal(await new Response(part).text(), "ell");
    const aborted = (await fm.openWrite("a.txt", backend)).getWriter();
    await aborted.write(new Uint8Array([1]));
    await aborted.abort();
    assert.equal(await fm.load("a.txt", backend), "hello");
  }
});

Deno.test("sample(), sampleSourceRef() and the addresses", async () => {
  const fm = two();
  await fm.save(ndarray(Uint8Array.from({ length: 24 }, (_, i) => i), [2, 3, 4]), "stack.npy", "bytes");
  const { data, sourceShape } = await fm.sample("stack.npy", "bytes", { originYx: [1, 1], shapeYx: [2, 9] });
  assert.deepEqual([...data.data], [5, 6, 7, 9, 10, 11, 17, 18, 19, 21, 22, 23]);
  assert.deepEqual([data.shape, sourceShape], [[2, 2, 3], [2, 3, 4]]);
  const ref = { backend: "bytes", backendAddress: "stack.npy", sourceAxisIndices: [1] };
  const plane = await fm.sampleSourceRef(ref, { request: { shapeYx: [1, 2] } });
  assert.deepEqual([...plane.data.data], [12, 13]);
  await assert.rejects(fm.sampleSourceRef({ ...ref, sourceAxisIndices: [2] }), { code: "invalid-argument" });
  await assert.rejects(fm.sample("stack.npy", "bytes", { originYx: [-1, 0] }), { code: "invalid-argument" });
  assert.equal(fm.resolveAddress("a", "memory"), "a");
  assert.equal(fm.sourcePath("a", "memory"), "a");
  assert.equal(fm.resolveListedAddress("a", "memory", { directory: "d" }), "a");
  assert.equal(fm.physicalSourcePath("a", "memory"), undefined);
  const disk = new FileManager({ disk: new DiskBackend({ root: "/data" }) });
  assert.equal(disk.physicalSourcePath("plate/a.tif", "disk"), "/data/plate/a.tif");
});

Deno.test("what a backend lacks fails with `unsupported` where the types did not see it", async () => {
  class Constants extends ReadOnlyBackend {
    override load(): Promise<unknown> {
      return Promise.resolve(1);
    }
    override stat(path: string): Promise<FileInfo> {
      return Promise.resolve({ path, kind: path === "" ? "directory" : "file", exists: true });
    }
    override async *entries(): AsyncGenerator<Entry> {
      yield { path: "one", kind: "file" };
    }
  }
  const fm = new FileManager(new Map([["constants", new Constants()]]));
  assert.equal(await fm.load("one", "constants"), 1);
  assert.deepEqual(await fm.listFiles("", "constants"), ["one"]);
  assert.equal(await fm.isSymlink("one", "constants"), false);
  for (
    const call of [
      () => fm.save(1, "a", "constants"),
      () => fm.delete("one", "constants"),
      () => fm.openRead("one", "constants"),
      () => fm.ensureDirectory("d", "constants"),
    ]
  ) await assert.rejects(call, { code: "unsupported" });
});
