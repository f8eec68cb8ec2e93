import {
  DiskBackend,
  FileManager,
  isStorageError,
  MemoryBackend,
  MemoryStore,
  ndarray,
  type SaveOptions,
  type SaveResult,
  StoreBackend,
  StreamingBackend,
  type TransferProgress,
} from "@polystore/polystore";
import assert from "node:assert/strict";

type Manager = FileManager<{ memory: MemoryBackend; disk: DiskBackend; bytes: StoreBackend<MemoryStore> }>;

async function withManager(test: (fm: Manager, root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    await test(
      new FileManager({
        memory: new MemoryBackend(),
        disk: new DiskBackend({ root, durability: "fast" }),
        bytes: new StoreBackend(new MemoryStore()),
      }),
      root,
    );
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const values: Readonly<Record<string, unknown>> = {
  "plate/meta.json": { b: 1, a: [-0, null, "x"] },
  "plate/A/1.npy": ndarray(new Float32Array([1, NaN, -0, 4]), [2, 2]),
  "plate/A/notes.txt": "\uFEFFnotes\r\n",
  "plate/raw": new Uint8Array([0, 1, 2]),
  "plate/empty.bin": new Uint8Array(),
};

async function fill(fm: Manager, backend: "memory" | "disk" | "bytes"): Promise<void> {
  await fm.saveBatch(Object.values(values), Object.keys(values), backend);
  await fm.ensureDirectory("plate/hollow", backend);
  await fm.createSymlink("plate/A/1.npy", "plate/link.npy", backend);
}

const names = ["memory", "disk", "bytes"] as const;

for (const from of names) {
  for (const to of names.filter((name) => name !== from)) {
    Deno.test(`copy() from ${from} to ${to} keeps every value, directory and link`, async () => {
      await withManager(async (fm) => {
        await fill(fm, from);
        const seen: TransferProgress[] = [];
        const result = await fm.copy("plate", "backup/plate", from, { to, onProgress: (step) => seen.push(step) });
        assert.equal(result.files, 6);
        assert.deepEqual(
          seen.map(({ files, totalFiles }) => [files, totalFiles]),
          [1, 2, 3, 4, 5, 6].map((n) => [n, 6]),
        );
        for (const [path, value] of Object.entries(values)) {
          assert.deepEqual(await fm.load(`backup/${path}`, to), value);
        }
        assert(await fm.isDir("backup/plate/hollow", to));
        assert.equal((await fm.stat("backup/plate/link.npy", to)).target, "backup/plate/A/1.npy");
        assert(await fm.isFile("plate/meta.json", from));
      });
    });
  }
}

Deno.test("copy() to another backend refuses to replace unless told to, and resumes", async () => {
  await withManager(async (fm) => {
    await fill(fm, "disk");
    await fm.save("old", "to/raw", "bytes", { format: "text" });
    await assert.rejects(fm.copy("plate", "to", "disk", { to: "bytes" }), (error) => {
      assert(isStorageError(error, "already-exists"));
      assert.equal(error.backend, "bytes");
      return true;
    });
    await fm.copy("plate", "to", "disk", { to: "bytes", overwrite: true });
    assert.deepEqual(await fm.load("to/raw", "bytes"), values["plate/raw"]);
    await fm.delete("to/A/1.npy", "bytes");
    const resumed = await fm.copy("plate", "to", "disk", { to: "bytes", resume: true });
    assert.deepEqual([resumed.files, resumed.unchanged], [2, 4]);
  });
});

Deno.test("copy() of one file to another backend", async () => {
  await withManager(async (fm) => {
    await fm.save({ a: 1 }, "a.json", "memory");
    const { files, bytes } = await fm.copy("a.json", "deep/er/b.json", "memory", { to: "disk" });
    assert.deepEqual([files, bytes], [1, 7]);
    assert.deepEqual(await fm.load("deep/er/b.json", "disk"), { a: 1 });
    await assert.rejects(fm.copy("none", "x", "memory", { to: "disk" }), { code: "not-found" });
  });
});

Deno.test("copy() of links: keep, follow, skip", async () => {
  await withManager(async (fm) => {
    await fm.saveBatch(["1", "2"], ["src/a.txt", "other/b.txt"], "memory");
    await fm.createSymlink("other", "src/dir", "memory");
    await fm.createSymlink("src/a.txt", "src/link.txt", "memory");
    await fm.copy("src", "followed", "memory", { to: "bytes", symlinks: "follow" });
    assert.deepEqual(await fm.listFiles("followed", "bytes", { recursive: true }), [
      "followed/a.txt",
      "followed/dir/b.txt",
      "followed/link.txt",
    ]);
    assert.equal(await fm.isSymlink("followed/link.txt", "bytes"), false);
    await fm.copy("src", "skipped", "memory", { to: "bytes", symlinks: "skip" });
    assert.deepEqual(await fm.listDir("skipped", "bytes"), ["a.txt"]);
    await fm.createSymlink("src", "src/loop", "memory");
    await assert.rejects(fm.copy("src", "x", "memory", { to: "bytes", symlinks: "follow" }), {
      code: "too-many-links",
    });
    await assert.rejects(fm.move("src", "x", "memory", { to: "bytes", symlinks: "skip" }), {
      code: "invalid-argument",
    });
  });
});

Deno.test("move() to another backend deletes the source once everything is there", async () => {
  await withManager(async (fm) => {
    await fill(fm, "disk");
    await fm.move("plate", "plate", "disk", { to: "memory" });
    assert.equal(await fm.exists("plate", "disk"), false);
    for (const [path, value] of Object.entries(values)) assert.deepEqual(await fm.load(path, "memory"), value);
  });
});

Deno.test("a transfer notices that what arrived differs, takes it away, and keeps the source", async () => {
  class Flipping extends MemoryStore {
    override async write(
      ...[path, bytes, options]: Parameters<MemoryStore["write"]>
    ): ReturnType<MemoryStore["write"]> {
      const changed = bytes.slice();
      changed[0]! ^= 1;
      return await super.write(path, changed, options);
    }
  }
  class Rounding extends MemoryBackend {
    override async save(data: unknown, path: string, options?: SaveOptions): Promise<SaveResult> {
      return await super.save(typeof data === "number" ? Math.round(data) : data, path, options);
    }
  }
  const fm = new FileManager({
    memory: new MemoryBackend(),
    flipping: new StoreBackend(new Flipping()),
    rounding: new Rounding(),
  });
  await fm.save("abc", "a.txt", "memory");
  await assert.rejects(fm.move("a.txt", "a.txt", "memory", { to: "flipping" }), (error) => {
    assert(isStorageError(error, "corrupt"));
    assert.equal(error.backend, "flipping");
    return true;
  });
  assert.equal(await fm.exists("a.txt", "flipping"), false);
  assert.equal(await fm.load("a.txt", "memory"), "abc");
  await fm.save(1.5, "n", "memory");
  await assert.rejects(fm.copy("n", "n", "memory", { to: "rounding" }), { code: "corrupt" });
});

Deno.test("sync() copies what differs, deletes if told to, and plans without doing", async () => {
  await withManager(async (fm) => {
    await fill(fm, "memory");
    const first = await fm.sync("plate", "mirror", "memory", { to: "disk" });
    assert.deepEqual([first.copied.length, first.unchanged, first.deleted], [6, 0, []]);
    assert(await fm.isDir("mirror/hollow", "disk"));
    await fm.save({ b: 2 }, "plate/meta.json", "memory");
    await fm.save("extra", "mirror/gone/extra.txt", "disk");
    await fm.delete("plate/raw", "memory");
    const plan = await fm.sync("plate", "mirror", "memory", { to: "disk", delete: true, dryRun: true });
    assert.deepEqual(plan.deleted, ["raw", "gone/extra.txt", "gone"]);
    assert(plan.copied.includes("meta.json"));
    assert.equal(await fm.load("mirror/gone/extra.txt", "disk"), "extra");
    await fm.sync("plate", "mirror", "memory", { to: "disk", delete: true });
    assert.deepEqual(await fm.load("mirror/meta.json", "disk"), { b: 2 });
    assert.equal(await fm.exists("mirror/gone", "disk"), false);
    assert.equal(await fm.exists("mirror/raw", "disk"), false);
    const again = await fm.sync("plate", "mirror", "memory", { to: "disk", delete: true });
    assert.deepEqual(again.copied, ["link.npy"]);
  });
});

Deno.test("a transfer that is aborted rejects with the reason, and leaves whole files only", async () => {
  await withManager(async (fm) => {
    const big = new Uint8Array(1 << 20).fill(7);
    await fm.saveBatch(Array(20).fill(big), Array.from({ length: 20 }, (_, i) => `big/${i}.bin`), "bytes");
    const abort = new AbortController();
    const reason = new Error("enough");
    const copying = fm.copy("big", "big", "bytes", {
      to: "disk",
      signal: abort.signal,
      onProgress: ({ files }) => files === 5 && abort.abort(reason),
    });
    await assert.rejects(copying, reason);
    const there = await fm.listFiles("big", "disk");
    assert(there.length >= 5 && there.length < 20, `${there.length} files`);
    for (const path of there) assert.deepEqual(await fm.load(path, "disk"), big);
    const resumed = await fm.copy("big", "big", "bytes", { to: "disk", resume: true });
    assert.equal(resumed.unchanged, there.length);
  });
});

Deno.test("transfer: what keeps no files is no destination, for the types and at run time", async () => {
  class Viewer extends StreamingBackend {
    override get supportedExtensions(): ReadonlySet<string> {
      return new Set([".json"]);
    }
    protected override sendBatch(_data: readonly unknown[], paths: readonly string[]): Promise<SaveResult[]> {
      return Promise.resolve(paths.map(() => ({})));
    }
  }
  const fm = new FileManager({ memory: new MemoryBackend(), viewer: new Viewer() });
  await fm.save({ a: 1 }, "a.json", "memory");
  await fm.save({ a: 1 }, "a.json", "viewer");
  const refused = { code: "unsupported", backend: "viewer" };
  // @ts-expect-error -- it keeps no files
  await assert.rejects(fm.copy("a.json", "a.json", "memory", { to: "viewer" }), refused);
  // @ts-expect-error -- the same
  await assert.rejects(fm.move("a.json", "a.json", "memory", { to: "viewer" }), refused);
  // @ts-expect-error -- the same
  await assert.rejects(fm.sync("", "", "memory", { to: "viewer" }), refused);
  // @ts-expect-error -- nor can anything be read from it
  await assert.rejects(fm.copy("a.json", "a.json", "viewer", { to: "memory" }), refused);
  assert.deepEqual(await fm.load("a.json", "memory"), { a: 1 });
});
